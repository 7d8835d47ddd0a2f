"""A member's cards: kept at one checkout, chosen at another, shown without their number, and nobody else's."""

from typing import Any

import pytest

from entrepot.cloud.audit import entries_of
from entrepot.kernel.clock import utc_now
from entrepot.kernel.ids import new_id
from functions.payments import customers
from functions.payments.sweep import sweep
from tests.integration.orders.bazaar import Bazaar, token
from tests.support.http import Answer, call
from tests.support.shop import CONTACT

ASKS = "pm_card_authenticationRequired"
DECLINES = "pm_card_chargeCustomerFail"


class Buyer:
    """A member, and how they pay."""

    def __init__(self, bazaar: Bazaar) -> None:
        self.bazaar = bazaar
        self.member_id = new_id("mbr", utc_now())
        self.token = token("shopper", None, self.member_id)

    def try_place(self, method: str = "card", **payment: Any) -> Answer:
        quote = self.bazaar.quote({"PHONES-1": 1}, token=self.token)
        return placed(self.bazaar, quote, self.token, method, **payment)

    def place(self, **payment: Any) -> Any:
        answer = self.try_place(**payment)
        assert 201 == answer.status, answer.text
        return answer.json

    def keep(self, method: str = "pm_card_visa") -> str:
        """The id of a card that pays for an order and is kept."""
        order = self.place(save=True)
        self.bazaar.pay(order, method)
        return str(self.cards()[0]["id"])

    def attach(self, method: str) -> str:
        """A card that the provider keeps, however it came there."""
        customer = customers.ensured(self.member_id, utc_now())
        path = f"/v1/payment_methods/{method}/attach"
        return str(self.bazaar.provider._request("POST", path, {"customer": customer})["id"])

    def cards(self) -> list[Any]:
        answer = call("GET", "/v1/me/payment-methods", token=self.token)
        assert (200, None) == (answer.status, answer.json["next_cursor"]), answer.text
        return list(answer.json["data"])

    def remove(self, card_id: str) -> Answer:
        return call("DELETE", f"/v1/me/payment-methods/{card_id}", token=self.token)


def placed(bazaar: Bazaar, quote: Any, who: str | None, method: str, **payment: Any) -> Answer:
    body = {
        "quote_id": quote["id"],
        "option_id": quote["options"][0]["id"],
        "contact": CONTACT,
        "payment": {"method": method, **payment},
    }
    return call("POST", "/v1/orders", body, token=who, headers=bazaar.key())


def at_provider(bazaar: Bazaar, kind: str) -> list[Any]:
    return list(bazaar.provider.standin.account.store.objects[kind].values())


@pytest.fixture
def buyer(bazaar: Bazaar) -> Buyer:
    return Buyer(bazaar)


@pytest.fixture
def other(bazaar: Bazaar) -> Buyer:
    return Buyer(bazaar)


def test_a_card_is_kept_where_the_member_says_so_and_shown_without_its_number(buyer: Buyer) -> None:
    assert [] == buyer.cards()

    card_id = buyer.keep("pm_card_mastercard")

    shown = {"id": card_id, "brand": "mastercard", "last4": "4444", "expiry_month": 12, "expiry_year": 2034}
    assert [shown] == buyer.cards()


def test_a_card_is_not_kept_where_nobody_says_so(bazaar: Bazaar, buyer: Buyer) -> None:
    bazaar.pay(buyer.place())

    assert [] == buyer.cards()
    assert [] == at_provider(bazaar, "customer")


def test_of_the_person_the_provider_is_told_nothing_but_an_id(bazaar: Bazaar, buyer: Buyer) -> None:
    buyer.keep()

    (customer,) = at_provider(bazaar, "customer")
    assert ["customer_id"] == list(customer["metadata"])
    assert buyer.member_id not in str(customer)
    assert [None] * 4 == [customer[name] for name in ("email", "name", "phone", "description")]


def test_a_kept_card_pays_a_later_order_at_once(bazaar: Bazaar, buyer: Buyer) -> None:
    card_id = buyer.keep()

    order = buyer.place(payment_method_id=card_id)
    bazaar.hear()

    assert "captured" == order["payment"]["status"]
    assert ("paid", "captured") == bazaar.status(order)
    assert 1 == len(at_provider(bazaar, "customer"))
    assert card_id == bazaar.intents()[-1]["payment_method"]


