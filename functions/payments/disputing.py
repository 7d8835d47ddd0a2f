"""Disputes: what an order says for itself is sent to the payer's bank, once; and who disputes is asked for, hourly."""

from datetime import datetime, timedelta
from typing import Final

from entrepot.cloud import reads, telemetry, writes
from entrepot.contracts import orders
from functions.payments import providers, service, store
from functions.payments.domain.facts import DisputeStatus
from functions.payments.gateway import Declined, Evidence, UnknownPayment

ASKED_EVERY: Final = timedelta(hours=1)
_ASKED_AGAIN: Final = timedelta(hours=1)
"""Of what was asked before: a dispute may be listed some time after it was opened."""
_FIRST: Final = timedelta(days=7)


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


def ask_for_new(provider: str, now: datetime) -> None:
    """Take in what a provider lists of disputes opened lately: nobody may have heard of one, if its webhook was lost.

    Raises: ProviderUnavailable; Busy. Then the same is asked for by the next run.
    """
    before = reads.fetch_one(store.disputes_asked_read(provider), consistent=True)
    if before is not None and now < before + ASKED_EVERY:
        return
    since = before - _ASKED_AGAIN if before else now - _FIRST
    for told in providers.named(provider, now).disputes_since(since):
        try:
            service.absorb(told.payment_id, told.snapshot, now)
        except UnknownPayment:
            telemetry.log("dispute_of_no_payment", level="error", provider=provider)
    writes.commit(store.disputes_asked(provider, before, now))
