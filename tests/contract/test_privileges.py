"""The comparison behind `make privileges` can fail: on what is allowed too much, too little, and on a call too many."""

import copy
import importlib
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from entrepot.cloud import aws, dynamo, outbox, relay, writes
from entrepot.kernel.clock import rfc3339, utc_now
from infra import estate
from infra.estate import FUNCTIONS, TOPICS
from tests.privileges import calls, policies
from tests.privileges.comparing import compared, table
from tests.privileges.recording import USE_CASES, Recording, recording, running
from tests.support import aws as stand_in

RELAY: Final = next(function for function in FUNCTIONS if function.handler == "outbox_relay")
ARN: Final = "arn:aws:lambda:eu-central-1:123456789012:function:entrepot-test-outbox-relay"

Statements = list[dict[str, Any]]


def relayed(beside: Callable[[], object] = lambda: None) -> Recording:
    """The calls of the relay that hands on an event of each context, and does something beside."""
    with recording(of_tests=True) as made, stand_in.in_process():
        for topic in TOPICS:
            aws.client("sns").create_topic(Name=aws.name(topic))
            _announced(topic)
        with running(made, "outbox_relay"):
            for topic in TOPICS:
                relay._send(f"evt_{topic}", topic, f"{topic}.happened", "{}", ARN, utc_now())
            beside()
    return made


def _announced(topic: str) -> None:
    row = outbox.OutboxRow(
        f"evt_{topic}", "event", topic=topic, event=f"{topic}.happened", body="{}", correlation_id="-",
        created_at=rfc3339(utc_now()), unsent_shard="0",
    )  # fmt: skip
    writes.commit(writes.create(row, outbox.AlreadyAnnounced()))


@pytest.fixture(scope="module")
def recorded() -> Recording:
    return relayed()


def differences(recorded: Recording, change: Callable[[Statements], object] = lambda _: None) -> list[str]:
    """The relay's, with its policy as it is but for a change."""
    statements = copy.deepcopy(policies.statements(RELAY))
    change(statements)
    (found,) = compared(recorded, [RELAY], {"outbox_relay": statements})
    return list(found.findings())


def named(statements: Statements, sid: str) -> dict[str, Any]:
    return next(statement for statement in statements if statement["Sid"] == sid)


def test_the_relays_policy_is_exactly_what_it_calls(recorded: Recording) -> None:
    (found,) = compared(recorded, [RELAY])

    assert [] == list(found.findings())
    assert len(TOPICS) + 1 == len(found.recorded), "one topic each, and the mark"
    assert found.needed == found.granted.keys()
    assert len(found.granted) > len(found.recorded) > 0


def test_an_action_that_is_added_to_a_policy_is_unused(recorded: Recording) -> None:
    def wider(statements: Statements) -> None:
        named(statements, "Outbox")["Action"].append("dynamodb:DeleteItem")

    assert ["unused     outbox_relay: dynamodb:DeleteItem on OutboxTable (statement Outbox)"] == differences(
        recorded, wider
    )


def test_a_table_that_is_added_to_a_policy_is_unused(recorded: Recording) -> None:
    def wider(statements: Statements) -> None:
        named(statements, "Outbox")["Resource"].append({"Fn::GetAtt": ["MembershipTable", "Arn"]})

    (line,) = differences(recorded, wider)
    assert "unused     outbox_relay: dynamodb:UpdateItem on MembershipTable (statement Outbox)" == line


def test_an_action_that_is_taken_from_a_policy_is_missing(recorded: Recording) -> None:
    def narrower(statements: Statements) -> None:
        named(statements, "Publish")["Resource"].remove({"Ref": "OrdersTopic"})

    (line,) = differences(recorded, narrower)
    assert line.startswith("missing    outbox_relay: sns:Publish on OrdersTopic (called in ")


def test_what_no_call_shows_is_missed_too(recorded: Recording) -> None:
    def narrower(statements: Statements) -> None:
        named(statements, "DataKey")["Action"].remove("kms:GenerateDataKey")
        named(statements, "Stream")["Action"].remove("dynamodb:GetRecords")

    assert [
        "missing    outbox_relay: dynamodb:GetRecords on OutboxTable/stream (Lambda reads a stream as the function)",
        (
            "missing    outbox_relay: kms:GenerateDataKey on DataKey "
            "(who publishes to an encrypted topic has its data key made, and opens it again)"
        ),
    ] == differences(recorded, narrower)


def test_a_function_that_calls_one_table_more_lacks_it() -> None:
    def peep() -> None:
        dynamo.call(
            "GetItem", TableName=aws.name("membership"), Key={"pk": {"S": "member#1"}, "sk": {"S": "member"}}
        )

    (line,) = differences(relayed(peep))
    assert line.startswith("missing    outbox_relay: dynamodb:GetItem on MembershipTable (called in ")


