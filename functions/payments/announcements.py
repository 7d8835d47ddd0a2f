"""Which facts of a payment are newly true, as events: the difference between before and after a merge."""

from datetime import datetime
from typing import Any, TypeVar

from entrepot.contracts import payments as events
from entrepot.contracts.events import Event
from entrepot.contracts.payments import PaymentEvent
from entrepot.kernel.clock import rfc3339
from entrepot.kernel.ids import new_id
from functions.payments.domain.facts import Dispute, Refund, RefundStatus, Status
from functions.payments.domain.payment import Payment

E = TypeVar("E", bound=PaymentEvent)
B = TypeVar("B", events.ReceiptBooked, events.ReceiptReturned)


def told(before: Payment, after: Payment, now: datetime) -> list[Event]:
    """The events that lead from `before` to `after`; none where nothing that others rely on became true."""
    return [
        *_money(before, after, now),
        *_course(before, after, now),
        *_refunds(before, after, now),
        *_fees(before, after, now),
        *_disputes(before, after, now),
        *_receipts(before, after, now),
    ]


def capture_requested(payment: Payment, now: datetime) -> PaymentEvent:
    return _event(events.CaptureRequested, payment, payment.capture_requested, now)


def cancellation_requested(payment: Payment, now: datetime) -> PaymentEvent:
    return _event(events.CancellationRequested, payment, payment.authorised or payment.amount.amount, now)


def refund_requested(payment: Payment, refund: Refund, now: datetime) -> PaymentEvent:
    return _event(events.RefundRequested, payment, refund.amount, now, refund_id=refund.refund_id)


def evidence_due(payment: Payment, dispute: Dispute, now: datetime) -> PaymentEvent:
    return _event(events.EvidenceDue, payment, dispute.amount, now, dispute_id=dispute.dispute_id)


def _money(before: Payment, after: Payment, now: datetime) -> list[PaymentEvent]:
    told_of: list[PaymentEvent] = []
    if after.covered and not before.covered:
        told_of.append(_event(events.PaymentAuthorised, after, after.authorised, now))
    if after.captured > before.captured:
        # The running total makes each capture of an intent a fact of its own, whatever brought the news.
        fact = f"{after.intent_id}:{after.captured}"
        increase = after.captured - before.captured
        told_of.append(
            _event(events.PaymentCaptured, after, increase, now, provider=after.provider, fact=fact)
        )
    return told_of


def _course(before: Payment, after: Payment, now: datetime) -> list[PaymentEvent]:
    told_of: list[PaymentEvent] = []
    whole = after.amount.amount
    if after.status is Status.PROCESSING and before.status is not Status.PROCESSING:
        told_of.append(_event(events.PaymentProcessing, after, whole, now))
    if after.status is Status.FAILED and before.word != after.word:
        told_of.append(_event(events.PaymentFailed, after, whole, now, reason=after.last_error or "unknown"))
    if after.status is Status.CANCELLED and before.status is not Status.CANCELLED:
        told_of.append(_event(events.PaymentCancelled, after, whole, now))
    if before.cancelled and not before.intent_id and after.intent_id:
        # It was closed while its intent was being made elsewhere: nobody may pay that one any more.
        told_of.append(cancellation_requested(after, now))
    new_flags = sorted(set(after.flags) - set(before.flags))
    told_of.extend(_event(events.PaymentFlagged, after, whole, now, reason=reason) for reason in new_flags)
    return told_of


def _refunds(before: Payment, after: Payment, now: datetime) -> list[PaymentEvent]:
    told_of: list[PaymentEvent] = []
    for refund in after.refunds:
        held = before.refund_of(refund.refund_id)
        if held is not None and held.status is refund.status:
            continue
        about = {"refund_id": refund.refund_id}
        if refund.status is RefundStatus.SUCCEEDED:
            told_of.append(
                _event(events.RefundSucceeded, after, refund.amount, now, provider=after.provider, **about)
            )
        if refund.status is RefundStatus.FAILED:
            back = held is not None and held.status is RefundStatus.SUCCEEDED
            facts = {"reason": refund.error or "unknown", "provider": after.provider, "had_succeeded": back}
            told_of.append(_event(events.RefundFailed, after, refund.amount, now, **facts, **about))
    return told_of


def _fees(before: Payment, after: Payment, now: datetime) -> list[PaymentEvent]:
    told_before = {fee.charge_id for fee in before.fees}
    return [
        _event(
            events.FeeKnown,
            after,
            fee.amount,
            now,
            provider=after.provider,
            charge_id=fee.charge_id,
            fact=fee.fact,
            fee=fee.fee,
            fee_currency=fee.currency,
        )
        for fee in after.fees
        if fee.charge_id not in told_before
    ]


def _disputes(before: Payment, after: Payment, now: datetime) -> list[PaymentEvent]:
    told_of: list[PaymentEvent] = []
    for dispute in after.disputes:
        held = before.dispute_of(dispute.dispute_id)
        about: dict[str, Any] = {"provider": after.provider, "dispute_id": dispute.dispute_id}
        if dispute.drawn and not (held and held.drawn):
            facts = {"reason": dispute.reason, "fee": dispute.fee, "fee_currency": dispute.fee_currency}
            by = rfc3339(dispute.answer_by) if dispute.answer_by else ""
            told_of.append(
                _event(events.DisputeOpened, after, dispute.amount, now, **facts, answer_by=by, **about)
            )
        if dispute.decided and not (held and held.decided):
            outcome = dispute.status.value
            told_of.append(_event(events.DisputeClosed, after, dispute.amount, now, outcome=outcome, **about))
    return told_of


def _receipts(before: Payment, after: Payment, now: datetime) -> list[Event]:
    """Of a provider that cannot refuse money: what came, what of it pays for nothing, and what of that has left.

    What lies in a balance of the payer's was never ours, so that no receipt is booked: only its way back is told.
    """
    told_of: list[Event] = []
    ours = not after.by_balance
    if after.received > before.received and ours:
        # The running total makes each receipt a fact of its own, whatever brought the news.
        fact, increase = f"{after.intent_id}:{after.received}", after.received - before.received
        told_of.append(_booked(events.ReceiptBooked, after, fact, increase, now))
    for each in after.returns:
        held = before.return_of(each.refund_id)
        if held is None:
            facts = {"return_id": each.refund_id, "reason": each.reason}
            told_of.append(_event(events.ReturnRequested, after, each.amount, now, **facts))
        if held is not None and held.status is each.status:
            continue
        if each.status is RefundStatus.SUCCEEDED and ours:
            told_of.append(_booked(events.ReceiptReturned, after, each.refund_id, each.amount, now))
        if each.status in (RefundStatus.SUCCEEDED, RefundStatus.FAILED):
            ended = {"return_id": each.refund_id, "outcome": each.status.value, "reason": each.error}
            told_of.append(_event(events.ReturnEnded, after, each.amount, now, **ended))
    return told_of


def _booked(kind: type[B], payment: Payment, fact: str, amount: int, now: datetime) -> B:
    return kind(
        event_id=new_id("evt", now),
        occurred_at=now,
        provider=payment.provider,
        fact=fact,
        currency=payment.amount.currency,
        amount=amount,
        booked_on=now.date().isoformat(),
    )


def _event(kind: type[E], payment: Payment, amount: int, now: datetime, **more: Any) -> E:
    return kind(
        event_id=new_id("evt", now),
        occurred_at=now,
        payment_id=payment.payment_id,
        order_id=payment.order_id,
        currency=payment.amount.currency,
        amount=amount,
        authorised=payment.authorised,
        captured=payment.captured,
        refunded=payment.refunded,
        **more,
    )
