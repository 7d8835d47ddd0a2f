"""Routes of orders: placed, read, listed, cancelled."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from entrepot.cloud.call import Call
from entrepot.cloud.wire import Body, Email, IdText, Line, Phone, SkuLine, SkuText
from entrepot.contracts.permissions import PUBLIC
from functions.orders.domain.lifecycle import Status
from functions.orders.domain.order import Contact
from functions.orders.routes import api
from functions.orders.routes.views import (
    OrderSummaryView,
    OrdersView,
    OrderView,
    PaymentOut,
    PlacedView,
    order_view,
    payment_out,
    placed_view,
)
from functions.orders.service import access, attempting, cancelling, listing, placing
from functions.orders.service.carts import Caller
from functions.orders.store import Filter
from functions.payments import facade as payments

Limit = Annotated[int, msgspec.Meta(ge=1, le=100)]
Method = Literal["card", "alipay", "wechat_pay", "grabpay", "crypto", "bank_transfer", "bitcoin", "lightning"]
"""Apple Pay and Google Pay are cards: the payer's browser confirms the intent of one with what its wallet gives."""
PaymentStatus = Literal[
    "none", "processing", "authorised", "captured", "partially_refunded", "refunded", "failed", "disputed"
]


CardId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_]{5,64}\Z")]


class ContactBody(Body, frozen=True):
    name: Line
    email: Email
    phone: Phone | None = None


class PaymentBody(Body, frozen=True):
    """`capture` "manual" takes the money when the first parcel leaves.

    A member may have the card kept with `save`, or choose one that is by `payment_method_id`
    (`GET /v1/me/payment-methods`).
    """

    method: Method
    capture: Literal["automatic", "manual"] = "automatic"
    save: bool = False
    payment_method_id: CardId | None = None


class OrderBody(Body, frozen=True):
    quote_id: IdText
    option_id: IdText
    contact: ContactBody
    payment: PaymentBody


class CancelBody(Body, frozen=True):
    reason: Line
    lines: Annotated[list[SkuLine], msgspec.Meta(min_length=1, max_length=30)] | None = None


class ListQuery(Body, frozen=True, rename={"placed_from": "from", "placed_to": "to"}):
    """`from` and `to` are RFC 3339 times of placing."""

    status: Status | None = None
    payment_status: PaymentStatus | None = None
    sku: SkuText | None = None
    placed_from: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    placed_to: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    limit: Limit = 24
    cursor: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


def caller(call: Call) -> Caller:
    return Caller(call.principal, call.headers.get("order-token"))


def units(lines: list[SkuLine] | None) -> dict[str, int] | None:
    """Units by SKU, demand of one SKU summed; None for all."""
    if lines is None:
        return None
    wanted: dict[str, int] = {}
    for line in lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    return wanted


@api.post("/v1/orders", allow=PUBLIC, status=201, idempotent=True, refuses=(404, 409, 422))
def place_order(call: Call, body: OrderBody) -> PlacedView:
    who = caller(call)
    contact = Contact(body.contact.name, body.contact.email, body.contact.phone)
    asked = body.payment
    request = placing.Request(
        body.quote_id,
        body.option_id,
        contact,
        asked.method,
        asked.capture,
        asked.save,
        asked.payment_method_id,
    )
    placed = placing.place(request, who, call.once(who.member_id or body.quote_id), call.now)
    return placed_view(placed.order, placed.payment, access.order_token(placed.order.order_id))


@api.get("/v1/orders", allow="orders.list", query=ListQuery, refuses=(422,))
def list_orders(call: Call) -> OrdersView:
    query: ListQuery = call.query
    wanted = Filter(query.placed_from, query.placed_to, query.status, query.payment_status, query.sku)
    binding = msgspec.json.encode([wanted, query.limit]).decode()
    found = listing.orders(call.member, wanted, query.limit, call.after(query.cursor, binding), call.now)
    return OrdersView(
        data=[
            OrderSummaryView(
                id=item.order_id,
                status=item.status,
                payment_status=item.payment_status,
                placed_at=item.placed_at,
                total=item.total,
                skus=list(item.skus),
            )
            for item in found.items
        ],
        next_cursor=call.cursor(found.next_key, binding),
    )


@api.get("/v1/orders/{order_id}", allow=PUBLIC, scope="orders.read", refuses=(409,))
def read_order(call: Call, order_id: str) -> OrderView:
    """Reading an unpaid order finishes what its placing may have left open at the provider."""
    sight = access.seen(order_id, caller(call))
    waiting = sight.role == "shopper" and sight.order.status is Status.AWAITING_PAYMENT
    payment = payments.start(sight.order.payment_id, call.now) if waiting else None
    buyer = sight.role == "shopper"
    return order_view(sight, payment, payments.claims(sight.order.methods) if buyer else ())


class AttemptBody(Body, frozen=True):
    """`capture` as the order was placed, where it is left out; the others as when an order is placed."""

    method: Method
    capture: Literal["automatic", "manual"] | None = None
    save: bool = False
    payment_method_id: CardId | None = None


@api.post(
    "/v1/orders/{order_id}/payments",
    allow=PUBLIC,
    scope="orders.pay",
    status=201,
    idempotent=True,
    refuses=(409, 422),
)
def pay_order(call: Call, body: AttemptBody, order_id: str) -> PaymentOut:
    who = caller(call)
    once = call.once(who.member_id or order_id)
    wanted = attempting.Wanted(body.method, body.capture, body.save, body.payment_method_id)
    return payment_out(attempting.attempt(order_id, wanted, who, once, call.now))


@api.post(
    "/v1/orders/{order_id}/cancel", allow=PUBLIC, scope="orders.cancel", idempotent=True, refuses=(409, 422)
)
def cancel_order(call: Call, body: CancelBody, order_id: str) -> OrderView:
    who = caller(call)
    once = call.once(who.member_id or order_id)
    return order_view(cancelling.cancel(order_id, units(body.lines), body.reason, who, once, call.now))