def test_a_call_of_a_kind_that_is_not_known_is_not_passed_over() -> None:
    (line,) = differences(relayed(lambda: aws.client("kms").list_aliases()))

    assert line.startswith("missing    outbox_relay: kms:ListAliases on ? ")


def test_a_function_that_no_test_runs_is_named() -> None:
    (line,) = differences(Recording())

    assert line.startswith("never run  outbox_relay")


@pytest.mark.parametrize(
    "change",
    [
        {"Condition": {"StringEquals": {"aws:SourceAccount": "1"}}},
        {"Effect": "Deny"},
        {"Resource": [{"Fn::Sub": "arn:aws:dynamodb:::table/entrepot-${Stage}-*"}]},
    ],
)
def test_a_statement_that_the_comparison_cannot_read_is_refused(
    recorded: Recording, change: dict[str, Any]
) -> None:
    with pytest.raises(policies.Unreadable):
        differences(recorded, lambda statements: named(statements, "Outbox").update(change))


def test_to_narrow_takes_out_what_is_unused_and_leaves_what_is_needed(recorded: Recording) -> None:
    (exact,) = compared(recorded, [RELAY])
    wide = copy.deepcopy(policies.statements(RELAY))
    named(wide, "Outbox")["Action"].append("dynamodb:Query")
    named(wide, "Outbox")["Resource"].append({"Fn::GetAtt": ["InboxTable", "Arn"]})
    named(wide, "Publish")["Resource"].append({"Ref": "AlarmsTopic"})

    assert policies.statements(RELAY) == policies.narrowed(wide, exact.needed)


def test_a_transaction_needs_what_its_parts_need() -> None:
    parts = [
        {"Put": {"TableName": aws.name("orders")}},
        {"Update": {"TableName": aws.name("inventory")}},
        {"Delete": {"TableName": aws.name("payments")}},
        {"ConditionCheck": {"TableName": aws.name("catalogue")}},
    ]

    assert [
        ("dynamodb:PutItem", "OrdersTable"),
        ("dynamodb:UpdateItem", "InventoryTable"),
        ("dynamodb:DeleteItem", "PaymentsTable"),
        ("dynamodb:ConditionCheckItem", "CatalogueTable"),
    ] == list(calls.needed("dynamodb", "TransactWriteItems", {"TransactItems": parts}))


def test_a_query_of_an_index_needs_the_index_and_not_the_table() -> None:
    arguments = {"TableName": aws.name("orders"), "IndexName": "due"}

    assert [("dynamodb:Query", "OrdersTable/index/due")] == list(calls.needed("dynamodb", "Query", arguments))


def test_calls_that_one_process_records_twice_count_twice(recorded: Recording, tmp_path: Any) -> None:
    recorded.save(tmp_path / "gw0.json")
    both = Recording()
    both.add(tmp_path / "gw0.json")
    both.add(tmp_path / "gw0.json")

    pair = ("dynamodb:UpdateItem", "OutboxTable")
    assert 2 * recorded.seen["outbox_relay"][pair][0] == both.seen["outbox_relay"][pair][0]
    assert 2 * recorded.runs["outbox_relay"] == both.runs["outbox_relay"]


def test_the_table_says_how_much_was_compared(recorded: Recording) -> None:
    (found,) = compared(recorded, [RELAY])
    row = next(line for line in table([found]) if line.startswith("outbox_relay")).split()

    assert [str(len(found.recorded)), str(len(found.granted)), "0", "0"] == [row[3], row[5], row[7], row[8]]


def test_every_function_is_entered_somewhere() -> None:
    app = importlib.import_module("app")
    consumers = {one.name for context in app.TRIGGERS for one in context.all if one.handlers}
    entered = consumers | USE_CASES.keys() | {"api_handler", "outbox_relay", "customs_search"}

    assert {function.handler for function in FUNCTIONS} == entered
    for place in USE_CASES.values():
        module, name = place.split(":")
        assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.handler)
def test_a_policy_fits_into_its_role(function: estate.Function) -> None:
    """A role's inline policies hold 10,240 characters beside white space (IAM and STS quotas)."""
    longest = {"${AWS::Partition}": "aws-us-gov", "${AWS::Region}": "ap-southeast-2", "${Stage}": "s" * 12}
    text = json.dumps(list(_resolved(policies.statements(function))), separators=(",", ":"))
    for name, value in longest.items():
        text = text.replace(name, value)

    assert len(text) < 10_240


def _resolved(statements: Statements) -> Iterator[dict[str, Any]]:
    """Statements with names as long as they come out: an ARN of such a table has some ninety characters."""
    for statement in statements:
        yield {**statement, "Resource": [json.dumps(each).ljust(100, "x") for each in statement["Resource"]]}
