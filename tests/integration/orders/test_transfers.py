"""An order in London paid by transfer into a balance at Stripe: account, parts, what is over and what is late."""

from typing import Any, Final

import pytest

from tests.integration.orders.bazaar import Bazaar
from tests.support.http import call
from tests.support.shop import CONTACT

LONDON: Final = {
    "name": "Amelia Hart",
    "line1": "14 Lamb's Conduit Street",
    "city": "London",
    "postal_code": "WC1N 3LE",
    "country": "GB",
}


@pytest.fixture
def order(bazaar: Bazaar) -> Any:
    """A guest's order that waits for a transfer."""
    quote = bazaar.quote({"PHONES-1": 1}, ship_to=LONDON, currency="GBP")
    body = {
        "quote_id": quote["id"],
        "option_id": quote["options"][0]["id"],
        "contact": CONTACT,
        "payment": {"method": "bank_transfer"},
    }
    answer = call("POST", "/v1/orders", body, headers=bazaar.key())
    assert 201 == answer.status, answer.text
    bazaar.hear()
    return answer.json


def customer(bazaar: Bazaar) -> Any:
    (found,) = bazaar.provider.standin.account.store.objects["customer"].values()
    return found


def transferred(bazaar: Bazaar, amount: int) -> None:
    path = f"/v1/test_helpers/customers/{customer(bazaar)['id']}/fund_cash_balance"
    bazaar.provider._request("POST", path, {"amount": str(amount), "currency": "gbp"})
    bazaar.hear()


def went_back(bazaar: Bazaar) -> list[int]:
    objects = bazaar.provider.standin.account.store.objects
    return [refund["amount"] for refund in objects["refund"].values()]


def noted(bazaar: Bazaar, order: Any, name: str) -> list[Any]:
    return [entry["facts"] for entry in bazaar.order(order)["timeline"] if entry["event"] == name]


def test_a_guest_is_told_the_account_and_stripe_whom_to_ask(bazaar: Bazaar, order: Any) -> None:
    action = order["payment"]["next_action"]

    assert "display_bank_transfer_instructions" == action["kind"]
    assert (str(order["total"]["amount"]), "GBP") == (
        action["details"]["amount_remaining"],
        action["details"]["currency"],
    )
    assert CONTACT["email"] == customer(bazaar)["email"]
    assert {"payment_id": order["payment"]["id"]} == customer(bazaar)["metadata"]


def test_the_amount_pays_the_order_and_the_books_balance(bazaar: Bazaar, order: Any) -> None:
    transferred(bazaar, order["total"]["amount"])

    assert ("paid", "captured") == bazaar.status(order)
    assert bazaar.ledger()
    assert [] == went_back(bazaar)


def test_what_is_over_goes_back_beside_the_books_and_the_timeline_says_so(bazaar: Bazaar, order: Any) -> None:
    transferred(bazaar, order["total"]["amount"] + 500)
    before = bazaar.ledger()

    refund = next(iter(bazaar.provider.standin.account.store.objects["refund"]))
    bazaar.provider.control(f"refunds/{refund}/finish", outcome="succeed")
    bazaar.hear()

    assert ("paid", "captured") == bazaar.status(order)
    assert [500] == went_back(bazaar)
    (facts,) = noted(bazaar, order, "payment_returned")
    assert ("500", "over") == (facts["amount"], facts["why"])
    assert 1 == len(noted(bazaar, order, "payment_return_succeeded"))
    assert before == bazaar.ledger()
    assert [] == bazaar.order(order)["refunds"]


def test_an_order_that_expires_gives_back_its_part_and_all_that_comes_too_late(
    bazaar: Bazaar, order: Any
) -> None:
    transferred(bazaar, 1_000)
    assert ("awaiting_payment", "processing") == bazaar.status(order)

    bazaar.tick(days=7, minutes=1)
    bazaar.hear()
    assert "expired" == bazaar.status(order)[0]
    transferred(bazaar, order["total"]["amount"])

    assert "expired" == bazaar.status(order)[0]
    assert [1_000, order["total"]["amount"]] == went_back(bazaar)
    assert ["partial", "late"] == [facts["why"] for facts in noted(bazaar, order, "payment_returned")]
    assert 100 == bazaar.stock(bazaar.shenzhen, "PHONES-1")["available"]
    assert bazaar.ledger() == []


def test_a_card_that_is_quicker_sends_the_part_of_a_transfer_back(bazaar: Bazaar, order: Any) -> None:
    transferred(bazaar, 1_000)
    headers = {"Order-Token": order["order_token"], **bazaar.key()}
    second = call("POST", f"/v1/orders/{order['id']}/payments", {"method": "card"}, headers=headers)

    bazaar.pay({"payment": second.json})

    assert ("paid", "captured") == bazaar.status(order)
    assert [1_000] == went_back(bazaar)
