"""A run that dies, is overtaken or stands still: each line is settled once, and the end is the same."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.cloud import writes
from entrepot.cloud.writes import Write
from entrepot.contracts.events import Event
from functions.membership.facade import Merchant
from functions.settlement import store
from functions.settlement.domain import statements
from functions.settlement.domain.shares import PendingLine
from functions.settlement.service import reading, running, settling
from tests.integration.settlement.books import (
    MILAN,
    NOW,
    SHENZHEN,
    Books,
    Crash,
    captured,
    commits_counted,
    completed,
    crash_at,
    owed,
    share_refunded,
)
from tests.support import aws as stand_in

IOSS = ("EU-IOSS", 2128, "platform")
VAT = ("IT", 2464, "seller")
PAID_IN_CNY = f"merchant_payable:{SHENZHEN}"


def test_what_becomes_pending_during_a_run_is_not_forgotten(books):
    """A line that comes after the last look at what is pending, and before the merchant is taken off the list."""
    books.tell(completed(100))
    ((merchant_id, [(shard, stamp)]),) = store.due().items()
    settling.settle(SHENZHEN, NOW)
    late = next(
        name
        for name in (f"ord_{number}" for number in range(2, 200))
        if store.shard_of(f"share:{name}:{SHENZHEN}") == shard
    )
    books.tell(completed(200, order=late))

    running._no_longer_due(merchant_id, [(shard, stamp)])

    assert {SHENZHEN: [(shard, f"share:{late}:{SHENZHEN}")]} == store.due()
    books.run()
    assert () == store.pending(SHENZHEN, 10)
    assert {} == store.due()
    assert [1, 1] == [full.statement.lines for full in books.statements()]


def test_two_runs_at_once_settle_each_line_once(books, monkeypatch):
    """The other run does all of it between this one's look and its commit."""
    books.tell(*(completed(1000, order=f"ord_{n}") for n in range(3)))
    monkeypatch.setattr(statements, "LINES_PER_PART", 2)
    real = writes.commit
    other: list[str] = []

    def commit(*given: Write) -> None:
        if not other:
            other.append("running")
            settling.settle(SHENZHEN, NOW)
        real(*given)

    monkeypatch.setattr(writes, "commit", commit)
    books.run()

    assert [3] == [full.statement.lines for full in books.statements()]
    (full,) = books.statements()
    assert full.statement.net == -books.balances()[(PAID_IN_CNY, "CNY")]


def test_a_run_that_stood_still_does_not_add_to_what_another_issued(books, monkeypatch):
    """It has read which statement is open; then the other issues that, and something new becomes pending."""
    books.tell(*(completed(1000, order=f"ord_{n}") for n in range(2)))
    monkeypatch.setattr(statements, "LINES_PER_PART", 1)
    settling._step(SHENZHEN, NOW)
    real = store.pending
    other: list[str] = []

    def pending(merchant_id: str, limit: int, before: date | None = None) -> tuple[PendingLine, ...]:
        if not other:
            other.append("running")
            settling.settle(SHENZHEN, NOW)
            books.tell(*(completed(1000, order=f"ord_{n}") for n in range(2, 5)))
        return real(merchant_id, limit, before)

    monkeypatch.setattr(store, "pending", pending)
    books.run()

    assert [2, 3] == [full.statement.lines for full in books.statements()]
    assert [2, 3] == sorted(event["orders"] for event in books.announced())


@pytest.mark.parametrize("number", [1, 2])
def test_each_condition_of_a_part_holds_by_itself(books, number):
    """A line, a statement's head, a part and a merchant's account: none is written twice, whatever the others say."""
    books.tell(completed(1000))
    pending = store.pending(SHENZHEN, 1)
    account = statements.Account(SHENZHEN)
    merchant = Merchant(SHENZHEN, "Shenzhen Audio", "CN", "CNY", 800)
    statement = statements.opened("stm_1", account, settling.terms_for(merchant, account, NOW), NOW)
    statement = replace(settling._with_rates(statement, pending), parts=number - 1)
    line = statements.settled_line(pending[0], statement.rates[0], statement.terms)
    part = statements.Part(number, "settle:stm_1:1", "ent_1", (line,))
    if number > 1:
        writes.commit(store.part_settled(statement, replace(part, number=1, lines=()))[0])
    moved = store.account_moved(account, account.opened(statement))

    for write in (*store.part_settled(statement.with_part(part), part), moved):
        writes.commit(write)
        with pytest.raises(store.Overtaken):
            writes.commit(write)


