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
MOST_BYTES: Final = 512 * 1024
"""Of a published file: the one of ninety days takes a quarter of it."""


class RateMissing(Refusal):
    """No reference rate for a currency, or none published on or before a day. Facts: `currency` or `on`."""

    code: ClassVar[str] = "rate_missing"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "There is no reference rate for this."


class RateStale(Refusal):
    """The newest reference rate is older than this stage allows. Facts: `field`, `currency`, `date` and `most_days`."""

    code: ClassVar[str] = "rate_stale"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "The reference rates are too old to price by."


class RatesUnreadable(ValueError):
    """A file that is not one of the ECB's: a fault of the feed, never of a caller."""


@dataclass(frozen=True, slots=True)
class RateTable:
    """The rates of one publication: `rates[currency]` units of the currency for one euro, exact.

    `stale_after` days, where it is set, the table was too old on the day it was asked for: nothing converts by it.
    """

    date: date
    source: str
    rates: Mapping[str, Fraction]
    stale_after: int | None = None

    def rate(self, currency: str, into: str) -> Fraction:
        """Whole units of `into` for one whole unit of `currency`, crossed through the euro, not rounded.

        Raises: RateMissing: the table lacks one of the two. RateStale.
        """
        if currency == into:
            return Fraction(1)
        if self.stale_after is not None:
            raise RateStale(
                f"{self.citation}, is older than {self.stale_after} days; rates are read again each hour.",
                field="currency",
                currency=into if currency == PIVOT else currency,
                date=self.date.isoformat(),
                most_days=self.stale_after,
            )
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

    Raises: RatesUnreadable: not that format, or several days.
    Source: the format as published at https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml
    """
    found = parsed_days(xml)
    if len(found) != 1:
        raise RatesUnreadable(f"a daily file has one day, this has {len(found)}")
    return found[0]


def parsed_days(xml: str) -> tuple[RateTable, ...]:
    """Any of the ECB's files of reference rates, daily or of ninety days, as tables, the newest first.

    A document type is refused before parsing, so that no entity can be declared, let alone expanded.

    Raises: RatesUnreadable: not that format, no day or one twice, a day without rates, a currency twice in it, or a
        rate that is no positive decimal.
    Source: the format as published at https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist-90d.xml
    """
    if len(xml) > MOST_BYTES:
        raise RatesUnreadable("the file is longer than any of the ECB's")
    if "<!" in xml:
        raise RatesUnreadable("the file declares a document type, an entity or a section; the ECB's does not")
    try:
        cubes = [cube for cube in ET.fromstring(xml).iter(_CUBE) if cube.get("time") is not None]
    except ET.ParseError as error:
        raise RatesUnreadable(f"the file is not XML: {error}") from None
    found = {_day(cube.get("time", "")): _rates(cube) for cube in cubes}
    if not cubes or len(found) < len(cubes):
        raise RatesUnreadable("the file has no day, or one twice")
    return tuple(RateTable(day, ECB, found[day]) for day in sorted(found, reverse=True))


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
