"""An order of two merchants: each sees and moves its own share; the whole follows from both."""

from itertools import permutations
from typing import Any

import pytest

from tests.integration.orders.bazaar import Bazaar, about, dump, restore, snapshot
from tests.support import pump
from tests.support.http import call
from tests.support.shop import BERLIN, CONTACT

BOTH = {"PHONES-1": 2, "BAG-1": 1}
UPS = "1Z999AA10123456784"


def test_a_merchant_sees_its_own_lines_only(bazaar: Bazaar) -> None:
    placed = bazaar.paid(BOTH)
    whole = bazaar.order(placed)

    for merchant, sku, foreign in (
        (bazaar.shenzhen, "PHONES-1", "BAG-1"),
        (bazaar.milan, "BAG-1", "PHONES-1"),
    ):
        answer = call("GET", f"/v1/orders/{placed['id']}", token=merchant.token)
        seen = answer.json
        (own,) = [line for line in whole["lines"] if line["sku"] == sku]
        assert [own] == seen["lines"]
        assert own["total"] == seen["total"] == seen["totals"]["total"]
        assert [merchant.merchant_id] == [parcel["merchant_id"] for parcel in seen["parcels"]]
        other = next(m for m in (bazaar.shenzhen, bazaar.milan) if m is not merchant)
        for hidden in (foreign, other.merchant_id, str(whole["total"]["amount"]), placed["payment"]["id"]):
            assert hidden not in answer.text
        assert not {"payment", "explain", "pay_before", "not_included"} & seen.keys()
    assert whole["total"]["amount"] == sum(
        bazaar.seen_by(merchant, placed)["total"]["amount"] for merchant in (bazaar.shenzhen, bazaar.milan)
    )


def test_the_consignee_appears_once_it_is_paid(bazaar: Bazaar) -> None:
    placed = bazaar.place(BOTH)
    before = call("GET", f"/v1/orders/{placed['id']}", token=bazaar.milan.token)
    bazaar.pay(placed)
    after = call("GET", f"/v1/orders/{placed['id']}", token=bazaar.milan.token)

    for secret in (BERLIN["line1"], BERLIN["postal_code"], BERLIN["name"], CONTACT["email"]):
        assert secret not in before.text
    assert BERLIN["line1"] == after.json["ship_to"]["line1"]
    assert CONTACT["email"] not in after.text
    assert "a***@e***" == after.json["contact"]["email"]
    assert CONTACT["email"] == bazaar.order(placed)["contact"]["email"]


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_the_consignee_of_an_order_that_was_never_paid_never_appears(bazaar: Bazaar, end: str) -> None:
    placed = bazaar.place(BOTH)
    if end == "cancelled":
        bazaar.cancel(placed)
        bazaar.hear()
    else:
        bazaar.tick(minutes=31)

    answer = call("GET", f"/v1/orders/{placed['id']}", token=bazaar.milan.token)

    assert end == answer.json["status"]
    for secret in (BERLIN["line1"], BERLIN["name"], CONTACT["email"]):
        assert secret not in answer.text


def test_one_ships_while_the_other_cancels(bazaar: Bazaar) -> None:
    placed = bazaar.paid(BOTH)
    bag = next(line["total"]["amount"] for line in placed["lines"] if line["sku"] == "BAG-1")

    parcel = bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 2})
    assert "partially_shipped" == bazaar.order(placed)["status"]
    cancelled = bazaar.cancel(placed, bazaar.milan.token)
    bazaar.hear()

    assert (200, "cancelled") == (cancelled.status, cancelled.json["status"])
    assert "shipped" == bazaar.order(placed)["status"]
    assert (placed["total"]["amount"], bag) == bazaar.money()
    assert {"on_hand": 100, "reserved": 0, "available": 100} == bazaar.stock(bazaar.milan, "BAG-1")
    assert {"on_hand": 98, "reserved": 0, "available": 98} == bazaar.stock(bazaar.shenzhen, "PHONES-1")
    bazaar.scan(parcel, "in_transit", "delivered")
    bazaar.tick(days=15)
    assert "completed" == bazaar.order(placed)["status"]
    shares = about(placed["id"], "orders.share_completed")
    assert [(bazaar.shenzhen.merchant_id, placed["total"]["amount"] - bag)] == [
        (share["merchant_id"], share["paid"]) for share in shares
    ]


