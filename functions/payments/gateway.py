"""What payments asks of a provider, and the provider's refusals as ours. One module per provider does it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from entrepot.kernel.refusals import Kind, Refusal
from functions.payments.domain.facts import Refund
from functions.payments.domain.payment import Payment, Snapshot


class ProviderUnavailable(Refusal):
    """Out of reach, too slow or too busy; whether it acted is not known, so the same key is sent again."""

    code = "provider_unavailable"
    kind = Kind.BUSY
    title = "The payment provider does not answer."


class Declined(Refusal):
    """The provider said no and will say so again. `reason` is its code."""

    code = "declined"
    kind = Kind.RULE
    title = "The payment provider declined."

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class NextAction:
    """What the payer must do next: `kind` is the provider's word, `url` where to go, `details` what to use there."""

    kind: str
    url: str | None = None
    details: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """A provider's intent as it stands, with the secret that lets the payer's browser confirm it."""

    snapshot: Snapshot
    payment_id: str
    client_secret: str | None
    next_action: NextAction | None = None

    def __repr__(self) -> str:
        return f"Intent({self.snapshot.intent_id})"  # a secret must not reach a log through a traceback


class Gateway(Protocol):
    """Each call raises ProviderUnavailable or Declined and is safe to repeat: its key comes from our own ids."""

    def create(self, payment: Payment) -> Intent: ...

    def fetch(self, intent_id: str) -> Intent: ...

    def capture(self, payment: Payment, amount: int) -> Intent: ...

    def cancel(self, payment: Payment) -> Intent: ...

    def refund(self, payment: Payment, refund: Refund) -> Snapshot: ...

    def refunds(self, payment: Payment) -> Snapshot:
        """All refunds of the payment's intent, those that others asked for among them."""
        ...
