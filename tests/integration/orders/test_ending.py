"""Orders that end early: by the clock, or cancelled by whoever may; stock, quota and money go back once."""

from datetime import timedelta
from typing import Any

import pytest

from entrepot.cloud import reads, writes
from entrepot.kernel.refusals import Busy
from functions.customs import facade as customs
from functions.orders import store
from functions.orders.service import clock
from functions.payments import facade as payments
from tests.integration.orders.bazaar import Bazaar, about, dump, meanwhile
from tests.support import memory
from tests.support.http import Answer, call
from tests.support.provider import intent_id

FULL = {"on_hand": 100, "reserved": 0, "available": 100}


def test_an_unpaid_order_expires_after_half_an_hour(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    bazaar.tick(minutes=29)
    assert "awaiting_payment" == bazaar.order(placed)["status"]

    bazaar.tick(minutes=31)

    assert ("expired", "none") == bazaar.status(placed)
    assert ["placed", "expired"] == bazaar.timeline(placed)
    assert FULL == bazaar.stock(bazaar.shenzhen, "PHONES-1")
    assert ["canceled"] == [intent["status"] for intent in bazaar.intents()]
    assert 1 == len(about(placed["id"], "orders.order_expired"))
    before = dump()
    bazaar.tick(minutes=90)
    assert before == dump()


def test_an_order_that_never_reached_the_provider_expires_too(bazaar: Bazaar) -> None:
    bazaar.fault()
    placed = bazaar.place({"PHONES-1": 2})

    bazaar.tick(minutes=31)
    bazaar.heal()

    assert "expired" == bazaar.order(placed)["status"]
    assert FULL == bazaar.stock(bazaar.shenzhen, "PHONES-1")
    assert [] == bazaar.intents()


@pytest.mark.parametrize("what", ["process", "pay"])
def test_expiry_leaves_a_payment_under_way_to_its_end(bazaar: Bazaar, what: str) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    bazaar.provider.control(f"payment_intents/{intent_id(placed)}/{what}")

    clock.run(bazaar.clock.now() + timedelta(minutes=31))

    order = call("GET", f"/v1/orders/{placed['id']}", token=bazaar.operator).json
    assert "awaiting_payment" == order["status"]
    assert 2 == bazaar.stock(bazaar.shenzhen, "PHONES-1")["reserved"]
    if what == "process":
        bazaar.provider.control(f"payment_intents/{intent_id(placed)}/finish")
    bazaar.hear()
    assert ("paid", "captured") == bazaar.status(placed)
    assert "expired" not in bazaar.timeline(placed)


def test_expiry_waits_while_the_provider_is_out_of_reach(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    bazaar.fault()
    clock.run(bazaar.clock.now() + timedelta(minutes=31))
    bazaar.heal()
    assert "awaiting_payment" == bazaar.order(placed)["status"]

    bazaar.tick(minutes=33)  # looked at again five minutes later, not before
    assert "awaiting_payment" == bazaar.order(placed)["status"]
    bazaar.tick(minutes=37)

    assert "expired" == bazaar.order(placed)["status"]
    assert FULL == bazaar.stock(bazaar.shenzhen, "PHONES-1")


def test_a_payment_heard_of_while_its_order_expires_wins(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payments, "cancel_intent", lambda payment_id, now: "cancelled")
        with meanwhile(writes, "commit", before=lambda: bazaar.pay(placed)):
            clock.run(bazaar.clock.now() + timedelta(minutes=31))

    assert ("paid", "captured") == bazaar.status(placed)
    assert {"on_hand": 98, "reserved": 0, "available": 98} == bazaar.stock(bazaar.shenzhen, "PHONES-1")


def test_one_order_that_cannot_be_expired_holds_up_no_other(bazaar: Bazaar) -> None:
    stuck, other = bazaar.place({"PHONES-1": 1}), bazaar.place({"PHONES-1": 1})
    cancel_intent = payments.cancel_intent

    def sometimes(payment_id: str, now: Any) -> Any:
        if payment_id == stuck["payment"]["id"]:
            raise Busy
        return cancel_intent(payment_id, now)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payments, "cancel_intent", sometimes)
        bazaar.tick(minutes=31)

    assert ["awaiting_payment", "expired"] == [bazaar.order(each)["status"] for each in (stuck, other)]


def test_an_unpaid_order_is_cancelled_by_its_guest(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})

    answer = bazaar.cancel(placed)
    bazaar.hear()

    assert (200, "cancelled") == (answer.status, answer.json["status"])
    assert FULL == bazaar.stock(bazaar.shenzhen, "PHONES-1")
    assert ["canceled"] == [intent["status"] for intent in bazaar.intents()]
    (event,) = about(placed["id"], "orders.order_cancelled")
    assert (True, 2) == (event["whole"], event["lines"][0]["quantity"])
    bazaar.tick(minutes=31)
    assert "cancelled" == bazaar.order(placed)["status"]


