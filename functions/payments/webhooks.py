"""Stripe's webhooks: checked and queued at once, understood later, as often as the queue likes."""

from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec

from entrepot.cloud import aws, telemetry
from entrepot.cloud.inbox import AlreadyHandled, once
from entrepot.kernel.refusals import Malformed
from functions.payments import providers, service, stripe_gateway, stripe_signature, stripe_wire

QUEUE: Final = "payments-webhooks"
_MOST_QUEUED_BYTES: Final = 250_000  # what a queue takes, less room for attributes
_FORBIDDEN: Final = ("\ufffe", "\uffff")  # characters that a queue refuses


def receive(raw: bytes, signature: str, now: datetime) -> None:
    """Queue a webhook that Stripe signed. Its 300 s are judged here; what a redrive brings later was judged before.

    Raises: BadSignature; Malformed: signed, yet no event in JSON.
    """
    stripe_signature.check(raw, signature, aws.secret("stripe_webhook_secret"), now)
    try:
        body = raw.decode()
        event = stripe_wire.ENVELOPE.decode(body)
    except (UnicodeDecodeError, msgspec.MsgspecError):
        raise Malformed("The body is no event of Stripe.") from None
    telemetry.log("webhook_received", event_id=event.id, kind=event.type)
    aws.client("sqs").send_message(QueueUrl=aws.queue_url(QUEUE), MessageBody=_queueable(body))


def handle(body: str, now: datetime) -> None:
    """Merge what an event says of a payment; the same event again, or one that says nothing new, changes nothing.

    Raises: UnknownPayment, Busy, ProviderUnavailable: to be sent again.
    """
    event = stripe_wire.event_of(body)
    if event is None:
        telemetry.log("webhook_passed_over", kind=stripe_wire.ENVELOPE.decode(body).type)
        return
    what = event.data.object
    if what.object != stripe_wire.INTENT and what.payment_intent is None:
        telemetry.log("webhook_passed_over", kind=event.type)
        return
    ours = event.account is None and event.livemode is stripe_gateway.live_mode()
    snapshot = stripe_wire.snapshot(what, stripe_wire.moment(event.created), ours)
    payment_id = what.payment_id or _asked_for(what, now)
    if event.type == stripe_wire.FEE_TOLD and what.balance_transaction is not None and what.payment_intent:
        told = providers.named("stripe", now).fetch(what.payment_intent).snapshot
        snapshot = replace(snapshot, fees=told.fees)
    try:
        service.absorb(payment_id, snapshot, now, once(QUEUE, event.id, now), heard=True)
    except AlreadyHandled:
        telemetry.log("event_repeated", published=event.type, event_id=event.id)


def _asked_for(what: stripe_wire.Thing, now: datetime) -> str:
    """Whose it is: a refund made by hand at Stripe does not say, but its intent does."""
    if what.payment_intent is None:
        raise service.UnknownPayment
    payment_id = providers.named("stripe", now).fetch(what.payment_intent).payment_id
    if not payment_id:
        raise service.UnknownPayment
    return payment_id


def _queueable(body: str) -> str:
    """The event as it came; only one that a queue would refuse is cut to what will be read of it."""
    if len(body.encode()) <= _MOST_QUEUED_BYTES and not any(bad in body for bad in _FORBIDDEN):
        return body
    try:
        event = stripe_wire.event_of(body)
    except msgspec.MsgspecError:
        raise Malformed("The body is no event of Stripe.") from None
    return msgspec.json.encode(event or stripe_wire.ENVELOPE.decode(body)).decode()
