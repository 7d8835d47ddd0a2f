"""Which providers answer: a breaker each, one row in DynamoDB, and a guard that every call to a provider goes through.

A breaker is read at most once in some seconds by a process, or along with what an order is placed from; it is written
only when a call has failed, for a trial, and for how the trial ended. No use case has it in its transaction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from entrepot.cloud import aws, reads, telemetry, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Document, Number, Row
from entrepot.kernel.refusals import Busy
from functions.payments import book
from functions.payments.domain import breaker as domain
from functions.payments.domain.breaker import Breaker, State
from functions.payments.domain.customer import Card, Customer
from functions.payments.domain.facts import Refund
from functions.payments.domain.movements import MovementPage
from functions.payments.domain.payment import Payment, Snapshot
from functions.payments.gateway import (
    Capabilities,
    Declined,
    Disputed,
    Evidence,
    Fetch,
    Gateway,
    Heard,
    Intent,
    Keeper,
    PayersBalance,
    ProviderBusy,
    ProviderUnavailable,
)

GUARDED: Final = ("stripe", "btcpay")
"""Providers that are somebody else's. Our own bank account answers out of our own table."""

_KNOWN_FOR: Final = timedelta(seconds=5)
_TRIES: Final = 3
_known: dict[str, tuple[datetime, Breaker]] = {}

T = TypeVar("T")


class BreakerChanged(Busy):
    """Another function has written the breaker since it was read."""


class BreakerRow(Row):
    """A provider's breaker: pk `breaker#<provider>`, sk "breaker". Reached by its key; `revision` counts writes."""

    class Meta:
        table_name = aws.name("payments")

    breaker: Document[Breaker] = Document(Breaker)
    revision = Number()


def breaker_reads() -> tuple[Read[Breaker], ...]:
    """To be fetched along with what else a use case reads; the values go to `down`."""
    return tuple(_read(provider) for provider in _here())


def down(found: Iterable[Breaker | None], now: datetime) -> frozenset[str]:
    """Who is not to be called, of the breakers that were just read. What was read is known for some seconds."""
    breakers = [held or Breaker(provider) for provider, held in zip(_here(), found, strict=True)]
    _known.update((each.provider, (now, each)) for each in breakers)
    return frozenset(each.provider for each in breakers if each.state(now) is State.OPEN)


def _here() -> list[str]:
    """The guarded that this stage makes payments through."""
    offered = {offer.provider for offer in book.offers()}
    return [provider for provider in GUARDED if provider in offered]


def is_open(provider: str, now: datetime) -> bool:
    """Whether a provider is known to be down."""
    return provider in GUARDED and _breaker(provider, now).state(now) is State.OPEN


def forget() -> None:
    """Drop what this process knows of the breakers: for tests that start a new AWS."""
    _known.clear()


