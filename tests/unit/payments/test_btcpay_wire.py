"""What an invoice of a BTCPay Server says in our words."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.money import Money
from functions.payments.btcpay import wire
from functions.payments.domain.facts import Status
from functions.payments.domain.payment import Snapshot

AT = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
ENDS = 1_795_680_000
RATE = "50000"
WHOLE = "0.002"  # 100 EUR at that rate


def invoice(status: str = "New", more: str = "None", **changed: Any) -> wire.Invoice:
    document = {
        "id": "inv_1",
        "storeId": "ours",
        "amount": "100.00",
        "currency": "EUR",
        "status": status,
        "additionalStatus": more,
        "checkoutLink": "https://pay.example/i/inv_1",
        "createdTime": ENDS - 1800,
        "expirationTime": ENDS,
        "metadata": {"orderId": "pay_1", "buyerName": None},
        "somethingNew": {"that": ["nobody", "knows"]},
        **changed,
    }
    return wire.read(document, wire.Invoice)


def method(*payments: tuple[str, str, int], due: str = "0", rate: str = RATE) -> wire.Method:
    """Payments as value, status, and seconds after the end of the rate."""
    document = {
        "paymentMethodId": "BTC-CHAIN",
        "currency": "BTC",
        "destination": "bc1qours",
        "paymentLink": "bitcoin:bc1qours?amount=0.002",
        "rate": rate,
        "due": due,
        "payments": [
            {"id": f"tx-{n}", "value": value, "status": status, "receivedDate": ENDS + late, "fee": "0"}
            for n, (value, status, late) in enumerate(payments)
        ],
    }
    return wire.read(document, wire.Method)


def said(found: wire.Invoice, *methods: wire.Method) -> Snapshot:
    return wire.snapshot(found, methods, AT, "ours")


IN_TIME = (WHOLE, "Settled", -60)
LATE = (WHOLE, "Settled", 60)


@pytest.mark.parametrize(
    ("status", "more", "payments", "due", "captured", "received", "cancelled", "word"),
    [
        ("New", "None", [], WHOLE, 0, 0, False, Status.REQUIRES_ACTION),
        ("New", "PaidPartial", [("0.0008", "Settled", -60)], "0.0012", 0, 4_000, False, Status.PROCESSING),
        ("Processing", "None", [(WHOLE, "Processing", -60)], "0", 0, 0, False, Status.PROCESSING),
        ("Settled", "None", [IN_TIME], "0", 10_000, 10_000, False, None),
        ("Settled", "PaidOver", [("0.0025", "Settled", -60)], "-0.0005", 10_000, 12_500, False, None),
        ("Settled", "None", [IN_TIME, LATE], "-0.002", 10_000, 20_000, False, None),
        ("Settled", "Marked", [], WHOLE, 0, 0, True, None),
        ("Settled", "Marked", [("0.0008", "Settled", -60)], "0.0012", 0, 4_000, True, None),
        ("Settled", "Marked", [LATE], "0", 0, 10_000, True, None),
        ("Settled", "Marked", [(WHOLE, "Processing", -60)], "0", 0, 0, True, None),
        ("Settled", "Marked", [IN_TIME], "0", 10_000, 10_000, False, None),
        ("Expired", "None", [], WHOLE, 0, 0, True, None),
        ("Expired", "PaidPartial", [("0.0008", "Settled", -60)], "0.0012", 0, 4_000, True, None),
        ("Expired", "PaidLate", [LATE], "0", 0, 10_000, True, None),
        ("Expired", "PaidLate", [(WHOLE, "Processing", 60)], "0", 0, 0, True, None),
        ("Invalid", "None", [(WHOLE, "Processing", -60)], "0", 0, 0, True, None),
        ("Invalid", "Marked", [IN_TIME], "0", 0, 10_000, True, None),
    ],
)  # fmt: skip
def test_the_states_of_an_invoice(
    status: str,
    more: str,
    payments: list[tuple[str, str, int]],
    due: str,
    captured: int,
    received: int,
    cancelled: bool,
    word: Status | None,
) -> None:
    found = said(invoice(status, more), method(*payments, due=due))

    assert (captured, captured, received, cancelled) == (
        found.authorised,
        found.captured,
        found.received,
        found.cancelled,
    )
    assert word is (found.word.status if found.word else None)
    assert (10_000, "EUR", "inv_1", True) == (found.amount, found.currency, found.intent_id, found.ours)


def test_what_was_replaced_or_lost_is_not_received() -> None:
    assert 0 == said(invoice("Expired"), method((WHOLE, "Invalid", -60), due=WHOLE)).received


def test_payments_by_several_methods_add_up_and_less_than_a_cent_is_nobodys() -> None:
    chain, lightning = method(("0.0008", "Settled", 60)), method(("0.00000019", "Settled", 60))

    assert 4_000 == said(invoice("Expired", "PaidPartial"), chain, lightning).received


def test_what_the_server_settles_is_received_whole_whatever_rounding_says() -> None:
    rounded = method(("0.00199999", "Settled", -60))

    assert (10_000, 10_000) == (
        said(invoice("Settled"), rounded).captured,
        said(invoice("Settled"), rounded).received,
    )


def test_an_invoice_of_another_store_is_not_ours() -> None:
    assert not said(invoice(storeId="theirs"), method()).ours


@pytest.mark.parametrize("amount", ["100.001", "0.3", "-1"])
def test_an_amount_that_is_nobodys_is_none_of_ours(amount: str) -> None:
    assert 10_000 != said(invoice(amount=amount), method()).amount


@pytest.mark.parametrize("amount", ["", "many", "NaN", "Infinity", "1e999", "9" * 20])
def test_what_is_no_amount_says_nothing(amount: str) -> None:
    with pytest.raises(ValueError):
        said(invoice(amount=amount), method())


@given(st.sampled_from(sorted(EXPONENTS)), st.integers(0, 10**11))
def test_every_amount_of_ours_reads_back_as_it_was_written(currency: str, amount: int) -> None:
    text = wire.decimal_text(Money(amount, currency))

    assert amount == wire.minor(text, currency)
    assert "E" not in text


def test_amounts_are_written_plainly() -> None:
    texts = [
        wire.decimal_text(Money(*each)) for each in ((1250, "EUR"), (5, "EUR"), (1250, "JPY"), (5, "KWD"))
    ]

    assert ["12.50", "0.05", "1250", "0.005"] == texts


def test_the_next_action_says_where_and_how_much_and_until_when() -> None:
    action = wire.next_action(invoice(), [method(due=WHOLE)])

    assert action is not None
    assert ("btcpay_invoice", "https://pay.example/i/inv_1") == (action.kind, action.url)
    assert {
        "expires_at": "2026-11-26T08:00:00.000000Z",
        "method": "BTC-CHAIN",
        "destination": "bc1qours",
        "amount": "0.002",
        "currency": "BTC",
        "rate": "50000",
        "payment_link": "bitcoin:bc1qours?amount=0.002",
    } == action.details


@pytest.mark.parametrize("status", ["Processing", "Settled", "Expired", "Invalid"])
def test_there_is_nothing_to_do_where_nothing_is_to_pay(status: str) -> None:
    assert wire.next_action(invoice(status), [method()]) is None


@pytest.mark.parametrize("named", [None, 7, "", "ord_1", ["pay_1"]])
def test_what_names_no_payment_of_ours_is_none(named: Any) -> None:
    assert "" == invoice(metadata={"orderId": named}).payment_id


@pytest.mark.parametrize("document", [None, [], {}, {"id": 7}, {"id": "inv_1", "status": "New"}])
def test_what_is_no_invoice_is_refused(document: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        wire.read(document, wire.Invoice)
