"""What the clock does: unpaid orders expire, delivered shares complete."""

from datetime import datetime, timedelta
from typing import Final

from entrepot.cloud import reads, telemetry, writes
from entrepot.kernel.refusals import Refusal
from functions.inventory import facade as inventory
from functions.orders import store
from functions.orders.domain import changes
from functions.orders.domain.lifecycle import Status
from functions.orders.domain.order import Order
from functions.orders.service import events, left_over, limits
from functions.orders.service.cancelling import quota_released
from functions.payments import facade as payments

_AT_ONCE: Final = 25  # orders of a shard in one run
_LATER: Final = timedelta(minutes=5)


def run(now: datetime) -> int:
    """Do what is due; an order that was changed meanwhile, or is refused, waits for the next run and holds up no other.

    Returns: how many orders were looked at.
    """
    looked_at = 0
    for order in store.due(now, _AT_ONCE):
        looked_at += 1
        try:
            _due(order, now)
        except Refusal as refusal:
            telemetry.log("due_order_waits", level="warning", order_id=order.order_id, code=refusal.code)
    return looked_at


def _due(order: Order, now: datetime) -> None:
    if order.status is Status.AWAITING_PAYMENT:
        _expire(order, now)
    else:
        _complete(order, now)


def _expire(order: Order, now: datetime) -> None:
    """The intents go first: only when the provider has let all go can nobody pay for what we give away."""
    outcomes = ((payment_id, payments.cancel_intent(payment_id, now)) for payment_id in order.payment_ids)
    waits_for = next((each for each in outcomes if each[1] not in ("cancelled", "none")), None)
    if waits_for is not None:
        telemetry.log("expiry_waits_for_payment", order_id=order.order_id, outcome=waits_for[1])
        left_over.stays_open(order, *waits_for, now)
        writes.commit(store.postpone(order, now + _LATER))
        return
    after = changes.expired(order, now)
    reservation = reads.fetch_one(inventory.reservation_read(order.order_id), consistent=True)
    assert reservation is not None, "an order is written with its reservation"
    writes.commit(
        *store.save_order(order, after),
        *inventory.release(reservation, now),
        *quota_released(order, after),
        *limits.given_back(order, after),
        events.expired(order, now),
    )


def _complete(order: Order, now: datetime) -> None:
    """Nothing goes on to merchants that was not taken from the buyer: an authorisation may have ended meanwhile."""
    if not order.captured:
        telemetry.log("share_without_money", level="error", order_id=order.order_id)
        telemetry.metric("SharesWithoutMoney")
        writes.commit(store.postpone(order, now + _LATER))
        return
    after = order
    announced = []
    for share in order.shares:
        if share.ends_at is not None and share.ends_at <= now:
            after = changes.completed(after, share.merchant_id, now)
            announced.append(events.share_completed(after, share.merchant_id, now))
    if announced:
        writes.commit(*store.save_order(order, after), *announced)
