"""What makes each alarm ring, done to the deployed platform; what it returns stands for the placeholders of the page.

Where a cause needs days to pass, the time is made older where it is kept, in the table.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.request import Request, urlopen
from uuid import uuid4

import msgspec

from entrepot.contracts.events import encoded
from entrepot.contracts.payments import PaymentCaptured
from entrepot.kernel.clock import rfc3339
from functions.clearing.domain.items import Cause, Movement, Outcome, Sum, of_movement
from functions.clearing.store import shard_of
from infra.local.carriers.payloads import Parcel, Scan, webhook
from tests.runbooks.stage import TICK, Placeholders, Stage, key
from tests.support.documents import document
from tests.support.e2e_market import intent_of, until

LONDON: Final = {
    "name": "Ada King", "line1": "12 St James's Square", "city": "London", "postal_code": "SW1Y 4JH", "country": "GB",
}  # fmt: skip


def a_message_given_up(stage: Stage) -> Placeholders:
    """Word of a payment for an order that this stage does not have."""
    url, sqs = stage.queue("orders-events"), stage.client("sqs")
    event = PaymentCaptured(
        event_id=f"evt_{uuid4().hex}", occurred_at=datetime.now(UTC), payment_id="pay_unknown", order_id="ord_unknown",
        currency="EUR", amount=100, authorised=100, captured=100, refunded=0, provider="stripe", fact="ch_unknown",
    )  # fmt: skip
    before = stage.market.dead_letters()
    with stage.tried_again_at_once("orders-events"):
        sqs.send_message(QueueUrl=url, MessageBody=encoded(event))
        until("the message is given up", lambda: stage.market.dead_letters() > before)
    return {}


def a_call_that_fails(stage: Stage) -> Placeholders:
    """The settlement's clock ticks while its right to read is taken away."""
    name = stage.name("settlement-run")
    with stage.denied("settlement-run", "dynamodb:Query"):
        answer = stage.client("lambda").invoke(FunctionName=name, Payload=json.dumps(TICK).encode())
    assert "FunctionError" in answer, "the settlement runs without its right to read"
    return {}


def no_capacity(stage: Stage) -> Placeholders:
    """A function has no capacity left, and is called."""
    functions, name = stage.client("lambda"), stage.name("settlement-transfers")
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        with suppress(functions.exceptions.TooManyRequestsException):
            functions.invoke(FunctionName=name, Payload=json.dumps(TICK).encode())
            raise AssertionError("a function without capacity is called all the same")
    finally:
        functions.delete_function_concurrency(FunctionName=name)
    return {}


def a_relay_that_may_not_publish(stage: Stage) -> Placeholders:
    """The relay's right to publish is taken away while something happens."""
    with stage.denied("outbox-relay", "sns:Publish"):
        stage.market.stocked(units=1)
        stage.says("outbox-relay", '{ $.event = "record_failed" }')
    return {}


def tampered_audit(stage: Stage) -> Placeholders:
    """An anchor is written, then an entry is altered; a refresh token is used twice, and a password is guessed."""
    market = stage.market
    account = market.up.accounts["operator"]
    signed = {"email": account["email"], "password": account["password"]}
    tokens = market.done(201, "POST", "/v1/sessions", signed)
    first = {"refresh_token": tokens["refresh_token"]}
    market.done(201, "POST", "/v1/sessions/refresh", first)
    assert 401 == market.api.call("POST", "/v1/sessions/refresh", first).status
    stage.says("api", '{ $.Action = "session.token_reused" && $.Outcome = "refused" }')
    market.done(401, "POST", "/v1/sessions", {**signed, "password": "wrong horse wrong staple"})
    stage.says("api", '{ $.Action = "session.open" && $.Outcome = "refused" }')
    operator = str(market.done(200, "GET", "/v1/me", token=market.operator)["id"])
    _altered(stage, operator)
    return {"mbr_…": operator}


def _altered(stage: Stage, actor: str) -> None:
    """An entry about somebody says another thing than was written."""
    rows = stage.market.dynamodb.scan(TableName=stage.name("audit"))["Items"]
    entry = next(row for row in rows if row["pk"]["S"].startswith(f"chain#{actor}.") and "body" in row)
    body = f'{entry["body"]["S"].removesuffix("}")},"route":"GET /v1/nothing"}}'
    stage.changed("audit", entry["pk"]["S"], entry["sk"]["S"], body=body)