def test_the_bank_may_ask_the_owner_of_a_kept_card(bazaar: Bazaar, buyer: Buyer) -> None:
    order = buyer.place(payment_method_id=buyer.attach(ASKS))

    assert ("requires_action", "use_stripe_sdk") == (
        order["payment"]["status"],
        order["payment"]["next_action"]["kind"],
    )
    bazaar.provider.control(f"payment_intents/{bazaar.intents()[0]['id']}/authenticate", outcome="succeed")
    bazaar.hear()
    assert ("paid", "captured") == bazaar.status(order)


def test_a_kept_card_that_is_declined_leaves_the_order_to_another_card(bazaar: Bazaar, buyer: Buyer) -> None:
    order = buyer.place(payment_method_id=buyer.attach(DECLINES))
    assert "failed" == order["payment"]["status"]
    bazaar.hear()
    assert ("awaiting_payment", "failed") == bazaar.status(order)

    bazaar.pay(order)

    assert ("paid", "captured") == bazaar.status(order)
    assert 1 == len(bazaar.intents())


def test_another_attempt_may_be_by_a_kept_card(bazaar: Bazaar, buyer: Buyer) -> None:
    card_id = buyer.keep()
    order = buyer.place()
    path, body = f"/v1/orders/{order['id']}/payments", {"method": "card", "payment_method_id": card_id}

    answer = call("POST", path, body, token=buyer.token, headers=bazaar.key())

    assert (201, "captured") == (answer.status, answer.json["status"])
    bazaar.hear()
    assert ("paid", "captured") == bazaar.status(order)


def test_anothers_card_is_one_that_there_is_not(bazaar: Bazaar, buyer: Buyer, other: Buyer) -> None:
    card_id, own = buyer.keep(), other.keep()
    before = len(bazaar.intents())

    answers = [other.try_place(payment_method_id=each) for each in (card_id, "pm_card_visa", "pm_none")]

    assert [(422, "unknown_payment_method")] * 3 == [(answer.status, answer.code) for answer in answers]
    assert before == len(bazaar.intents())
    assert [own] == [card["id"] for card in other.cards()]
    assert 404 == other.remove(card_id).status
    assert [card_id] == [card["id"] for card in buyer.cards()]


def test_who_has_no_account_keeps_and_chooses_nothing(bazaar: Bazaar, buyer: Buyer) -> None:
    card_id = buyer.keep()
    quote = bazaar.quote({"PHONES-1": 1})

    answers = [
        placed(bazaar, quote, None, "card", **each)
        for each in ({"save": True}, {"payment_method_id": card_id})
    ]

    assert [(422, "members_only")] * 2 == [(answer.status, answer.code) for answer in answers]
    assert 401 == call("GET", "/v1/me/payment-methods").status
    order = bazaar.place({"PHONES-1": 1})
    headers = {"Order-Token": order["order_token"], **bazaar.key()}
    attempt = call(
        "POST", f"/v1/orders/{order['id']}/payments", {"method": "card", "save": True}, headers=headers
    )
    assert (422, "members_only") == (attempt.status, attempt.code)


def test_nothing_but_a_card_is_kept(buyer: Buyer) -> None:
    answer = buyer.try_place("alipay", save=True)

    assert (422, "cards_only") == (answer.status, answer.code)


def test_a_removed_card_is_gone_and_pays_no_more(buyer: Buyer) -> None:
    card_id, stays = buyer.keep(), buyer.keep("pm_card_amex")

    assert 204 == buyer.remove(card_id).status

    assert [stays] == [card["id"] for card in buyer.cards()]
    assert 404 == buyer.remove(card_id).status
    assert (422, "unknown_payment_method") == (
        (answer := buyer.try_place(payment_method_id=card_id)).status,
        answer.code,
    )
    assert ["card.remove"] == [entry.action for entry in entries_of(buyer.member_id)]


def test_while_the_provider_is_away_cards_cannot_be_seen_and_an_order_by_one_waits(
    bazaar: Bazaar, buyer: Buyer
) -> None:
    card_id = buyer.keep()
    bazaar.provider._request("POST", "/test/faults", {"mode": "unavailable", "path": "/v1/"})
    answer = call("GET", "/v1/me/payment-methods", token=buyer.token)
    assert (503, "provider_unavailable") == (answer.status, answer.code)

    order = buyer.place(payment_method_id=card_id)
    assert "pending" == order["payment"]["status"]
    bazaar.heal()
    with bazaar.clock.at(minutes=2):
        sweep(bazaar.clock.now())
        bazaar.hear()

    assert ("paid", "captured") == bazaar.status(order)
