"""What wakes settlement: money that moved, shares that completed, the clock once a day, then each merchant's turn."""

from datetime import datetime

from entrepot.cloud.events import Triggers
from entrepot.contracts.orders import ShareCompleted, ShareRefunded
from entrepot.contracts.payments import (
    BankTransferBooked,
    DisputeClosed,
    DisputeOpened,
    FeeKnown,
    PaymentCaptured,
    ReceiptBooked,
    ReceiptReturned,
    RefundFailed,
    RefundSucceeded,
    TransferMoved,
)
from functions.settlement.service import banking, filing, posting, printing, running, transferring

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
        TransferMoved: transferring.on_transfer_moved,
        BankTransferBooked: banking.on_transfer_booked,
        ShareCompleted: posting.on_share_completed,
        ShareRefunded: posting.on_share_refunded,
    },
)


@triggers.messages(running.QUEUE)
def settlement_runs(body: str, now: datetime) -> None:
    running.take(body, now)


@triggers.messages(printing.QUEUE)
def settlement_papers(body: str, now: datetime) -> None:
    printing.write(body)


@triggers.schedule("rate(1 day)")
def settlement_run(now: datetime) -> None:
    running.scheduled(now)


@triggers.schedule("rate(5 minutes)")
def settlement_transfers(now: datetime) -> None:
    transferring.sweep(now)


@triggers.schedule("cron(30 4 ? * MON-FRI *)")
def settlement_files(now: datetime) -> None:
    """After the night's run, in time for a bank's first cut-off of the day."""
    filing.run(now)
