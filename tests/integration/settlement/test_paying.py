"""A statement is paid out once; what comes back is owed again, once; a hold stops payouts and nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest

from entrepot.contracts.payments import DisputeClosed, DisputeOpened, FeeKnown
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import NotFound
from functions.settlement.domain import rules
from functions.settlement.domain.payouts import Payout, PayoutNotMovable, PayoutStatus
from functions.settlement.service import paying, reading
from tests.integration.settlement.books import (
    MILAN,
    NOW,
    OPERATOR,
    SHENZHEN,
    Books,
    Crash,
    captured,
    completed,
    crash_at,
    staff,
)
from tests.support import memory

NET = 4500 - 75 - 25  # EUR 50.00 less 10 %, less 1.5 % and EUR 0.25
PAYABLE = (f"merchant_payable:{MILAN}", "EUR")
IN_TRANSIT = ("payouts_in_transit:house", "EUR")
BANK = ("bank:house", "EUR")


@pytest.fixture
def books() -> Iterator[Books]:
    """Books with one statement of EUR 44.00 for Milan."""
    with memory.in_process():
        books = Books()
        books.tell(completed(5000, merchant=MILAN))
        books.run()
        yield books


def payouts(merchant_id: str = MILAN) -> tuple[Payout, ...]:
    return paying.listed(merchant_id, OPERATOR, 10, None).items


def money(books: Books) -> tuple[int, int, int]:
    """Owed to the merchant, in transit, and taken from the bank."""
    balances = books.balances()
    return -balances.get(PAYABLE, 0), -balances.get(IN_TRANSIT, 0), -balances.get(BANK, 0)


def paid_as_named(payout: Payout) -> int:
    entries = [reading.entry(entry_id) for entry_id in payout.entries]
    return -sum(rules.effect(entry.postings, *PAYABLE).amount for entry in entries)


def test_a_statement_is_paid_once_however_often_the_run_runs(books):
    done = books.pay()
    again = books.pay()

    (payout,) = payouts()
    (full,) = books.statements(MILAN)
    assert ([payout.payout_id], []) == (done.payouts, again.payouts)
    assert (full.statement.statement_id, NET) == (payout.statement_id, payout.amount.amount)
    assert NET == full.statement.payable == paid_as_named(payout)
    assert (0, NET, 0) == money(books)


@pytest.mark.parametrize("written", [True, False])
def test_a_run_that_died_pays_once_when_it_runs_again(books, monkeypatch, written):
    with monkeypatch.context() as dying:
        crash_at(dying, 1, written=written)
        with pytest.raises(Crash):
            books.pay()

    books.pay()

    assert 1 == len(payouts())
    assert (0, NET, 0) == money(books)


def test_what_the_bank_took_has_left_us(books):
    (payout_id,) = books.pay().payouts

    paying.move(payout_id, PayoutStatus.SENT, books.now)
    paying.move(payout_id, PayoutStatus.PAID, books.now)
    paying.move(payout_id, PayoutStatus.PAID, books.now)

    assert (0, 0, NET) == money(books)


@pytest.mark.parametrize("before", [PayoutStatus.SENT, PayoutStatus.PAID])
def test_what_comes_back_is_owed_again_and_paid_with_the_next_statement(books, before):
    (payout_id,) = books.pay().payouts
    for status in dict.fromkeys([PayoutStatus.SENT, before]):
        paying.move(payout_id, status, books.now)

    for _ in range(2):
        paying.move(payout_id, PayoutStatus.RETURNED, books.now)

    assert (NET, 0, 0) == money(books)
    books.later(days=1)
    books.run()
    second = books.pay()
    assert 1 == len(second.payouts)
    assert (0, NET, 0) == money(books)
    _, full = books.statements(MILAN)
    (line,) = full.parts[0].lines
    assert (NET, 0, 0) == (line.net, line.commission, line.payment_fee)


def test_only_declared_moves_happen(books):
    (payout_id,) = books.pay().payouts

    for status in (PayoutStatus.PAID, PayoutStatus.RETURNED):
        with pytest.raises(PayoutNotMovable):
            paying.move(payout_id, status, books.now)

    assert (0, NET, 0) == money(books)
    with pytest.raises(NotFound):
        paying.move("pot_01JD0000000000000000000000", PayoutStatus.SENT, books.now)


def test_a_hold_stops_payouts_and_letting_go_pays_them(books):
    paying.hold(MILAN, "the account's owner is being checked", OPERATOR, books.now)

    held = books.pay()

    assert ([], [MILAN]) == (held.payouts, held.held)
    assert (NET, 0, 0) == money(books)
    paying.let_go(MILAN)
    assert 1 == len(books.pay().payouts)


def test_a_merchant_sees_its_own_payouts_only(books):
    books.pay()

    assert 1 == len(paying.listed(MILAN, staff(MILAN), 10, None).items)
    with pytest.raises(NotFound):
        paying.listed(MILAN, staff(SHENZHEN), 10, None)


def about(**more: Any) -> dict[str, Any]:
    return {
        "event_id": new_id("evt", NOW), "occurred_at": NOW, "payment_id": "pay_1", "order_id": "ord_1",
        "currency": "EUR", "authorised": 900, "captured": 900, "refunded": 0, "provider": "stripe", **more,
    }  # fmt: skip


def test_what_the_provider_keeps_is_our_expense(books):
    books.tell(captured(900))
    books.tell(FeeKnown(**about(amount=900, charge_id="ch_1", fact="txn_1", fee=38, fee_currency="EUR")))

    assert (862, 38) == (
        books.balances()["psp:stripe", "EUR"],
        books.balances()["psp_fee_expense", "EUR"],
    )


def test_a_charge_that_the_provider_keeps_in_another_currency_is_converted_there(books):
    books.tell(captured(900))
    books.tell(FeeKnown(**about(amount=1000, charge_id="ch_1", fact="txn_1", fee=40, fee_currency="USD")))

    balances = books.balances()
    assert ("psp:stripe", "EUR") not in balances
    assert (960, 900, -1000) == (
        balances["psp:stripe", "USD"], balances["fx:EUR", "EUR"], balances["fx:USD", "USD"],
    )  # fmt: skip


@pytest.mark.parametrize(("outcome", "lost"), [("won", 0), ("lost", 900)])
@pytest.mark.parametrize("closed_first", [True, False])
def test_a_dispute_withdraws_the_money_until_it_is_decided(books, outcome, lost, closed_first):
    opened = DisputeOpened(
        **about(amount=900, dispute_id="du_1", reason="fraudulent", fee=2000, fee_currency="EUR")
    )
    closed = DisputeClosed(**about(amount=900, dispute_id="du_1", outcome=outcome))
    books.tell(captured(900))

    books.tell(*((closed, opened) if closed_first else (opened, closed)))

    balances = books.balances()
    assert ("disputed_funds", "EUR") not in balances
    assert (900 - 2000 - lost, 2000) == (
        balances["psp:stripe", "EUR"],
        balances["dispute_fee_expense", "EUR"],
    )
    assert lost == balances.get(("dispute_loss", "EUR"), 0)
