"""Cancelling, whole or by line: stock, quota and money go back exactly once."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from entrepot.cloud import reads, writes
from entrepot.cloud.idempotency import AlreadyDone, Once
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Busy
from functions.customs import facade as customs
from functions.inventory import facade as inventory
from functions.orders import store
from functions.orders.domain import changes, refunding
from functions.orders.domain.lifecycle import Status
from functions.orders.domain.order import Order, RefundRef
from functions.orders.service import access, events, fulfilling, limits
from functions.orders.service.access import Sight
from functions.orders.service.carts import Caller
from functions.orders.service.retrying import until_unchanged
from functions.payments import facade as payments


def cancel(
    order_id: str, lines: dict[str, int] | None, reason: str, caller: Caller, once: Once, now: datetime
) -> Sight:
    """The order after its cancellation.

    Raises: NotFound, KeyReused, IllegalTransition, UnknownLine, TooManyUnits, Busy.
    """
    sight = access.seen(order_id, caller, "orders.cancel")
    if once.found() is not None:
        return sight
    if sight.order.status is Status.AWAITING_PAYMENT:
        # Asked first, so that a buyer cannot pay what is about to be gone; whatever it answers, a success that
        # comes later is refunded by itself.
        changes.cancelled(sight.order, lines, sight.merchants, reason, sight.role, now)
        for payment_id in sight.order.payment_ids:
            payments.cancel_intent(payment_id, now)
    with contextlib.suppress(AlreadyDone):
        until_unchanged(lambda: _cancel(order_id, lines, reason, caller, once, now))
    return access.seen(order_id, caller, "orders.cancel")


def _cancel(
    order_id: str, lines: dict[str, int] | None, reason: str, caller: Caller, once: Once, now: datetime
) -> None:
    sight = access.seen(order_id, caller, "orders.cancel")
    order = sight.order
    after, taken = changes.cancelled(
        order, lines, sight.merchants, reason, sight.role, now, fulfilling.COMPLETES_AFTER
    )
    reservation = reads.fetch_one(inventory.reservation_read(order_id), consistent=True)
    assert reservation is not None, "an order is written with its reservation"
    if order.status is Status.AWAITING_PAYMENT:
        stock: Sequence[writes.Write] = inventory.release(reservation, now)
        money = _let_go(order, now)
    else:
        units = [
            inventory.Demand(line.sku, origin.warehouse_id, origin.units)
            for line, number in taken.units
            for origin in line.origins(number, line.cancelled)
        ]
        _, stock = inventory.restock(reservation, units, now)
        after, money = _pay_back(order, after, taken, sight.role, now)
    writes.commit(
        once.claim(order_id),
        *store.save_order(order, after),
        *stock,
        *money,
        *quota_released(order, after),
        *limits.given_back(order, after),
        events.cancelled(after, taken.units, sight.role, now),
    )


def _let_go(order: Order, now: datetime) -> Sequence[writes.Write]:
    """The intents of an unpaid order, where the provider was out of reach when they were to be cancelled."""
    found = reads.fetch(*(payments.payment_read(each) for each in order.payment_ids), consistent=True)
    return [write for payment in found for write in payments.let_go(payment, now)]


def _pay_back(
    order: Order, after: Order, taken: changes.Taken, actor: str, now: datetime
) -> tuple[Order, Sequence[writes.Write]]:
    """What was captured is refunded; what is only authorised is captured for less, or let go."""
    payment = reads.fetch_one(payments.payment_read(order.payment_id), consistent=True)
    assert payment is not None, "an order is written with its payment"
    if payment.capture_requested and not payment.captured:
        raise Busy("The payment is being captured; ask again in a moment.")
    if payment.captured == 0:
        released = refunding.released(after, taken)
        return released, payments.forgo(payment, taken.worth, now) if taken.worth else ()
    known = replace(order, captured=max(order.captured, payment.captured))
    parts = refunding.of_cancelled(known, taken, payment.refundable)
    amount = Money(sum(part.amount for part in parts), order.currency)
    if not amount:
        return after, ()
    refund_id = new_id("rfd", now)
    refund = RefundRef(refund_id, amount, "requested", "cancelled", for_cancelled=True, parts=parts)
    granted = refunding.granted(after, refund, actor, now)
    return granted, payments.refund(payment, refund_id, amount, "cancelled", now)


def quota_released(order: Order, after: Order) -> Sequence[writes.Write]:
    """The yearly quota goes back when the whole order is no more."""
    if order.importer is None or order.quota_fen == 0:
        return ()
    if after.status not in (Status.CANCELLED, Status.EXPIRED):
        return ()
    year = customs.quota_year(order.placed_at)
    return customs.release_quota(order.importer.identity_hash, year, order.order_id, order.quota_fen)
