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
from functions.orders.domain import attempts, changes, refunding
from functions.orders.domain.lifecycle import Status
from functions.orders.domain.order import LIVE, Order, RefundPart, RefundRef
from functions.orders.service import events, left_over
from functions.orders.service.retrying import until_unchanged
from functions.payments import facade as payments

Writes = Sequence[writes.Write]
_GONE = (Status.CANCELLED, Status.EXPIRED)


def on_authorised(event: contract.PaymentAuthorised, handled: writes.Write, now: datetime) -> None:
    _on_money(event, "authorised", handled, now)


def on_captured(event: contract.PaymentCaptured, handled: writes.Write, now: datetime) -> None:
    _on_money(event, "captured", handled, now)


def on_processing(event: contract.PaymentProcessing, handled: writes.Write, now: datetime) -> None:
    _on(event, handled, lambda order: (_state(order, event, "processing", now), ()))


def on_failed(event: contract.PaymentFailed, handled: writes.Write, now: datetime) -> None:
    _on(event, handled, lambda order: (_state(order, event, "failed", now, reason=event.reason), ()))


def on_flagged(event: contract.PaymentFlagged, handled: writes.Write, now: datetime) -> None:
    _on(
        event, handled, lambda order: (order.noted(now, "payment_flagged", "system", reason=event.reason), ())
    )


def on_return_requested(event: contract.ReturnRequested, handled: writes.Write, now: datetime) -> None:
    """Money that came in excess, in part or too late goes back outside the order: it never paid for it."""
    facts = {"payment_id": event.payment_id, "amount": str(event.amount), "why": event.reason}
    _on(event, handled, lambda order: (order.noted(now, "payment_returned", "system", **facts), ()))


def on_refund_succeeded(event: contract.RefundSucceeded, handled: writes.Write, now: datetime) -> None:
    _on(event, handled, lambda order: _refunded(order, event, now))


def on_refund_failed(event: contract.RefundFailed, handled: writes.Write, now: datetime) -> None:
    _on(event, handled, lambda order: (_refund_failed(order, event, now), ()))


def on_return_ended(event: contract.ReturnEnded, handled: writes.Write, now: datetime) -> None:
    facts = {"payment_id": event.payment_id, "amount": str(event.amount)}
    what = f"payment_return_{event.outcome}"
    _on(event, handled, lambda order: (order.noted(now, what, "system", **facts), ()))


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


def _state(order: Order, event: contract.PaymentEvent, state: str, now: datetime, **facts: str) -> Order:
    """Of another attempt than the one which counts it is noted only."""
    if event.payment_id != order.payment_id:
        return order.noted(now, f"payment_{state}", "payment", payment_id=event.payment_id, **facts)
    return replace(order, payment_state=state).noted(now, f"payment_{state}", "payment", **facts)


def _covered(
    order: Order, reservation: inventory.Reservation, event: contract.PaymentEvent, what: str, now: datetime
) -> tuple[Order, Writes]:
    """More is authorised or captured: the order is paid once it is covered; too late, it goes back in full.

    Whichever attempt covers it first is the one that counts; the money of any other goes back.
    """
    if event.payment_id != order.payment_id:
        if order.status is not Status.AWAITING_PAYMENT or event.authorised < order.total.amount:
            return _superfluous(order, event.payment_id, now)
        order = attempts.counting(order, event.payment_id)
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
    return paid, (*inventory.sell(reservation, now), events.paid(paid, now), *_others_let_go(paid, now))


def _refunded(order: Order, event: contract.RefundSucceeded, now: datetime) -> tuple[Order, Writes]:
    if event.payment_id != order.payment_id:
        return _noted_beside(order, event, "refund_succeeded", now), ()
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


def _refund_failed(order: Order, event: contract.RefundFailed, now: datetime) -> Order:
    if event.payment_id != order.payment_id:
        left_over.keeps_the_money(order, event.payment_id)
        return _noted_beside(order, event, "refund_failed", now)
    return refunding.settled(order, event.refund_id, "failed", now)


def _noted_beside(
    order: Order, event: contract.RefundSucceeded | contract.RefundFailed, what: str, now: datetime
) -> Order:
    """A refund of an attempt that does not count is no refund of the order: it was never the merchants' money."""
    facts = {"payment_id": event.payment_id, "refund_id": event.refund_id, "amount": str(event.amount)}
    return order.noted(now, what, "payment", **facts)


def _others_let_go(order: Order, now: datetime) -> Writes:
    """The order is paid: nobody shall pay it by another attempt. What was taken meanwhile goes back when we hear."""
    others = [payment_id for payment_id in order.payment_ids if payment_id != order.payment_id]
    if not others:
        return ()
    found = reads.fetch(*(payments.payment_read(payment_id) for payment_id in others), consistent=True)
    return [write for payment in found for write in payments.let_go(payment, now)]


def _superfluous(order: Order, payment_id: str, now: datetime) -> tuple[Order, Writes]:
    """The order is paid, or is no more, and another attempt has succeeded: all of it goes back, outside the order.

    The same told twice, as held and then as taken, finds nothing left to give back.
    """
    payment = reads.fetch_one(payments.payment_read(payment_id), consistent=True)
    assert payment is not None, "an attempt is written with its payment"
    amount = Money(payment.refundable, order.currency)
    if payment.captured and not amount:
        return order, ()
    status = order.status.value
    why = f"paid after the order was {status}" if order.status in _GONE else "the order was paid already"
    facts = {"payment_id": payment_id, "amount": str(amount.amount or payment.authorised), "why": why}
    after = order.noted(now, "payment_superfluous", "system", **facts)
    if not payment.captured:
        let_go = payments.let_go(payment, now)
        return (after, let_go) if let_go else (order, ())
    return after, payments.refund(payment, new_id("rfd", now), amount, why, now)


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
