"""What the provider tells of a payment, whenever and however often: the same end, and each effect once."""

import json
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from functions.orders.service import clock
from functions.payments import facade as payments
from tests.integration.orders.bazaar import Bazaar, about, dump, restore, snapshot
from tests.support import pump
from tests.support.http import call
from tests.support.provider import intent_id


def end(bazaar: Bazaar, placed: Any) -> dict[str, Any]:
    """What must be the same in whatever order the provider's events came."""
    order = bazaar.order(placed)
    return {
        "status": (order["status"], order["payment_status"]),
        "stock": bazaar.stock(bazaar.shenzhen, "PHONES-1"),
        "captures": [event["amount"] for event in about(placed["id"], "payments.payment_captured")],
        "paid": len(about(placed["id"], "orders.order_paid")),
        "refunded": [event["amount"] for event in about(placed["id"], "payments.refund_succeeded")],
        "ledger": bazaar.ledger(),
        "timeline": sorted(entry["event"] for entry in order["timeline"]),
        "money": bazaar.money(),
    }


def kinds(ledger: list[str]) -> list[str]:
    """What kind of fact each entry is of."""
    return [fact.partition(":")[0] for fact in ledger]


def hear(bazaar: Bazaar, events: list[dict[str, Any]]) -> None:
    for event in events:
        bazaar.provider.deliver([event])
        bazaar.settle_events()


def test_a_paid_order_is_captured_sold_and_in_the_ledger_once(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 2})
    total = placed["total"]["amount"]

    assert {
        "status": ("paid", "captured"),
        "stock": {"on_hand": 98, "reserved": 0, "available": 98},
        "captures": [total],
        "paid": 1,
        "refunded": [],
        "timeline": ["paid", "payment_authorised", "payment_captured", "placed"],
        "money": (total, 0),
    } == {name: value for name, value in end(bazaar, placed).items() if name != "ledger"}
    assert ["capture", "fee"] == kinds(bazaar.ledger())