def a_provider_that_does_not_answer(stage: Stage) -> Placeholders:
    """Stripe answers nothing while buyers place orders."""
    sku = stage.market.stocked(units=20)
    with stage.fault(mode="unavailable", seconds="60"):
        until("the breaker opens", lambda: _placed_and_down(stage, sku))
    return {}


def _placed_and_down(stage: Stage, sku: str) -> bool:
    stage.market.placed(sku)
    return document(stage.item("payments", "breaker#stripe", "breaker"), "breaker")["opened_at"] is not None


def a_flag(stage: Stage) -> Placeholders:
    """Stripe's word of a payment comes over another amount than the order's."""
    market = stage.market
    placed = stage.placed(market.stocked(units=50))
    market.control("webhooks/hold")
    market.control(f"payment_intents/{intent_of(placed)}/pay")
    told = market.events_of(intent_of(placed))
    succeeded = next(event for event in told if event["type"] == "payment_intent.succeeded")
    market.control(f"events/{succeeded['id']}/deliver", **{"set[data.object.amount]": "1"})
    line = stage.says("payments-webhooks", '{ $.event = "payment_flagged" }')
    market.control("webhooks/release")
    return {"pay_…": json.loads(line)["payment_id"]}


def a_payment_nobody_knows(stage: Stage) -> Placeholders:
    """Stripe says that it has no such intent, when the sweep asks about a payment that has been silent."""
    market = stage.market
    placed = stage.placed(market.stocked(units=50))
    payment_id = _payment_of(stage, placed)
    stage.changed(
        "payments", f"payment#{payment_id}", "payment", due_at="2020-01-01T00:00:00Z", due_shard="0"
    )
    path = f"/v1/payment_intents/{intent_of(placed)}"
    with stage.fault(mode="unavailable", path=path, status="404", code="resource_missing"):
        stage.tick("payments-sweep")
        line = stage.says("payments-sweep", '{ $.event = "payment_not_asked" }')
    return {"pay_…": json.loads(line)["payment_id"]}


def _payment_of(stage: Stage, placed: Any) -> str:
    order = stage.item("orders", f"order#{placed['id']}", "order")
    return str(document(order, "document")["payment_id"])


def a_share_without_money(stage: Stage) -> Placeholders:
    """An order is paid by an authorisation, its capture fails until that lapses, and its goods arrive."""
    market = stage.market
    sku = market.stocked(units=50)
    placed = stage.placed(sku, capture="manual")
    market.control(f"payment_intents/{intent_of(placed)}/pay")
    until("the order is paid", lambda: market.order(placed)["status"] == "paid")
    number = f"YT{datetime.now(UTC):%d%H%M%S%f}"
    with stage.fault(mode="unavailable", path=f"/v1/payment_intents/{intent_of(placed)}/capture"):
        shipped = {"carrier": "yunexpress", "tracking_number": number, "lines": [{"sku": sku, "quantity": 1}]}
        path = f"/v1/orders/{placed['id']}/shipments"
        market.done(201, "POST", path, shipped, token=market.merchant, headers=key())
        _arrived(stage, number)
        until("the parcel has arrived", lambda: market.order(placed)["status"] == "delivered")
        stage.tick("orders-due")
        stage.says("orders-due", f'{{ $.event = "share_without_money" && $.order_id = "{placed["id"]}" }}')
        market.control(f"payment_intents/{intent_of(placed)}/lapse")
    return {"ord_…": placed["id"]}


def _arrived(stage: Stage, number: str) -> None:
    """The carrier's source tells, signed, that a parcel left and arrived."""
    now = datetime.now(UTC)
    scans = [
        Scan(now - timedelta(seconds=2), "in_transit", "", "Shenzhen, CN"),
        Scan(now - timedelta(seconds=1), "delivered", "", "Berlin, DE"),
    ]
    secret = stage.market.up.accounts["secrets"]["aftership"]
    told = webhook("aftership", Parcel("yunexpress", number), scans, secret, now)
    url = f"{stage.market.up.base_url}/v1/webhooks/carriers/aftership"
    with urlopen(Request(url, told.body, dict(told.headers)), timeout=60) as answer:
        assert answer.status == 200, answer.read()


