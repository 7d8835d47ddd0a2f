"""Disputes as far as orders care: shown on the order, and answered with what it says for itself.

What is sent to the bank cannot be taken back or added to. So it is sent when all has arrived; else when the time for an
answer is nearly over, with what there is by then.
"""

from datetime import datetime

from entrepot.cloud import reads, writes
from entrepot.contracts import payments as contract
from functions.orders import store
from functions.orders.domain import disputing
from functions.orders.domain.order import Order
from functions.orders.service import events
from functions.orders.service.retrying import until_unchanged


def on_opened(event: contract.DisputeOpened, handled: writes.Write, now: datetime) -> None:
    def act() -> None:
        order = _order(event)
        after = disputing.disputed(order, event.payment_id, event.dispute_id, event.amount, event.reason, now)
        answer = _answer(order, event, event.dispute_id, now) if disputing.arrived(order) else ()
        writes.commit(handled, *store.save_order(order, after), *answer)

    until_unchanged(act)


def on_closed(event: contract.DisputeClosed, handled: writes.Write, now: datetime) -> None:
    def act() -> None:
        order = _order(event)
        after = disputing.decided(order, event.payment_id, event.dispute_id, event.amount, event.outcome, now)
        writes.commit(handled, *store.save_order(order, after))

    until_unchanged(act)


def on_evidence_due(event: contract.EvidenceDue, handled: writes.Write, now: datetime) -> None:
    writes.commit(handled, *_answer(_order(event), event, event.dispute_id, now))


def _answer(
    order: Order, event: contract.PaymentEvent, dispute_id: str, now: datetime
) -> tuple[writes.Write, ...]:
    """Nothing for a payment that does not count: its money went back, and the order was paid by another."""
    if not disputing.counts(order, event.payment_id):
        return ()
    return (events.evidence_gathered(order, dispute_id, disputing.evidence(order), now),)


def _order(event: contract.PaymentEvent) -> Order:
    order = reads.fetch_one(store.order_read(event.order_id), consistent=True)
    assert order is not None, "an order is written before its payment moves"
    return order
