"""The use cases: what was there before, and what is then done while things go wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from functions.membership import facade as membership
from functions.membership.service import codes
from infra.local.carriers.payloads import Parcel, Scan, webhook
from tests.integration.faults.callers import Callers
from tests.integration.faults.stage import Stage
from tests.integration.orders.bazaar import SCANNED, as_lines
from tests.support.aws import SECRETS
from tests.support.http import call
from tests.support.provider import intent_id
from tests.support.shop import BERLIN, CONTACT, HEADPHONES

Given = dict[str, Any]

SKU: Final = "PHONES-1"
_EMAIL, _PASSWORD = "ada@example.com", "correct horse battery"
_MOST_VISITS: Final = 8
_DAYS: Final = 15
"""A share completes a fortnight after its delivery."""


@dataclass(frozen=True, slots=True)
class Case:
    """`prepare`: in calm, once; what it gives is handed to `act`, which is done again and again from there."""

    name: str
    prepare: Callable[[Stage], Given]
    act: Callable[[Callers, Given], None]


def _nothing(stage: Stage) -> Given:
    return {}


def _sign_up(callers: Callers, given: Given) -> None:
    """Registers, enters the code from the letter, signs in and is known."""
    callers.asked("POST", "/v1/members", {"email": _EMAIL, "password": _PASSWORD})
    callers.settle()
    asked = [row["pk"]["S"] for row in callers.stage.tables.rows("outbox") if _asks_for_code(row)]
    body = {"email": _EMAIL, "code": codes.derived(max(asked))}
    callers.asked("POST", "/v1/members/verify", body, done_before=("invalid_code",))
    tokens = _signed_in(callers)
    asked_anew = {"refresh_token": tokens["refresh_token"]}
    answer = callers.asked(
        "POST", "/v1/sessions/refresh", asked_anew, done_before=("refresh_token_reused", "bad_token")
    )
    lost = answer.status != 201  # the new tokens, on their way; and the old ones are good for nothing
    tokens = _signed_in(callers) if lost else answer.json
    callers.asked("GET", "/v1/me", token=tokens["access_token"])


def _signed_in(callers: Callers) -> Any:
    return callers.asked("POST", "/v1/sessions", {"email": _EMAIL, "password": _PASSWORD}).json


def _asks_for_code(row: Any) -> bool:
    return row["event"]["S"] in ("membership.member_registered", "membership.code_requested")


def _publish(callers: Callers, given: Given) -> None:
    """A product with its first stock; a merchant is told which of its own has the SKU, if an answer was lost."""
    token = callers.stage.bazaar.milan.token
    variant = {**HEADPHONES["variants"][0], "sku": "NEW-1"}
    body = {**HEADPHONES, "title": "New", "variants": [variant]}
    made = callers.asked("POST", "/v1/products", body, token=token, done_before=("sku_taken",))
    product_id = made.json["id" if made.status == 201 else "product_id"]
    callers.asked("POST", f"/v1/products/{product_id}/publish", token=token)
    warehouse = callers.stage.bazaar.milan.warehouses["IT:overseas"]
    receipt = {"warehouse_id": warehouse, "units": 7, "cause": "receipt"}
    callers.asked("POST", "/v1/stock/NEW-1/movements", receipt, token=token, key="receive")
    callers.settle()
    seen = callers.asked("GET", f"/v1/products/{product_id}")
    if not seen.json["variants"][0]["available"]:
        callers.wrong.append("the new product is not available")


def _with_cart(stage: Stage) -> Given:
    bazaar = stage.bazaar
    token = bazaar.shopper()
    return {"cart": call("POST", "/v1/carts", token=token).json["id"], "token": token}


def _cart(callers: Callers, given: Given) -> None:
    path = f"/v1/carts/{given['cart']}/lines"
    for sku, quantity in ((SKU, 2), ("BAG-1", 1), (SKU, 5)):
        callers.asked("PUT", f"{path}/{sku}", {"quantity": quantity}, token=given["token"])
    callers.asked("DELETE", f"{path}/BAG-1", token=given["token"])


def _quote(callers: Callers, given: Given) -> None:
    body = {"lines": as_lines({SKU: 2, "BAG-1": 1}), "ship_to": BERLIN, "currency": "EUR"}
    callers.asked("POST", "/v1/quotes", body)


def _quoted(stage: Stage) -> Given:
    return {"quote": stage.bazaar.quote({SKU: 2, "BAG-1": 1})}


def _place(callers: Callers, given: Given) -> None:
    quote = given["quote"]
    body = {
        "quote_id": quote["id"],
        "option_id": quote["options"][0]["id"],
        "contact": CONTACT,
        "payment": {"method": "card"},
    }
    for _ in range(_MOST_VISITS):
        answer = callers.asked("POST", "/v1/orders", body, key="place")
        callers.settle()
        if answer.json["payment"]["client_secret"] is not None:
            return
        callers.wait()  # the provider was not reached: the order stands, and the same request asks it again
    callers.wrong.append("the buyer is never given what to pay with")


def _placed(stage: Stage) -> Given:
    return {"order": stage.bazaar.place({SKU: 2, "BAG-1": 1})}


def _pay(callers: Callers, given: Given) -> None:
    """The buyer types in a card; Stripe tells, payments understands, orders and the ledger hear of it."""
    callers.stage.stripe.control(
        f"payment_intents/{intent_id(given['order'])}/pay", payment_method="pm_card_visa"
    )
    callers.settle()


def _paid(stage: Stage) -> Given:
    return {"order": stage.bazaar.paid({SKU: 2, "BAG-1": 1})}


def _cancel(callers: Callers, given: Given) -> None:
    headers = {"Order-Token": given["order"]["order_token"]}
    body = {"reason": "changed my mind"}
    path = f"/v1/orders/{given['order']['id']}/cancel"
    callers.asked("POST", path, body, key="cancel", headers=headers)
    callers.settle()


def _expire(callers: Callers, given: Given) -> None:
    """Nobody pays: the order ends, its intent is cancelled and its goods are free again."""
    for minutes in (45, 50, 60, 90, 120):
        callers.scheduled("orders_due", minutes=minutes)
        callers.settle()


def _ship(callers: Callers, given: Given) -> None:
    """Two parcels of two merchants; the carrier tells of each, at last that it was handed over."""
    bazaar, order = callers.stage.bazaar, given["order"]
    for merchant, lines, number in (
        (bazaar.shenzhen, {SKU: 2}, "YT0000000001"),
        (bazaar.milan, {"BAG-1": 1}, "YT0000000002"),
    ):
        body = {"carrier": "yunexpress", "tracking_number": number, "lines": as_lines(lines)}
        path = f"/v1/orders/{order['id']}/shipments"
        callers.asked("POST", path, body, token=merchant.token, key="ship")
    begins = bazaar.clock.now() - timedelta(hours=3)
    for status in ("in_transit", "delivered"):
        for parcel in ("YT0000000001", "YT0000000002"):
            _scan(callers, parcel, status, begins)
    callers.settle()


def _scan(callers: Callers, number: str, status: str, begins: datetime) -> None:
    """The carrier tells all that it knows, again until it is answered."""
    now = callers.stage.bazaar.clock.now()
    scans = [Scan(begins, "in_transit", SCANNED["in_transit"], "Leipzig, DE")]
    if status == "delivered":
        scans.append(Scan(begins + timedelta(hours=1), "delivered", SCANNED["delivered"], "Berlin, DE"))
    signed = webhook("aftership", Parcel("yunexpress", number), scans, SECRETS["aftership_secret"], now)
    callers.asked("POST", "/v1/webhooks/carriers/aftership", raw=signed.body, headers=dict(signed.headers))


def _delivered(stage: Stage) -> Given:
    bazaar, given = stage.bazaar, _paid(stage)
    for merchant, lines, number in (
        (bazaar.shenzhen, {SKU: 2}, "YT0000000001"),
        (bazaar.milan, {"BAG-1": 1}, "YT0000000002"),
    ):
        parcel = bazaar.ship(merchant, given["order"], lines, number)
        bazaar.scan(parcel, "in_transit", "delivered")
    return given


def _refund(callers: Callers, given: Given) -> None:
    lines = as_lines({SKU: 1})
    body = {"order_id": given["order"]["id"], "reason": "scratched", "lines": lines}
    callers.asked("POST", "/v1/refunds", body, token=callers.stage.bazaar.shenzhen.token, key="refund")
    callers.settle()


def _dispute(callers: Callers, given: Given) -> None:
    """The buyer's bank takes the money back, is answered with what the order says for itself, and decides."""
    stripe = callers.stage.stripe
    (charge,) = stripe.standin.account.store.objects["charge"].values()
    made = stripe.control(f"charges/{charge['id']}/dispute", reason="product_not_received")
    callers.settle()
    stripe.control(f"disputes/{made['id']}/close", outcome="lost")
    callers.settle()