def an_attempt_left_over(stage: Stage) -> Placeholders:
    """A buyer pays twice, and the refund of the second payment fails."""
    market = stage.market
    placed = stage.placed(market.stocked(units=50))
    headers = {"Order-Token": placed["order_token"], **key()}
    second = market.done(
        201, "POST", f"/v1/orders/{placed['id']}/payments", {"method": "card"}, headers=headers
    )
    market.control(f"payment_intents/{intent_of(placed)}/pay", payment_method="pm_card_pendingRefund")
    market.control(
        f"payment_intents/{intent_of({'payment': second})}/pay", payment_method="pm_card_pendingRefund"
    )
    refund: list[Any] = []

    def refunded() -> bool:
        for intent in (intent_of(placed), intent_of({"payment": second})):
            refund.extend(stage.at_stripe(f"/v1/refunds?payment_intent={intent}")["data"])
        return bool(refund)

    until("the second payment goes back", refunded)
    market.control(f"refunds/{refund[0]['id']}/finish", outcome="fail")
    line = stage.says(
        "orders-events", f'{{ $.event = "attempt_left_over" && $.order_id = "{placed["id"]}" }}'
    )
    return {"pay_…": json.loads(line)["payment_id"]}


def a_return_that_fails(stage: Stage) -> Placeholders:
    """A buyer in London transfers more than the order costs, and the bank refuses what goes back."""
    market = stage.market
    placed = stage.placed(market.stocked(units=50), LONDON, "GBP", method="bank_transfer")
    payment_id = _payment_of(stage, placed)
    customer = stage.payment(payment_id)["customer"]
    more = {"amount": str(placed["total"]["amount"] + 500), "currency": "gbp"}
    stage.at_stripe(f"/v1/test_helpers/customers/{customer}/fund_cash_balance", more)

    def back() -> str:
        return "".join(each["provider_refund_id"] or "" for each in stage.payment(payment_id)["returns"])

    until("the rest goes back", lambda: bool(back()))
    market.control(f"refunds/{back()}/finish", outcome="fail")
    stage.says("payments-webhooks", f'{{ $.event = "return_failed" && $.payment_id = "{payment_id}" }}')
    return {"pay_…": payment_id}


def an_erasure_that_waits(stage: Stage) -> Placeholders:
    """A member left 26 days ago, and orders never took it in: their cart is still there."""
    market = stage.market
    shopper = market.signed_in("shopper")
    member_id = market.done(200, "GET", "/v1/me", token=shopper)["id"]
    market.done(201, "POST", "/v1/carts", {}, token=shopper)
    refused = ("dynamodb:Query", "dynamodb:GetItem", "dynamodb:BatchGetItem")
    with stage.tried_again_at_once("orders-events"), stage.denied("orders-events", *refused):
        market.done(202, "POST", "/v1/me/erasure", {}, token=shopper)
        stage.says("orders-events", '{ $.event = "message_failed" }')
        _left_long_ago(stage, member_id)
        stage.tick("privacy-looks")
        stage.says("privacy-looks", "{ $.ErasuresOverdue > 0 }")
    return {"mbr_…": member_id}


def _left_long_ago(stage: Stage, member_id: str) -> None:
    row = stage.item("privacy", f"erasure#{member_id}", "erasure")
    erasure = {**document(row, "erasure"), "requested_at": rfc3339(datetime.now(UTC) - timedelta(days=26))}
    past = {"due_shard": "0", "due_at": "2020-01-01T00:00:00Z"}
    stage.changed("privacy", f"erasure#{member_id}", "erasure", erasure=json.dumps(erasure), **past)


def a_payout_file(stage: Stage) -> Placeholders:
    """A merchant is settled, wants the money at its bank, and the morning's run makes the bank's file."""
    market = stage.market
    merchant_id = _merchant(stage)
    bank = {"through": "bank", "holder": "Duomo Srl", "iban": "IT60X0542811101000000123456"}
    _settled(stage, merchant_id, bank)
    path = f"/v1/merchants/{merchant_id}/payouts"
    until("there is a payout", lambda: _ran_and_paid(stage, path))
    stage.tick("settlement-files")
    (file, *_) = market.done(200, "GET", "/v1/payout-files", token=market.operator)["data"]
    (payout, *_) = market.done(200, "GET", path, token=market.merchant)["data"]
    return {"pof_…": file["id"], "pot_…": payout["id"]}


