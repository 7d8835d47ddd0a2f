"""Completed shares become statements: to the cent, once, whatever dies on the way."""

from datetime import date

import pytest

from entrepot.cloud import writes
from functions.rates import facade as rates
from functions.settlement import prices as prices_module
from functions.settlement import store
from functions.settlement.domain import statements
from functions.settlement.domain.terms import FeeRow, SpreadRow
from functions.settlement.prices import Prices, prices
from functions.settlement.service import reading, settling
from tests.integration.settlement.books import (
    MILAN,
    NOW,
    OPERATOR,
    SHENZHEN,
    captured,
    commits_counted,
    completed,
    owed,
    refunded,
    share_refunded,
)

IOSS = ("EU-IOSS", 2128, "platform")
VAT = ("IT", 2464, "seller")
PAID_IN_CNY = f"merchant_payable:{SHENZHEN}"


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

    done = books.run()

    assert ({"mrc_unknown", SHENZHEN}, 1) == (set(done.failed), len(done.issued))
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