def _completed(stage: Stage) -> Given:
    given = _delivered(stage)
    stage.bazaar.tick(days=_DAYS)
    return given


def _settle(callers: Callers, given: Given) -> None:
    """The night's run, a turn for each merchant, a statement and a payout each; an operator tells that they left."""
    bazaar = callers.stage.bazaar
    with bazaar.clock.at(days=_DAYS + 1):
        callers.scheduled("settlement_run")
        callers.settle()
        for merchant in (bazaar.shenzhen, bazaar.milan):
            path = f"/v1/merchants/{merchant.merchant_id}/payouts"
            (payout,) = callers.asked("GET", path, token=merchant.token).json["data"]
            for outcome in ("sent", "paid"):
                path = f"/v1/payouts/{payout['id']}/outcome"
                callers.asked("POST", path, {"status": outcome}, token=bazaar.operator)
        callers.settle()
        callers.scheduled("settlement_run", days=1)
        callers.settle()


def _unsent(stage: Stage) -> Given:
    """Three orders of which nobody has heard yet."""
    for _ in range(3):
        stage.bazaar.place({SKU: 1})
    return {}


def _relay(callers: Callers, given: Given) -> None:
    """The stream has given up on what was written, so the sweep publishes it; elsewhere the stream does."""
    callers.scheduled("outbox_sweep", minutes=2)
    callers.settle()