def test_the_same_event_twenty_times_has_its_effect_once(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    bazaar.provider.pay(placed)
    (succeeded,) = [
        event for event in bazaar.provider.events() if event["type"] == "payment_intent.succeeded"
    ]

    bazaar.provider.deliver([succeeded] * 20)
    bazaar.settle_events()

    found = end(bazaar, placed)
    assert (("paid", "captured"), [placed["total"]["amount"]], 1) == tuple(
        found[name] for name in ("status", "captures", "paid")
    )
    assert ["paid", "payment_authorised", "payment_captured", "placed"] == found["timeline"]
    assert 1 == len(found["ledger"])
    before = dump()
    bazaar.provider.deliver([succeeded] * 3)
    bazaar.settle_events()
    assert before == dump()


def test_all_events_of_a_payment_in_every_order_come_to_the_same_end(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    bazaar.provider.pay(placed)
    told = bazaar.provider.events()
    start = snapshot()
    ends = []
    for order in permutations(told):
        restore(start)
        bazaar.provider.deliver(order)
        bazaar.settle_events()
        ends.append(end(bazaar, placed))

    assert 24 == len(ends)
    assert 24 * [ends[0]] == ends
    assert (("paid", "captured"), ["capture", "fee"]) == (ends[0]["status"], kinds(ends[0]["ledger"]))
    assert 4 == len(ends[0]["timeline"])


def test_what_payments_publish_in_every_order_and_twice_comes_to_the_same_end(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    bazaar.provider.pay(placed)
    bazaar.provider.deliver()
    for queue, body in pump._waiting():
        pump.deliver(queue, body)
    rows = [row for row in pump._unsent() if row.event.startswith("payments.")]
    told = {"payments.payment_authorised", "payments.payment_captured", "payments.fee_known"}
    assert told == {row.event for row in rows}
    start = snapshot()
    ends = []
    for order in permutations(rows):
        restore(start)
        for row in order:
            pump.publish(row, times=3)
        bazaar.settle_events()
        ends.append(end(bazaar, placed))

    assert len(ends) * [ends[0]] == ends
    assert (("paid", "captured"), [placed["total"]["amount"]]) == (ends[0]["status"], ends[0]["captures"])


def test_a_declined_card_leaves_the_order_open_for_another(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    bazaar.provider.control(f"payment_intents/{intent_id(placed)}/fail")
    bazaar.hear()
    assert ("awaiting_payment", "failed") == bazaar.status(placed)
    assert 2 == bazaar.stock(bazaar.shenzhen, "PHONES-1")["reserved"]

    bazaar.pay(placed)

    assert ("paid", "captured") == bazaar.status(placed)
    assert ["placed", "payment_failed", "payment_authorised", "payment_captured", "paid"] == sorted(
        bazaar.timeline(placed),
        key=["placed", "payment_failed", "payment_authorised", "payment_captured", "paid"].index,
    )
    assert (placed["total"]["amount"], 0) == bazaar.money()


def test_a_decline_that_is_heard_after_the_success_changes_nothing(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    bazaar.provider.control(f"payment_intents/{intent_id(placed)}/fail")
    declined = bazaar.provider.events()
    bazaar.provider.pay(placed)
    succeeded = [event for event in bazaar.provider.events() if event not in declined]
    hear(bazaar, succeeded)
    before = end(bazaar, placed)

    hear(bazaar, declined)

    assert before == end(bazaar, placed)
    assert ("paid", "captured") == before["status"]


def test_a_success_after_the_order_expired_goes_back_in_full_by_itself(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    start = snapshot()
    bazaar.provider.pay(placed)
    late = bazaar.provider.events()
    restore(start)
    _expire_unseen(bazaar, placed)
    assert "expired" == bazaar.order(placed)["status"]

    hear(bazaar, late)
    bazaar.hear()

    total = placed["total"]["amount"]
    assert ("expired", "refunded") == bazaar.status(placed)
    assert (total, total) == bazaar.money()
    assert {"on_hand": 100, "reserved": 0, "available": 100} == bazaar.stock(bazaar.shenzhen, "PHONES-1")
    (why,) = [e["facts"] for e in bazaar.order(placed)["timeline"] if e["event"] == "refund_requested"]
    assert ("paid after the order was expired", str(total)) == (why["why"], why["amount"])
    assert [] == about(placed["id"], "orders.order_paid")
    before = dump()
    hear(bazaar, late)
    assert before == dump()


def test_a_success_after_the_order_was_cancelled_goes_back_in_full_by_itself(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    bazaar.provider.pay(placed)  # at the provider it is paid, here nobody has heard of it
    assert 200 == bazaar.cancel(placed).status

    bazaar.hear()

    total = placed["total"]["amount"]
    assert ("cancelled", "refunded") == bazaar.status(placed)
    assert (total, total) == bazaar.money()
    assert (
        1
        == bazaar.timeline(placed).count("refund_requested")
        == bazaar.timeline(placed).count("refund_succeeded")
    )
    assert {"on_hand": 100, "reserved": 0, "available": 100} == bazaar.stock(bazaar.shenzhen, "PHONES-1")


def test_an_authorisation_after_the_order_was_cancelled_is_let_go(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2}, capture="manual")
    bazaar.provider.pay(placed)
    assert 200 == bazaar.cancel(placed).status

    bazaar.hear()

    assert "cancelled" == bazaar.order(placed)["status"]
    assert ["canceled"] == [intent["status"] for intent in bazaar.intents()]
    assert (0, 0) == bazaar.money()


def test_manual_capture_takes_the_money_at_the_first_shipment(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 2, "BAG-1": 1}, capture="manual")
    total = placed["total"]["amount"]
    assert ("paid", "authorised") == bazaar.status(placed)
    assert (0, 0) == bazaar.money()

    bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 1})
    bazaar.hear()
    assert ("partially_shipped", "captured") == bazaar.status(placed)
    bazaar.ship(bazaar.milan, placed, {"BAG-1": 1}, number="1Z999AA10123456784")
    bazaar.hear()

    assert (total, 0) == bazaar.money()
    assert ["capture", "fee"] == kinds(bazaar.ledger())
    assert 1 == bazaar.timeline(placed).count("payment_captured")


def test_what_is_cancelled_before_the_capture_is_not_captured(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 2, "BAG-1": 1}, capture="manual")
    bag = next(line["total"]["amount"] for line in placed["lines"] if line["sku"] == "BAG-1")
    assert 200 == bazaar.cancel(placed, bazaar.milan.token).status

    bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 2})
    bazaar.hear()

    assert ("shipped", "captured") == bazaar.status(placed)
    assert (placed["total"]["amount"] - bag, 0) == bazaar.money()
    assert [] == bazaar.order(placed)["refunds"]
    assert {"on_hand": 100, "reserved": 0, "available": 100} == bazaar.stock(bazaar.milan, "BAG-1")


