"""Rate cards as operators write them: a CSV with a zone or a remote area in each row, checked cell by cell."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, Final

from entrepot.kernel.currencies import EXPONENTS
from functions.logistics.domain.cards import (
    DimensionRounding,
    FuelBase,
    RateCard,
    RemoteArea,
    Surcharge,
    Zone,
    faults_of,
)

MOST_ROWS: Final = 5_000
_HIGHEST: Final = 10**12
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_PREFIX: Final = re.compile(r"[A-Z0-9]{1,10}")
_RATE: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")
_SHARE: Final = re.compile(r"0(\.[0-9]{1,6})?")
_WHOLE: Final = re.compile(r"[0-9]{1,13}")
_MODES: Final = ("direct_mail", "bonded", "overseas")
_MOST_DAYS: Final = 120


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with a cell. row: as a spreadsheet counts, the header is row 1. column: its name, or ""."""

    row: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """The cards of a file, each with the row it begins in; only where `errors` is empty are they all of them."""

    cards: tuple[tuple[int, RateCard], ...]
    errors: tuple[RowError, ...]


class _Wrong(Exception):
    """A cell that cannot be read; the message says what it should hold."""


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise _Wrong("1 to 80 of a-z, 0-9, '_', '.' and '-'")
    return text


def _currency(text: str) -> str:
    if text not in EXPONENTS:
        raise _Wrong("a currency of ISO 4217")
    return text


def _countries(text: str) -> tuple[str, ...]:
    found = tuple(text.split())
    if not found or any(not _COUNTRY.fullmatch(country) for country in found):
        raise _Wrong("countries of ISO 3166-1 alpha-2, separated by spaces")
    return found


def _prefixes(text: str) -> tuple[str, ...]:
    found = tuple(text.split())
    if any(not _PREFIX.fullmatch(prefix) for prefix in found):
        raise _Wrong("beginnings of postal codes in capitals and digits, separated by spaces")
    return found


def _modes(text: str) -> tuple[str, ...]:
    found = tuple(text.split())
    if any(mode not in _MODES for mode in found):
        raise _Wrong(f"some of {' '.join(_MODES)}, or nothing for all")
    return found


def _amount(text: str) -> int:
    if not _WHOLE.fullmatch(text) or int(text) > _HIGHEST:
        raise _Wrong("a whole number of minor units, not negative")
    return int(text)


def _positive(text: str) -> int:
    if not _WHOLE.fullmatch(text) or not 0 < int(text) <= _HIGHEST:
        raise _Wrong("a whole number above zero")
    return int(text)


def _positive_or_none(text: str) -> int | None:
    return _positive(text) if text else None


def _days(text: str) -> int:
    if not _WHOLE.fullmatch(text) or int(text) > _MOST_DAYS:
        raise _Wrong(f"a whole number of days, 0 to {_MOST_DAYS}")
    return int(text)


def _surcharges(text: str) -> tuple[Surcharge, ...]:
    found = []
    for each in text.split():
        name, sign, amount = each.partition("=")
        if not sign or not _NAME.fullmatch(name) or not _WHOLE.fullmatch(amount):
            raise _Wrong("name=amount, separated by spaces, or nothing")
        found.append(Surcharge(name, int(amount)))
    return tuple(found)


