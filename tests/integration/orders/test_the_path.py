"""The whole path of a sale in this process: from a product to a share that may be settled."""

from datetime import timedelta
from typing import Any

from entrepot.kernel.clock import utc_now
from functions.orders.service import clock
from infra.local.carriers.payloads import Parcel, Scan, webhook
from tests.support.aws import SECRETS
from tests.support.http import call
from tests.support.provider import Provider
from tests.support.pump import events
from tests.support.shop import BERLIN, Shop


def test_a_quote_says_all_in_and_its_parts_sum_to_the_total(shop: Shop) -> None:
    shop.stocked("PHONES-1", units=100)

    quote = shop.quote({"PHONES-1": 2})

    assert quote["options"]
    for option in quote["options"]:
        parts = ("goods", "freight", "insurance", "duty", "import_tax", "fees")
        assert option["total"]["amount"] == sum(option[part]["amount"] for part in parts)
        assert option["total"]["amount"] == sum(line["total"]["amount"] for line in option["lines"])
        assert ["import_at_sale"] == [parcel["regime"] for parcel in option["parcels"]]
        assert all(entry["rule"] and entry["source"] for entry in option["explain"])
        explained = sum(entry["amount"]["amount"] for entry in option["explain"])
        assert option["total"]["amount"] == explained


def test_a_sale_from_the_cart_to_the_completed_share(shop: Shop, provider: Provider) -> None:
    merchant = shop.stocked("PHONES-1", units=100)
    cart = call("POST", "/v1/carts").json
    token = {"Cart-Token": cart["cart_token"]}
    filled = call("PUT", f"/v1/carts/{cart['id']}/lines/PHONES-1", {"quantity": 3}, headers=token)
    assert (200, None, True) == (
        filled.status,
        filled.json["lines"][0]["warning"],
        filled.json["lines"][0]["available"],
    )
    body = {"cart_id": cart["id"], "ship_to": BERLIN, "currency": "EUR"}
    quote = call("POST", "/v1/quotes", body, headers=token).json

    placed = shop.try_place(quote, key="key-1").json
    assert "awaiting_payment" == placed["status"]
    assert {"on_hand": 100, "reserved": 3, "available": 97} == shop.stock(merchant, "PHONES-1")

    provider.pay(placed)
    provider.deliver()
    shop.settle_events()
    order = shop.order(placed)
    assert ("paid", "captured") == (order["status"], order["payment_status"])
    assert {"on_hand": 97, "reserved": 0, "available": 97} == shop.stock(merchant, "PHONES-1")

    assert 200 == call("POST", f"/v1/orders/{placed['id']}/pack", {}, token=merchant.token).status
    shipment = shop.ship(merchant, placed, {"PHONES-1": 3})
    assert "shipped" == shop.order(placed)["status"]
    _scans(shipment, "InTransit", "Delivered")
    shop.settle_events()
    assert "delivered" == shop.order(placed)["status"]
    _complete(placed)
    assert "completed" == shop.order(placed)["status"]
    shares = [event for event in events() if event["event"] == "orders.share_completed"]
    assert [placed["total"]["amount"]] == [share["paid"] for share in shares]
    owed = sum(tax["amount"] for tax in shares[0]["taxes"])
    assert shares[0]["paid"] == shares[0]["goods"] + shares[0]["freight"] + owed
    timeline = [entry["event"] for entry in shop.order(placed)["timeline"]]
    assert timeline.count("payment_captured") == 1
    assert ["placed", "completed"] == [timeline[0], timeline[-1]]


def _scans(shipment: Any, *tags: str) -> None:
    words = {"InTransit": "in_transit", "Delivered": "delivered"}
    now = utc_now()
    scans = [
        Scan(now + timedelta(minutes=number), words[tag], tag, "Leipzig, DE")
        for number, tag in enumerate(tags)
    ]
    signed = webhook(
        "aftership",
        Parcel(shipment["carrier"], shipment["tracking_number"]),
        scans,
        SECRETS["aftership_secret"],
        now,
    )
    answer = call("POST", "/v1/webhooks/carriers/aftership", raw=signed.body, headers=dict(signed.headers))
    assert 200 == answer.status, answer.text


def _complete(placed: Any) -> None:
    clock.run(utc_now() + timedelta(days=15))
