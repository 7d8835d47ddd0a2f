"""A consignment on a day, with everything that is looked up or measured for it."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.money import Money, allocate, rounded, total
from functions.customs.domain.consignment import Consignment, ConsignmentLine, RateLookup
from functions.customs.domain.refusals import DutyRateMissing, UnverifiedRate, WeightMissing
from functions.customs.domain.rulebook import Band, RateRow, Rule, RuleBook, Specific

UNVERIFIED: Final = "Not verified: the authority's page has not been read."


class Case(NamedTuple):
    """`lines` stand in the order of their keys: ties in an allocation do not depend on the caller's order."""

    consignment: Consignment
    lines: tuple[ConsignmentLine, ...]
    on: date
    rates: RateLookup
    book: RuleBook
    allow_unverified: bool

    @property
    def currency(self) -> str:
        return self.consignment.currency

    def parts(self, names: Iterable[str]) -> Money:
        """The sum of some of goods, freight and insurance, over the whole consignment."""
        known = {
            "goods": self.consignment.goods,
            "freight": self.consignment.freight,
            "insurance": self.consignment.insurance,
        }
        return total((known[name] for name in names), self.currency)

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
        return self.book.rules_for(
            goods.destination_country, self.on, goods.destination_region, goods.destination_postal_code
        )

    def applies(self, rule: Rule) -> bool:
        goods = self.consignment
        travels = rule.lane is None or rule.lane.takes(goods.dispatch_country, goods.conveyance)
        return travels and (rule.band is None or self.within(rule.band))

    def by_quantity(self, line: ConsignmentLine, row: RateRow) -> Fraction:
        """What a row's specific duties charge on a line, in minor units of the case's currency, not rounded.

        Raises: WeightMissing: a duty is by weight, and the line has none.
        """
        sum_ = Fraction(0)
        for specific in row.specifics:
            units = Fraction(line.quantity)
            if specific.per == "kg":
                if line.weight_grams is None:
                    raise WeightMissing(line=line.key, field="weight_grams", row=row.row_id)
                units *= Fraction(line.weight_grams, 1000)
            sum_ += specific.amount * units * self.rates.rate(specific.currency, self.currency)
        return sum_ * Fraction(10 ** EXPONENTS[self.currency])

    def spread(self, amount: Money) -> list[Money]:
        """`amount` over the lines by goods value; by quantity where the goods are free."""
        weights = [line.goods.amount for line in self.lines]
        if not any(weights):
            weights = [line.quantity for line in self.lines]
        return allocate(amount, weights)

    def row(self, kind: str, line: ConsignmentLine) -> RateRow:
        """The rate that holds for a line.

        Raises:
            DutyRateMissing: there is none; never a silent zero.
            UnverifiedRate: there is one that this stage may not use.
        """
        destination = self.consignment.destination_country
        found = self.book.rate(
            kind, destination, line.hs_code, line.origin_country, line.tax_category, self.on
        )
        if found is None:
            raise self.no_rate(kind, line)
        self.admit(found.row_id, found.confidence, found.source)
        return found

    def no_rate(self, kind: str, line: ConsignmentLine) -> DutyRateMissing:
        return DutyRateMissing(
            line=line.key,
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
        rate = self.rates.rate(self.currency, currency)
        return (
            f"1 {self.currency} = {_shown(rate)} {currency} "
            f"({self.rates.source}, {self.rates.date.isoformat()})."
        )


def percent(rate: Fraction) -> str:
    return f"{_plain(Decimal((rate * 100).numerator) / Decimal((rate * 100).denominator))} %"


def quantity(specific: Specific, lines: Iterable[ConsignmentLine]) -> str:
    """A specific duty and the quantity that it is charged on, for reading."""
    rate = f"{specific.currency} {_plain(Decimal(specific.amount.numerator) / Decimal(specific.amount.denominator))}"
    if specific.per == "piece":
        return f"{rate} for each of {sum(line.quantity for line in lines)} pieces"
    grams = sum((line.weight_grams or 0) * line.quantity for line in lines)
    return f"{rate} for each kg of {_plain(Decimal(grams).scaleb(-3))} kg"


def sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _shown(rate: Fraction) -> str:
    """A rate to six decimals, for reading only."""
    return _plain(Decimal(rounded(rate * 10**6)).scaleb(-6))


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
