"""Customers and the cards that they keep: whose a card is, and what is left of it once it is let go."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.unit.standins.conformity import complaints


def customer(provider: Any, **more: Any) -> str:
    return str(provider.sdk.v1.customers.create({"metadata": {"customer_id": "cst_1"}, **more}).id)


def cards(provider: Any, customer_id: str) -> list[str]:
    return [each.id for each in provider.sdk.v1.customers.payment_methods.list(customer_id).data]


def bought(provider: Any, customer_id: str, method: str = "pm_card_visa", **more: Any) -> Any:
    return provider.intent(customer=customer_id, payment_method=method, confirm=True, **more)


def test_a_customer_conforms_to_the_types_of_the_sdk(provider):
    customer(provider, email="a@example.com")

    (made,) = provider.standin.account.store.newest("customer")

    assert [] == complaints(made, stripe.Customer, "customer")


def test_a_card_is_kept_once_it_has_paid_where_that_was_asked_for(provider):
    kept, not_kept = customer(provider), customer(provider)

    paid = bought(provider, kept, setup_future_usage="on_session")
    bought(provider, not_kept)

    assert [paid.payment_method] == cards(provider, kept)
    assert [] == cards(provider, not_kept)
    assert 1 == provider.event_types().count("payment_method.attached")


def test_a_card_that_asks_its_owner_is_kept_when_they_have_answered(provider):
    who = customer(provider)
    asked = bought(provider, who, "pm_card_authenticationRequired", setup_future_usage="on_session")
    assert [] == cards(provider, who)

    provider.control(f"payment_intents/{asked.id}/authenticate", outcome="succeed")

    assert "requires_action" == bought(provider, who, cards(provider, who)[0]).status


def test_a_kept_card_may_be_declined_later(provider):
    who = customer(provider)
    kept = provider.sdk.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": who})

    with pytest.raises(stripe.CardError) as declined:
        bought(provider, who, kept.id)

    told: Any = declined.value.json_body
    assert "requires_payment_method" == told["error"]["payment_intent"]["status"]


def test_a_card_pays_for_its_own_customer_only_and_no_more_once_it_is_let_go(provider):
    who, other = customer(provider), customer(provider)
    method = bought(provider, who, setup_future_usage="on_session").payment_method

    with pytest.raises(stripe.InvalidRequestError, match="does not have a payment method"):
        bought(provider, other, method)
    with pytest.raises(stripe.InvalidRequestError, match="No such payment_method"):
        provider.sdk.v1.customers.payment_methods.retrieve(other, method)
    provider.sdk.v1.payment_methods.detach(method)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        bought(provider, who, method)
    assert [] == cards(provider, who)


def test_a_customer_is_found_by_our_own_name_for_them_until_they_are_deleted(provider):
    who = customer(provider)
    bought(provider, who, setup_future_usage="on_session")
    wanted = {"query": "metadata['customer_id']:'cst_1'"}

    assert [who] == [each.id for each in provider.sdk.v1.customers.search(wanted).data]
    assert provider.sdk.v1.customers.delete(who).deleted

    assert [] == provider.sdk.v1.customers.search(wanted).data
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        provider.sdk.v1.customers.delete(who)
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        bought(provider, who)


def test_a_text_is_taken_away_by_an_empty_one(provider):
    who = customer(provider, email="a@example.com", name="A")

    provider.sdk.v1.customers.update(who, {"email": ""})

    found = provider.sdk.v1.customers.retrieve(who)
    assert (None, "A") == (found.email, found.name)
