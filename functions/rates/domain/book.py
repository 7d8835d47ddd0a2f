"""The rates of one quote: each is fixed as it is first used, and every use of it is the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from entrepot.kernel.money import Money, converted, rounded
from functions.rates.domain.tables import RateTable

EVERY: Final = "*"
_BASIS_POINTS: Final = 10_000
_PLACES: Final = 12
_LONGEST_PAUSE: Final = 5
"""Days from the Thursday before Easter to the Tuesday after it, when the ECB publishes again."""


@dataclass(frozen=True, slots=True)
class Spread:
    """By how much a price shown in another currency lies above the reference rate, for a stage and a merchant."""

    stage: str
    merchant_id: str
    effective_from: date
    basis_points: int
    source: str


@dataclass(frozen=True, slots=True)
class Charm:
    """How converted unit prices end in a market: on `ending` in each `step` minor units, such as 99 in 100."""

    market: str
    currency: str
    effective_from: date
    effective_to: date | None
    step: int
    ending: int
    source: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What a quote's rates are reckoned by beside the table: where, when, and the rows that may hold.

    `country` is the market. `most_days` is how old a stage lets a table become.
    """

    stage: str
    country: str
    on: date
    most_days: int
    spreads: Sequence[Spread] = ()
    charms: Sequence[Charm] = ()


@dataclass(frozen=True, slots=True)
class RateLock:
    """A rate as a quote used it: whole units of `into` for one of `currency`, decimal texts used exactly as written.

    `applied` is `reference` with the spread on top.
    """

    currency: str
    into: str
    reference: str
    applied: str
    spread_basis_points: int
    source: str
    date: date


@dataclass(slots=True)
class RateBook:
    """A table of rates in use; as `customs.RateLookup` it gives the reference rates, as they are locked."""

    table: RateTable
    terms: Terms
    _locks: dict[tuple[str, str, int], RateLock] = field(default_factory=dict)
    _rates: dict[tuple[str, str, int], Fraction] = field(default_factory=dict)
    _amounts: dict[tuple[int, str, str], Money] = field(default_factory=dict)

    @property
    def date(self) -> date:
        return self.table.date

    @property
    def source(self) -> str:
        return self.table.source

    @property
    def citation(self) -> str:
        return self.table.citation

    @property
    def age_note(self) -> str:
        """Says so where the table is older than any that the ECB leaves us with."""
        days = (self.terms.on - self.table.date).days
        if days <= _LONGEST_PAUSE:
            return ""
        return f"{days} days old; this stage allows {self.terms.most_days}"

    @property
    def locks(self) -> tuple[RateLock, ...]:
        return tuple(self._locks[key] for key in sorted(self._locks))

    def rate(self, currency: str, into: str) -> Fraction:
        """The reference rate. Raises: RateMissing, RateStale."""
        return self._rate(currency, into, 0)

    def convert(self, money: Money, currency: str) -> Money:
        """At the reference rate, rounded once, half up. Raises: RateMissing, RateStale."""
        if money.currency == currency:
            return money
        key = money.amount, money.currency, currency
        if key not in self._amounts:
            self._amounts[key] = converted(money, self._rate(money.currency, currency, 0), currency)
        return self._amounts[key]

    def presented(self, price: Money, currency: str, merchant_id: str) -> Money:
        """A unit price in the buyer's currency: with the merchant's spread, ending as the market likes it.

        A price in that currency stays as its merchant wrote it. Raises: RateMissing, RateStale.
        """
        if price.currency == currency:
            return price
        spread = self.spread(merchant_id)
        exact = converted(price, self._rate(price.currency, currency, spread), currency)
        charm = self.charm(currency)
        return Money(charmed(exact.amount, charm), currency) if charm else exact

    def applied(self, currency: str, into: str, merchant_id: str) -> RateLock:
        """The rate that `presented` goes by."""
        spread = self.spread(merchant_id)
        self._rate(currency, into, spread)
        return self._locks[currency, into, spread]

    def spread(self, merchant_id: str) -> int:
        """Basis points of the newest row that names merchant and stage most exactly; 0 where there is none."""
        found = [
            row
            for row in self.terms.spreads
            if row.stage in (self.terms.stage, EVERY)
            and row.merchant_id in (merchant_id, EVERY)
            and row.effective_from <= self.terms.on
        ]
        if not found:
            return 0
        best = max(
            found, key=lambda r: (r.merchant_id == merchant_id, r.stage == self.terms.stage, r.effective_from)
        )
        return best.basis_points

    def charm(self, currency: str) -> Charm | None:
        held = (
            row
            for row in self.terms.charms
            if (row.market, row.currency) == (self.terms.country, currency)
            and row.effective_from <= self.terms.on
            and (row.effective_to is None or self.terms.on < row.effective_to)
        )
        return max(held, key=lambda row: row.effective_from, default=None)

    def _rate(self, currency: str, into: str, spread: int) -> Fraction:
        key = currency, into, spread
        if key not in self._rates:
            reference = _text(self.table.rate(currency, into))
            applied = _text(Fraction(reference) * (1 + Fraction(spread, _BASIS_POINTS)))
            if currency != into:
                self._locks[key] = RateLock(
                    currency, into, reference, applied, spread, self.source, self.date
                )
            self._rates[key] = Fraction(applied)
        return self._rates[key]


def charmed(amount: int, charm: Charm) -> int:
    """The nearest amount with the market's ending, the higher of two; never below the first.

    A higher price never becomes the lower one by it.
    """
    steps = rounded(Fraction(amount - charm.ending, charm.step))
    return max(0, steps) * charm.step + charm.ending


def _text(rate: Fraction) -> str:
    """A rate to twelve places, half up."""
    places = Decimal(rounded(rate * 10**_PLACES)).scaleb(-_PLACES)
    return f"{places.normalize():f}"
