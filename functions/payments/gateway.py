"""What payments asks of a provider and hears from it, and its refusals as ours. One module per provider does it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from entrepot.kernel.refusals import Kind, NotFound, Refusal
from functions.payments.domain.customer import Card, Customer
from functions.payments.domain.facts import Refund
from functions.payments.domain.movements import MovementPage
from functions.payments.domain.payment import Payment, Snapshot


class ProviderUnavailable(Refusal):
    """Out of reach, too slow or too busy; whether it acted is not known, so the same key is sent again."""

    code = "provider_unavailable"
    kind = Kind.BUSY
    title = "The payment provider does not answer."


class ProviderBusy(ProviderUnavailable):
    """It answers, yet another request holds this very payment just now: sent again later, and no sign of an outage."""


class UnknownPayment(NotFound):
    """The provider speaks of a payment that is not here, or not yet: the message is sent again, then set aside."""

    code = "unknown_payment"


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
    """What the payer must do next: `kind` is the provider's word, `url` where to go, `details` what to use there.

    Of a transfer `details` are the account's own, the reference, and what is left to pay: `amount_remaining` in minor
    units of `currency`.
    """

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


class BadSignature(Refusal):
    code = "bad_signature"
    kind = Kind.MALFORMED
    title = "The signature is missing, is over other bytes, or is too old."


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do at all; which of it is offered where, is a row of `data/providers.json`.

    manual_capture: an amount can be held first and taken later, in whole or in part.
    tells_fees: it tells later what it kept of a charge.
    movements: it reports what moved on our balance, day by day.
    disputes: payers can take money back by their bank, and it lists who did.
    forgets_keys: asked again under a key after a day or more, it acts again.
    """

    manual_capture: bool = False
    tells_fees: bool = False
    movements: bool = False
    disputes: bool = False
    forgets_keys: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What a provider told by itself: of which payment, and what. `event_id` is the same each time it tells it.

    Where it says of whom only, and has to be asked of what, that is the `customer`, and there is no snapshot.
    """

    event_id: str
    kind: str
    payment_id: str
    snapshot: Snapshot | None
    customer: str = ""


@dataclass(frozen=True, slots=True)
class Disputed:
    """A dispute as a provider lists it: of which payment, "" where that is none of ours, and what is so."""

    payment_id: str
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is said for an order in a dispute. Texts, empty where there is nothing to say."""

    product_description: str
    shipping_carrier: str
    shipping_tracking_number: str
    shipping_date: str
    course: str


class Keeper(Protocol):
    """A provider that keeps cards. Each call raises ProviderUnavailable or Declined and is safe to repeat."""

    def opened(self, customer: Customer) -> str:
        """The provider's name for a customer who is made now, or was made under the same id of ours within a day."""
        ...

    def found(self, customer_id: str) -> str | None:
        """The provider's name for a customer who was made under that id of ours hours ago."""
        ...

    def cards(self, reference: str) -> tuple[Card, ...]:
        """The cards kept for a customer, the newest first; none for one that is gone."""
        ...

    def remove(self, card_id: str) -> None:
        """Keep a card no more. Done already is done."""
        ...

    def forget(self, reference: str) -> None:
        """Know a customer no more, nor their cards. Done already is done."""
        ...


class PayersBalance(Protocol):
    """A provider that keeps a balance for each payment by transfer. Calls raise and repeat as those of `Gateway`.

    What comes into it is told as `received` by `Gateway.refunds`, and what goes back out of it as `returns`.
    """

    def opened(self, payment_id: str, email: str) -> str:
        """The provider's name for whoever transfers for that payment: made now, or before.

        Args: email: to be asked where money goes back, should their bank not say; "" where it is not known.
        """
        ...

    def payment_of(self, reference: str) -> str | None:
        """For which payment that one was made; None where nobody knows."""
        ...

    def forget_person(self, reference: str) -> None:
        """Know no more who transferred. Done already is done."""
        ...


Fetch = Callable[[str], Intent]
"""Asks for the intent of an id, as `Gateway.fetch` does."""


class Gateway(Protocol):
    """Each call raises ProviderUnavailable or Declined and is safe to repeat: its key comes from our own ids."""

    @property
    def capabilities(self) -> Capabilities: ...

    def create(self, payment: Payment) -> Intent: ...

    def fetch(self, intent_id: str) -> Intent: ...

    def capture(self, payment: Payment, amount: int) -> Intent: ...

    def cancel(self, payment: Payment) -> Intent: ...

    def refund(self, payment: Payment, refund: Refund) -> Snapshot: ...

    def refunds(self, payment: Payment) -> Snapshot:
        """All refunds of the payment's intent, those that others asked for among them."""
        ...

    def answer(self, payment: Payment, dispute_id: str, evidence: Evidence) -> Snapshot:
        """Send evidence to the payer's bank, for good. Raises: Declined: it is too late, or was done."""
        ...

    def disputes(self, payment: Payment) -> Snapshot:
        """All disputes of the payment's intent as they stand."""
        ...

    def disputes_since(self, at: datetime) -> Sequence[Disputed]:
        """The disputes that were opened since then, as they stand, each by itself."""
        ...

    def movements(self, day: date, after: str | None) -> MovementPage:
        """A page of what moved on our balance on a day (UTC): once that is over, always the same.

        Args: after: what the page before has said; None: the first.
        """
        ...

    def verified(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> str:
        """A webhook that the provider has signed a moment ago, as the message to queue. It calls nobody.

        Args: headers: by their names in lower case.
        Raises: BadSignature; Malformed: signed, yet nothing that the provider would say.
        """
        ...

    def heard(self, message: str, fetch: Fetch | None = None) -> Heard | None:
        """What a queued message says; None where it is about no payment. It may have to ask the provider.

        Args: fetch: by which that is asked, where not by the gateway's own.
        Raises: UnknownPayment: it does not say of which payment, and nobody knows.
        """
        ...
