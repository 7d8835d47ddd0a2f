"""Refunds: of lines or of an amount, never above what was captured, each once."""

import json
from itertools import permutations
from typing import Any

import pytest

from entrepot.cloud import writes
from tests.integration.orders.bazaar import Bazaar, about, dump, meanwhile, money, restore, snapshot
from tests.support import pump
from tests.support.http import Answer


def line(placed: Any, sku: str) -> int:
    """What a line of an order costs, everything included."""
    return int(next(line["total"]["amount"] for line in placed["lines"] if line["sku"] == sku))


def test_a_refund_of_lines_is_what_they_cost(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 3, "BAG-1": 1})

    answer = bazaar.refund(placed, bazaar.shenzhen.token, lines={"PHONES-1": 3})

    assert (201, line(placed, "PHONES-1"), "requested") == (
        answer.status,
        answer.json["amount"]["amount"],
        answer.json["status"],
    )
    bazaar.hear()
    assert (placed["total"]["amount"], line(placed, "PHONES-1")) == bazaar.money()
    assert ("paid", "partially_refunded") == bazaar.status(placed)
    assert ["succeeded"] == [refund["status"] for refund in bazaar.order(placed)["refunds"]]
    assert {"on_hand": 97, "reserved": 0, "available": 97} == bazaar.stock(bazaar.shenzhen, "PHONES-1")
    assert ["capture", "fee", "refund"] == [fact.partition(":")[0] for fact in bazaar.ledger()]


def test_all_money_may_go_back_and_not_a_cent_more(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 3, "BAG-1": 1})
    total = placed["total"]["amount"]
    assert 201 == bazaar.refund(placed, bazaar.operator, amount=money(total - 1)).status
    bazaar.hear()
    before = dump()

    too_much = bazaar.refund(placed, bazaar.operator, amount=money(2))

    assert (422, "exceeds_captured", 1) == (too_much.status, too_much.code, too_much.json["left"])
    assert before == dump()
    assert 201 == bazaar.refund(placed, bazaar.operator, amount=money(1)).status
    bazaar.hear()
    assert (total, total) == bazaar.money()
    assert "refunded" == bazaar.order(placed)["payment_status"]


def test_a_merchant_gives_back_what_its_own_lines_cost(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 3, "BAG-1": 1})
    before = dump()

    of_others = bazaar.refund(placed, bazaar.milan.token, lines={"PHONES-1": 1})

    assert (422, "unknown_line", "lines") == (of_others.status, of_others.code, of_others.json["field"])
    assert before == dump()
    own = bazaar.refund(placed, bazaar.milan.token, lines={"BAG-1": 1})
    assert line(placed, "BAG-1") == own.json["amount"]["amount"]
    again = bazaar.refund(placed, bazaar.milan.token, lines={"BAG-1": 1})
    assert (422, "exceeds_captured", 0) == (again.status, again.code, again.json["left"])
    bazaar.hear()
    assert (placed["total"]["amount"], line(placed, "BAG-1")) == bazaar.money()


def test_the_operators_free_amount_is_borne_by_both_merchants(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 3, "BAG-1": 1})

    refund = bazaar.refund(placed, bazaar.operator, amount=money(1000)).json
    bazaar.hear()

    shares = [
        bazaar.seen_by(m, placed)["refunds"][0]["amount"]["amount"] for m in (bazaar.shenzhen, bazaar.milan)
    ]
    assert 1000 == refund["amount"]["amount"] == sum(shares)
    assert all(share > 0 for share in shares)
    assert [1000] == [refund["amount"]["amount"] for refund in bazaar.order(placed)["refunds"]]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"amount": money(100, "USD")}, "wrong_currency"),
        ({"amount": money(10**13)}, "exceeds_captured"),
        ({"lines": {"PHONES-1": 4}}, "too_many_units"),
        ({"lines": {"NOTHING-1": 1}}, "unknown_line"),
    ],
)
def test_what_cannot_go_back_is_refused(bazaar: Bazaar, wanted: dict[str, Any], code: str) -> None:
    placed = bazaar.paid({"PHONES-1": 3})
    before = dump()

    answer = bazaar.refund(placed, bazaar.operator, **wanted)

    assert (422, code) == (answer.status, answer.code)
    assert before == dump()


@pytest.mark.parametrize("capture", ["automatic", "manual"])
def test_what_was_not_captured_does_not_go_back(bazaar: Bazaar, capture: str) -> None:
    placed = bazaar.place({"PHONES-1": 3}, capture=capture)
    if capture == "manual":
        bazaar.pay(placed)
    before = dump()

    answer = bazaar.refund(placed, bazaar.operator, amount=money(1))

    assert (422, "exceeds_captured") == (answer.status, answer.code)
    assert before == dump()


def test_a_refund_again_under_its_key_is_the_same_refund(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 3})
    first = bazaar.refund(placed, bazaar.operator, key="once", amount=money(500))
    bazaar.hear()
    before = dump()

    again = bazaar.refund(placed, bazaar.operator, key="once", amount=money(500))
    other = bazaar.refund(placed, bazaar.operator, key="once", amount=money(501))

    assert (201, first.json["id"], "succeeded") == (again.status, again.json["id"], again.json["status"])
    assert (422, "idempotency_key_reused") == (other.status, other.code)
    assert before == dump()
    assert (placed["total"]["amount"], 500) == bazaar.money()


