"""What providers tell by themselves: checked and queued at once, understood later, as often as the queue likes."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

from entrepot.cloud import aws, telemetry, writes
from entrepot.cloud.inbox import AlreadyHandled, once
from entrepot.cloud.outbox import announce
from entrepot.contracts.payments import TransferMoved
from entrepot.kernel.ids import new_id
from functions.payments import providers, service, transfers

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
    if provider == transfers.STRIPE and transferred(said, now):
        return
    heard = providers.named(provider, now).heard(said)
    if heard is None:
        telemetry.log("webhook_passed_over")
        return
    telemetry.log("webhook_heard", event_id=heard.event_id, kind=heard.kind)
    handled = once(QUEUE, heard.event_id, now)
    try:
        if heard.snapshot is None:
            service.look(heard.customer, now, handled)
        else:
            service.absorb(heard.payment_id, heard.snapshot, now, handled, heard=True)
    except AlreadyHandled:
        telemetry.log("event_repeated", published=heard.kind, event_id=heard.event_id)


def transferred(message: str, now: datetime) -> bool:
    """Publish what a message says of a transfer of our money. Returns: whether it is about one."""
    from functions.payments import stripe_transfers

    heard = stripe_transfers.heard(message)
    if heard is None:
        return False
    event_id, said = heard
    telemetry.log("transfer_heard", event_id=event_id, transfer_id=said.transfer_id)
    event = TransferMoved(
        event_id=new_id("evt", now),
        occurred_at=now,
        provider=transfers.STRIPE,
        transfer_id=said.transfer_id,
        reference=said.reference,
        currency=said.amount.currency,
        amount=said.amount.amount,
        reversed=said.reversed,
    )
    with suppress(AlreadyHandled):
        writes.commit(once(QUEUE, event_id, now), announce(event))
    return True


def _named(message: str) -> tuple[str, str]:
    """Who said it, and what. One that names nobody was queued when there was but one provider that speaks."""
    if message.startswith("{"):
        return _UNNAMED, message
    provider, _, said = message.partition(" ")
    return provider, said
