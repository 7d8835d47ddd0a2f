"""What calls payments: webhooks and bank statements by way of their queues, its own requests, and the clock."""

from datetime import datetime

from entrepot.cloud.events import Triggers
from entrepot.contracts import membership, orders
from entrepot.contracts import payments as events
from functions.payments import customers, disputing, service, statements, sweep, webhooks

triggers = Triggers(__name__)

payments_events = triggers.consumer(
    "payments-events",
    {
        events.RefundRequested: service.refund,
        events.ReturnRequested: service.give_back,
        events.CaptureRequested: service.capture,
        events.CancellationRequested: service.cancel,
        orders.EvidenceGathered: disputing.answer,
        orders.BuyerForgotten: service.on_buyer_forgotten,
        membership.MemberErased: customers.on_member_erased,
    },
)


@triggers.messages(webhooks.QUEUE)
def payments_webhooks(body: str, now: datetime) -> None:
    webhooks.handle(body, now)


@triggers.messages(statements.QUEUE)
def payments_statements(body: str, now: datetime) -> None:
    statements.take_in(body, now)


@triggers.schedule("rate(1 minute)")
def payments_sweep(now: datetime) -> None:
    sweep.sweep(now)
