"""What buyers have paid is passed on to the last cent: to merchants, carriers and authorities, or back to them."""

from typing import Any

import pytest

from functions.payments import facade as payments
from tests.integration.orders.bazaar import Bazaar, about, money
from tests.support.http import call


def _funds(bazaar: Bazaar) -> dict[str, int]:
    """What is owed on customer_funds, and what is on the provider's account before the provider kept its fees."""
    answer = call("GET", "/v1/ledger/trial-balance", token=bazaar.operator)
    assert (200, True) == (answer.status, answer.json["balanced"])
    found = {row["account"]: row["debit"] - row["credit"] for row in answer.json["accounts"]}
    taken = found.get("psp:stripe", 0) + found.get("psp_fee_expense", 0)
    return {"customer_funds": found.get("customer_funds", 0), "psp:stripe": taken}


def _deliver(bazaar: Bazaar, placed: Any, lines: dict[str, int], number: str = "YT1234567890") -> None:
    bazaar.scan(bazaar.ship(bazaar.shenzhen, placed, lines, number), "delivered")
    bazaar.hear()


def _refunded(bazaar: Bazaar, placed: Any, **wanted: Any) -> None:
    answer = bazaar.refund(placed, bazaar.operator, **wanted)
    assert 201 == answer.status, answer.text
    bazaar.hear()


def _fail_refunds(bazaar: Bazaar) -> None:
    """The bank sends back every refund that has succeeded."""
    for identifier, refund in list(bazaar.provider.standin.account.store.objects["refund"].items()):
        if refund["status"] == "succeeded":
            bazaar.provider.control(f"refunds/{identifier}/finish", outcome="fail")
    bazaar.hear()


def _payable(bazaar: Bazaar, placed: Any) -> tuple[int, int]:
    """By the events of the order: what its completed shares were paid, and all that their merchants bear of refunds."""
    shares = about(placed["id"], "orders.share_completed")
    later = about(placed["id"], "orders.share_refunded")
    borne = sum(share["refunded"] for share in shares) + sum(event["amount"] for event in later)
    return (sum(share["paid"] for share in shares), borne)


def test_plain(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 2})
    _deliver(bazaar, placed, {"PHONES-1": 2})
    bazaar.tick(days=15)

    assert {"customer_funds": 0, "psp:stripe": placed["total"]["amount"]} == _funds(bazaar)


@pytest.mark.parametrize("capture", ["automatic", "manual"])
@pytest.mark.parametrize("first", [0, 100, 2500])
def test_units_cancelled_before_shipment(bazaar: Bazaar, capture: str, first: int) -> None:
    placed = bazaar.paid({"PHONES-1": 2, "SHIRT-1": 1}, capture=capture)
    if first and capture == "automatic":
        _refunded(bazaar, placed, amount=money(first))
    assert 200 == bazaar.cancel(placed, lines={"PHONES-1": 1}).status
    bazaar.hear()
    _deliver(bazaar, placed, {"PHONES-1": 1, "SHIRT-1": 1})
    bazaar.tick(days=15)

    received, back = bazaar.money()
    assert {"customer_funds": 0, "psp:stripe": received - back} == _funds(bazaar)
    paid, borne = _payable(bazaar, placed)
    assert (paid - borne, borne) == (received - back, first if capture == "automatic" else 0)


def test_units_cancelled_after_most_of_the_money_went_back(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 2})
    total = placed["total"]["amount"]
    _refunded(bazaar, placed, amount=money(total - 100))

    assert 200 == bazaar.cancel(placed, lines={"PHONES-1": 1}).status
    bazaar.hear()
    _deliver(bazaar, placed, {"PHONES-1": 1})
    bazaar.tick(days=15)

    assert (total, total) == bazaar.money()
    assert {"customer_funds": 0, "psp:stripe": 0} == _funds(bazaar)
    paid, borne = _payable(bazaar, placed)
    assert paid == borne > 0


def test_one_merchants_cancellation_takes_nothing_of_anothers(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 1, "BAG-1": 1})
    bag = next(line for line in placed["lines"] if line["sku"] == "BAG-1")["total"]["amount"]
    answer = bazaar.refund(placed, bazaar.milan.token, lines={"BAG-1": 1})
    assert 201 == answer.status

    assert 200 == bazaar.cancel(placed, token=bazaar.milan.token).status
    bazaar.hear()
    _deliver(bazaar, placed, {"PHONES-1": 1})
    bazaar.tick(days=15)

    assert (placed["total"]["amount"], bag) == bazaar.money()
    assert 0 == _funds(bazaar)["customer_funds"]