def test_each_share_completes_by_itself(bazaar: Bazaar) -> None:
    placed = bazaar.paid(BOTH)
    first = bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 2})
    second = bazaar.ship(bazaar.milan, placed, {"BAG-1": 1}, number=UPS)
    assert "shipped" == bazaar.order(placed)["status"]

    bazaar.scan(first, "in_transit", "delivered")
    assert "shipped" == bazaar.order(placed)["status"]
    assert ["delivered", "shipped"] == [
        bazaar.seen_by(m, placed)["status"] for m in (bazaar.shenzhen, bazaar.milan)
    ]
    bazaar.tick(days=15)
    assert ["completed", "shipped"] == [
        bazaar.seen_by(m, placed)["status"] for m in (bazaar.shenzhen, bazaar.milan)
    ]
    assert "shipped" == bazaar.order(placed)["status"]
    bazaar.scan(second, "delivered")
    assert "delivered" == bazaar.order(placed)["status"]
    bazaar.tick(days=15)

    assert "completed" == bazaar.order(placed)["status"]
    shares = about(placed["id"], "orders.share_completed")
    assert placed["total"]["amount"] == sum(share["paid"] for share in shares)
    assert 2 == len({share["merchant_id"] for share in shares}) == len(shares)
    before = dump()
    bazaar.tick(days=40)
    assert before == dump()


def test_a_merchant_moves_its_own_lines_only(bazaar: Bazaar) -> None:
    placed = bazaar.paid(BOTH)
    before = dump()
    lines = [{"sku": "PHONES-1", "quantity": 1}]
    shipment = {"carrier": "ups", "tracking_number": UPS, "lines": lines}

    for path, body in (
        ("pack", {"lines": lines}),
        ("shipments", shipment),
        ("cancel", {"reason": "no", "lines": lines}),
    ):
        answer = call(
            "POST", f"/v1/orders/{placed['id']}/{path}", body, token=bazaar.milan.token, headers=bazaar.key()
        )
        assert (422, "unknown_line", "lines") == (answer.status, answer.code, answer.json["field"])

    assert before == dump()


def test_packing_is_shown_and_goes_no_further_than_the_lines(bazaar: Bazaar) -> None:
    placed = bazaar.paid(BOTH)
    path = f"/v1/orders/{placed['id']}/pack"
    some = {"lines": [{"sku": "PHONES-1", "quantity": 1}]}

    assert "paid" == call("POST", path, some, token=bazaar.shenzhen.token).json["status"]
    assert "packed" == call("POST", path, {}, token=bazaar.shenzhen.token).json["status"]
    assert "paid" == bazaar.order(placed)["status"]
    before = dump()
    again = call("POST", path, {}, token=bazaar.shenzhen.token)
    assert (200, "packed") == (again.status, again.json["status"])
    assert before == dump()
    assert "packed" == call("POST", path, {}, token=bazaar.milan.token).json["status"]
    assert "packed" == bazaar.order(placed)["status"]


def test_more_than_is_left_is_not_shipped(bazaar: Bazaar) -> None:
    placed = bazaar.paid(BOTH)
    bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 1})
    before = dump()

    def ship(units: int) -> Any:
        body = {"carrier": "ups", "tracking_number": UPS, "lines": [{"sku": "PHONES-1", "quantity": units}]}
        return call(
            "POST",
            f"/v1/orders/{placed['id']}/shipments",
            body,
            token=bazaar.shenzhen.token,
            headers=bazaar.key(),
        )

    too_many = ship(2)
    assert (422, "too_many_units", 1) == (too_many.status, too_many.code, too_many.json["left"])
    assert before == dump()
    assert 201 == ship(1).status
    done = ship(1)
    assert (409, "illegal_transition") == (done.status, done.code)


@pytest.mark.parametrize("paid", [False, True])
def test_what_is_unpaid_or_gone_is_not_shipped(bazaar: Bazaar, paid: bool) -> None:
    placed = bazaar.paid(BOTH) if paid else bazaar.place(BOTH)
    if paid:
        bazaar.cancel(placed)
        bazaar.hear()
    before = dump()
    body = {"carrier": "ups", "tracking_number": UPS, "lines": [{"sku": "BAG-1", "quantity": 1}]}

    shipped = call(
        "POST", f"/v1/orders/{placed['id']}/shipments", body, token=bazaar.milan.token, headers=bazaar.key()
    )
    packed = call("POST", f"/v1/orders/{placed['id']}/pack", {}, token=bazaar.milan.token)

    assert [(409, "illegal_transition")] * 2 == [(answer.status, answer.code) for answer in (shipped, packed)]
    assert before == dump()