def test_a_transfer_that_is_cancelled_is_no_longer_looked_for_by_its_amount(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2}, method="bank_transfer")
    reference = placed["payment"]["next_action"]["details"]["reference"]
    assert [reference] == _looked_for(placed)

    assert 200 == bazaar.cancel(placed).status
    bazaar.settle_events()

    assert "cancelled" == bazaar.order(placed)["status"]
    assert [] == _looked_for(placed)


def test_a_transfer_whose_order_a_card_has_paid_is_no_longer_looked_for_by_its_amount(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    headers = {"Order-Token": placed["order_token"], **bazaar.key()}
    other = call("POST", f"/v1/orders/{placed['id']}/payments", {"method": "bank_transfer"}, headers=headers)
    assert (201, 1) == (other.status, len(_looked_for(placed)))

    bazaar.provider.pay(placed)
    bazaar.hear()

    assert "paid" == bazaar.order(placed)["status"]
    assert [] == _looked_for(placed)


def _looked_for(placed: Any) -> list[str]:
    """The references of what a transfer of the order's total could be for."""
    total = placed["total"]
    rows = memory.current().rows("payments")
    return [row["sk"]["S"] for row in rows if row["pk"]["S"] == f"due#{total['currency']}#{total['amount']}"]


def test_a_paid_order_is_cancelled_and_its_money_goes_back_once(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 2, "BAG-1": 1})
    total = placed["total"]["amount"]

    first = bazaar.cancel(placed, key="once")
    bazaar.hear()
    before = dump()
    again = bazaar.cancel(placed, key="once")

    assert (200, "cancelled") == (first.status, first.json["status"])
    assert (200, "refunded") == (again.status, again.json["payment_status"])
    assert before == dump()
    assert (total, total) == bazaar.money()
    assert FULL == bazaar.stock(bazaar.shenzhen, "PHONES-1") == bazaar.stock(bazaar.milan, "BAG-1")
    other_key = bazaar.cancel(placed)
    assert (409, "illegal_transition", "cancelled") == (
        other_key.status,
        other_key.code,
        other_key.json["current_status"],
    )
    assert before == dump()


def test_the_same_cancellation_at_the_same_time_pays_back_once(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 2})
    faster: list[Answer] = []

    with meanwhile(writes, "commit", before=lambda: faster.append(bazaar.cancel(placed, key="once"))):
        slower = bazaar.cancel(placed, key="once")
    bazaar.hear()

    assert [(200, "cancelled")] * 2 == [(a.status, a.json["status"]) for a in (slower, *faster)]
    assert 1 == len(bazaar.order(placed)["refunds"])
    assert (placed["total"]["amount"],) * 2 == bazaar.money()
    assert FULL == bazaar.stock(bazaar.shenzhen, "PHONES-1")


def test_two_cancellations_at_the_same_time_take_each_unit_once(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 3})
    faster: list[Answer] = []

    with meanwhile(
        writes, "commit", before=lambda: faster.append(bazaar.cancel(placed, lines={"PHONES-1": 2}))
    ):
        slower = bazaar.cancel(placed, lines={"PHONES-1": 2})
    bazaar.hear()

    assert [200, 422] == [faster[0].status, slower.status]
    assert ("too_many_units", 1) == (slower.code, slower.json["left"])
    assert {"on_hand": 99, "reserved": 0, "available": 99} == bazaar.stock(bazaar.shenzhen, "PHONES-1")
    assert 1 == len(bazaar.order(placed)["refunds"])


def test_a_key_of_cancel_is_good_for_one_body(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 3})
    bazaar.cancel(placed, lines={"PHONES-1": 1}, key="once")
    before = dump()

    answer = bazaar.cancel(placed, lines={"PHONES-1": 2}, key="once")

    assert (422, "idempotency_key_reused") == (answer.status, answer.code)
    assert before == dump()


def test_lines_are_cancelled_one_unit_after_the_other_to_the_last_cent(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 3})
    backs = []
    for number in range(3):
        answer = bazaar.cancel(placed, lines={"PHONES-1": 1})
        bazaar.hear()
        backs.append(answer.json["refunds"][-1]["amount"]["amount"])
        expected = "cancelled" if number == 2 else "paid"
        assert expected == answer.json["status"]

    assert placed["total"]["amount"] == sum(backs)
    assert (placed["total"]["amount"],) * 2 == bazaar.money()
    assert max(backs) - min(backs) <= 6  # a cent for each charge of the line
    assert FULL == bazaar.stock(bazaar.shenzhen, "PHONES-1")
    assert ("cancelled", "refunded") == bazaar.status(placed)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ({"PHONES-1": 4}, (422, "too_many_units")),
        ({"BAG-1": 1}, (422, "unknown_line")),
    ],
)
def test_lines_that_are_not_there_are_not_cancelled(
    bazaar: Bazaar, lines: dict[str, int], expected: tuple[int, str]
) -> None:
    placed = bazaar.paid({"PHONES-1": 3})
    before = dump()

    answer = bazaar.cancel(placed, lines=lines)

    assert (*expected, "lines") == (answer.status, answer.code, answer.json["field"])
    assert before == dump()


