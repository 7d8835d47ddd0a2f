"""Packing, shipping, and what carriers tell of the parcels."""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta

from entrepot.cloud import reads, writes
from entrepot.cloud.idempotency import AlreadyDone, Once
from entrepot.contracts.logistics import ShipmentMoved
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import NotFound
from functions.logistics import facade as logistics
from functions.orders import store
from functions.orders.domain import changes
from functions.orders.domain.lifecycle import IllegalTransition, Status
from functions.orders.domain.order import Order, ShipmentRef
from functions.orders.service import access
from functions.orders.service.access import Sight
from functions.orders.service.carts import Caller
from functions.orders.service.retrying import until_unchanged
from functions.payments import facade as payments

COMPLETES_AFTER = timedelta(
    days=int(os.environ.get("ENTREPOT_COMPLETION_DAYS", changes.COMPLETES_AFTER.days))
)


def pack(order_id: str, lines: dict[str, int] | None, caller: Caller, now: datetime) -> Sight:
    """Raises: NotFound, IllegalTransition, UnknownLine, TooManyUnits."""

    def act() -> None:
        sight = access.seen(order_id, caller, "orders.pack")
        after = changes.packed(sight.order, _merchant(sight), lines, now)
        if after != sight.order:
            writes.commit(*store.save_order(sight.order, after))

    until_unchanged(act)
    return access.seen(order_id, caller, "orders.pack")


def ship(
    order_id: str,
    carrier: str,
    tracking_number: str,
    lines: dict[str, int],
    caller: Caller,
    once: Once,
    now: datetime,
) -> logistics.Shipment:
    """The shipment of this request: made now, or found as the same request has made it before.

    Raises: NotFound, KeyReused, IllegalTransition, UnknownLine, TooManyUnits, UnknownCarrier, BadTrackingNumber.
    """
    made = once.found()
    if made is None:
        try:
            return until_unchanged(
                lambda: _ship(order_id, carrier, tracking_number, lines, caller, once, now)
            )
        except AlreadyDone:
            made = once.found()
    assert made is not None
    access.seen(order_id, caller, "orders.ship")
    shipment = reads.fetch_one(logistics.shipment_read(made), consistent=True)
    assert shipment is not None, "the record and the shipment are one transaction"
    return shipment


def _ship(
    order_id: str,
    carrier: str,
    tracking_number: str,
    lines: dict[str, int],
    caller: Caller,
    once: Once,
    now: datetime,
) -> logistics.Shipment:
    sight = access.seen(order_id, caller, "orders.ship")
    order, merchant_id = sight.order, _merchant(sight)
    if order.status in (Status.AWAITING_PAYMENT, Status.CANCELLED, Status.EXPIRED):
        raise IllegalTransition(status=order.status.value, to=Status.SHIPPED.value)
    promise = next((p.promise for p in order.parcels if p.merchant_id == merchant_id), None)
    shipment, opened = logistics.open_shipment(
        new_id("shp", now),
        order_id,
        merchant_id,
        carrier,
        tracking_number,
        tuple(lines.items()),
        logistics.Promise(promise.earliest, promise.latest) if promise else None,
        now,
    )
    ref = ShipmentRef(
        shipment.shipment_id,
        merchant_id,
        shipment.carrier,
        shipment.tracking_number,
        shipment.lines,
        shipment.status.value,
    )
    after = changes.shipped(order, ref, now)
    writes.commit(
        once.claim(shipment.shipment_id), *store.save_order(order, after), *opened, *_capture(order, now)
    )
    return shipment


def read_shipment(shipment_id: str, caller: Caller) -> logistics.Shipment:
    """Raises: NotFound."""
    shipment = reads.fetch_one(logistics.shipment_read(shipment_id), consistent=True)
    if shipment is None:
        raise NotFound
    sight = access.seen(shipment.order_id, caller)
    if shipment.merchant_id not in sight.merchants:
        raise NotFound
    return shipment


def on_shipment_moved(event: ShipmentMoved, handled: writes.Write, now: datetime) -> None:
    def act() -> None:
        order = reads.fetch_one(store.order_read(event.order_id), consistent=True)
        assert order is not None, "a shipment is written with its order"
        after = changes.shipment_moved(
            order, event.shipment_id, event.status, event.scanned_at, COMPLETES_AFTER, now
        )
        writes.commit(handled, *(store.save_order(order, after) if after != order else ()))

    until_unchanged(act)


def _capture(order: Order, now: datetime) -> Sequence[writes.Write]:
    """With manual capture, the first shipment takes what was authorised, less what was cancelled."""
    if order.capture != "manual" or order.shipments:
        return ()
    payment = reads.fetch_one(payments.payment_read(order.payment_id), consistent=True)
    assert payment is not None, "an order is written with its payment"
    return payments.request_capture(payment, order.total - order.cancelled_worth, now)


def _merchant(sight: Sight) -> str:
    if sight.merchant_id is None:
        raise NotFound
    return sight.merchant_id
