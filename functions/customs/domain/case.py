"""A consignment on a day, with everything that is looked up or measured for it."""

from collections.abc import Callable, Hashable, Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple, TypeVar

from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.money import Money, allocate, rounded, total
from functions.customs.domain.consignment import Consignment, ConsignmentLine, RateLookup
from functions.customs.domain.refusals import (
    DutyFormNotCarried,
    DutyRateMissing,
    MeasureMissing,
    UnverifiedRate,
    WeightMissing,
)
from functions.customs.domain.rulebook import Band, Bound, RateRow, Rule, RuleBook, Specific

T = TypeVar("T")

_NAMES: Final = {"litre_alcohol": "litre of pure alcohol"}
UNVERIFIED: Final = "Not verified: the authority's page has not been read."


class Lookups:
    """What was looked up for the lines of a consignment: the same, whichever way they are sent.

    A caller who assesses the same lines several times hands one in: then their destination, the day, the rates and
    the book are the same too, and so is the number of units in the order. Whatever else an answer hangs on is part of
    its key.
    """

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[Hashable, Any] = {}

    def once(self, key: Hashable, find: Callable[[], T]) -> T:
        """What `find` returns, found once. What it raises is raised each time."""
        if key not in self._found:
            self._found[key] = find()
        found: T = self._found[key]
        return found


class Case(NamedTuple):
    """`lines` stand in the order of their keys: ties in an allocation do not depend on the caller's order."""

    consignment: Consignment
    lines: tuple[ConsignmentLine, ...]
    on: date
    rates: RateLookup
    book: RuleBook
    allow_unverified: bool
    lookups: Lookups

    @property
    def currency(self) -> str:
        return self.consignment.currency

    def parts(self, names: Iterable[str]) -> Money:
        """The sum of some of goods, freight and insurance, over the whole consignment."""
        return total((self._part(name) for name in names), self.currency)

    def _part(self, name: str) -> Money:
        if name == "goods":
            return self.lookups.once("goods", lambda: self.consignment.goods)
        return self.consignment.freight if name == "freight" else self.consignment.insurance

    def within(self, band: Band) -> bool:
        """Whether what the band measures is on its side of the limit.

        Compared as it is declared: in whole minor units of the limit's currency.
        """
        if band.per == "item":
            up_to = all(
                self.rates.convert(line.goods, band.limit.currency) <= band.limit * line.quantity
                for line in self.lines
            )
        else:
            up_to = self.rates.convert(self.parts(band.of), band.limit.currency) <= band.limit
        return up_to == (band.side == "up_to")

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of the destination that hold on the day, whatever the regime."""
        goods = self.consignment
        return self.lookups.once(
            "rules",
            lambda: self.book.rules_for(
                goods.destination_country, self.on, goods.destination_region, goods.destination_postal_code
            ),
        )

    def applies(self, rule: Rule) -> bool:
        goods = self.consignment
        travels = rule.lane is None or rule.lane.takes(goods.dispatch_country, goods.conveyance)
        return travels and (rule.band is None or self.within(rule.band))

    def duty_of(self, line: ConsignmentLine, row: RateRow, base: Fraction, share: Fraction) -> Fraction:
        """What a row charges on a line, in minor units of the case's currency, not rounded.

        `share` is what its rate comes to on `base`. The least is looked at before the most.

        Raises: WeightMissing, MeasureMissing: a duty is by a quantity that the line does not tell.
        """
        charged = share + self._by_quantity(line, row.specifics, row) if row.specifics else share
        if row.at_least is not None:
            charged = max(charged, self._bound(line, row.at_least, base, row))
        if row.at_most is not None:
            charged = min(charged, self._bound(line, row.at_most, base, row))
        return charged

    def _bound(self, line: ConsignmentLine, bound: Bound, base: Fraction, row: RateRow) -> Fraction:
        return base * bound.rate + self._by_quantity(line, bound.specifics, row)

    def _by_quantity(self, line: ConsignmentLine, specifics: Iterable[Specific], row: RateRow) -> Fraction:
        sum_ = Fraction(0)
        for specific in specifics:
            units = line.quantity * _measure(line, specific.per, row)
            sum_ += specific.amount * units * self.rates.rate(specific.currency, self.currency)
        return sum_ * Fraction(10 ** EXPONENTS[self.currency])

    def spread(self, amount: Money) -> list[Money]:
        """`amount` over the lines by goods value; by quantity where the goods are free."""
        if not amount:
            return [amount] * len(self.lines)
        weights = [line.goods.amount for line in self.lines]
        if not any(weights):
            weights = [line.quantity for line in self.lines]
        return allocate(amount, weights)

    def row(self, kind: str, line: ConsignmentLine) -> RateRow:
        """The rate that holds for a line.

        Raises:
            DutyRateMissing: there is none; never a silent zero.
            UnverifiedRate: there is one that this stage may not use.
            DutyFormNotCarried: there is one, of a form that cannot be charged.
        """
        destination = self.consignment.destination_country
        found = self.book.rate(
            kind, destination, line.hs_code, line.origin_country, line.tax_category, self.on
        )
        if found is None:
            raise self.no_rate(kind, line)
        self.admit(found.row_id, found.confidence, found.source)
        if found.form:
            raise DutyFormNotCarried(
                line=line.key, field="hs_code", row=found.row_id, form=found.form, source=found.source
            )
        return found

    def no_rate(self, kind: str, line: ConsignmentLine) -> DutyRateMissing:
        return DutyRateMissing(
            line=line.key,
            field="hs_code",
            hs_code=line.hs_code,
            destination=self.consignment.destination_country,
            origin=line.origin_country,
            kind=kind,
        )

    def admit(self, row_id: str, confidence: str, source: str) -> None:
        if confidence == "unverified" and not self.allow_unverified:
            raise UnverifiedRate(row=row_id, source=source)

    def conversion(self, currency: str) -> str:
        """The rate between the consignment's currency and another, with its source and date."""
        if currency == self.currency:
            return ""
        return self.lookups.once(("conversion", currency), lambda: self._conversion(currency))

    def _conversion(self, currency: str) -> str:
        rate = self.rates.rate(self.currency, currency)
        return (
            f"1 {self.currency} = {_shown(rate)} {currency} "
            f"({self.rates.source}, {self.rates.date.isoformat()})."
        )