def _member(stage: Stage) -> Given:
    """Somebody with a book, a cart, a quote and an order that is over."""
    bazaar = stage.bazaar
    member_id = membership.seed_account(_EMAIL, _PASSWORD, "shopper", None, bazaar.clock.now())
    body = {"email": _EMAIL, "password": _PASSWORD}
    token = call("POST", "/v1/sessions", body).json["access_token"]
    assert 201 == call("POST", "/v1/me/addresses", BERLIN, token=token).status
    cart = call("POST", "/v1/carts", token=token).json["id"]
    assert 200 == call("PUT", f"/v1/carts/{cart}/lines/BAG-1", {"quantity": 1}, token=token).status
    bazaar.quote({SKU: 1}, token=token)
    order = bazaar.paid({SKU: 1}, token=token)
    bazaar.scan(bazaar.ship(bazaar.shenzhen, order, {SKU: 1}), "in_transit", "delivered")
    bazaar.tick(days=_DAYS)
    return {"order": order, "member_id": member_id}


def _erase(callers: Callers, given: Given) -> None:
    token = _signed_in(callers)["access_token"]
    callers.asked("POST", "/v1/me/erasure", {}, token=token, done_before=("not_found",))
    callers.settle()
    callers.scheduled("privacy_looks", hours=2)
    callers.settle()
    callers.scheduled("privacy_looks", hours=4)
    path = f"/v1/erasures/{given['member_id']}"
    seen = callers.asked("GET", path, token=callers.stage.bazaar.operator).json
    if seen["status"] != "erased":
        callers.wrong.append(f"the member is {seen['status']}, waiting for {seen['waiting_for']}")


CASES: Final = (
    Case("sign-up", _nothing, _sign_up),
    Case("publish", _nothing, _publish),
    Case("cart", _with_cart, _cart),
    Case("quote", _nothing, _quote),
    Case("place", _quoted, _place),
    Case("pay", _placed, _pay),
    Case("cancel", _paid, _cancel),
    Case("expire", _placed, _expire),
    Case("ship", _paid, _ship),
    Case("refund", _delivered, _refund),
    Case("dispute", _delivered, _dispute),
    Case("settle", _completed, _settle),
    Case("relay", _unsent, _relay),
    Case("erase", _member, _erase),
)
