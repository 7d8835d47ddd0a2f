"""A merchant sees its own lines, and no more of a buyer than it needs."""

import json

import pytest

from tests.integration.orders.bazaar import Bazaar, about
from tests.support.http import call
from tests.support.provider import intent_id


def test_an_order_cancelled_unpaid_names_no_buyer(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 1})
    assert 200 == bazaar.cancel(placed).status

    seen = bazaar.seen_by(bazaar.shenzhen, placed)

    assert "ship_to" not in seen
    assert "Anna" not in json.dumps(seen)


def test_what_another_merchant_does_and_why_stays_between_it_and_the_buyer(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 1, "SHIRT-1": 2, "BAG-1": 1})
    answer = bazaar.refund(placed, bazaar.shenzhen.token, lines={"SHIRT-1": 1})
    assert 201 == answer.status
    body = {"reason": "Anna has moved", "lines": [{"sku": "SHIRT-1", "quantity": 1}]}
    path = f"/v1/orders/{placed['id']}"
    assert (
        200 == call("POST", f"{path}/cancel", body, token=bazaar.shenzhen.token, headers=bazaar.key()).status
    )
    assert 200 == call("POST", f"{path}/pack", {}, token=bazaar.shenzhen.token).status
    shipment = bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 1, "SHIRT-1": 1})
    bazaar.scan(shipment, "delivered")
    bazaar.tick(days=15)

    events = [entry["event"] for entry in bazaar.seen_by(bazaar.milan, placed)["timeline"]]
    own = [entry["event"] for entry in bazaar.seen_by(bazaar.shenzhen, placed)["timeline"]]

    assert ["paid", "payment_authorised", "payment_captured", "placed"] == sorted(events)
    assert {"cancelled", "packed", "shipped", "delivered", "completed", "refund_requested"} <= set(own)


def test_why_a_card_was_declined_is_the_buyers_own_affair(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 1})
    bazaar.provider.control(f"payment_intents/{intent_id(placed)}/fail")
    bazaar.hear()

    seen = bazaar.seen_by(bazaar.shenzhen, placed)["timeline"]

    (failed,) = [entry for entry in seen if entry["event"] == "payment_failed"]
    assert {} == failed["facts"]
    (own,) = [entry for entry in bazaar.order(placed)["timeline"] if entry["event"] == "payment_failed"]
    assert own["facts"]["reason"]


def test_the_words_of_a_cancellation_are_not_published(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 1})
    assert 200 == bazaar.cancel(placed).status

    (event,) = about(placed["id"], "orders.order_cancelled")

    assert "cancelled_by_shopper" == event["reason"]


@pytest.mark.parametrize(
    "window",
    [
        "to=0001-01-01T00:00:00Z",
        "from=0001-01-01T00:00:00%2B14:00&to=0001-01-02T00:00:00Z",
        "to=9999-12-31T23:59:59-14:00",
        "from=9999-12-31T23:59:59-14:00",
        "from=9999-12-31T23:59:59Z&to=9999-12-31T23:59:59Z",
    ],
)
def test_a_window_at_the_calendars_ends_is_refused(bazaar: Bazaar, window: str) -> None:
    for token in (bazaar.operator, bazaar.milan.token, bazaar.shopper()):
        answer = call("GET", f"/v1/orders?{window}", token=token)

        assert answer.status in (400, 422), answer.text