class Guard:
    """A `Gateway` that is not called while its breaker is open, and that tells its breaker how each call went."""

    def __init__(self, provider: str, gateway: Gateway, now: datetime) -> None:
        self._provider, self._gateway, self._now = provider, gateway, now

    @property
    def capabilities(self) -> Capabilities:
        return self._gateway.capabilities

    def create(self, payment: Payment) -> Intent:
        return self._called(lambda: self._gateway.create(payment))

    def fetch(self, intent_id: str) -> Intent:
        return self._called(lambda: self._gateway.fetch(intent_id))

    def capture(self, payment: Payment, amount: int) -> Intent:
        return self._called(lambda: self._gateway.capture(payment, amount))

    def cancel(self, payment: Payment) -> Intent:
        return self._called(lambda: self._gateway.cancel(payment))

    def refund(self, payment: Payment, refund: Refund) -> Snapshot:
        return self._called(lambda: self._gateway.refund(payment, refund))

    def refunds(self, payment: Payment) -> Snapshot:
        return self._called(lambda: self._gateway.refunds(payment))

    def answer(self, payment: Payment, dispute_id: str, evidence: Evidence) -> Snapshot:
        return self._called(lambda: self._gateway.answer(payment, dispute_id, evidence))

    def disputes(self, payment: Payment) -> Snapshot:
        return self._called(lambda: self._gateway.disputes(payment))

    def disputes_since(self, at: datetime) -> Sequence[Disputed]:
        return self._called(lambda: self._gateway.disputes_since(at))

    def movements(self, day: date, after: str | None) -> MovementPage:
        return self._called(lambda: self._gateway.movements(day, after))

    def verified(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> str:
        return self._gateway.verified(raw, headers, now)  # calls nobody

    def heard(self, message: str, fetch: Fetch | None = None) -> Heard | None:
        """Mostly it asks nobody; what it has to ask goes by the breaker as any other call does."""
        return self._gateway.heard(message, fetch or self.fetch)

    def _called(self, call: Callable[[], T]) -> T:
        return called(self._provider, call, self._now)


class KeeperGuard:
    """A `Keeper` by the breaker of its provider."""

    def __init__(self, provider: str, keeper: Keeper, now: datetime) -> None:
        self._provider, self._keeper, self._now = provider, keeper, now

    def opened(self, customer: Customer) -> str:
        return called(self._provider, lambda: self._keeper.opened(customer), self._now)

    def found(self, customer_id: str) -> str | None:
        return called(self._provider, lambda: self._keeper.found(customer_id), self._now)

    def cards(self, reference: str) -> tuple[Card, ...]:
        return called(self._provider, lambda: self._keeper.cards(reference), self._now)

    def remove(self, card_id: str) -> None:
        called(self._provider, lambda: self._keeper.remove(card_id), self._now)

    def forget(self, reference: str) -> None:
        called(self._provider, lambda: self._keeper.forget(reference), self._now)


class BalanceGuard:
    """A `PayersBalance` by the breaker of its provider."""

    def __init__(self, provider: str, balance: PayersBalance, now: datetime) -> None:
        self._provider, self._balance, self._now = provider, balance, now

    def opened(self, payment_id: str, email: str) -> str:
        return called(self._provider, lambda: self._balance.opened(payment_id, email), self._now)

    def payment_of(self, reference: str) -> str | None:
        return called(self._provider, lambda: self._balance.payment_of(reference), self._now)

    def forget_person(self, reference: str) -> None:
        called(self._provider, lambda: self._balance.forget_person(reference), self._now)


def called(provider: str, call: Callable[[], T], now: datetime) -> T:
    """The answer of a provider, unless its breaker is open; the breaker is told how the call went.

    Raises: ProviderUnavailable, Declined: it said so, or is not to be called.
    """
    tries = _admitted(provider, now)
    try:
        answer = call()
    except (Declined, ProviderBusy):
        if tries:
            _succeeded(provider, now)
        raise
    except ProviderUnavailable:
        _failed(provider, now)
        raise
    if tries:
        _succeeded(provider, now)
    return answer


def _admitted(provider: str, now: datetime) -> bool:
    """Whether this call is the trial of an open breaker. Raises: ProviderUnavailable: it is not to be made."""
    held = _breaker(provider, now)
    if held.state(now) is State.CLOSED:
        return False
    if held.state(now) is State.HALF_OPEN:
        held = _read_anew(provider, now)
        if held.state(now) is State.CLOSED:
            return False
        if held.state(now) is State.HALF_OPEN and _saved(held, domain.with_trial(held, now), now):
            return True
    raise ProviderUnavailable


def _failed(provider: str, now: datetime) -> None:
    """Count it. Where others write at the same time one of them counts, which is enough to open it."""
    for _ in range(_TRIES):
        held = _read_anew(provider, now)
        after = domain.failed(held, now)
        if after == held:
            return
        if _saved(held, after, now):
            if after.opened_at == now:
                telemetry.log("payment_provider_down", level="error", provider=provider)
                telemetry.metric("PaymentProviderDown")
            return


def _succeeded(provider: str, now: datetime) -> None:
    for _ in range(_TRIES):
        held = _read_anew(provider, now)
        after = domain.succeeded(held)
        if after == held or _saved(held, after, now):
            telemetry.log("payment_provider_answers", provider=provider)
            return


def _breaker(provider: str, now: datetime) -> Breaker:
    held = _known.get(provider)
    if held is not None and timedelta() <= now - held[0] < _KNOWN_FOR:
        return held[1]
    return _read_anew(provider, now)


def _read_anew(provider: str, now: datetime) -> Breaker:
    found = reads.fetch_one(_read(provider), consistent=True) or Breaker(provider)
    _known[provider] = (now, found)
    return found


def _saved(before: Breaker, after: Breaker, now: datetime) -> bool:
    """Whether `after` was written in the place of `before`, which nobody else has replaced."""
    revision = before.revision + 1
    row = BreakerRow(_pk(before.provider), "breaker", breaker=after, revision=revision)
    unchanged = BreakerRow.revision == before.revision if before.revision else BreakerRow.pk.does_not_exist()
    try:
        with writes.nothing_beside():
            writes.commit(writes.put(row, unchanged, BreakerChanged()))
    except Busy:
        return False
    _known[before.provider] = (now, replace(after, revision=revision))
    return True


def _read(provider: str) -> Read[Breaker]:
    return Read(BreakerRow, _pk(provider), "breaker", _parsed)


def _parsed(row: BreakerRow) -> Breaker:
    return replace(row.breaker, revision=int(row.revision))


def _pk(provider: str) -> str:
    return f"breaker#{provider}"
