"""Bank transfers into customers' balances: in part, too much, too late, and back to where they came from."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from infra.local.stripe.cash import UNKNOWN_SENDER

OPTIONS: Any = {"funding_type": "bank_transfer", "bank_transfer": {"type": "gb_bank_transfer"}}


def customer(provider: Any, **more: Any) -> str:
    return str(provider.sdk.v1.customers.create(more).id)


def asked(provider: Any, customer_id: str | None, amount: int = 10_000, **more: Any) -> Any:
    """An intent of GBP that waits for a transfer."""
    given = {"customer": customer_id} if customer_id else {}
    return provider.intent(
        amount,
        currency="gbp",
        allowed_payment_method_types=["customer_balance"],
        payment_method_data={"type": "customer_balance"},
        payment_method_options={"customer_balance": {**OPTIONS, **more}},
        confirm=True,
        **given,
    )


def transferred(provider: Any, customer_id: str, amount: int, reference: str = "") -> None:
    given = {"amount": amount, "currency": "gbp", "reference": reference}
    provider.sdk.v1.test_helpers.customers.fund_cash_balance(customer_id, given)


def balance(provider: Any, customer_id: str) -> int:
    available = provider.sdk.v1.customers.cash_balance.retrieve(customer_id).available
    return int(available["gbp"]) if available else 0


def now(provider: Any, intent: Any) -> Any:
    return provider.sdk.v1.payment_intents.retrieve(intent.id)


def left(intent: Any) -> int:
    return int(intent.next_action.display_bank_transfer_instructions.amount_remaining)


def test_the_payer_is_told_an_account_and_a_reference(provider):
    action = asked(provider, customer(provider)).next_action

    (address,) = action.display_bank_transfer_instructions.financial_addresses
    assert ("display_bank_transfer_instructions", "sort_code") == (action.type, address.type)
    assert "108800" == address.sort_code.sort_code


def test_parts_fund_it_until_it_is_whole(provider):
    who = customer(provider)
    intent = asked(provider, who)

    transferred(provider, who, 4_000)
    assert ("requires_action", 6_000) == (now(provider, intent).status, left(now(provider, intent)))
    transferred(provider, who, 6_000)

    assert ("succeeded", 10_000) == (now(provider, intent).status, now(provider, intent).amount_received)
    assert 0 == balance(provider, who)
    told = provider.event_types()
    assert (1, 0) == (
        told.count("payment_intent.partially_funded"),
        told.count("cash_balance.funds_available"),
    )


def test_what_is_over_stays_in_the_balance_and_is_told(provider):
    who = customer(provider)
    asked(provider, who)

    transferred(provider, who, 10_500)

    assert 500 == balance(provider, who)
    assert 1 == provider.event_types().count("cash_balance.funds_available")


def test_the_reference_says_which_payment_a_transfer_is_for(provider):
    who = customer(provider)
    older, newer = asked(provider, who), asked(provider, who)
    reference = newer.next_action.display_bank_transfer_instructions.reference

    transferred(provider, who, 10_000, f"invoice {reference}")

    assert ["requires_action", "succeeded"] == [now(provider, each).status for each in (older, newer)]


def test_what_came_for_a_cancelled_payment_is_in_the_balance(provider):
    who = customer(provider)
    intent = asked(provider, who)
    transferred(provider, who, 4_000)

    provider.sdk.v1.payment_intents.cancel(intent.id)
    transferred(provider, who, 6_000)

    assert ("canceled", 10_000) == (now(provider, intent).status, balance(provider, who))


@pytest.mark.parametrize(
    ("outcome", "status", "rest"), [("succeed", "succeeded", 0), ("fail", "failed", 500)]
)
def test_a_balance_goes_back_once_and_comes_again_where_it_could_not(provider, outcome, status, rest):
    who = customer(provider)
    transferred(provider, who, 500)
    back: Any = {"origin": "customer_balance", "customer": who, "amount": 500, "currency": "gbp"}
    refund = provider.sdk.v1.refunds.create(back)
    assert ("pending", 0) == (refund.status, balance(provider, who))
    with pytest.raises(stripe.InvalidRequestError, match="does not hold as much"):
        provider.sdk.v1.refunds.create(back)

    provider.control(f"refunds/{refund.id}/finish", outcome=outcome)

    assert (status, rest) == (provider.sdk.v1.refunds.retrieve(refund.id).status, balance(provider, who))


def test_where_the_sender_is_not_known_it_takes_an_address_to_ask(provider):
    nameless, asked_for = customer(provider), customer(provider, email="a@example.com")
    for who in (nameless, asked_for):
        transferred(provider, who, 500, UNKNOWN_SENDER)
    back: Any = {"origin": "customer_balance", "amount": 500, "currency": "gbp"}

    with pytest.raises(stripe.InvalidRequestError, match="no email"):
        provider.sdk.v1.refunds.create({**back, "customer": nameless})

    assert "pending" == provider.sdk.v1.refunds.create({**back, "customer": asked_for}).status


def test_a_transfer_takes_a_customer_and_the_type_of_its_currency(provider):
    with pytest.raises(stripe.InvalidRequestError, match="customer must be provided"):
        asked(provider, None)
    with pytest.raises(stripe.InvalidRequestError, match="cannot be used with the currency"):
        asked(provider, customer(provider), bank_transfer={"type": "us_bank_transfer"})


def test_a_customer_who_had_a_balance_cannot_be_deleted(provider):
    who = customer(provider)
    transferred(provider, who, 500)

    with pytest.raises(stripe.InvalidRequestError, match="cannot be deleted"):
        provider.sdk.v1.customers.delete(who)
