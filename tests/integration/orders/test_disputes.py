"""A buyer's bank takes the money back: the order shows it, and says for itself what it can, once."""

from datetime import timedelta
from typing import Any

import pytest

from functions.payments.sweep import sweep
from tests.integration.orders.bazaar import Bazaar
from tests.integration.orders.test_attempts import another
from tests.support.http import call


def disputed(bazaar: Bazaar) -> tuple[Any, str]:
    """A paid order that is disputed, and the dispute's id; nobody has heard of it yet."""
    placed = bazaar.paid({"PHONES-1": 2})
    return placed, dispute(bazaar)


def dispute(bazaar: Bazaar) -> str:
    (charge,) = bazaar.provider.standin.account.store.objects["charge"].values()
    made = bazaar.provider.control(f"charges/{charge['id']}/dispute", reason="product_not_received")
    return str(made["id"])


def at_the_bank(bazaar: Bazaar, dispute_id: str) -> Any:
    return bazaar.provider.standin.account.store.objects["dispute"][dispute_id]


def test_a_delivered_order_is_answered_for_at_once_with_goods_parcel_and_course(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 2})
    shipment = bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 2})
    bazaar.scan(shipment, "in_transit", "delivered")

    dispute_id = dispute(bazaar)
    bazaar.hear()

    found = at_the_bank(bazaar, dispute_id)
    evidence = found["evidence"]
    assert ("under_review", 1) == (found["status"], found["evidence_details"]["submission_count"])
    assert ("2 x Headphones", "yunexpress", "YT1234567890") == (
        evidence["product_description"],
        evidence["shipping_carrier"],
        evidence["shipping_tracking_number"],
    )
    assert bazaar.clock.now().date().isoformat() == evidence["shipping_date"]
    course = [line.partition("UTC: ")[2] for line in evidence["uncategorized_text"].splitlines()]
    assert ["placed", "paid", "shipped", "shipment_delivered", "delivered"] == [
        each for each in course if not each.startswith("payment_")
    ]
    assert "anna" not in str(evidence).lower()
    order = bazaar.order(placed)
    assert ("delivered", "disputed") == (order["status"], order["payment_status"])


def test_an_order_on_its_way_is_answered_for_when_the_time_is_nearly_over(bazaar: Bazaar) -> None:
    _, dispute_id = disputed(bazaar)
    bazaar.hear()
    assert "needs_response" == at_the_bank(bazaar, dispute_id)["status"]

    for days in range(1, 8):
        sweep(bazaar.clock.now() + timedelta(days=days, minutes=1))
        bazaar.settle_events()
        early = days < 5
        assert ("needs_response" if early else "under_review") == at_the_bank(bazaar, dispute_id)["status"]
        bazaar.hear()

    assert 1 == at_the_bank(bazaar, dispute_id)["evidence_details"]["submission_count"]


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_dispute_of_an_attempt_that_does_not_count_is_noted_only(bazaar: Bazaar, outcome: str) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    second = another(bazaar, placed)
    for each in (placed, second):
        bazaar.provider.pay(each)
    counts, other = (intent["id"] for intent in bazaar.intents())
    told = bazaar.provider.new_events()
    first = [event for event in told if event["data"]["object"].get("id") == counts]
    bazaar.provider.deliver(first)
    bazaar.settle_events()
    charge = bazaar.provider.standin.account.store.objects["payment_intent"][other]["latest_charge"]
    made = bazaar.provider.control(f"charges/{charge}/dispute", reason="duplicate")
    bazaar.hear()

    assert ("paid", "captured") == bazaar.status(placed)
    bazaar.provider.control(f"disputes/{made['id']}/close", outcome=outcome)
    bazaar.hear()

    order = bazaar.order(placed)
    assert "captured" == order["payment_status"]
    noted = [entry["facts"] for entry in order["timeline"] if "dispute" in entry["event"]]
    assert [second["payment"]["id"]] * 2 == [facts["payment_id"] for facts in noted]


def test_a_dispute_of_another_attempt_that_was_won_ends_none_of_the_orders_own(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    second = another(bazaar, placed)
    for each in (placed, second):
        bazaar.provider.pay(each)
    counts, other = (bazaar.intents()[number] for number in (0, 1))
    told = bazaar.provider.new_events()
    bazaar.provider.deliver([event for event in told if event["data"]["object"].get("id") == counts["id"]])
    bazaar.settle_events()
    disputes = [
        bazaar.provider.control(f"charges/{intent['latest_charge']}/dispute", reason="duplicate")["id"]
        for intent in (counts, other)
    ]

    bazaar.provider.control(f"disputes/{disputes[1]}/close", outcome="won")
    bazaar.hear()

    assert "disputed" == bazaar.order(placed)["payment_status"]


@pytest.mark.parametrize(("outcome", "shown"), [("won", "captured"), ("lost", "disputed")])
@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "backwards"])
def test_the_outcome_is_shown_in_whatever_order_it_is_heard(
    bazaar: Bazaar, outcome: str, shown: str, backwards: bool
) -> None:
    placed, dispute_id = disputed(bazaar)
    bazaar.provider.control(f"disputes/{dispute_id}/close", outcome=outcome)
    told = bazaar.provider.new_events()

    for event in reversed(told) if backwards else told:
        bazaar.provider.deliver([event])
        bazaar.settle_events()

    order = bazaar.order(placed)
    assert shown == order["payment_status"]
    assert 1 == [entry["event"] for entry in order["timeline"]].count(f"payment_dispute_{outcome}")
    answer = call("GET", f"/v1/orders/{placed['id']}", token=bazaar.shenzhen.token)
    facts = [e["facts"] for e in answer.json["timeline"] if e["event"] == "payment_disputed"]
    assert [{}] == facts