def told(books: Books) -> None:
    books.tell(
        captured(60000),
        completed(10007, freight=1200, taxes=[IOSS], at=NOW),
        completed(20011, order="ord_2", currency="USD"),
        completed(5003, order="ord_3"),
        completed(7001, order="ord_4", merchant=MILAN, taxes=[VAT]),
        share_refunded(1009, "rfd_9"),
    )


def shown(books: Books) -> tuple[Any, ...]:
    """What a run ends with, ids apart."""
    money = [
        (
            full.statement.number,
            full.statement.net,
            full.statement.closing,
            full.statement.rates,
            [(line.pending.fact, line.net) for part in full.parts for line in part.lines],
        )
        for merchant in (SHENZHEN, MILAN)
        for full in books.statements(merchant)
    ]
    return books.balances(), money, sorted(event["net"] for event in books.announced()), store.due()


@pytest.fixture(scope="module")
def unharmed():
    """The end of a run that nothing happened to, and how many commits it took."""
    with stand_in.in_process(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(statements, "LINES_PER_PART", 2)
        held = Books()
        told(held)
        sizes = commits_counted(patch)
        held.run()
        return shown(held), len(sizes)


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
def test_a_run_that_dies_at_any_commit_ends_as_if_it_had_not(unharmed, written):
    end, commits = unharmed
    assert commits >= 5
    for number in range(1, commits + 1):
        with stand_in.in_process(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(statements, "LINES_PER_PART", 2)
            held = Books()
            told(held)
            with pytest.MonkeyPatch.context() as dying:
                crash_at(dying, number, written=written)
                with pytest.raises(Crash):
                    held.run()
            assert held.trial().balanced
            held.later(days=1)

            held.run()

            assert end == shown(held), f"died at commit {number}"


EVENTS = st.lists(
    st.one_of(
        st.tuples(
            st.just("share"), st.integers(1, 4), st.integers(0, 50000), st.sampled_from(["EUR", "USD"])
        ),
        st.tuples(st.just("refund"), st.integers(1, 4), st.integers(1, 20000), st.just("EUR")),
        st.tuples(st.just("run"), st.just(0), st.just(0), st.just("")),
    ),
    min_size=2,
    max_size=8,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(series=EVENTS, random=st.randoms(use_true_random=False))
def test_any_series_with_runs_between_balances_and_pays_what_it_owes(series, random):
    with stand_in.in_process():
        held = Books()
        known: dict[str, Event] = {}
        for index, (kind, number, amount, currency) in enumerate(series):
            if kind == "run":
                held.run()
                held.later(days=1)
                continue
            if kind == "share":
                event: Event = known.setdefault(
                    f"share{number}", completed(amount, order=f"ord_{number}", currency=currency)
                )
            else:
                event = share_refunded(amount, f"rfd_{index}", order=f"ord_{number}")
            held.tell(event)
            if random.random() < 0.3:
                held.tell(event)
        held.run()

        full = held.statements()
        assert held.trial().balanced
        assert held.trial().accounts == reading.recomputed(
            date(2026, 11, day) for day in range(NOW.day, held.now.day + 1)
        )
        paid = held.balances().get((PAID_IN_CNY, "CNY"), 0)
        assert -paid == sum(one.statement.net for one in full) == sum(owed(one, "CNY") for one in full)
        assert {"CNY"} >= {c for account, c in held.balances() if account == PAID_IN_CNY}
        assert {} == store.due()
