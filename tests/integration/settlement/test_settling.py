"""Completed shares become statements: to the cent, once, whatever dies on the way."""

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.cloud import writes
from entrepot.cloud.writes import Write
from entrepot.contracts.events import Event
from functions.rates import facade as rates
from functions.settlement import prices as prices_module
from functions.settlement import store, triggers
from functions.settlement.domain import rules, statements
from functions.settlement.domain.terms import FeeRow, SpreadRow
from functions.settlement.prices import Prices, prices
from functions.settlement.service import reading, settling
from functions.settlement.service.reading import FullStatement
from tests.integration.settlement.books import (
    MILAN,
    NOW,
    OPERATOR,
    SHENZHEN,
    Books,
    Crash,
    captured,
    commits_counted,
    completed,
    crash_at,
    refunded,
    share_refunded,
)
from tests.support import aws as stand_in

IOSS = ("EU-IOSS", 2128, "platform")
VAT = ("IT", 2464, "seller")
PAID_IN_CNY = f"merchant_payable:{SHENZHEN}"


def owed(full: FullStatement, currency: str) -> int:
    """What the entries that a statement names add to what its merchant is owed."""
    account = f"merchant_payable:{full.statement.merchant_id}"
    return sum(rules.effect(entry.postings, account, currency).amount for entry in full.entries)


def test_a_euro_order_is_paid_in_yuan_and_every_cent_has_an_account(books):
    books.tell(captured(13328), completed(10000, freight=1200, taxes=[IOSS]))

    done = books.run()

    (full,) = books.statements()
    statement = full.statement
    assert (1, [], [statement.statement_id]) == (len(done.issued), done.failed, done.issued)
    # EUR 100.00 × 7.5259; 8 % of it; 1.5 % of EUR 133.28 and EUR 0.25, in CNY
    assert (75259, 6021, 1693, 67545) == (
        statement.gross,
        statement.commission,
        statement.payment_fees,
        statement.net,
    )
    assert ("CNY", 0, 67545, 67545) == (
        statement.terms.currency,
        statement.opening,
        statement.closing,
        statement.payable,
    )
    assert {
        ("psp:stripe", "EUR"): 13328,
        ("carrier_payable", "EUR"): -1200,
        ("tax_payable:EU-IOSS", "EUR"): -2128,
        ("fx:EUR", "EUR"): -10000,
        ("fx:CNY", "CNY"): 75259,
        (PAID_IN_CNY, "CNY"): -67545,
        ("commission_income", "CNY"): -6021,
        ("payment_fee_income", "CNY"): -1693,
    } == books.balances()
    assert books.trial().balanced
    assert () == store.pending(SHENZHEN, 10)
    assert {} == store.due()


def test_a_statement_records_its_rates_with_source_and_date(books):
    books.tell(completed(10000), completed(20000, order="ord_2", currency="USD"))

    books.run()

    (full,) = books.statements()
    terms, rates = full.statement.terms, full.statement.rates
    assert date(2026, 10, 2) == terms.rates_on
    assert terms.rates_source.startswith("European Central Bank")
    assert [("EUR", "7.5259"), ("USD", "6.704587973274")] == [(rate.currency, rate.applied) for rate in rates]


def test_a_euro_order_paid_in_euro_is_not_converted(books):
    books.tell(captured(13664), completed(10000, freight=1200, taxes=[VAT], merchant=MILAN))

    books.run()

    (full,) = books.statements(MILAN)
    # goods and the VAT that the seller owes; 10 % of the goods; 1.5 % of EUR 136.64 and EUR 0.25
    assert (12464, 1000, 230, 11234) == (
        full.statement.gross,
        full.statement.commission,
        full.statement.payment_fees,
        full.statement.net,
    )
    assert {
        ("psp:stripe", "EUR"): 13664,
        ("carrier_payable", "EUR"): -1200,
        (f"merchant_payable:{MILAN}", "EUR"): -11234,
        ("commission_income", "EUR"): -1000,
        ("payment_fee_income", "EUR"): -230,
    } == books.balances()


def test_all_currencies_of_a_merchant_are_one_statement_in_its_own(books):
    books.tell(
        completed(10000),
        completed(20000, order="ord_2", currency="USD"),
        completed(15000, order="ord_3", currency="JPY"),
        completed(30000, order="ord_4", currency="CNY"),
    )

    books.run()

    (full,) = books.statements()
    # 752.59; USD 200.00 × 6.704587973274 = 1,340.92; JPY 15,000 × 0.04252161139 = 637.82; 300.00
    assert 75259 + 134092 + 63782 + 30000 == full.statement.gross
    assert full.statement.net == owed(full, "CNY")
    assert [0, 0, 0] == [owed(full, currency) for currency in ("EUR", "USD", "JPY")]
    assert {"CNY"} == {c for account, c in books.balances() if account == PAID_IN_CNY}


def test_a_refund_before_completion_lowers_goods_and_commission(books):
    books.tell(captured(13328), refunded(4000), completed(10000, freight=1200, taxes=[IOSS], before=4000))

    books.run()

    (full,) = books.statements()
    # EUR 60.00 in CNY; 8 % of that; the fee on all that was paid
    assert (45155, 3612, 1693) == (
        full.statement.gross,
        full.statement.commission,
        full.statement.payment_fees,
    )
    assert ("customer_funds", "EUR") not in books.balances()


