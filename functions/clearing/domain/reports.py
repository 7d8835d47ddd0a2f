"""The report of a source and a day: sums by currency, of which nothing is lost.

provider = ledger + explained + breaks, of each currency; and ledger = matched + what the ledger alone has told.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from functions.clearing.domain.items import Cause, Item, Outcome, Side


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of one currency, in minor units. `explained` is by cause; differences are provider less ledger.

    `matched` is what both sides have told alike. `open_breaks` adds breaks up without their signs.
    """

    currency: str
    movements: int = 0
    provider: int = 0
    ledger: int = 0
    matched: int = 0
    explained: Mapping[str, int] = field(default_factory=dict)
    breaks: int = 0
    open_breaks: int = 0
    number_of_breaks: int = 0
    resolved: int = 0

    def joined(self, other: "Totals") -> "Totals":
        causes = sorted({*self.explained, *other.explained})
        return Totals(
            self.currency,
            self.movements + other.movements,
            self.provider + other.provider,
            self.ledger + other.ledger,
            self.matched + other.matched,
            {cause: self.explained.get(cause, 0) + other.explained.get(cause, 0) for cause in causes},
            self.breaks + other.breaks,
            self.open_breaks + other.open_breaks,
            self.number_of_breaks + other.number_of_breaks,
            self.resolved + other.resolved,
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What a source moved on a day (UTC). `complete`: all of it has been looked at."""

    source: str
    day: date
    complete: bool
    totals: tuple[Totals, ...]


def added(items: Iterable[Item]) -> tuple[Totals, ...]:
    """Sums of items, by currency, in its order."""
    found: dict[str, Totals] = {}
    for item in items:
        for one in _of(item):
            held = found.get(one.currency)
            found[one.currency] = one if held is None else held.joined(one)
    return tuple(found[currency] for currency in sorted(found))


def joined(*parts: Iterable[Totals]) -> tuple[Totals, ...]:
    found: dict[str, Totals] = {}
    for one in (each for part in parts for each in part):
        held = found.get(one.currency)
        found[one.currency] = one if held is None else held.joined(one)
    return tuple(found[currency] for currency in sorted(found))


def _of(item: Item) -> Iterable[Totals]:
    for each in item.sums:
        both = item.side is Side.PROVIDER
        one = Totals(
            each.currency,
            movements=int(both),
            provider=each.provider,
            ledger=each.ledger,
            matched=each.ledger if both else 0,
        )
        if item.outcome is Outcome.BREAK:
            yield replace(one, breaks=each.difference, open_breaks=abs(each.difference), number_of_breaks=1)
        elif item.outcome is Outcome.RESOLVED:
            yield replace(one, resolved=1)
        elif item.cause is not Cause.NONE:
            yield replace(one, explained={item.cause.value: each.difference})
        else:
            yield one
