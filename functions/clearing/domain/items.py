"""A movement beside the ledger, and what its difference is: matched, explained, or a break with an owner."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Final

from entrepot.kernel.ids import named_id
from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Kind, Refusal

PATIENCE_DAYS: Final = 3
"""How long a difference may be on its way: webhooks are sent again for three days, transfers take as many."""

OVERDUE_DAYS: Final = 7
"""From this age a break rings an alarm."""

ACCOUNTS: Final[Mapping[str, tuple[str, ...]]] = {
    "stripe": ("psp:stripe",),
    "bank": ("psp:bank", "bank:house"),
}
"""The accounts of the ledger that hold what a source holds for us."""


class Side(StrEnum):
    """Who told of it: the source, with the ledger or before it, or the ledger alone."""

    PROVIDER = "provider"
    LEDGER = "ledger"


class Outcome(StrEnum):
    MATCHED = "matched"
    EXPLAINED = "explained"
    BREAK = "break"
    RESOLVED = "resolved"


class Cause(StrEnum):
    NONE = ""
    FEE = "fee"  # the source has kept a fee that the ledger does not know yet
    RATE = "rate"  # the source has converted a charge, and the ledger does not know yet at what
    TIMING = "timing"  # one side is later than the other
    NOT_IN_LEDGER = "not_in_ledger"
    NOT_AT_PROVIDER = "not_at_provider"
    AMOUNT = "amount"


class Owner(StrEnum):
    """The role that looks after a break until a person has taken it."""

    OPERATOR = "operator"  # an event or a webhook did not come through
    FINANCE = "finance"  # somebody has to know what the money is


class Reason(StrEnum):
    """Why a break is closed, and so where its difference is posted."""

    FEE = "fee"
    RATE = "rate"
    SUSPENSE = "suspense"
    WRITE_OFF = "write_off"


class NotResolvable(Refusal):
    """The item is no break, or not one of that reason. Facts: `reason`."""

    code: ClassVar[str] = "break_not_resolvable"
    kind: ClassVar[Kind] = Kind.CONFLICT
    title: ClassVar[str] = "This is no break that can be resolved so."


@dataclass(frozen=True, slots=True)
class Movement:
    """What the source says: the balance changed by `gross` less `fee`, minor units of `currency`.

    `presented` is what the payer was charged, where that was in another currency.
    """

    movement_id: str
    at: datetime  # UTC
    kind: str
    reference: str
    currency: str
    gross: int
    fee: int = 0
    presented: Money | None = None

    @property
    def net(self) -> int:
        return self.gross - self.fee


@dataclass(frozen=True, slots=True)
class Sum:
    """What moved in one currency, in minor units: by the source's report, and by the ledger's postings."""

    currency: str
    provider: int
    ledger: int

    @property
    def difference(self) -> int:
        return self.provider - self.ledger


@dataclass(frozen=True, slots=True)
class Item:
    """One movement, or one fact of the ledger without a movement, on its day (UTC).

    `key` is the movement's id or the fact. `facts`: all that count for it.
    """

    item_id: str
    source: str
    day: date
    shard: int
    key: str
    side: Side
    kind: str
    at: datetime
    facts: tuple[str, ...]
    sums: tuple[Sum, ...]
    outcome: Outcome
    cause: Cause = Cause.NONE
    movement: Movement | None = None
    owner: Owner = Owner.FINANCE
    taken_by: str = ""
    reason: str = ""
    note: str = ""
    resolved_by: str = ""
    revision: int = 0

    @property
    def open(self) -> bool:
        """Whether it has a difference that nobody has resolved."""
        return any(each.difference for each in self.sums)

    def age_days(self, today: date) -> int:
        return (today - self.day).days


FACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "capture": ("capture:{reference}", "fee:{movement_id}"),
    "refund": ("refund:{reference}",),
    "refund_returned": ("refund-returned:{reference}",),
    "dispute": ("dispute:{reference}",),
    "dispute_won": ("dispute-closed:{reference}",),
    "receipt": ("receipt:{reference}",),
    "receipt_returned": ("receipt-returned:{reference}",),
    "payout": ("payout-paid:{reference}",),
    "payout_returned": ("payout-returned:{reference}",),
}
"""The facts that account for a movement of a kind, the one without which nothing is booked first. A payout goes by its
statement's id."""


def item_id_of(source: str, key: str) -> str:
    return named_id("clr", f"{source}#{key}")


def of_movement(source: str, day: date, shard: int, movement: Movement) -> Item:
    """A movement before anybody has looked for its facts."""
    return Item(
        item_id=item_id_of(source, movement.movement_id),
        source=source,
        day=day,
        shard=shard,
        key=movement.movement_id,
        side=Side.PROVIDER,
        kind=movement.kind,
        at=movement.at,
        facts=facts_of(movement),
        sums=(),
        outcome=Outcome.EXPLAINED,
        movement=movement,
    )