def _ran_and_paid(stage: Stage, path: str) -> bool:
    stage.tick("settlement-run")
    return bool(stage.market.done(200, "GET", path, token=stage.market.merchant)["data"])


def a_payout_that_is_not_funded(stage: Stage) -> Placeholders:
    """A merchant wants its money at Stripe, where our balance does not suffice."""
    pattern = '{ $.event = "transfer_unfunded" }'
    short = {"method": "POST", "path": "/v1/transfers", "status": "400", "code": "balance_insufficient"}
    with stage.fault(mode="unavailable", **short):
        _settled(stage, _merchant(stage), {"through": "stripe", "account": "acct_runbook"})
        until("the transfer is refused", lambda: _ran_and_refused(stage, pattern))
    return {}


def _ran_and_refused(stage: Stage, pattern: str) -> bool:
    stage.tick("settlement-run")
    return bool(stage.logged("settlement-runs", pattern))


def _merchant(stage: Stage) -> str:
    """The merchant in Milan, who sells from now on."""
    stage.market.merchant = stage.market.signed_in("merchant2")
    return str(stage.market.done(200, "GET", "/v1/me", token=stage.market.merchant)["merchant_id"])


def _settled(stage: Stage, merchant_id: str, destination: Mapping[str, str]) -> None:
    path = f"/v1/merchants/{merchant_id}/payout-destinations/EUR"
    stage.market.done(200, "PUT", path, destination, token=stage.market.merchant)
    _sold(stage)


def _sold(stage: Stage) -> None:
    """One order of the merchant's, from the shelf to the door, and completed."""
    market = stage.market
    sku, number = market.stocked(units=5), f"YT{datetime.now(UTC):%d%H%M%S%f}"
    placed = stage.placed(sku)
    market.control(f"payment_intents/{intent_of(placed)}/pay")
    until("the order is paid", lambda: market.order(placed)["status"] == "paid")
    shipped = {"carrier": "yunexpress", "tracking_number": number, "lines": [{"sku": sku, "quantity": 1}]}
    path = f"/v1/orders/{placed['id']}/shipments"
    market.done(201, "POST", path, shipped, token=market.merchant, headers=key())
    _arrived(stage, number)
    until("the parcel has arrived", lambda: market.order(placed)["status"] == "delivered")
    stage.tick("orders-due")
    until("the order is completed", lambda: market.order(placed)["status"] == "completed")


def a_break_of_ten_days(stage: Stage) -> Placeholders:
    """Stripe kept something ten days ago that the ledger does not know, and nobody has looked after it."""
    at = datetime.now(UTC) - timedelta(days=10)
    price = Movement(f"txn_{uuid4().hex[:12]}", at, "other", "", "EUR", -200)
    found = of_movement("stripe", at.date(), shard_of(price.movement_id), price)
    item = replace(
        found, sums=(Sum("EUR", -200, 0),), outcome=Outcome.BREAK, cause=Cause.NOT_IN_LEDGER, revision=1
    )
    place = {"S": f"items#stripe#{item.day}#{item.shard}"}
    body = {"S": msgspec.json.encode(item).decode()}
    opened = f"open#{shard_of(item.item_id)}", f"{item.day}#{item.item_id}"
    stage.put("clearing", place["S"], item.item_id, item=body, revision={"N": "1"})
    stage.put("clearing", *opened, key=place)
    stage.put("clearing", f"item#{item.item_id}", "place", key=place)
    sums = {"stage": "sums", "source": "stripe", "day": str(item.day), "shard": item.shard}
    stage.client("sqs").send_message(QueueUrl=stage.queue("clearing-jobs"), MessageBody=json.dumps(sums))
    stage.tick("clearing-run")
    stage.says("clearing-jobs", "{ $.ClearingBreaksOverdue > 0 }")
    report = f"/v1/clearing/reports/stripe/{item.day}"
    operator = stage.market.operator
    until("the day is reported", lambda: stage.market.api.call("GET", report, token=operator).status == 200)
    return {"2026-10-05": str(item.day)}


def an_api_that_may_not_read(stage: Stage) -> Placeholders:
    """The API's right to query is taken away while somebody looks at the shelves."""
    with stage.denied("api", "dynamodb:Query"):
        until("the API fails", lambda: stage.market.api.call("GET", "/v1/products").status >= 500)
    stage.says("api", '{ $.event = "request_failed" }')
    return {}
