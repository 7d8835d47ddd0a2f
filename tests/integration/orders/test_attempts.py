"""An order that is tried to be paid in several ways: one of them pays it, and the money of any other goes back."""

from datetime import timedelta
from typing import Any

import pytest

from entrepot.cloud import writes
from functions.orders.domain.attempts import MOST_ATTEMPTS
from functions.orders.service import clock
from tests.integration.orders.bazaar import Bazaar, about, dump, meanwhile
from tests.support.http import Answer, call


def attempt(bazaar: Bazaar, placed: Any, method: str = "card", key: str | None = None, **body: str) -> Answer:
    headers = {"Order-Token": placed["order_token"], **({"Idempotency-Key": key} if key else bazaar.key())}
    return call("POST", f"/v1/orders/{placed['id']}/payments", {"method": method, **body}, headers=headers)


def another(bazaar: Bazaar, placed: Any) -> Any:
    """A second attempt, as something that the provider's payer can pay."""
    answer = attempt(bazaar, placed)
    assert 201 == answer.status, answer.text
    return {"payment": answer.json}


def balance(bazaar: Bazaar) -> int:
    """What the provider keeps for us of all payments."""
    received, back = bazaar.money()
    return received - back


def test_after_a_decline_another_attempt_pays_and_the_first_is_let_go(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    bazaar.provider.control(
        f"payment_intents/{bazaar.intents()[0]['id']}/fail", payment_method="pm_card_chargeDeclined"
    )
    bazaar.hear()
    assert "failed" == bazaar.order(placed)["payment_status"]

    second = another(bazaar, placed)
    assert ("awaiting_payment", "none") == bazaar.status(placed)
    bazaar.pay(second)

    assert ("paid", "captured") == bazaar.status(placed)
    assert ["canceled", "succeeded"] == [intent["status"] for intent in bazaar.intents()]
    order = bazaar.order(placed)
    assert second["payment"]["id"] == order["payment"]["id"]
    assert [placed["payment"]["id"], second["payment"]["id"]] == [each["id"] for each in order["attempts"]]
    assert placed["total"]["amount"] == balance(bazaar)


def test_an_earlier_attempt_that_succeeds_first_is_the_one_that_counts(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    another(bazaar, placed)

    bazaar.pay(placed)

    assert ("paid", "captured") == bazaar.status(placed)
    assert placed["payment"]["id"] == bazaar.order(placed)["payment"]["id"]
    assert ["succeeded", "canceled"] == [intent["status"] for intent in bazaar.intents()]
    refund = bazaar.refund(placed, bazaar.operator, amount=placed["total"])
    bazaar.hear()
    assert 201 == refund.status
    assert 0 == balance(bazaar)


@pytest.mark.parametrize("first", [0, 1], ids=["the earlier first", "the later first"])
def test_two_attempts_that_both_succeed_pay_once_and_the_second_goes_back_in_full(
    bazaar: Bazaar, first: int
) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    both = [placed, another(bazaar, placed)]
    for each in both:
        bazaar.provider.pay(each)
    intents = [intent["id"] for intent in bazaar.intents()]
    told = [e for e in bazaar.provider.new_events() if e["type"] == "payment_intent.succeeded"]
    told.sort(key=lambda event: event["data"]["object"]["id"] != intents[first])

    for event in told:
        bazaar.provider.deliver([event])
        bazaar.settle_events()
    bazaar.hear()

    total = placed["total"]["amount"]
    order = bazaar.order(placed)
    assert ("paid", "captured") == (order["status"], order["payment_status"])
    assert both[first]["payment"]["id"] == order["payment"]["id"]
    assert (2 * total, total) == bazaar.money()
    assert 1 == len(about(placed["id"], "orders.order_paid"))
    assert {"on_hand": 98, "reserved": 0, "available": 98} == bazaar.stock(bazaar.shenzhen, "PHONES-1")
    (entry,) = [entry for entry in order["timeline"] if entry["event"] == "payment_superfluous"]
    assert {
        "payment_id": both[1 - first]["payment"]["id"],
        "amount": str(total),
        "why": "the order was paid already",
    } == entry["facts"]
    assert [] == order["refunds"]
    assert 1 == sum(fact.startswith("refund") for fact in bazaar.ledger())
    before = dump()
    bazaar.provider.deliver(told)
    bazaar.settle_events()
    assert before == dump()


def test_two_successes_that_are_heard_of_at_once_pay_once(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    second = another(bazaar, placed)
    bazaar.provider.pay(placed)
    bazaar.provider.pay(second)

    # While the first is being written the second is heard of, and whatever follows from it.
    with meanwhile(writes, "commit", before=bazaar.hear):
        bazaar.hear()
    bazaar.hear()

    total = placed["total"]["amount"]
    assert ("paid", "captured") == bazaar.status(placed)
    assert (2 * total, total) == bazaar.money()
    assert 1 == len(about(placed["id"], "orders.order_paid"))
    assert 1 == bazaar.timeline(placed).count("payment_superfluous")
    assert 1 == sum(fact.startswith("refund") for fact in bazaar.ledger())


def test_an_order_expires_only_when_every_attempt_was_let_go(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    another(bazaar, placed)
    bazaar.provider.control(f"payment_intents/{bazaar.intents()[0]['id']}/process")

    clock.run(bazaar.clock.now() + timedelta(minutes=32))
    assert "awaiting_payment" == bazaar.order(placed)["status"]
    bazaar.provider.control(f"payment_intents/{bazaar.intents()[0]['id']}/finish", outcome="fail")
    bazaar.hear()
    bazaar.tick(minutes=40)

    assert "expired" == bazaar.order(placed)["status"]
    assert ["canceled", "canceled"] == [intent["status"] for intent in bazaar.intents()]
    assert {"on_hand": 100, "reserved": 0, "available": 100} == bazaar.stock(bazaar.shenzhen, "PHONES-1")


def test_cancelling_an_unpaid_order_lets_every_attempt_go(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    another(bazaar, placed)

    assert 200 == bazaar.cancel(placed).status
    bazaar.hear()

    assert ["canceled", "canceled"] == [intent["status"] for intent in bazaar.intents()]


def test_the_same_request_again_is_the_same_attempt(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})

    first, again = (attempt(bazaar, placed, key="again") for _ in range(2))

    assert (201, first.json) == (again.status, again.json)
    assert 2 == len(bazaar.intents())
    other = attempt(bazaar, placed, "alipay", key="again")
    assert (422, "idempotency_key_reused") == (other.status, other.code)


def test_the_order_waits_as_long_as_the_slowest_way_to_pay_it_may_take(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})

    answer = attempt(bazaar, placed, "bank_transfer")

    assert "bank_transfer" == answer.json["next_action"]["kind"]
    bazaar.tick(days=6)
    assert "awaiting_payment" == bazaar.order(placed)["status"]
    bazaar.tick(days=8)
    assert "expired" == bazaar.order(placed)["status"]


def test_what_cannot_be_tried_is_refused_and_leaves_no_trace(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    before = dump()

    assert (422, "method_not_available") == _refused(attempt(bazaar, placed, "alipay", capture="manual"))
    assert (404, "not_found") == _refused(attempt(bazaar, {**placed, "order_token": "x"}))
    for token in (bazaar.operator, bazaar.shenzhen.token, bazaar.shopper()):
        path, headers = f"/v1/orders/{placed['id']}/payments", bazaar.key()
        answer = call("POST", path, {"method": "card"}, token=token, headers=headers)
        assert (404, "not_found") == _refused(answer)

    assert before == dump()


def test_an_order_is_tried_a_bounded_number_of_times(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    for _ in range(MOST_ATTEMPTS - 1):
        another(bazaar, placed)

    assert (409, "too_many_attempts") == _refused(attempt(bazaar, placed))

    assert MOST_ATTEMPTS == len(bazaar.intents())


def test_a_paid_order_is_not_paid_again(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 2})

    assert (409, "illegal_transition") == _refused(attempt(bazaar, placed))


def _refused(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code
