"""What providers tell by themselves: checked and queued at once, understood later, as often as the queue likes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from entrepot.cloud import aws, telemetry
from entrepot.cloud.inbox import AlreadyHandled, once
from functions.payments import providers, service

QUEUE: Final = "payments-webhooks"
_UNNAMED: Final = "stripe"


def receive(provider: str, raw: bytes, headers: Mapping[str, str], now: datetime) -> None:
    """Queue a webhook that its provider signed.

    Raises: BadSignature; Malformed: signed, yet nothing that the provider would say.
    """
    message = providers.named(provider, now).verified(raw, headers, now)
    telemetry.log("webhook_received", provider=provider)
    aws.client("sqs").send_message(QueueUrl=aws.queue_url(QUEUE), MessageBody=f"{provider} {message}")


def handle(message: str, now: datetime) -> None:
    """Merge what was told of a payment; the same again, or what says nothing new, changes nothing.

    Raises: UnknownPayment, Busy, ProviderUnavailable: to be sent again.
    """
    provider, said = _named(message)
    heard = providers.named(provider, now).heard(said)
    if heard is None:
        telemetry.log("webhook_passed_over")
        return
    telemetry.log("webhook_heard", event_id=heard.event_id, kind=heard.kind)
    handled = once(QUEUE, heard.event_id, now)
    try:
        service.absorb(heard.payment_id, heard.snapshot, now, handled, heard=True)
    except AlreadyHandled:
        telemetry.log("event_repeated", published=heard.kind, event_id=heard.event_id)


def _named(message: str) -> tuple[str, str]:
    """Who said it, and what. One that names nobody was queued when there was but one provider that speaks."""
    if message.startswith("{"):
        return _UNNAMED, message
    provider, _, said = message.partition(" ")
    return provider, said
