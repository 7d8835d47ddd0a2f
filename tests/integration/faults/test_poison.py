"""A message that cannot be taken fails alone: by whatever consumer, beside one that can."""

import json
from typing import Any

import pytest

import app
from entrepot.cloud import events
from functions.settlement import triggers as settlement
from infra.estate import QUEUES, TABLES
from tests.integration.faults.poison import event, poisons
from tests.support import memory
from tests.support.e2e_ending import trial_balance_findings
from tests.support.pump import deliver_batch

QUEUES_OF_ALL = sorted(QUEUES)


@pytest.mark.parametrize("queue", QUEUES_OF_ALL)
def test_what_nobody_can_take_fails_and_is_named_to_its_queue(aws: None, queue: str) -> None:
    bodies = poisons(queue)

    assert list(range(len(bodies))) == deliver_batch(queue, bodies)


@pytest.mark.parametrize("version", [0, 2, 99])
def test_an_event_of_an_unknown_version_is_not_read_as_the_known_one(
    aws: None, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    taken: list[Any] = []
    monkeypatch.setattr(events, "once", lambda *given: taken.append(given))
    body = json.loads(poisons("catalogue-events")[1])

    assert [0] == deliver_batch("catalogue-events", [json.dumps({**body, "version": version})])
    assert [] == taken


KINDS = [
    (trigger.source, kind)
    for triggers in app.TRIGGERS
    for trigger in triggers.all
    for kind in trigger.handlers
    if trigger.source != "settlement-events"
]
"""The ledger is left out: it books what it is told, and what it is told of is its teller's."""


@pytest.mark.parametrize(("queue", "kind"), KINDS, ids=lambda each: getattr(each, "NAME", each))
def test_an_event_of_things_that_are_nowhere_is_given_up_or_passed_over_and_makes_nothing(
    aws: None, queue: str, kind: Any
) -> None:
    failed = deliver_batch(queue, [event(kind, kind.VERSION)])

    written = {table.name for table in TABLES if memory.current().rows(table.name)}
    marks = {"orders"} if (queue, kind.NAME) == ("orders-events", "membership.member_erased") else set()
    assert written == (set() if failed else {"inbox"} | marks)


def test_what_the_ledger_is_told_of_nothing_known_still_balances(aws: None) -> None:
    (trigger,) = (each for each in settlement.triggers.all if each.source == "settlement-events")

    deliver_batch("settlement-events", [event(kind, kind.VERSION) for kind in trigger.handlers])

    assert [] == trial_balance_findings()
    assert [] != memory.current().rows("ledger")
