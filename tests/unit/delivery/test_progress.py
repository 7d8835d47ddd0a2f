"""What a stack's events say: how far it is, what failed first, and whether all has changed."""

from infra.delivery.progress import Progress
from infra.delivery.stacks import Event

STACK = "AWS::CloudFormation::Stack"


def event(logical_id: str, status: str, reason: str = "", kind: str = "AWS::Lambda::Function") -> Event:
    return Event(f"{logical_id}-{status}", logical_id, kind, status, reason)


def test_each_change_is_counted_once_when_it_is_done():
    progress = Progress(frozenset({"A", "B"}))

    lines = [
        progress.take([event("A", "UPDATE_IN_PROGRESS")]),
        progress.take([event("A", "UPDATE_COMPLETE"), event("A", "UPDATE_COMPLETE")]),
        progress.take([event("B", "CREATE_IN_PROGRESS"), event("B", "CREATE_COMPLETE")]),
    ]

    assert [[], ["1 of 2"], ["2 of 2"]] == [[line.split("  ")[0] for line in some] for some in lines]


def test_of_many_that_went_well_at_once_the_last_is_told():
    progress = Progress(frozenset(f"F{number}" for number in range(100)))

    lines = progress.take([event(f"F{number}", "CREATE_COMPLETE") for number in range(100)])

    assert 1 == len(lines)
    assert lines[0].startswith("100 of 100")


def test_it_is_settled_when_all_that_changes_has_changed_and_not_before():
    progress = Progress(frozenset({"A", "B"}))
    progress.take([event("A", "UPDATE_COMPLETE"), event("B", "UPDATE_IN_PROGRESS")])
    before = progress.settled

    progress.take([event("B", "UPDATE_COMPLETE")])

    assert (False, True) == (before, progress.settled)


def test_what_failed_first_is_the_cause_and_what_was_cancelled_for_it_is_not():
    progress = Progress(frozenset({"A", "B", "C"}))

    progress.take(
        [
            event("B", "UPDATE_FAILED", "Resource update cancelled"),
            event("A", "UPDATE_FAILED", "no such role"),
            event("C", "UPDATE_FAILED", "another reason"),
            event(
                "it", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: [A]", STACK
            ),
        ]
    )

    assert "A (AWS::Lambda::Function): no such role" == progress.why
    assert not progress.settled


def test_an_alarm_that_turned_it_back_is_the_reason_where_no_resource_failed():
    progress = Progress(frozenset({"A"}))
    why = "Rollback triggered by alarm entrepot-prod-release"

    lines = progress.take(
        [event("A", "UPDATE_COMPLETE"), event("it", "UPDATE_ROLLBACK_IN_PROGRESS", why, STACK)]
    )
    back = progress.take([event("A", "UPDATE_COMPLETE")])

    assert why == progress.why
    assert [f"stack UPDATE_ROLLBACK_IN_PROGRESS: {why}"] == lines[1:]
    assert back[0].startswith("back  A")
    assert not progress.settled


def test_a_failure_without_words_is_told_as_one():
    progress = Progress(frozenset({"A"}))

    assert ["FAILED A (AWS::Lambda::Function): no reason given"] == progress.take(
        [event("A", "CREATE_FAILED")]
    )
    assert "CloudFormation gives no reason" == Progress(frozenset()).why
