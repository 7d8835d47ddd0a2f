"""A day's reference rates and the exact arithmetic on them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import ClassVar, Final
from xml.etree import ElementTree as ET

from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.money import Money, converted
from entrepot.kernel.refusals import Kind, Refusal

PIVOT: Final = "EUR"
ECB: Final = "European Central Bank, euro foreign exchange reference rates"

_CUBE: Final = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"
_DECIMAL: Final = re.compile(r"\d{1,9}(\.\d{1,9})?")
_MOST_CHARACTERS: Final = 64 * 1024


class RateMissing(Refusal):
    """No reference rate for a currency, or none published on or before a day. Facts: `currency` or `on`."""

    code: ClassVar[str] = "rate_missing"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "There is no reference rate for this."


class RatesUnreadable(ValueError):
    """A file that is not the ECB's daily file: a fault of the feed, never of a caller."""


@dataclass(frozen=True, slots=True)
class RateTable:
    """The rates of one publication: `rates[currency]` units of the currency for one euro, exact."""

    date: date
    source: str
    rates: Mapping[str, Fraction]

    def rate(self, currency: str, into: str) -> Fraction:
        """Whole units of `into` for one whole unit of `currency`, crossed through the euro, not rounded.

        Raises: RateMissing: the table lacks one of the two.
        """
        if currency == into:
            return Fraction(1)
        return self._per_euro(into) / self._per_euro(currency)

    def convert(self, money: Money, currency: str) -> Money:
        """`money` in `currency`, rounded once, half up, to its minor unit.

        Raises: RateMissing: the table lacks one of the two.
        """
        if money.currency == currency:
            return money
        return converted(money, self.rate(money.currency, currency), currency)

    @property
    def citation(self) -> str:
        """Source and date, to be stored with every use of a rate."""
        return f"{self.source}, {self.date.isoformat()}"

    def _per_euro(self, currency: str) -> Fraction:
        if currency == PIVOT:
            return Fraction(1)
        rate = self.rates.get(currency)
        if rate is None:
            raise RateMissing(
                f"{self.citation}, has no rate for {currency}.", currency=currency, date=self.date.isoformat()
            )
        return rate


def parsed_daily(xml: str) -> RateTable:
    """The ECB's `eurofxref-daily.xml` as a table.

    A document type is refused before parsing, so that no entity can be declared, let alone expanded.

    Raises: RatesUnreadable: not that format, no or several days, no rates, a currency twice, or a rate
        that is no positive decimal.
    Source: the format as published at https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml
    """
    if len(xml) > _MOST_CHARACTERS:
        raise RatesUnreadable("the file is too long to be a daily file")
    if "<!" in xml:
        raise RatesUnreadable("the file declares a document type, an entity or a section; the ECB's does not")
    try:
        cubes = list(ET.fromstring(xml).iter(_CUBE))
    except ET.ParseError as error:
        raise RatesUnreadable(f"the file is not XML: {error}") from None
    days = [day for cube in cubes if (day := cube.get("time")) is not None]
    if len(days) != 1:
        raise RatesUnreadable(f"a daily file has one day, this has {len(days)}")
    return RateTable(date=_day(days[0]), source=ECB, rates=_rates(cubes))


def in_force(tables: Iterable[RateTable], on: date) -> RateTable:
    """The newest table published on or before `on`.

    Raises: RateMissing: all are later.
    """
    published = [table for table in tables if table.date <= on]
    if not published:
        raise RateMissing(f"No reference rates were published by {on.isoformat()}.", on=on.isoformat())
    return max(published, key=lambda table: table.date)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RatesUnreadable(f"{text!r} is no day") from None


def _rates(cubes: Iterable[ET.Element]) -> dict[str, Fraction]:
    rates: dict[str, Fraction] = {}
    for cube in cubes:
        currency, text = cube.get("currency"), cube.get("rate")
        if currency is None or text is None:
            continue
        if currency not in EXPONENTS or currency in rates:
            raise RatesUnreadable(f"{currency!r} is unknown or stands twice")
        if _DECIMAL.fullmatch(text) is None or not Fraction(text):
            raise RatesUnreadable(f"{text!r} is no rate for {currency}")
        rates[currency] = Fraction(text)
    if not rates:
        raise RatesUnreadable("the file has no rates")
    return rates
