"""The sweep: a lost webhook loses nothing, for the provider is asked about every payment that has been silent."""

from contextlib import suppress
from datetime import datetime
from typing import Final

from entrepot.cloud import telemetry, writes
from entrepot.kernel.refusals import Refusal
from functions.payments import book, disputing, providers, service, store
from functions.payments.domain.payment import PATIENCE, Payment, PaymentChanged
from functions.payments.gateway import ProviderBusy, ProviderUnavailable

_MOST_OF_A_SHARD: Final = 6  # a run asks about 48 payments at most; the rest is due a minute later


def sweep(now: datetime) -> int:
    """Ask about the payments that are due. Returns: of how many the answer was recorded.

    Where a provider is out of reach its payments wait for the next run, and hold up no other provider's. One that
    cannot be looked after stops no other.
    """
    done = 0
    away: set[str] = set()
    for shard in range(store.SHARDS):
        for payment, asked in store.due(shard, now, _MOST_OF_A_SHARD):
            try:
                done += _looked_after(payment, asked, now, away)
            except PaymentChanged:
                telemetry.log("payment_changed_meanwhile", payment_id=payment.payment_id)
            except Refusal as refusal:
                telemetry.log("payment_not_asked", payment_id=payment.payment_id, code=refusal.code)
                telemetry.metric("PaymentNotAsked")
                _out_of_the_way(payment, now)
    if done:
        telemetry.metric("PaymentsSwept", done)
    for provider in book.providers() - away:
        _asked_for_disputes(provider, now)
    return done


def _asked_for_disputes(provider: str, now: datetime) -> None:
    if not providers.named(provider, now).capabilities.disputes:
        return
    try:
        disputing.ask_for_new(provider, now)
    except Refusal as refusal:
        telemetry.log("disputes_not_asked_for", provider=provider, code=refusal.code)


def _looked_after(payment: Payment, asked: int, now: datetime, away: set[str]) -> bool:
    """Args: away: providers that did not answer in this run; it is added to."""
    if payment.provider not in away:
        try:
            service.ask(payment, asked, now)
            return True
        except ProviderBusy:
            telemetry.log("payment_held_at_provider", payment_id=payment.payment_id)
        except ProviderUnavailable:
            telemetry.metric("PaymentProviderUnavailable")
            away.add(payment.provider)
    _out_of_the_way(payment, now)
    return False


def _out_of_the_way(payment: Payment, now: datetime) -> None:
    """What is longest overdue comes first: what cannot be asked now would keep the others from being seen."""
    with suppress(PaymentChanged):
        writes.commit(store.postponed(payment, now + PATIENCE[0]))
