"""The sweep: a lost webhook loses nothing, for the provider is asked about every payment that has been silent."""

from datetime import datetime
from typing import Final

from entrepot.cloud import telemetry
from entrepot.kernel.refusals import Refusal
from functions.payments import service, store
from functions.payments.gateway import ProviderUnavailable

_MOST_OF_A_SHARD: Final = 6  # a run asks about 48 payments at most; the rest is due a minute later


def sweep(now: datetime) -> int:
    """Ask about the payments that are due. Returns: of how many the answer was recorded.

    It stops where the provider is out of reach: the next run goes on. One that cannot be looked after stops no other.
    """
    done = 0
    for shard in range(store.SHARDS):
        for payment, asked in store.due(shard, now, _MOST_OF_A_SHARD):
            try:
                service.ask(payment, asked, now)
                done += 1
            except ProviderUnavailable:
                telemetry.metric("PaymentProviderUnavailable")
                return done
            except Refusal as refusal:
                telemetry.log("payment_not_asked", payment_id=payment.payment_id, code=refusal.code)
    if done:
        telemetry.metric("PaymentsSwept", done)
    return done
