"""Routes of what follows an order: packing, shipments, refunds."""

from typing import Annotated, ClassVar, Final

import msgspec

from entrepot.cloud.call import Call
from entrepot.cloud.wire import Body, IdText, InvalidRequest, Line, MoneyBody, SkuLine, one_of
from entrepot.contracts.permissions import PUBLIC
from functions.logistics.facade import ShipmentView, shipment_view
from functions.orders.routes import api
from functions.orders.routes.orders import caller, units
from functions.orders.routes.views import OrderView, RefundView, order_view
from functions.orders.service import fulfilling, refunds

Lines = Annotated[list[SkuLine], msgspec.Meta(min_length=1, max_length=30)]


MORE_THAN_NOTHING: Final = {"type": "object", "properties": {"amount": {"minimum": 1}}}


class PackBody(Body, frozen=True):
    lines: Lines | None = None


class ShipmentBody(Body, frozen=True):
    carrier: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    tracking_number: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    lines: Lines


class RefundBody(Body, frozen=True, kw_only=True):
    """Exactly one of `amount` and `lines`."""

    SCHEMA: ClassVar = one_of({"amount": MORE_THAN_NOTHING}, {"lines": "array"})

    order_id: IdText
    amount: MoneyBody | None = None
    lines: Lines | None = None
    reason: Line


@api.post("/v1/orders/{order_id}/pack", allow="orders.pack", refuses=(409, 422))
def pack_order(call: Call, body: PackBody, order_id: str) -> OrderView:
    return order_view(fulfilling.pack(order_id, units(body.lines), caller(call), call.now))


@api.post(
    "/v1/orders/{order_id}/shipments", allow="orders.ship", status=201, idempotent=True, refuses=(409, 422)
)
def ship_order(call: Call, body: ShipmentBody, order_id: str) -> ShipmentView:
    lines = units(body.lines) or {}
    once = call.once(f"{call.merchant_id}#{order_id}")
    return shipment_view(
        fulfilling.ship(order_id, body.carrier, body.tracking_number, lines, caller(call), once, call.now)
    )


@api.get("/v1/shipments/{shipment_id}", allow=PUBLIC, scope="orders.read")
def read_shipment(call: Call, shipment_id: str) -> ShipmentView:
    return shipment_view(fulfilling.read_shipment(shipment_id, caller(call)))


@api.post("/v1/refunds", allow="orders.refund", status=201, idempotent=True, refuses=(404, 409, 422))
def make_refund(call: Call, body: RefundBody) -> RefundView:
    if (body.amount is None) == (body.lines is None):
        raise InvalidRequest("Exactly one of amount and lines.", field="amount")
    if body.amount is not None and body.amount.amount == 0:
        raise InvalidRequest("A refund is more than nothing.", field="amount.amount")
    wanted = refunds.Wanted(
        body.order_id, body.amount.value if body.amount else None, units(body.lines), body.reason
    )
    refund, order_id = refunds.refund(wanted, caller(call), call.once(call.member.member_id), call.now)
    return RefundView(
        id=refund.refund_id,
        order_id=order_id,
        amount=refund.amount,
        status=refund.status,
        reason=refund.reason,
    )