def test_an_unpaid_order_is_not_cancelled_in_part(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 3, "BAG-1": 1})
    before = dump()

    by_line = bazaar.cancel(placed, lines={"PHONES-1": 1})
    by_merchant = bazaar.cancel(placed, bazaar.milan.token)

    assert [(409, "illegal_transition")] * 2 == [(a.status, a.code) for a in (by_line, by_merchant)]
    assert before == dump()
    assert ["requires_payment_method"] == [intent["status"] for intent in bazaar.intents()]


def test_what_is_shipped_is_not_cancelled(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 2})
    bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 2})
    bazaar.settle_events()
    before = dump()

    for who in (None, bazaar.shenzhen.token, bazaar.operator):
        answer = bazaar.cancel(placed, who)
        assert (409, "illegal_transition", "shipped") == (
            answer.status,
            answer.code,
            answer.json["current_status"],
        )

    assert before == dump()


def test_what_is_not_yet_shipped_is_cancelled_while_the_rest_travels(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 3})
    bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 1})
    assert "partially_shipped" == bazaar.order(placed)["status"]

    answer = bazaar.cancel(placed)
    bazaar.hear()

    assert (200, "shipped") == (answer.status, answer.json["status"])
    assert {"on_hand": 99, "reserved": 0, "available": 99} == bazaar.stock(bazaar.shenzhen, "PHONES-1")
    assert "partially_refunded" == bazaar.order(placed)["payment_status"]


def test_a_share_whose_rest_is_cancelled_after_its_parcel_arrived_completes(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 3})
    parcel = bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 1})
    bazaar.scan(parcel, "in_transit", "delivered")
    assert "partially_shipped" == bazaar.order(placed)["status"]

    assert 200 == bazaar.cancel(placed).status
    bazaar.hear()

    assert "delivered" == bazaar.order(placed)["status"]
    bazaar.tick(days=15)
    assert "completed" == bazaar.order(placed)["status"]
    assert 1 == len(about(placed["id"], "orders.share_completed"))


def test_an_order_is_cancelled_by_its_member_a_merchant_of_it_and_the_operator(bazaar: Bazaar) -> None:
    member = bazaar.shopper()
    for who, actor in (
        (member, "shopper"),
        (bazaar.shenzhen.token, "merchant"),
        (bazaar.operator, "operator"),
    ):
        placed = bazaar.paid({"PHONES-1": 1}, token=member)

        answer = bazaar.cancel(placed, who)

        assert (200, "cancelled") == (answer.status, answer.json["status"])
        assert actor == next(e["actor"] for e in answer.json["timeline"] if e["event"] == "cancelled")


def test_to_others_an_order_does_not_exist(bazaar: Bazaar) -> None:
    placed, other = bazaar.paid({"PHONES-1": 1}, token=bazaar.shopper()), bazaar.place({"PHONES-1": 1})
    before = dump()
    strangers: list[dict[str, Any]] = [
        {},
        {"token": bazaar.shopper()},
        {"token": bazaar.milan.token},
        {"headers": {"Order-Token": other["order_token"]}},
        {"headers": {"Order-Token": placed["order_token"][:-1]}},
        {"headers": {"Order-Token": "Überraschung"}},
    ]

    for stranger in strangers:
        headers = {**bazaar.key(), **stranger.get("headers", {})}
        read = call("GET", f"/v1/orders/{placed['id']}", token=stranger.get("token"), headers=headers)
        cancelled = call(
            "POST",
            f"/v1/orders/{placed['id']}/cancel",
            {"reason": "why not"},
            token=stranger.get("token"),
            headers=headers,
        )
        assert [(404, "not_found")] * 2 == [(answer.status, answer.code) for answer in (read, cancelled)]

    assert before == dump()
    assert (
        200
        == call("GET", f"/v1/orders/{placed['id']}", headers={"Order-Token": placed["order_token"]}).status
    )


def test_the_quota_of_a_chinese_year_goes_back_with_the_order(bazaar: Bazaar) -> None:
    bazaar.stocked("BONDED-1", 100, bazaar.shenzhen, mode="bonded")
    placed = bazaar.place_in_china({"BONDED-1": 2})
    order = reads.fetch_one(store.order_read(placed["id"]))
    assert order is not None
    assert order.importer is not None
    used = customs.quota_read(order.importer.identity_hash, customs.quota_year(order.placed_at))
    reserved = reads.fetch_one(used)
    assert reserved is not None
    assert order.quota_fen == reserved.amount > 0

    bazaar.tick(minutes=31)

    assert "expired" == bazaar.order(placed)["status"]
    left = reads.fetch_one(used)
    assert 0 == (left.amount if left else 0)
