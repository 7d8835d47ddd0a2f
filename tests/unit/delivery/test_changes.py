"""What a change set would do is read, shown and, where it loses something, refused."""

from typing import Any

import pytest

from infra.delivery import changes
from infra.delivery.changes import Effect


def told(
    action: str, logical_id: str, kind: str, replacement: str | None = None, policy: str = "", **details: str
) -> dict[str, Any]:
    """A change as DescribeChangeSet gives it. `details`: property → RequiresRecreation."""
    change: dict[str, Any] = {"Action": action, "LogicalResourceId": logical_id, "ResourceType": kind}
    if replacement:
        change["Replacement"] = replacement
    if policy:
        change["PolicyAction"] = policy
    change["Details"] = [
        {"Target": {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation}}
        for name, recreation in details.items()
    ]
    return {"Type": "Resource", "ResourceChange": change}


TABLE = "AWS::DynamoDB::Table"
FUNCTION = "AWS::Lambda::Function"


def test_a_replaced_table_is_refused_and_named_with_what_is_lost():
    found = changes.read(
        [
            told("Modify", "APIHandler", FUNCTION, "False", Code="Never"),
            told(
                "Modify", "OrdersTable", TABLE, "True", "ReplaceAndRetain", KeySchema="Always", Tags="Never"
            ),
        ]
    )

    (refused,) = changes.refused(found, [])

    assert ("OrdersTable", Effect.REPLACED, "its items") == (
        refused.logical_id,
        refused.effect,
        refused.loses,
    )
    assert "REPLACED" in changes.table(found)[0]
    assert "KeySchema, Tags" in changes.table(found)[0]
    assert "the old one stays behind" in changes.table(found)[0]


@pytest.mark.parametrize("kind", sorted(changes.KEEPS))
@pytest.mark.parametrize(
    ("action", "replacement"),
    [("Remove", None), ("Modify", "True"), ("Modify", "Conditional"), ("Dynamic", None)],
)
def test_whatever_keeps_something_may_not_go_unnamed(kind, action, replacement):
    found = changes.read([told(action, "It", kind, replacement)])

    assert ["It"] == [change.logical_id for change in changes.refused(found, [])]
    assert [] == changes.refused(found, ["It"])
    assert ["It"] == [change.logical_id for change in changes.refused(found, ["Other"])]


@pytest.mark.parametrize(
    ("action", "replacement"), [("Add", None), ("Modify", "False"), ("Modify", None), ("Import", None)]
)
def test_a_table_that_stays_is_not_refused(action, replacement):
    assert [] == changes.refused(changes.read([told(action, "OrdersTable", TABLE, replacement)]), [])


@pytest.mark.parametrize(("action", "replacement"), [("Remove", None), ("Modify", "True")])
def test_what_a_template_can_make_again_may_go(action, replacement):
    found = changes.read([told(action, "SharedLayer12", "AWS::Lambda::LayerVersion", replacement)])

    assert [] == changes.refused(found, [])


def test_a_name_that_loses_nothing_is_found():
    found = changes.read(
        [told("Remove", "OrdersTable", TABLE), told("Modify", "APIHandler", FUNCTION, "False")]
    )

    assert ["APIHandler", "OrderTable"] == changes.unneeded(
        found, ["OrdersTable", "APIHandler", "OrderTable"]
    )


def test_what_may_be_lost_stands_first_and_many_of_a_kind_are_counted():
    many = [told("Modify", f"Function{number}", FUNCTION, "False", Code="Never") for number in range(28)]
    few = [
        told("Add", "ReleaseAlarm", "AWS::CloudWatch::CompositeAlarm"),
        told("Remove", "OrdersTable", TABLE),
    ]

    lines = changes.table(changes.read([*many, *few]))

    assert 3 == len(lines)
    assert "REMOVED" == lines[0].split()[0]
    assert "loses its items" in lines[0]
    assert ["added", "ReleaseAlarm"] == lines[1].split()[:2]
    assert "  changed         28 × AWS::Lambda::Function" == lines[2]


def test_many_that_may_be_lost_are_never_only_counted():
    found = changes.read([told("Remove", f"Table{number}", TABLE) for number in range(9)])

    assert 9 == len(changes.table(found))


def test_words_are_red_where_somebody_looks_and_the_words_stay_where_nobody_does():
    found = changes.read([told("Remove", "OrdersTable", TABLE)])

    assert "\033[1;31mREMOVED" in changes.table(found, colour=True)[0]
    assert "\033" not in changes.table(found)[0]


def test_an_update_of_outputs_alone_says_that_no_resource_changes():
    assert ["  no resource changes"] == changes.table([])


def test_what_is_no_resource_is_passed_over():
    assert [] == changes.read([{"Type": "Hook"}])
