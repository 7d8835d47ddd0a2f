"""What payments tells of an order's payment."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from entrepot.cloud import reads, telemetry, writes
from entrepot.contracts import payments as contract
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from functions.inventory import facade as inventory
from functions.orders import store
from functions.orders.domain import changes, refunding
from functions.orders.domain.lifecycle import Status
from functions.orders.domain.order import LIVE, Order, RefundPart, RefundRef
from functions.orders.service import events
from functions.orders.service.retrying import until_unchanged
from functions.payments import facade as payments

Writes = Sequence[writes.Write]
_GONE = (Status.CANCELLED, Status.EXPIRED)


def on_authorised(event: contract.PaymentAuthorised, handled: writes.Write, now: datetime) -> None:
    _on_money(event, "authorised", handled, now)


def on_captured(event: contract.PaymentCaptured, handled: writes.Write, now: datetime) -> None:
    _on_money(event, "captured", handled, now)


def on_processing(event: contract.PaymentProcessing, handled: writes.Write, now: datetime) -> None:
    _on(event, handled, lambda order: (_state(order, "processing", now), ()))


def on_failed(event: contract.PaymentFailed, handled: writes.Write, now: datetime) -> None:
    _on(event, handled, lambda order: (_state(order, "failed", now, reason=event.reason), ()))


def on_flagged(event: contract.PaymentFlagged, handled: writes.Write, now: datetime) -> None:
    _on(
        event, handled, lambda order: (order.noted(now, "payment_flagged", "system", reason=event.reason), ())
    )


def on_refund_succeeded(event: contract.RefundSucceeded, handled: writes.Write, now: datetime) -> None:
    _on(event, handled, lambda order: _refunded(order, event, now))


def on_refund_failed(event: contract.RefundFailed, handled: writes.Write, now: datetime) -> None:
    _on(event, handled, lambda order: (refunding.settled(order, event.refund_id, "failed", now), ()))


def _on(
    event: contract.PaymentEvent, handled: writes.Write, decide: Callable[[Order], tuple[Order, Writes]]
) -> None:
    def act() -> None:
        order = reads.fetch_one(store.order_read(event.order_id), consistent=True)
        assert order is not None, "an order is written before its payment moves"
        _commit(order, *decide(order), handled)

    until_unchanged(act)


def _on_money(event: contract.PaymentEvent, what: str, handled: writes.Write, now: datetime) -> None:
    """As `_on`, with the reservation read in the same request: it is sold when the order is paid."""

    def act() -> None:
        order, reservation = reads.fetch(
            store.order_read(event.order_id), inventory.reservation_read(event.order_id), consistent=True
        )
        assert order is not None, "an order is written before its payment moves"
        assert reservation is not None, "an order is written with its reservation"
        _commit(order, *_covered(order, reservation, event, what, now), handled)

    until_unchanged(act)


def _commit(order: Order, after: Order, more: Writes, handled: writes.Write) -> None:
    saved = store.save_order(order, after) if after != order else []
    writes.commit(handled, *saved, *more)


def _state(order: Order, state: str, now: datetime, **facts: str) -> Order:
    return replace(order, payment_state=state).noted(now, f"payment_{state}", "payment", **facts)


def _covered(
    order: Order, reservation: inventory.Reservation, event: contract.PaymentEvent, what: str, now: datetime
) -> tuple[Order, Writes]:
    """More is authorised or captured: the order is paid once it is covered; too late, it goes back in full."""
    after = replace(
        order,
        authorised=max(order.authorised, event.authorised),
        captured=max(order.captured, event.captured),
    ).noted(now, f"payment_{what}", "payment", amount=str(event.amount))
    if order.status in _GONE:
        return _too_late(after, now)
    if order.status is not Status.AWAITING_PAYMENT or after.authorised < order.total.amount:
        return after, ()
    paid = changes.paid(after, now)
    return paid, (*inventory.sell(reservation, now), events.paid(paid, now))


def _refunded(order: Order, event: contract.RefundSucceeded, now: datetime) -> tuple[Order, Writes]:
    if any(refund.refund_id == event.refund_id for refund in order.refunds):
        return refunding.settled(order, event.refund_id, "succeeded", now), ()
    amount = Money(event.amount, event.currency)
    try:
        after = refunding.made_elsewhere(order, event.refund_id, amount, event.captured, now)
    except refunding.ExceedsCaptured:
        telemetry.log("refund_not_placed", level="error", order_id=order.order_id, refund_id=event.refund_id)
        return order, ()
    after, charged = refunding.charged(after)
    return after, [
        events.share_refunded(after, merchant_id, event.refund_id, more, now)
        for merchant_id, more in charged.items()
    ]


def _too_late(order: Order, now: datetime) -> tuple[Order, Writes]:
    """The buyer's money for an order that is no more: refunded when captured, else let go at the provider."""
    payment = reads.fetch_one(payments.payment_read(order.payment_id), consistent=True)
    assert payment is not None, "an order is written with its payment"
    if order.captured == 0:
        return order, payments.request_cancellation(payment, now)
    spent = sum(refund.amount.amount for refund in order.refunds if refund.status in LIVE)
    amount = Money(order.captured - spent, order.currency)
    if not amount:
        return order, ()
    refund_id = new_id("rfd", now)
    reason = f"paid after the order was {order.status.value}"
    parts = tuple(RefundPart(line.merchant_id, line.bought.total.amount) for line in order.lines)
    refund = RefundRef(refund_id, amount, "requested", reason, for_cancelled=True, parts=parts)
    granted = refunding.granted(order, refund, "system", now)
    return granted, payments.refund(payment, refund_id, amount, reason, now)