def test_a_shipment_again_under_its_key_is_the_same_shipment(bazaar: Bazaar) -> None:
    placed = bazaar.paid(BOTH)
    body = {"carrier": "ups", "tracking_number": UPS, "lines": [{"sku": "BAG-1", "quantity": 1}]}

    def ship(**changes: Any) -> Any:
        return call(
            "POST",
            f"/v1/orders/{placed['id']}/shipments",
            {**body, **changes},
            token=bazaar.milan.token,
            headers={"Idempotency-Key": "once"},
        )

    first = ship()
    before = dump()
    again, other = ship(), ship(tracking_number="1Z999AA10123456785")

    assert (201, first.json["id"]) == (again.status, again.json["id"])
    assert (422, "idempotency_key_reused") == (other.status, other.code)
    assert before == dump()


def test_a_shipment_is_seen_by_its_buyer_and_its_merchant(bazaar: Bazaar) -> None:
    member = bazaar.shopper()
    placed = bazaar.paid(BOTH, token=member)
    parcel = bazaar.ship(bazaar.milan, placed, {"BAG-1": 1}, number=UPS)
    path = f"/v1/shipments/{parcel['id']}"

    for who in (member, bazaar.milan.token, bazaar.operator):
        assert (200, parcel["id"]) == (
            call("GET", path, token=who).status,
            call("GET", path, token=who).json["id"],
        )
    assert 200 == call("GET", path, headers={"Order-Token": placed["order_token"]}).status
    for stranger in (None, bazaar.shopper(), bazaar.shenzhen.token, bazaar.merchant().token):
        assert (404, "not_found") == (
            call("GET", path, token=stranger).status,
            call("GET", path, token=stranger).code,
        )
    assert [] == bazaar.seen_by(bazaar.shenzhen, placed)["shipments"]


def test_what_a_parcel_went_through_in_every_order_comes_to_the_same_end(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"BAG-1": 1})
    parcel = bazaar.ship(bazaar.milan, placed, {"BAG-1": 1}, number=UPS)
    bazaar.settle_events()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            bazaar, "settle_events", lambda: [pump.deliver(*message) for message in pump._waiting()]
        )
        for number, status in enumerate(("in_transit", "out_for_delivery", "delivered")):
            bazaar.scan(parcel, status, first=number)
    moves = [row for row in pump._unsent() if row.event == "logistics.shipment_moved"]
    assert 3 == len(moves)
    start = snapshot()
    ends = []
    for order in permutations(moves):
        restore(start)
        for move in order:
            pump.publish(move, times=2)
        found = bazaar.order(placed)
        delivered = [entry["event"] for entry in found["timeline"]].count("delivered")
        ends.append((found["status"], found["shipments"][0]["status"], delivered))

    assert [("delivered", "delivered", 1)] * 6 == ends


def test_a_merchants_timeline_holds_what_concerns_it(bazaar: Bazaar) -> None:
    placed = bazaar.paid(BOTH)
    call("POST", f"/v1/orders/{placed['id']}/pack", {}, token=bazaar.shenzhen.token)
    bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 2})
    bazaar.cancel(placed, bazaar.milan.token)
    bazaar.hear()

    mine = [entry["event"] for entry in bazaar.seen_by(bazaar.shenzhen, placed)["timeline"]]
    others = [entry["event"] for entry in bazaar.seen_by(bazaar.milan, placed)["timeline"]]

    assert {"packed", "shipped"} <= set(mine)
    assert not {"packed", "shipped"} & set(others)
    assert "cancelled" in others
    assert "cancelled" not in mine
    assert {"packed", "shipped", "cancelled"} <= set(bazaar.timeline(placed))


def test_a_share_whose_money_was_never_taken_is_not_settled(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 2}, capture="manual")
    parcel = bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 2})
    bazaar.provider.control(f"payment_intents/{bazaar.intents()[0]['id']}/lapse")
    bazaar.hear()
    bazaar.scan(parcel, "in_transit", "delivered")

    for days in (15, 16):
        bazaar.tick(days=days)

    assert ("delivered", 0) == (bazaar.status(placed)[0], bazaar.money()[0])
    assert [] == about(placed["id"], "orders.share_completed")
    assert [] == [fact for fact in bazaar.ledger() if fact.startswith("share")]