def _rate(text: str) -> Fraction:
    if not _RATE.fullmatch(text):
        raise _Wrong("a decimal such as 0.265")
    return Fraction(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _Wrong("a day such as 2026-01-31") from None


def _word(text: str) -> str:
    if not text or len(text) > 500 or not text.isprintable():
        raise _Wrong("1 to 500 characters of one line")
    return text


def _rounding(text: str) -> DimensionRounding:
    if text not in (kind.value for kind in DimensionRounding):
        raise _Wrong("nearest, up or none")
    return DimensionRounding(text)


def _fuel_base(text: str) -> FuelBase:
    if text not in (kind.value for kind in FuelBase):
        raise _Wrong("base or base_plus_surcharges")
    return FuelBase(text)


def _conveyance(text: str) -> str | None:
    if text not in ("", "courier", "mail"):
        raise _Wrong("courier or mail, or nothing where it is not known")
    return text or None


def _share(text: str) -> Fraction:
    if not _SHARE.fullmatch(text or "0"):
        raise _Wrong("a decimal below 1 such as 0.012, or nothing for none")
    return Fraction(text or "0")


def _kind(text: str) -> str:
    if text not in ("zone", "remote"):
        raise _Wrong("zone or remote")
    return text


_Cells = Mapping[str, Callable[[str], Any]]
OF_CARD: Final[_Cells] = {
    "card_id": _name, "carrier": _name, "service": _name, "currency": _currency, "origin_countries": _countries,
    "modes": _modes, "divisor": _positive, "dimension_rounding": _rounding, "weight_step_grams": _positive,
    "minimum_grams": _positive, "volumetric_trigger": _rate, "fuel_rate": _rate, "fuel_base": _fuel_base,
    "max_grams": _positive, "max_side_mm": _positive_or_none, "max_girth_mm": _positive_or_none,
    "valid_from": _day, "valid_to": _day, "source": _word, "conveyance": _conveyance, "insurance_rate": _share,
}  # fmt: skip
"""The columns that say the same in every row of a card."""

OF_ROW: Final[_Cells] = {"kind": _kind, "name": _name, "countries": _countries, "postal_prefixes": _prefixes}
OF_ZONE: Final[_Cells] = {
    "base_amount": _amount, "per_kg_amount": _amount, "transit_p50_days": _days, "transit_p90_days": _days,
    "surcharges": _surcharges,
}  # fmt: skip
"""Of these a remote area has `base_amount` only: what a piece costs more there."""

COLUMNS: Final = (*OF_CARD, *OF_ROW, *OF_ZONE)
OPTIONAL: Final = frozenset({"conveyance", "insurance_rate"})
"""Columns that a file may leave out: its cells are then empty."""


def parsed(text: str, services: Mapping[str, frozenset[str]]) -> Parsed:
    """Rate cards from CSV with the header COLUMNS, in any order; those of OPTIONAL may be left out.

    Args: services: those of each carrier that we know.
    """
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    sheet = _Sheet(services)
    try:
        header = [cell.strip() for cell in next(rows, [])]
        if not sheet.takes(header):
            return Parsed((), tuple(sheet.errors))
        for number, row in enumerate(rows, start=2):
            if number > MOST_ROWS + 1:
                sheet.errors.append(RowError(number, "", f"at most {MOST_ROWS} rows in one file"))
                break
            if any(cell.strip() for cell in row):
                sheet.add(number, row, header)
    except csv.Error as error:
        sheet.errors.append(RowError(rows.line_num, "", f"no CSV: {error}"))
    cards = tuple(sheet.cards())
    if not cards and not sheet.errors:
        sheet.errors.append(RowError(1, "", "there is no row below the header"))
    return Parsed(cards, tuple(sorted(sheet.errors, key=lambda error: error.row)))


def rendered(cards: Iterable[RateCard]) -> str:
    """The CSV that `parsed` reads `cards` from."""
    text = io.StringIO(newline="")
    sheet = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    sheet.writeheader()
    for card in cards:
        common = {column: _cell(getattr(card, column)) for column in OF_CARD}
        for zone in card.zones:
            sheet.writerow(
                common
                | {
                    "kind": "zone",
                    "transit_p50_days": zone.transit_days[0],
                    "transit_p90_days": zone.transit_days[1],
                }
                | {name: _cell(getattr(zone, name)) for name in (*_PLACES, "per_kg_amount", "surcharges")}
                | {"base_amount": zone.base_amount}
            )
        for area in card.remote_areas:
            places = {name: _cell(getattr(area, name)) for name in _PLACES}
            sheet.writerow(common | places | {"kind": "remote", "base_amount": area.amount})
    return text.getvalue()


_PLACES: Final = ("name", "countries", "postal_prefixes")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Fraction):
        return str(Decimal(value.numerator) / Decimal(value.denominator))
    if isinstance(value, Surcharge):
        return f"{value.name}={value.amount}"
    if isinstance(value, tuple):
        return " ".join(map(_cell, value))
    return str(value.value if isinstance(value, Enum) else value)