def of_fact(source: str, day: date, shard: int, fact: str, rule: str, at: datetime) -> Item:
    """A fact of the ledger that no movement has claimed."""
    return Item(
        item_id=item_id_of(source, fact),
        source=source,
        day=day,
        shard=shard,
        key=fact,
        side=Side.LEDGER,
        kind=rule,
        at=at,
        facts=(fact,),
        sums=(),
        outcome=Outcome.EXPLAINED,
    )


def superseded(item: Item) -> Item:
    """A fact that a movement has claimed after all: it counts there, and here no more."""
    return replace(item, facts=(), sums=(), outcome=Outcome.EXPLAINED, cause=Cause.TIMING)


def facts_of(movement: Movement) -> tuple[str, ...]:
    names = FACTS.get(movement.kind, ())
    made = (name.format(reference=movement.reference, movement_id=movement.movement_id) for name in names)
    return tuple(made)


def reversal_of(fact: str) -> str:
    return f"reversal:{fact}"


def sums_of(movement: Movement | None, ledger: Mapping[str, int]) -> tuple[Sum, ...]:
    """The two sides by currency, those in which neither moved left out.

    Args: ledger: what the postings of its facts moved on the source's accounts, by currency.
    """
    provider = {} if movement is None else {movement.currency: movement.net}
    return tuple(
        Sum(currency, provider.get(currency, 0), ledger.get(currency, 0))
        for currency in sorted({*provider, *ledger})
        if provider.get(currency, 0) or ledger.get(currency, 0)
    )


def judged(item: Item, ledger: Mapping[str, int], booked: Iterable[str], today: date) -> Item:
    """The item as it stands on a day.

    Args: ledger: as of `sums_of`. booked: those of its facts that have an entry.
    """
    sums = sums_of(item.movement, ledger)
    known = set(booked)
    after = replace(item, sums=sums)
    if not after.open:
        return _even(item, after)
    cause = _cause(item, ledger, known)
    waits = cause in (Cause.FEE, Cause.RATE) or (cause is not Cause.AMOUNT and item.kind in FACTS) or (
        item.side is Side.LEDGER
    )  # fmt: skip
    if waits and item.age_days(today) < PATIENCE_DAYS:
        on_its_way = cause if cause in (Cause.FEE, Cause.RATE) else Cause.TIMING
        return replace(after, outcome=Outcome.EXPLAINED, cause=on_its_way, owner=_owner(item, cause))
    return replace(after, outcome=Outcome.BREAK, cause=cause, owner=_owner(item, cause))


def _even(before: Item, after: Item) -> Item:
    """Without a difference: matched at once, or later than its day, or resolved by a person."""
    if before.reason:
        return replace(after, outcome=Outcome.RESOLVED)
    late = before.revision > 0 and before.outcome is not Outcome.MATCHED
    if late:
        return replace(after, outcome=Outcome.EXPLAINED, cause=Cause.TIMING)
    return replace(after, outcome=Outcome.MATCHED, cause=Cause.NONE)


def _cause(item: Item, ledger: Mapping[str, int], booked: set[str]) -> Cause:
    movement = item.movement
    if movement is None:
        return Cause.NOT_AT_PROVIDER
    own = [fact for fact in item.facts if not fact.startswith("clearing:")]
    if not own or own[0] not in booked:
        return Cause.NOT_IN_LEDGER
    if len(own) < 2 or own[1] in booked:
        return Cause.AMOUNT
    moved = {currency: amount for currency, amount in ledger.items() if amount}
    if movement.presented is None and moved == {movement.currency: movement.gross}:
        return Cause.FEE
    if movement.presented and moved == {movement.presented.currency: movement.presented.amount}:
        return Cause.RATE
    return Cause.AMOUNT


def _owner(item: Item, cause: Cause) -> Owner:
    missing = cause in (Cause.NOT_IN_LEDGER, Cause.NOT_AT_PROVIDER)
    return Owner.OPERATOR if missing and item.kind != "other" else Owner.FINANCE


def taken(item: Item, by: str) -> Item:
    """Raises: NotResolvable: it is no break."""
    if item.outcome is not Outcome.BREAK:
        raise NotResolvable(reason="taken")
    return replace(item, taken_by=by)


def resolved(item: Item, reason: Reason, note: str, by: str, fact: str) -> Item:
    """The break with its difference posted under a fact, so that it has none any more.

    Raises: NotResolvable: it is no break, or not of that reason.
    """
    if item.outcome is not Outcome.BREAK:
        raise NotResolvable(reason=reason.value)
    if reason is Reason.FEE and any(each.difference > 0 for each in item.sums):
        raise NotResolvable(reason=reason.value)
    if reason is Reason.RATE and item.cause is not Cause.RATE:
        raise NotResolvable(reason=reason.value)
    even = tuple(Sum(each.currency, each.provider, each.provider) for each in item.sums)
    return replace(
        item,
        sums=even,
        facts=tuple(dict.fromkeys((*item.facts, fact))),
        outcome=Outcome.RESOLVED,
        reason=reason.value,
        note=note,
        resolved_by=by,
        taken_by=item.taken_by or by,
    )
