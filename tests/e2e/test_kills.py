"""Processes die at the worst moments, and the story ends as if none had: no event lost, no effect twice."""

from datetime import datetime
from typing import Any

import pytest

from entrepot.cloud import events, inbox, outbox, relay, writes
from entrepot.kernel.ids import new_id
from functions.settlement.store import ledger as settlement_store
from tests.support import aws, provider
from tests.support.e2e_ending import differences, ending, trial_balance_findings
from tests.support.e2e_kill import POINTS, Reaper, drawn, reaping
from tests.support.e2e_sale import MarketDay
from tests.support.shop import Shop

STRIKES = 4
"""Deaths at each point in a run."""

Ending = dict[str, Any]


@pytest.fixture(scope="module")
def unkilled() -> tuple[Ending, Reaper]:
    """How the day ends when nobody dies, and how often each point was passed."""
    reaper = Reaper()
    end, wrong = _told(reaper)
    assert [] == wrong
    return end, reaper


def test_the_unkilled_day_passes_every_point_and_leaves_nothing_unsent(
    unkilled: tuple[Ending, Reaper],
) -> None:
    end, reaper = unkilled

    assert all(reaper.passed[point] > STRIKES for point in POINTS), reaper.passed
    assert [] == [event for event in end["events"] if event.startswith("unsent")]
    assert 6 == len(end["orders"])
    assert {"available": 33, "reserved": 0} == end["stock"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_day_on_which_processes_die_ends_as_one_without_deaths(
    unkilled: tuple[Ending, Reaper], seed: int
) -> None:
    expected, passed = unkilled[0], unkilled[1].passed
    reaper = Reaper(drawn(seed, passed, STRIKES))

    end, wrong = _told(reaper, seed)

    assert [] == differences(expected, end)
    assert [] == wrong
    assert set(POINTS) == {point for point in POINTS if reaper.killed[point]}, reaper.killed


def test_a_day_on_which_every_second_commit_is_the_last_of_its_process_ends_the_same(
    unkilled: tuple[Ending, Reaper],
) -> None:
    reaper = Reaper({point: range(1, 10_000, 2) for point in POINTS})

    end, wrong = _told(reaper)

    assert [] == differences(unkilled[0], end)
    assert [] == wrong
    assert sum(reaper.killed.values()) > 150


def test_messages_handed_out_three_times_change_nothing(unkilled: tuple[Ending, Reaper]) -> None:
    end, wrong = _told(Reaper(), seed=4, times=3)

    assert [] == differences(unkilled[0], end)
    assert [] == wrong


def test_a_relay_that_marks_before_it_publishes_is_found_out(
    unkilled: tuple[Ending, Reaper], monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(event_id: str, topic: str, event: str, body: str, function_arn: str, now: datetime) -> None:
        outbox.mark_sent(event_id, now)
        outbox.publish(relay.topic_arn(function_arn, topic), event, body)

    monkeypatch.setattr(relay, "_send", send)
    last = unkilled[1].passed["relay committed"]

    end, _ = _told(Reaper({"relay committed": range(last - 8, last)}))

    assert any(found.startswith("entries") for found in differences(unkilled[0], end))


def test_without_the_inbox_messages_handed_out_twice_are_found_out(
    unkilled: tuple[Ending, Reaper], monkeypatch: pytest.MonkeyPatch
) -> None:
    def always_new(consumer: str, event_id: str, now: datetime) -> writes.Write:
        return inbox.once(consumer, new_id("evt", now), now)

    monkeypatch.setattr(events, "once", always_new)

    end, _ = _told(Reaper(), times=2)

    assert any(found.startswith("orders") for found in differences(unkilled[0], end))


def test_a_ledger_posting_made_twice_is_found_out(
    unkilled: tuple[Ending, Reaper], monkeypatch: pytest.MonkeyPatch
) -> None:
    added = settlement_store._added

    def doubled(balance: Any, shard: int) -> writes.Write:
        twice = balance.debits * 2 if balance.account.startswith("psp:") else balance.debits
        return added(type(balance)(balance.account, balance.currency, twice, balance.credits), shard)

    monkeypatch.setattr(settlement_store, "_added", doubled)

    end, wrong = _told(Reaper())

    assert ["debits and credits differ", "the balances are not the sum of the entries"] == wrong
    assert any(found.startswith("balances") for found in differences(unkilled[0], end))


def _told(reaper: Reaper, seed: int = 0, times: int = 1) -> tuple[Ending, list[str]]:
    """The end of a market day, and what is wrong with its ledger."""
    with aws.in_process(), provider.running() as stripe:
        day = MarketDay(Shop(), stripe, reaper, seed, times)
        with reaping(reaper, day.queues):
            day.tell()
        assert not any(day.queues.values())
        names = {order["id"]: f"<{label}>" for label, order in day.orders.items()}
        return ending(names, stripe), trial_balance_findings()
