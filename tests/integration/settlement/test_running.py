"""The run hands each merchant to the queue; reserves come back on their day; a schedule cuts statements on its day."""

import base64
import csv
import io
import json
from datetime import date
from typing import Any

import pytest

from entrepot.cloud import aws as platform
from entrepot.kernel.money import Money
from functions.settlement import prices as prices_module
from functions.settlement import store, triggers
from functions.settlement.domain.schedules import Every, Schedule
from functions.settlement.domain.terms import (
    LogisticsFeeRow,
    ReserveRow,
    Tier,
    TiersRow,
    WithholdingRow,
)
from functions.settlement.prices import Prices, prices
from functions.settlement.service import paying, running
from tests.integration.settlement.books import (
    MILAN,
    NOW,
    OPERATOR,
    SHENZHEN,
    Books,
    completed,
    owed,
    share_refunded,
)
from tests.integration.settlement.test_routes import get, statement_id

SINCE = date(2026, 1, 1)


@pytest.fixture
def charging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Milan pays 0.40 a share and from EUR 50 on 2 % less; a tenth is held for 30 days; Italy withholds 1 %."""
    held = prices()
    priced = Prices(
        held.payment_fees,
        held.fx_spreads,
        commission_tiers=(TiersRow("*", SINCE, (Tier(Money(5000, "EUR"), 200),), "test"),),
        logistics_fees=(LogisticsFeeRow("*", MILAN, SINCE, Money(40, "EUR"), "test"),),
        withholdings=(WithholdingRow("*", "IT", SINCE, 100, "IT-TEST", "test"),),
        reserves=(ReserveRow("*", MILAN, SINCE, 1000, 30, "test"),),
    )
    monkeypatch.setattr(prices_module, "prices", lambda: priced)
    monkeypatch.setattr("functions.settlement.service.settling.prices", lambda: priced)


def handle(name: str, *arguments: Any) -> None:
    next(trigger for trigger in triggers.triggers.all if trigger.name == name).handle(*arguments)


def turns() -> list[str]:
    """What lies on the queue, taken from it."""
    sqs, url = platform.client("sqs"), platform.queue_url("settlement-runs")
    found: list[str] = []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in batch:
            found.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_the_clock_hands_each_merchant_that_is_due_to_the_queue_once(books: Books) -> None:
    books.tell(*(completed(1000, order=f"ord_{n}", merchant=f"mrc_{n % 12:026}") for n in range(30)))

    handle("settlement_run", NOW)

    assert sorted(f"mrc_{n:026}" for n in range(12)) == sorted(
        json.loads(body)["merchant_id"] for body in turns()
    )


def test_a_turn_settles_and_pays_one_merchant_and_coming_twice_changes_nothing(books: Books) -> None:
    books.tell(completed(5000, merchant=MILAN), completed(5000, order="ord_2"))
    handle("settlement_run", NOW)
    bodies = turns()

    for body in [*bodies, *bodies]:
        handle("settlement_runs", body, NOW)

    assert 1 == len(books.statements(MILAN)) == len(books.statements(SHENZHEN))
    assert 1 == len(paying.listed(MILAN, OPERATOR, 10, None).items)
    assert ({}, {}) == (store.due(), store.unpaid())
    handle("settlement_run", NOW)
    assert [] == turns()


def test_a_merchant_of_very_many_lines_takes_another_turn(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.settlement.service.settling.PARTS_PER_STATEMENT", 1)
    monkeypatch.setattr(running, "_STATEMENTS", 2)
    books.tell(*(completed(1000, order=f"ord_{n}", merchant=MILAN) for n in range(61)))
    handle("settlement_run", NOW)
    taken = 0
    while bodies := turns():
        for body in bodies:
            handle("settlement_runs", body, NOW)
            taken += 1

    assert [20, 20, 20, 1] == [full.statement.lines for full in books.statements(MILAN)]
    assert 3 == taken  # the last finds nothing left
    assert {} == store.due()


def test_a_merchant_let_go_of_a_hold_is_paid_though_nothing_new_is_due(books: Books) -> None:
    books.tell(completed(5000, merchant=MILAN))
    paying.hold(MILAN, "checked", OPERATOR, NOW)
    handle("settlement_run", NOW)
    for body in turns():
        handle("settlement_runs", body, NOW)
    assert () == paying.listed(MILAN, OPERATOR, 10, None).items
    paying.let_go(MILAN)

    handle("settlement_run", NOW)
    for body in turns():
        handle("settlement_runs", body, NOW)

    assert 1 == len(paying.listed(MILAN, OPERATOR, 10, None).items)


@pytest.mark.usefixtures("charging")
def test_every_charge_stands_on_the_statement_and_in_the_ledger(books: Books) -> None:
    books.tell(completed(5000, merchant=MILAN))

    books.run()

    (full,) = books.statements(MILAN)
    # EUR 50.00: 10 %, 1.5 % and 0.25, 0.40, 1 % withheld, a tenth held back
    assert (500, 100, 40, 50, 500) == (
        full.statement.commission,
        full.statement.payment_fees,
        full.statement.logistics_fees,
        full.statement.withheld,
        full.statement.reserve,
    )
    assert 3810 == full.statement.net == owed(full, "EUR")
    balances = books.balances()
    assert (-3810, -500, -50, -40) == tuple(
        balances[account, "EUR"]
        for account in (
            f"merchant_payable:{MILAN}",
            f"merchant_reserve:{MILAN}",
            "tax_withheld:IT-TEST",
            "logistics_fee_income",
        )
    )
    shown = get(f"/v1/statements/{statement_id(books, MILAN)}", "merchant", MILAN).json
    parts = shown["totals"]
    taken = sum(parts[name]["amount"] for name in parts if name not in ("gross", "net"))
    assert parts["gross"]["amount"] - taken == parts["net"]["amount"] == 3810


@pytest.mark.usefixtures("charging")
def test_a_reserve_is_owed_again_on_its_day_and_once(books: Books) -> None:
    books.tell(completed(5000, merchant=MILAN))
    books.run()
    books.later(days=29)
    assert [] == running.release(books.now)
    books.later(days=1)

    handle("settlement_run", books.now)

    assert [] == running.release(books.now), "the run has let it go"
    books.run()
    _, full = books.statements(MILAN)
    (line,) = full.parts[0].lines
    assert ("released_reserve", 500, 500) == (line.pending.kind.value, line.converted, line.net)
    assert (f"merchant_reserve:{MILAN}", "EUR") not in books.balances()
    assert books.trial().balanced


@pytest.mark.usefixtures("charging")
def test_last_months_turnover_lowers_this_months_commission(books: Books) -> None:
    books.tell(completed(5000, merchant=MILAN))
    books.run()
    books.later(days=15)  # December
    books.tell(completed(1000, order="ord_2", merchant=MILAN, at=books.now))

    books.run()

    first, second = books.statements(MILAN)
    assert (1000, 0) == (
        first.statement.terms.commission_basis_points,
        first.statement.terms.tier_off_basis_points,
    )
    assert (800, 200, 5000, 80) == (
        second.statement.terms.commission_basis_points,
        second.statement.terms.tier_off_basis_points,
        second.statement.terms.turnover,
        second.statement.commission,
    )


def test_a_schedule_settles_what_happened_before_its_day_and_leaves_the_rest(books: Books) -> None:
    running.set_schedule(SHENZHEN, Schedule(Every.WEEK, 7))  # NOW is a Sunday
    books.later(days=-1)
    books.tell(completed(1000, at=books.now))
    books.later(days=1)
    books.tell(completed(2000, order="ord_2", at=books.now))

    books.run()

    assert [1] == [full.statement.lines for full in books.statements()]
    assert {SHENZHEN} == set(store.due()), "the rest stays due"
    books.later(days=6)
    books.run()
    assert 1 == len(books.statements())
    books.later(days=1)
    books.run()
    assert [1, 1] == [full.statement.lines for full in books.statements()]
    assert {} == store.due()


def test_a_schedule_is_read_by_its_merchant_and_set_by_finance(books: Books) -> None:
    path = f"/v1/merchants/{MILAN}/payout-schedule"

    assert {"merchant_id": MILAN, "every": "run", "on": None} == get(path, "merchant", MILAN).json
    assert 404 == get(path, "merchant", SHENZHEN).status


def test_the_csv_of_a_statement_adds_up_to_its_last_row(books: Books) -> None:
    books.tell(
        completed(10007, freight=300), completed(150, order="ord_2", currency="JPY"), share_refunded(1003)
    )
    books.run()

    answer = get(f"/v1/statements/{statement_id(books)}/csv", "merchant", SHENZHEN)

    assert (200, "text/csv; charset=utf-8") == (answer.status, answer.json["media_type"])
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(answer.json["content"]).decode())))
    *lines, last = rows
    assert 3 == len(lines)
    for column in (
        "converted",
        "commission",
        "payment_fee",
        "logistics_fee",
        "tax_withheld",
        "reserve",
        "net",
    ):
        fen = [round(float(row[column]) * 100) for row in rows]
        assert sum(fen[:-1]) == fen[-1]
    (full,) = books.statements()
    assert (f"{full.statement.net / 100:.2f}", "total") == (last["net"], last["kind"])
    assert {"100.07", "150", "0.00"} == {row["goods"] for row in lines}
    assert 404 == get(f"/v1/statements/{statement_id(books)}/csv", "merchant", MILAN).status
