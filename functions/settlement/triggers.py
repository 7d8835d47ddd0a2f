"""What wakes settlement: money that moved, shares that completed, the clock once a day, then each merchant's turn."""

from datetime import datetime

from entrepot.cloud.events import Triggers
from entrepot.contracts.orders import ShareCompleted, ShareRefunded
from entrepot.contracts.payments import (
    DisputeClosed,
    DisputeOpened,
    FeeKnown,
    PaymentCaptured,
    ReceiptBooked,
    ReceiptReturned,
    RefundFailed,
    RefundSucceeded,
)
from functions.settlement.service import posting, running

triggers = Triggers(__name__)

settlement_events = triggers.consumer(
    "settlement-events",
    {
        PaymentCaptured: posting.on_payment_captured,
        ReceiptBooked: posting.on_receipt_booked,
        ReceiptReturned: posting.on_receipt_returned,
        RefundSucceeded: posting.on_refund_succeeded,
        RefundFailed: posting.on_refund_failed,
        FeeKnown: posting.on_fee_known,
        DisputeOpened: posting.on_dispute_opened,
        DisputeClosed: posting.on_dispute_closed,
        ShareCompleted: posting.on_share_completed,
        ShareRefunded: posting.on_share_refunded,
    },
)


@triggers.messages(running.QUEUE)
def settlement_runs(body: str, now: datetime) -> None:
    running.take(body, now)


@triggers.schedule("rate(1 day)")
def settlement_run(now: datetime) -> None:
    running.scheduled(now)
