"""Answering a dispute: what its order says for itself is sent to the payer's bank, once."""

from datetime import datetime

from entrepot.cloud import telemetry, writes
from entrepot.contracts import orders
from functions.payments import providers, service
from functions.payments.domain.facts import DisputeStatus
from functions.payments.gateway import Declined, Evidence


def answer(event: orders.EvidenceGathered, handled: writes.Write, now: datetime) -> None:
    """Send the evidence, unless that was done, or is too late. Raises: UnknownPayment, ProviderUnavailable, Busy.

    Where the provider is known to be down it is left to the sweep, which asks for the evidence again before it is due.
    """
    payment = service.found(event.payment_id)
    dispute = payment.dispute_of(event.dispute_id)
    done = dispute is None or dispute.status is not DisputeStatus.OPEN or dispute.evidence_sent
    if done or service.known_down(payment, now):
        writes.commit(handled)
        return
    evidence = Evidence(
        product_description=event.product_description,
        shipping_carrier=event.shipping_carrier,
        shipping_tracking_number=event.shipping_tracking_number,
        shipping_date=event.shipping_date,
        course=event.course,
    )
    try:
        snapshot = providers.of(payment, now).answer(payment, event.dispute_id, evidence)
    except Declined as declined:
        telemetry.log(
            "evidence_declined", level="error", payment_id=payment.payment_id, reason=declined.reason
        )
        writes.commit(handled)
        return
    telemetry.metric("DisputesAnswered")
    service.absorb(payment.payment_id, snapshot, now, handled)
