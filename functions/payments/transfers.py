"""Transfers of our money at a provider to the accounts connected to ours there: asked for, asked about, and told of.

Whose money it is, and why, is for who asks: a transfer has a reference of theirs, by which it is found again, and
events tell of it. Every call goes by the provider's breaker.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from entrepot.kernel.money import Money
from functions.payments import health

STRIPE = "stripe"


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer as it stands at the provider. `reversed` of its amount came back, in minor units."""

    transfer_id: str
    reference: str
    amount: Money
    reversed: int = 0


class Transfers(Protocol):
    """Each call raises ProviderUnavailable or Declined."""

    def make(self, reference: str, amount: Money, account: str, key: str) -> Transfer: ...

    def found(self, reference: str) -> Transfer | None: ...


def make(reference: str, amount: Money, account: str, key: str, now: datetime) -> Transfer:
    """Have an amount transferred, once for each key.

    Args: reference: ours, by which it is found again. account: the connected account's id.
    Raises: ProviderUnavailable: whether it was made is not known. Declined: it was not. AmountNotChargeable: the
        provider cannot move exactly that.
    """
    gateway = _gateway()
    return health.called(STRIPE, lambda: gateway.make(reference, amount, account, key), now)


def found(reference: str, now: datetime) -> Transfer | None:
    """The transfer of a reference, where one was made. Raises: ProviderUnavailable, Declined."""
    gateway = _gateway()
    return health.called(STRIPE, lambda: gateway.found(reference), now)


def stopped(now: datetime) -> bool:
    """Whether the provider is known not to answer, so that nothing is asked of it."""
    return health.is_open(STRIPE, now)


def _gateway() -> Transfers:
    from functions.payments import stripe_transfers

    return stripe_transfers.StripeTransfers()