def percent(rate: Fraction) -> str:
    return f"{_plain(Decimal((rate * 100).numerator) / Decimal((rate * 100).denominator))} %"


def quantity(specific: Specific, lines: Iterable[ConsignmentLine], row: RateRow) -> str:
    """A specific duty and the quantity that it is charged on, for reading."""
    units = sum((line.quantity * _measure(line, specific.per, row) for line in lines), start=Fraction(0))
    if specific.per == "piece":
        return f"{_rate(specific)} for each of {_decimal(units)} pieces"
    name = _NAMES.get(specific.per, specific.per)
    return f"{_rate(specific)} for each {name} of {_decimal(units)} {name}"


def bound(limit: Bound) -> str:
    """The least or the most of a duty, for reading."""
    parts = [f"{_rate(one)} for each {_NAMES.get(one.per, one.per)}" for one in limit.specifics]
    return " and ".join([*([percent(limit.rate)] if limit.rate or not parts else []), *parts])


def limits_of(row: RateRow) -> list[tuple[str, Bound]]:
    """The least and the most of what a row charges, each after its name."""
    return [(word, limit) for word, limit in (("At least", row.at_least), ("At most", row.at_most)) if limit]


def form(row: RateRow) -> str:
    """What a row charges, for reading."""
    return ", ".join(
        [
            bound(Bound(row.rate, row.specifics)),
            *(f"{word.lower()} {bound(limit)}" for word, limit in limits_of(row)),
        ]
    )


def _measure(line: ConsignmentLine, unit: str, row: RateRow) -> Fraction:
    """How much of a unit is in one unit of the goods; a piece is one where the line says nothing else.

    Raises: WeightMissing, MeasureMissing.
    """
    if unit == "kg":
        if line.weight_grams is None:
            raise WeightMissing(line=line.key, field="weight_grams", row=row.row_id)
        return Fraction(line.weight_grams, 1000)
    found = line.measures.get(unit, Fraction(1) if unit == "piece" else None)
    if found is None:
        raise MeasureMissing(line=line.key, field=f"measures.{unit}", row=row.row_id)
    return found


def _rate(specific: Specific) -> str:
    return f"{specific.currency} {_decimal(specific.amount)}"


def _decimal(value: Fraction) -> str:
    return _plain(Decimal(value.numerator) / Decimal(value.denominator))


def sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _shown(rate: Fraction) -> str:
    """A rate to six decimals, for reading only."""
    return _plain(Decimal(rounded(rate * 10**6)).scaleb(-6))


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