def test_cancelling_all_before_the_capture_lets_the_authorisation_go(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 2, "BAG-1": 1}, capture="manual")
    assert 200 == bazaar.cancel(placed, bazaar.milan.token).status
    assert 200 == bazaar.cancel(placed, bazaar.shenzhen.token).status

    bazaar.hear()

    assert "cancelled" == bazaar.order(placed)["status"]
    assert ["canceled"] == [intent["status"] for intent in bazaar.intents()]
    assert (0, 0) == bazaar.money()
    assert [] == bazaar.ledger()


def test_a_cancellation_between_shipment_and_capture_is_asked_to_come_again(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 2, "BAG-1": 1}, capture="manual")
    bag = next(line["total"]["amount"] for line in placed["lines"] if line["sku"] == "BAG-1")
    bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 2})
    before = dump()

    early = bazaar.cancel(placed, bazaar.milan.token, key="once")

    assert (503, "busy") == (early.status, early.code)
    assert "Retry-After" in early.headers
    assert before == dump()
    bazaar.hear()
    assert 200 == bazaar.cancel(placed, bazaar.milan.token, key="once").status
    bazaar.hear()
    assert (placed["total"]["amount"], bag) == bazaar.money()


def test_a_cancellation_of_what_was_captured_but_not_yet_heard_of_is_refunded(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    bazaar.provider.pay(placed)
    bazaar.provider.deliver()
    for queue, body in pump._waiting():
        pump.deliver(queue, body)
    authorised, captured = (
        next(row for row in pump._unsent() if row.event == f"payments.payment_{what}")
        for what in ("authorised", "captured")
    )
    doctored = {**json.loads(authorised.body), "captured": 0}  # as if capture came in a later transaction
    assert [] == pump.deliver("orders-events", json.dumps(doctored))
    assert ("paid", "authorised") == bazaar.status(placed)

    assert 200 == bazaar.cancel(placed).status
    pump.publish(captured)
    bazaar.hear()

    total = placed["total"]["amount"]
    assert ("cancelled", "refunded") == bazaar.status(placed)
    assert (total, total) == bazaar.money()


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("data", "object", "amount"), 1, "amount"),
        (("data", "object", "currency"), "usd", "currency"),
        (("livemode",), True, "account"),
        (("account",), "acct_someone_else", "account"),
    ],
)
def test_what_is_not_ours_is_flagged_and_moves_nothing(
    bazaar: Bazaar, path: tuple[str, ...], value: object, reason: str
) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    bazaar.provider.pay(placed)
    (succeeded,) = [
        event for event in bazaar.provider.events() if event["type"] == "payment_intent.succeeded"
    ]
    at = succeeded
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value

    hear(bazaar, [succeeded])

    # Its buyer's reading would ask the provider, who knows better.
    order = call("GET", f"/v1/orders/{placed['id']}", token=bazaar.operator).json
    assert "awaiting_payment" == order["status"]
    assert {"on_hand": 100, "reserved": 2, "available": 98} == bazaar.stock(bazaar.shenzhen, "PHONES-1")
    flagged = [e["facts"] for e in order["timeline"] if e["event"] == "payment_flagged"]
    assert [{"reason": reason}] == flagged
    assert [] == bazaar.ledger()
    assert [] == about(placed["id"], "payments.payment_captured")


def test_an_event_of_an_unknown_intent_is_left_to_be_tried_again(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    bazaar.provider.pay(placed)
    (succeeded,) = [
        event for event in bazaar.provider.events() if event["type"] == "payment_intent.succeeded"
    ]
    succeeded["data"]["object"]["metadata"]["payment_id"] = "pay_01JD0000000000000000000000"
    before = dump()

    failed = pump.deliver("payments-webhooks", json.dumps(succeeded))

    assert ["message"] == failed
    assert before == dump()


def _expire_unseen(bazaar: Bazaar, placed: Any) -> None:
    """The order expires although the payment succeeded: as if the provider had let the intent go a moment before.

    The stand-in refuses to cancel what has succeeded, so its answer is given here.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payments, "cancel_intent", lambda payment_id, now: "cancelled")
        clock.run(bazaar.clock.now() + timedelta(minutes=31))
    assert 200 == call("GET", f"/v1/orders/{placed['id']}", token=bazaar.operator).status