def test_a_refund_after_settlement_is_owed_carried_and_taken_from_the_next_sale(books):
    books.tell(captured(10000), completed(10000))
    books.run()
    books.later(days=1)
    books.tell(share_refunded(10000), refunded(10000))

    books.run()
    books.later(days=1)
    books.tell(completed(20000, order="ord_2"))
    books.run()

    first, second, third = (full.statement for full in books.statements())
    assert (75259 - 6021 - 1317, 0) == (first.payable, first.opening)
    assert (-69238, 0, -69238) == (second.net, second.payable, second.closing)
    assert (-69238, 136031, 66793) == (third.opening, third.net, third.payable)
    assert [1, 2, 3] == [first.number, second.number, third.number]
    assert -(first.net + second.net + third.net) == books.balances()[(PAID_IN_CNY, "CNY")]


def test_a_refund_heard_of_before_its_share_settles_to_the_same(books):
    books.tell(share_refunded(10000), completed(10000, freight=500))

    books.run()

    (full,) = books.statements()
    assert (0, 0) == (full.statement.gross, full.statement.commission)
    assert 1185 + 188 == full.statement.payment_fees  # 1.5 % of EUR 105.00 = CNY 790.22: 11.8533


def test_a_spread_is_booked_as_a_gain(books, monkeypatch):
    rows = (SpreadRow("*", SHENZHEN, date(2026, 1, 1), 100, "test"),)
    free = (FeeRow("*", date(2026, 1, 1), 0, prices().payment_fees[0].fixed * 0, "test"),)
    monkeypatch.setattr(settling, "prices", lambda: Prices(free, rows))
    books.tell(completed(10000))

    books.run()

    (full,) = books.statements()
    assert 74506 == full.statement.gross  # EUR 100.00 × 7.450641
    assert -753 == books.balances()[("fx_gain_loss", "CNY")]
    assert prices_module.prices() is prices()


def test_a_second_run_changes_nothing(books):
    books.tell(captured(13328), completed(10000, freight=1200, taxes=[IOSS]))
    books.run()
    before = books.balances(), [full.statement for full in books.statements()], books.announced()
    books.later(days=1)

    again = books.run()

    assert [] == again.issued
    assert before == (books.balances(), [full.statement for full in books.statements()], books.announced())


def test_an_issued_statement_is_announced_once(books):
    books.tell(completed(10000), completed(100, order="ord_2"))

    (statement_id,) = books.run().issued

    (event,) = books.announced()
    assert ("settlement.statement_issued", statement_id, SHENZHEN, "CNY", 2) == (
        event["event"],
        event["statement_id"],
        event["merchant_id"],
        event["currency"],
        event["orders"],
    )
    assert reading.statement(statement_id, OPERATOR).statement.net == event["net"]


def test_a_merchant_that_cannot_be_settled_does_not_stop_the_others(books):
    books.tell(completed(100, merchant="mrc_unknown"), completed(100, order="ord_2", currency="XOF"))
    books.tell(completed(100, order="ord_3", merchant=MILAN))
    schedule = next(trigger for trigger in triggers.triggers.all if trigger.name == "settlement_run")

    with pytest.raises(settling.SettlementIncomplete) as refused:
        schedule.handle(NOW)

    assert {"merchants": 2} == refused.value.facts
    assert 1 == len(books.statements(MILAN))
    assert {"mrc_unknown", SHENZHEN} == set(store.due())
    assert [] == books.statements(SHENZHEN)


def test_a_statement_of_many_parts_is_that_of_one(books, monkeypatch):
    events = [
        completed(1000 * n + 7, order=f"ord_{n}", currency="EUR" if n % 2 else "USD") for n in range(1, 8)
    ]
    books.tell(*events)
    monkeypatch.setattr(statements, "LINES_PER_PART", 2)

    books.run()

    (full,) = books.statements()
    assert (4, 7) == (full.statement.parts, full.statement.lines)
    assert [2, 2, 2, 1] == [len(part.lines) for part in full.parts]
    assert full.statement.net == owed(full, "CNY") == -books.balances()[(PAID_IN_CNY, "CNY")]
    assert 7 + 4 == len(full.entries)


def test_a_statement_ends_at_its_most_parts_and_the_next_goes_on(books, monkeypatch):
    books.tell(*(completed(1000, order=f"ord_{n}") for n in range(5)))
    monkeypatch.setattr(statements, "LINES_PER_PART", 1)
    monkeypatch.setattr(settling, "PARTS_PER_STATEMENT", 2)

    done = books.run()

    assert [2, 2, 1] == [full.statement.lines for full in books.statements()]
    assert 3 == len(done.issued)


def test_the_largest_part_fits_a_transaction(books):
    """Twenty lines in twenty currencies, with everything that a statement opens and closes with."""
    currencies = [rate for rate in rates.current(NOW.date()).rates if rate != "CNY"][:20]
    books.tell(*(completed(99999, order=f"ord_{code}", currency=code) for code in currencies))
    with pytest.MonkeyPatch.context() as patch:
        sizes = commits_counted(patch)
        books.run()

    (full,) = books.statements()
    assert (1, 20) == (full.statement.parts, full.statement.lines)
    assert 60 < max(sizes) <= writes.MOST_ITEMS
    assert books.trial().balanced


def test_what_becomes_pending_during_a_run_is_not_forgotten(books):
    """A line that comes after the last look at what is pending, and before the merchant is taken off the list."""
    books.tell(completed(100))
    seen = store.due()
    settling.settle(SHENZHEN, NOW)
    for number in range(20):  # every shard's stamp is another now
        books.tell(completed(200, order=f"ord_late_{number}"))

    settling._no_longer_due(SHENZHEN, seen[SHENZHEN])

    assert SHENZHEN in store.due()
    books.run()
    assert () == store.pending(SHENZHEN, 10)
    assert [1, 20] == [full.statement.lines for full in books.statements()]


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