@dataclass(slots=True)
class _Draft:
    """A card while its rows are read."""

    row: int
    fields: dict[str, Any]
    zones: list[Zone] = field(default_factory=list)
    areas: list[RemoteArea] = field(default_factory=list)


class _Sheet:
    def __init__(self, services: Mapping[str, frozenset[str]]) -> None:
        self.errors: list[RowError] = []
        self._services = services
        self._drafts: dict[str, _Draft] = {}

    def takes(self, header: list[str]) -> bool:
        for column in COLUMNS:
            if header.count(column) != 1 and (column in header or column not in OPTIONAL):
                self.errors.append(RowError(1, column, "this column is missing or named twice"))
        self.errors += [
            RowError(1, name, "there is no such column") for name in header if name not in COLUMNS
        ]
        return not self.errors

    def add(self, number: int, row: list[str], header: list[str]) -> None:
        if len(row) != len(header):
            self.errors.append(RowError(number, "", f"{len(row)} cells where the header has {len(header)}"))
            return
        before = len(self.errors)
        cells = dict(zip(header, (cell.strip() for cell in row), strict=True))
        card = self._read(number, cells, OF_CARD)
        read = self._read(number, cells, OF_ROW)
        is_zone = read.get("kind") != "remote"
        read |= self._read(number, cells, OF_ZONE if is_zone else {"base_amount": _amount})
        if not is_zone and not cells["postal_prefixes"]:
            self.errors.append(RowError(number, "postal_prefixes", "a remote area has at least one"))
        self._check_service(number, card)
        if len(self.errors) == before:
            self._keep(number, card, read)

    def cards(self) -> Iterator[tuple[int, RateCard]]:
        for draft in self._drafts.values():
            card = RateCard(**draft.fields, zones=tuple(draft.zones), remote_areas=tuple(draft.areas))
            self.errors += [RowError(draft.row, "card_id", fault) for fault in faults_of(card)]
            if not card.zones:
                self.errors.append(RowError(draft.row, "kind", f"{card.card_id} has no zone"))
            yield draft.row, card

    def _read(self, number: int, cells: Mapping[str, str], columns: _Cells) -> dict[str, Any]:
        read = {}
        for column, reader in columns.items():
            try:
                read[column] = reader(cells.get(column, ""))
            except _Wrong as wrong:
                self.errors.append(RowError(number, column, f"expected {wrong}"))
        return read

    def _check_service(self, number: int, card: Mapping[str, Any]) -> None:
        carrier, service = card.get("carrier"), card.get("service")
        if carrier is not None and carrier not in self._services:
            self.errors.append(
                RowError(number, "carrier", f"expected one of {' '.join(sorted(self._services))}")
            )
        elif carrier is not None and service is not None and service not in self._services[carrier]:
            known = " ".join(sorted(self._services[carrier]))
            self.errors.append(RowError(number, "service", f"expected a service of {carrier}: {known}"))

    def _keep(self, number: int, card: dict[str, Any], read: Mapping[str, Any]) -> None:
        draft = self._drafts.setdefault(card["card_id"], _Draft(number, card))
        differing = [column for column in OF_CARD if draft.fields[column] != card[column]]
        self.errors += [
            RowError(number, column, f"differs from row {draft.row} of the same card") for column in differing
        ]
        if read["kind"] == "remote":
            draft.areas.append(
                RemoteArea(read["name"], read["countries"], read["postal_prefixes"], read["base_amount"])
            )
            return
        draft.zones.append(
            Zone(
                name=read["name"],
                countries=read["countries"],
                base_amount=read["base_amount"],
                per_kg_amount=read["per_kg_amount"],
                transit_days=(read["transit_p50_days"], read["transit_p90_days"]),
                postal_prefixes=read["postal_prefixes"],
                surcharges=read["surcharges"],
            )
        )
