"""To be forgotten: nothing of a member is left in any table but what tax law wants, whatever happens on the way."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from entrepot.cloud import dynamo
from entrepot.cloud.audit import entries_of
from functions.audit import service as audit
from functions.membership import facade as membership
from functions.orders.service import forgetting
from functions.privacy.service import erasing
from infra.estate import SUBSCRIPTIONS
from tests.integration.orders.bazaar import Bazaar, dump, money
from tests.integration.privacy.anna import EMAIL, HOME, PASSWORD, Anna, scanned, traces, with_card
from tests.support import memory, pump
from tests.support.http import call


def erased(bazaar: Bazaar, anna: Anna) -> None:
    answer = anna.erase()
    assert (202, "erasing") == (answer.status, answer.json["status"]), answer.text
    bazaar.settle_events()


def looked(bazaar: Bazaar, anna: Anna, **later: float) -> tuple[str, list[str]]:
    """What an operator sees after the next look."""
    with bazaar.clock.at(**(later or {"hours": 2})):
        erasing.look(bazaar.clock.now())
        bazaar.settle_events()
    answer = call("GET", f"/v1/erasures/{anna.member_id}", token=bazaar.operator)
    assert 200 == answer.status, answer.text
    return answer.json["status"], answer.json["waiting_for"]


def test_a_member_is_known_everywhere_before_they_leave(anna: Anna) -> None:
    """So that finding nothing afterwards says something."""
    found = traces(anna)

    assert {"membership", "orders", "payments", "logistics"} == {table for table, _ in found}


def test_of_a_member_who_has_left_nothing_is_kept_in_clear_or_sealed(bazaar: Bazaar, anna: Anna) -> None:
    erased(bazaar, anna)

    assert [] == traces(anna)
    assert ("erased", []) == looked(bazaar, anna)


def test_orders_are_looked_at_in_the_same_requests_however_many_they_are(bazaar: Bazaar, anna: Anna) -> None:
    few = requested(lambda: forgetting.open_orders(anna.member_id))
    for _ in range(3):
        bazaar.paid({"PHONES-1": 1}, token=anna.token)

    assert few == requested(lambda: forgetting.open_orders(anna.member_id))
    assert 3 == len(forgetting.open_orders(anna.member_id))


def requested(act: Callable[[], object]) -> int:
    """How many requests that makes."""
    seen: list[str] = []

    def watch(operation: str, arguments: Any, answer: Any) -> None:
        seen.append(operation)

    dynamo.observers.append(watch)
    try:
        act()
    finally:
        dynamo.observers.remove(watch)
    return len(seen)


def test_the_provider_keeps_no_card_of_a_member_who_has_left(bazaar: Bazaar, anna: Anna) -> None:
    with_card(bazaar, anna)
    bazaar.provider._request(
        "POST", "/test/faults", {"mode": "drop_before", "path": "/v1/customers", "times": "1"}
    )

    assert 202 == anna.erase().status
    with pytest.raises(AssertionError):
        bazaar.settle_events()  # a consumer refuses what it will be given again
    bazaar.settle_events()

    objects = bazaar.provider.standin.account.store.objects
    assert ([], [None]) == (
        [*objects["customer"]],
        [each["customer"] for each in objects["payment_method"].values()],
    )
    assert ("erased", []) == looked(bazaar, anna)


def test_what_tax_law_wants_is_kept_of_an_order(bazaar: Bazaar, anna: Anna) -> None:
    before = bazaar.order(anna.orders[0])

    erased(bazaar, anna)

    after = bazaar.order(anna.orders[0])
    assert (None, None) == (after.get("contact"), after.get("ship_to"))
    for name in ("total", "lines", "totals", "parcels", "explain", "status", "payment_status", "shipments"):
        assert before[name] == after[name], name
    (item,) = [row for row in _rows("orders") if row["pk"]["S"] == f"order#{anna.orders[0]['id']}"]
    kept_until = datetime.fromtimestamp(int(item["expires_at"]["N"]), UTC)
    assert (bazaar.clock.now().year + 11, 1, 1) == (kept_until.year, kept_until.month, kept_until.day)


def test_papers_of_a_forgotten_order_are_not_made(bazaar: Bazaar, anna: Anna) -> None:
    (shipment,) = bazaar.order(anna.orders[0])["shipments"]
    erased(bazaar, anna)

    answer = call("GET", f"/v1/shipments/{shipment['id']}/documents", token=bazaar.operator)

    assert (409, "buyer_forgotten") == (answer.status, answer.code)


def test_whoever_awaits_a_parcel_is_not_forgotten_yet_and_is_told_why(bazaar: Bazaar, anna: Anna) -> None:
    waiting = bazaar.paid({"PHONES-1": 1}, token=anna.token)
    before = traces(anna)

    answer = anna.erase()

    assert (409, "orders_open") == (answer.status, answer.code)
    assert [waiting["id"]] == answer.json["orders"]
    assert before == traces(anna)
    assert 200 == call("GET", "/v1/me", token=anna.token).status


def test_a_sign_in_that_is_not_fresh_forgets_nobody(bazaar: Bazaar, anna: Anna) -> None:
    with bazaar.clock.at(minutes=11):
        answer = anna.erase()

    assert (403, "fresh_sign_in_required") == (answer.status, answer.code)
    assert 200 == call("GET", "/v1/me", token=anna.token).status


def test_a_token_that_still_lives_opens_nothing_and_buys_nothing(bazaar: Bazaar, anna: Anna) -> None:
    quote = bazaar.quote({"PHONES-1": 1}, ship_to=HOME, token=anna.token)
    erased(bazaar, anna)
    new = bazaar.quote({"PHONES-1": 1}, ship_to=HOME, token=anna.token)

    assert 404 == call("GET", "/v1/me", token=anna.token).status
    assert 404 == call("POST", "/v1/me/addresses", HOME, token=anna.token).status
    assert (403, "fresh_sign_in_required") == (anna.erase().status, anna.erase().code)
    for each in (quote, new):
        answer = bazaar.try_place(each, token=anna.token)
        assert (401, "invalid_token") == (answer.status, answer.code)
    assert ("erasing", ["carts and quotes"]) == looked(bazaar, anna)
    assert ("erased", []) == looked(bazaar, anna, hours=9)
    assert [] == traces(anna)


def test_who_registers_with_the_address_again_is_somebody_new(bazaar: Bazaar, anna: Anna) -> None:
    erased(bazaar, anna)
    body = {"email": EMAIL, "password": PASSWORD}
    assert 401 == call("POST", "/v1/sessions", body).status

    again = membership.seed_account(EMAIL, PASSWORD, "shopper", None, bazaar.clock.now())

    token = call("POST", "/v1/sessions", body).json["access_token"]
    assert anna.member_id != again
    assert [] == call("GET", "/v1/orders", token=token).json["data"]
    assert (None, None) == tuple(
        call("GET", "/v1/me", token=token).json[name] for name in ("nickname", "phone")
    )


def test_a_scan_that_comes_late_brings_no_words_back(bazaar: Bazaar, anna: Anna) -> None:
    (shipment,) = bazaar.order(anna.orders[0])["shipments"]
    erased(bazaar, anna)

    scanned(bazaar, shipment, "exception", "Annabella Lindqvist was not at home", later=9)

    assert [] == traces(anna)
    (seen,) = bazaar.order(anna.orders[0])["shipments"]
    assert ("delivered", "") == (seen["status"], seen["scans"][-1]["message"] if "scans" in seen else "")


def test_words_that_are_typed_later_are_not_kept(bazaar: Bazaar, anna: Anna) -> None:
    erased(bazaar, anna)
    reason = "Annabella Lindqvist wrote again"

    answer = bazaar.refund(anna.orders[0], bazaar.operator, amount=money(100), reason=reason)
    bazaar.hear()

    assert 201 == answer.status, answer.text
    assert [] == traces(anna)


def test_the_same_event_again_changes_nothing(bazaar: Bazaar, anna: Anna) -> None:
    erased(bazaar, anna)
    told = [e for e in pump.events() if e["event"] in ("membership.member_erased", "orders.buyer_forgotten")]
    before = dump()

    for event in told:
        for queue in pump.subscribers(event["event"]):
            assert [] == pump.deliver(queue, json.dumps(event))

    assert before == dump()


@pytest.mark.parametrize(
    "queue", ["membership-events", "orders-events", "payments-events", "logistics-events"]
)
def test_a_context_that_does_not_hear_is_found_and_told_again(bazaar: Bazaar, anna: Anna, queue: str) -> None:
    """The scan for traces is able to fail, and so is the look."""
    deaf = {**SUBSCRIPTIONS, queue: ()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pump, "SUBSCRIPTIONS", deaf)
        erased(bazaar, anna)
        assert traces(anna)
        status, waiting_for = looked(bazaar, anna)
        assert ("erasing", True) == (status, bool(waiting_for))

    looked(bazaar, anna, hours=9)

    assert [] == traces(anna)
    assert ("erased", []) == looked(bazaar, anna, hours=40)


def test_who_dies_half_way_goes_on_where_they_stopped(bazaar: Bazaar, anna: Anna) -> None:
    original, calls = forgetting._forget, []

    def dying(order_id: str, now: datetime) -> None:
        calls.append(order_id)
        if len(calls) == 2:
            raise RuntimeError("killed")
        original(order_id, now)

    assert 202 == anna.erase().status
    (event,) = [e for e in pump.events() if e["event"] == "membership.member_erased"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forgetting, "_forget", dying)
        assert ["message"] == pump.deliver("orders-events", json.dumps(event))
    assert "orders" in {table for table, _ in traces(anna)}

    bazaar.settle_events()

    assert [] == traces(anna)
    assert ("erased", []) == looked(bazaar, anna)


def test_the_audit_log_stays_whole_and_says_that_somebody_left(bazaar: Bazaar, anna: Anna) -> None:
    erased(bazaar, anna)

    assert "member.erase" == entries_of(anna.member_id)[-1].action
    assert [] == audit.faults(bazaar.clock.now().date())


def test_the_last_owner_stays_until_another_has_come(bazaar: Bazaar) -> None:
    first, merchant_id = _owner(bazaar, "first@milan.example"), bazaar.milan.merchant_id

    refused = call("POST", "/v1/me/erasure", {}, token=first)
    assert (409, "last_owner") == (refused.status, refused.code)
    assert 200 == call("GET", "/v1/me", token=first).status

    second = _owner(bazaar, "second@milan.example")
    key = {"name": "till", "scopes": ["orders.read"]}
    made = call("POST", f"/v1/merchants/{merchant_id}/keys", key, token=first)
    assert 201 == made.status, made.text
    assert 202 == call("POST", "/v1/me/erasure", {}, token=first).status
    bazaar.settle_events()

    states = call("GET", f"/v1/merchants/{merchant_id}/keys", token=second).json["data"]
    assert [True] == [state["revoked"] for state in states]
    answer = call("POST", "/v1/me/erasure", {}, token=second)
    assert (409, "last_owner") == (answer.status, answer.code)


def _owner(bazaar: Bazaar, address: str) -> str:
    membership.seed_account(address, PASSWORD, "merchant", bazaar.milan.merchant_id, bazaar.clock.now())
    answer = call("POST", "/v1/sessions", {"email": address, "password": PASSWORD})
    return str(answer.json["access_token"])


def _rows(table: str) -> list[dict[str, Any]]:
    return list(memory.current().rows(table))