def test_manual_capture_leaves_each_merchant_what_is_its_own(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 1, "BAG-1": 1}, capture="manual")
    phones = next(line for line in placed["lines"] if line["sku"] == "PHONES-1")["total"]
    assert 200 == bazaar.cancel(placed, token=bazaar.milan.token).status
    bazaar.hear()
    _deliver(bazaar, placed, {"PHONES-1": 1})
    assert (phones["amount"], 0) == bazaar.money()

    nothing = bazaar.refund(placed, bazaar.milan.token, lines={"BAG-1": 1})
    whole = bazaar.refund(placed, bazaar.shenzhen.token, lines={"PHONES-1": 1})
    bazaar.hear()
    bazaar.tick(days=15)

    assert (422, 201) == (nothing.status, whole.status), whole.text
    assert {"customer_funds": 0, "psp:stripe": 0} == _funds(bazaar)


@pytest.mark.parametrize("completed", [False, True])
def test_refunds_before_and_after_completion(bazaar: Bazaar, completed: bool) -> None:
    placed = bazaar.paid({"PHONES-1": 1, "BAG-1": 1})
    _deliver(bazaar, placed, {"PHONES-1": 1})
    if completed:
        bazaar.tick(days=15)
    _refunded(bazaar, placed, lines={"PHONES-1": 1})
    assert 200 == bazaar.cancel(placed, token=bazaar.milan.token).status
    bazaar.hear()
    bazaar.tick(days=15)

    assert {"customer_funds": 0, "psp:stripe": 0} == _funds(bazaar)
    paid, borne = _payable(bazaar, placed)
    assert paid == borne > 0


@pytest.mark.parametrize("completed", [False, True])
def test_a_refund_that_the_bank_sends_back_is_charged_once(bazaar: Bazaar, completed: bool) -> None:
    placed = bazaar.paid({"PHONES-1": 1})
    total = placed["total"]["amount"]
    _deliver(bazaar, placed, {"PHONES-1": 1})
    if completed:
        bazaar.tick(days=15)
    _refunded(bazaar, placed, amount=money(1000))
    bazaar.tick(days=15)
    assert {"customer_funds": 0, "psp:stripe": total - 1000} == _funds(bazaar)

    _fail_refunds(bazaar)
    assert ("completed", "captured") == bazaar.status(placed)
    assert {"customer_funds": -1000, "psp:stripe": total} == _funds(bazaar)
    _refunded(bazaar, placed, amount=money(1000))

    assert {"customer_funds": 0, "psp:stripe": total - 1000} == _funds(bazaar)
    assert (total, 1000) == _payable(bazaar, placed)


def test_paid_too_late(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 1, "BAG-1": 1})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payments, "cancel_intent", lambda payment_id, now: "unknown")
        assert 200 == bazaar.cancel(placed).status

    bazaar.pay(placed)

    assert ("cancelled", "refunded") == bazaar.status(placed)
    assert {"customer_funds": 0, "psp:stripe": 0} == _funds(bazaar)


@pytest.mark.parametrize("completed", [False, True])
def test_a_refund_made_by_hand_at_the_provider_is_known_and_borne(bazaar: Bazaar, completed: bool) -> None:
    placed = bazaar.paid({"PHONES-1": 1})
    total = placed["total"]["amount"]
    _deliver(bazaar, placed, {"PHONES-1": 1})
    if completed:
        bazaar.tick(days=15)

    given = {"payment_intent": bazaar.intents()[-1]["id"], "amount": "1000"}
    bazaar.provider._request("POST", "/v1/refunds", given)
    bazaar.hear()
    bazaar.tick(days=15)

    assert ("completed", "partially_refunded") == bazaar.status(placed)
    assert [1000] == [refund["amount"]["amount"] for refund in bazaar.order(placed)["refunds"]]
    assert {"customer_funds": 0, "psp:stripe": total - 1000} == _funds(bazaar)
    assert (total, 1000) == _payable(bazaar, placed)
    too_much = bazaar.refund(placed, bazaar.operator, amount=money(total - 999))
    assert (422, "exceeds_captured") == (too_much.status, too_much.code)
