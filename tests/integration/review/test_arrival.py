"""A share is delivered once, whatever the order in which its news comes."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from entrepot.cloud.inbox import once
from entrepot.contracts.logistics import ShipmentMoved
from entrepot.kernel.ids import new_id
from functions.orders.service import fulfilling
from tests.integration.orders.bazaar import Bazaar, about
from tests.support.http import call

_MOVES = ("in_transit", "customs", "delivered")


def _move(bazaar: Bazaar, shipment: Any, status: str, minute: int) -> None:
    now = bazaar.clock.now()
    event = ShipmentMoved(
        event_id=new_id("evt", now),
        occurred_at=now,
        shipment_id=shipment["id"],
        order_id=shipment["order_id"],
        merchant_id=bazaar.shenzhen.merchant_id,
        status=status,
        previous_status="registered",
        scanned_at=now + timedelta(minutes=minute),
    )
    fulfilling.on_shipment_moved(event, once("orders-events", event.event_id, now), now)


@pytest.mark.parametrize("turn", list(permutations(range(len(_MOVES)))))
def test_news_of_a_parcel_in_any_order_ends_alike(bazaar: Bazaar, turn: tuple[int, ...]) -> None:
    placed = bazaar.paid({"PHONES-1": 2})
    first = bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 1}, "YT1234567890")
    second = bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 1}, "YT1234567891")

    for number in turn:
        _move(bazaar, {**first, "order_id": placed["id"]}, _MOVES[number], number)
    _move(bazaar, {**second, "order_id": placed["id"]}, "delivered", 9)

    order = bazaar.order(placed)
    assert ("delivered", {"delivered"}) == (order["status"], {each["status"] for each in order["shipments"]})


def test_packing_again_changes_nothing(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 2})

    answers = [
        call("POST", f"/v1/orders/{placed['id']}/pack", {}, token=bazaar.shenzhen.token) for _ in range(3)
    ]

    assert [(200, "packed")] * 3 == [(answer.status, answer.json["status"]) for answer in answers]
    assert 1 == bazaar.timeline(placed).count("packed")


def test_news_under_way_is_judged_by_the_time_of_its_scan(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 1})
    shipment = {**bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 1}), "order_id": placed["id"]}

    for status, minute in (("in_transit", 11), ("customs", 10), ("registered", 12)):
        _move(bazaar, shipment, status, minute)

    assert ["in_transit"] == [each["status"] for each in bazaar.order(placed)["shipments"]]


def test_the_rest_cancelled_after_the_last_delivery_lets_the_share_complete(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 2})
    shipment = bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 1})
    bazaar.scan(shipment, "delivered")
    assert "partially_shipped" == bazaar.order(placed)["status"]

    assert 200 == bazaar.cancel(placed).status
    assert "delivered" == bazaar.order(placed)["status"]
    bazaar.tick(days=15)

    assert "completed" == bazaar.order(placed)["status"]
    (share,) = about(placed["id"], "orders.share_completed")
    assert placed["total"]["amount"] - placed["total"]["amount"] // 2 == share["paid"]
