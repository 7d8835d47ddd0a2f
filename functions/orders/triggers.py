"""What wakes orders: events of payments, logistics and membership, papers that are asked for, and the clock."""

from datetime import datetime

from entrepot.cloud.events import Triggers
from entrepot.contracts import logistics, membership, payments
from functions.logistics import facade as shipping
from functions.orders.service import clock, disputing, documents, forgetting, fulfilling, paying

triggers = Triggers(__name__)

orders_events = triggers.consumer(
    "orders-events",
    {
        payments.PaymentAuthorised: paying.on_authorised,
        payments.PaymentCaptured: paying.on_captured,
        payments.PaymentProcessing: paying.on_processing,
        payments.PaymentFailed: paying.on_failed,
        payments.PaymentFlagged: paying.on_flagged,
        payments.RefundSucceeded: paying.on_refund_succeeded,
        payments.RefundFailed: paying.on_refund_failed,
        payments.ReturnRequested: paying.on_return_requested,
        payments.ReturnEnded: paying.on_return_ended,
        payments.DisputeOpened: disputing.on_opened,
        payments.DisputeClosed: disputing.on_closed,
        payments.EvidenceDue: disputing.on_evidence_due,
        logistics.ShipmentMoved: fulfilling.on_shipment_moved,
        membership.MemberErased: forgetting.on_member_erased,
    },
)


@triggers.messages(shipping.PAPERS_QUEUE)
def orders_papers(body: str, now: datetime) -> None:
    documents.write(body)


@triggers.schedule("rate(1 minute)")
def orders_due(now: datetime) -> None:
    clock.run(now)