def test_the_same_refund_at_the_same_time_is_one(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 3})
    total = placed["total"]["amount"]
    faster: list[Answer] = []

    def refund() -> Answer:
        return bazaar.refund(placed, bazaar.operator, key="once", amount=money(total))

    with meanwhile(writes, "commit", before=lambda: faster.append(refund())):
        slower = refund()
    bazaar.hear()

    assert [201, 201] == [faster[0].status, slower.status]
    assert faster[0].json["id"] == slower.json["id"]
    assert (total, total) == bazaar.money()


def test_two_refunds_at_the_same_time_stay_within_what_was_captured(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 3})
    total = placed["total"]["amount"]
    faster: list[Answer] = []

    def refund() -> Answer:
        return bazaar.refund(placed, bazaar.operator, amount=money(total - 10))

    with meanwhile(writes, "commit", before=lambda: faster.append(refund())):
        slower = refund()
    bazaar.hear()

    assert [201, 422] == [faster[0].status, slower.status]
    assert ("exceeds_captured", 10) == (slower.code, slower.json["left"])
    assert (total, total - 10) == bazaar.money()


def test_a_refund_and_a_cancellation_at_the_same_time_stay_within_what_was_captured(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 3})
    total = placed["total"]["amount"]

    with meanwhile(writes, "commit", before=lambda: bazaar.cancel(placed)):
        answer = bazaar.refund(placed, bazaar.operator, amount=money(10))
    bazaar.hear()

    assert (422, "exceeds_captured") == (answer.status, answer.code)
    assert (total, total) == bazaar.money()


def test_what_went_back_before_a_cancellation_does_not_go_back_twice(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 3, "BAG-1": 1})
    phones, bag = line(placed, "PHONES-1"), line(placed, "BAG-1")
    bazaar.refund(placed, bazaar.shenzhen.token, lines={"PHONES-1": 1})
    bazaar.hear()

    assert 200 == bazaar.cancel(placed, bazaar.shenzhen.token).status
    bazaar.hear()

    assert (phones + bag, phones) == bazaar.money()
    assert ("paid", "partially_refunded") == bazaar.status(placed)
    last = bazaar.order(placed)["refunds"][-1]
    assert phones == sum(refund["amount"]["amount"] for refund in bazaar.order(placed)["refunds"])
    assert 0 < last["amount"]["amount"] < phones
    refused = bazaar.refund(placed, bazaar.operator, amount=money(bag + 1))
    assert (422, bag) == (refused.status, refused.json["left"])


def test_the_events_of_a_refund_in_every_order_come_to_the_same_end(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 3})
    bazaar.refund(placed, bazaar.operator, amount=money(700))
    bazaar.settle_events()
    told = bazaar.provider.new_events()
    assert 2 <= len(told) <= 4, [event["type"] for event in told]
    start = snapshot()
    ends = []
    for order in list(permutations(told))[:12]:
        restore(start)
        bazaar.provider.deliver([*order, order[0]])
        bazaar.settle_events()
        found = bazaar.order(placed)
        ends.append(
            (
                found["payment_status"],
                sorted(entry["event"] for entry in found["timeline"]),
                [refund["status"] for refund in found["refunds"]],
                bazaar.ledger(),
                [event["amount"] for event in about(placed["id"], "payments.refund_succeeded")],
            )
        )

    assert len(ends) * [ends[0]] == ends
    assert ("partially_refunded", ["succeeded"], [700]) == (ends[0][0], ends[0][2], ends[0][4])
    assert 1 == ends[0][1].count("refund_succeeded")


def test_a_refund_that_fails_may_be_made_again(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 3})
    bazaar.pay(placed, "pm_card_refundFail")
    total = placed["total"]["amount"]
    bazaar.refund(placed, bazaar.operator, amount=money(total))
    bazaar.hear()
    (refund,) = bazaar.provider.standin.account.store.objects["refund"].values()
    bazaar.provider.control(f"refunds/{refund['id']}/finish", outcome="fail")
    bazaar.hear()
    assert ["failed"] == [refund["status"] for refund in bazaar.order(placed)["refunds"]]
    assert "captured" == bazaar.order(placed)["payment_status"]

    assert 201 == bazaar.refund(placed, bazaar.operator, amount=money(total)).status


def test_a_refund_the_provider_was_not_there_for_is_made_later(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 3})
    refunded = bazaar.refund(placed, bazaar.operator, amount=money(700)).json
    (row,) = [row for row in pump._unsent() if row.event == "payments.refund_requested"]
    bazaar.provider._request("POST", "/test/faults", {"mode": "unavailable", "path": "/v1/refunds"})
    assert ["message"] == pump.deliver("payments-events", row.body)
    bazaar.provider.standin.faults.clear()

    bazaar.hear()

    assert (placed["total"]["amount"], 700) == bazaar.money()
    assert [(refunded["id"], "succeeded")] == [
        (r["id"], r["status"]) for r in bazaar.order(placed)["refunds"]
    ]
    assert json.loads(row.body)["refund_id"] == refunded["id"]
