"""Every object of the stand-in has the fields that the SDK declares, and no other."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from infra.local.stripe import cash
from tests.unit.standins.conformity import complaints


@pytest.fixture
def busy_account(provider):
    """One payment of each outcome, and everything that can follow it."""
    provider.intent(
        transfer_group="ord_1", metadata={"order": "ord_1"}, shipping={"name": "A", "address": {}}
    )
    provider.paid(capture_method="manual")
    cancelled = provider.paid(capture_method="manual")
    provider.sdk.v1.payment_intents.cancel(cancelled.id, {"cancellation_reason": "abandoned"})
    provider.control(f"payment_intents/{provider.paid(capture_method='manual').id}/lapse")
    provider.intent(payment_method="pm_card_threeDSecure2Required", confirm=True)
    provider.intent(
        payment_method="pm_card_threeDSecure2Required", confirm=True, return_url="https://x.invalid"
    )
    _transferred(provider)
    for kind in ("alipay", "wechat_pay", "crypto", "sepa_debit", "link"):
        name = f"pm_standin_{kind}"
        provider.intent(
            currency="usd" if kind == "crypto" else "eur",
            allowed_payment_method_types=[kind],
            payment_method=name,
            confirm=True,
            return_url="https://shop.invalid/back",
        )
    with pytest.raises(stripe.CardError):
        provider.intent(payment_method="pm_card_chargeDeclinedInsufficientFunds", confirm=True)
    paid = provider.paid()
    refund = provider.sdk.v1.refunds.create({"payment_intent": paid.id, "amount": 300, "reason": "duplicate"})
    provider.control(f"refunds/{refund.id}/finish", outcome="fail")
    transfer = provider.sdk.v1.transfers.create(
        {"amount": 500, "currency": "eur", "destination": "acct_1Milan"}
    )
    provider.sdk.v1.transfers.reversals.create(transfer.id, {"amount": 200})
    dispute = provider.control(f"charges/{paid.latest_charge}/dispute", reason="product_not_received")
    provider.control(f"disputes/{dispute['id']}/close", outcome="won")
    return provider


def _transferred(provider: Any) -> None:
    """A transfer in each currency, in two parts and with more than was owed, which goes back."""
    sdk, customer = provider.sdk.v1, provider.sdk.v1.customers.create().id
    for currency, kind in cash.TYPES.items():
        bank: Any = {"type": kind, **({"eu_bank_transfer": {"country": "DE"}} if currency == "eur" else {})}
        intent = provider.intent(
            currency=currency,
            customer=customer,
            allowed_payment_method_types=["customer_balance"],
            payment_method_data={"type": "customer_balance"},
            payment_method_options={
                "customer_balance": {"funding_type": "bank_transfer", "bank_transfer": bank}
            },
            confirm=True,
        )
        for amount in (4_000, 7_000):
            sdk.test_helpers.customers.fund_cash_balance(customer, {"amount": amount, "currency": currency})
        sdk.refunds.create({"payment_intent": intent.id, "amount": 300})
        back = {"origin": "customer_balance", "customer": customer, "amount": 1_000, "currency": currency}
        sdk.refunds.create(back)


KINDS: list[tuple[str, Any]] = [
    ("payment_intent", stripe.PaymentIntent),
    ("charge", stripe.Charge),
    ("refund", stripe.Refund),
    ("payment_method", stripe.PaymentMethod),
    ("balance_transaction", stripe.BalanceTransaction),
    ("transfer", stripe.Transfer),
    ("transfer_reversal", stripe.TransferReversal),
    ("dispute", stripe.Dispute),
    ("event", stripe.Event),
    ("customer", stripe.Customer),
    ("customer_cash_balance_transaction", stripe.CustomerCashBalanceTransaction),
]


def test_every_object_conforms_to_the_types_of_the_sdk(busy_account):
    store = busy_account.standin.account.store

    for kind, declared in KINDS:
        things = store.newest(kind)
        assert things, kind
        assert [] == [found for thing in things for found in complaints(thing, declared, kind)]


def test_the_balance_conforms_to_the_types_of_the_sdk(busy_account):
    _, balance = busy_account.raw("GET", "/v1/balance", headers={"Authorization": "Bearer sk_test_entrepot"})

    assert [] == complaints(balance, stripe.Balance, "balance")


def test_a_cash_balance_conforms_to_the_types_of_the_sdk(busy_account):
    account = busy_account.standin.account
    told = [
        event["data"]["object"]
        for event in account.store.newest("event", type="cash_balance.funds_available")
    ]

    assert len(cash.TYPES) == len(told)
    assert [] == [found for each in told for found in complaints(each, stripe.CashBalance, "cash_balance")]


def test_the_comparison_sees_missing_unknown_and_wrong_fields():
    refund = {"id": 5, "object": "refund", "surprise": 1, "status": None}

    found = complaints(refund, stripe.Refund, "refund")

    assert "refund.surprise: unknown" in found
    assert "refund.amount: missing" in found
    assert "refund.id: 5 is not <class 'str'>" in found
    assert "refund.reason: 'late' is not one of its values" in complaints(
        {"reason": "late"}, stripe.Refund, "refund"
    )


def test_the_stand_in_speaks_the_version_of_the_sdk(provider):
    event = provider.standin.account.store.newest("event")
    assert [] == event

    provider.paid()

    versions = {event.api_version for event in provider.sdk.v1.events.list().data}
    assert {stripe.api_version} == versions


def test_the_sdk_parses_objects_inside_objects(provider):
    intent = provider.paid(expand=["latest_charge", "payment_method"])

    assert isinstance(intent.latest_charge, stripe.Charge)
    assert isinstance(intent.payment_method, stripe.PaymentMethod)
    assert intent.latest_charge.balance_transaction is None
    again = provider.sdk.v1.payment_intents.retrieve(
        intent.id, {"expand": ["latest_charge.balance_transaction"]}
    )
    assert isinstance(again.latest_charge, stripe.Charge)
    assert isinstance(again.latest_charge.balance_transaction, stripe.BalanceTransaction)
    assert (10_000, 320) == (
        again.latest_charge.balance_transaction.amount,
        again.latest_charge.balance_transaction.fee,
    )
