"""The data files of this context: carriers, rate cards, calendars, postal codes; read once, when first asked for."""

import base64
import zlib
from dataclasses import dataclass
from datetime import date, time
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from functions.logistics.domain.cards import RateBook, RateCard
from functions.logistics.domain.carriers import Carrier
from functions.logistics.domain.freight import Network
from functions.logistics.domain.promise import Calendar, Handling

T = TypeVar("T")

_DATA: Final = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class _Handling:
    days: tuple[int, int]
    cut_off_utc: time


@dataclass(frozen=True, slots=True)
class _CarriersFile:
    carriers: tuple[Carrier, ...]
    handling: dict[str, _Handling]


@dataclass(frozen=True, slots=True)
class _HolidaysFile:
    source: str
    known_until: date
    weekends: dict[str, list[int]]
    holidays: dict[str, list[date]]


@dataclass(frozen=True, slots=True)
class _PostalFile:
    source: str
    forms: dict[str, str]


def carriers() -> dict[str, Carrier]:
    """Every carrier by its code."""
    return {carrier.code: carrier for carrier in _carriers_file().carriers}


@cache
def network() -> Network:
    """Handling, calendars and delivery days; a country without a calendar works every day."""
    file = _read("holidays.json", _HolidaysFile)
    return Network(
        handling={
            mode: Handling(each.cut_off_utc, each.days) for mode, each in _carriers_file().handling.items()
        },
        calendars={
            country: Calendar(frozenset(weekend), frozenset(file.holidays.get(country, ())), file.known_until)
            for country, weekend in file.weekends.items()
        },
        delivers_on={carrier.code: frozenset(carrier.delivers_on) for carrier in _carriers_file().carriers},
        postal_forms=_read("postal_codes.json", _PostalFile).forms,
    )


@cache
def packaged_book() -> RateBook:
    """The rate cards that are shipped with the code."""
    return RateBook(all_rate_cards())


@cache
def all_rate_cards() -> tuple[RateCard, ...]:
    return decoded_cards((_DATA / "rate_cards.json").read_bytes())


def decoded_cards(raw: bytes | str) -> tuple[RateCard, ...]:
    """Rate cards from JSON, rates as decimal text, so that no float comes near a price."""
    return _CARDS.decode(raw)


def packed_card(card: RateCard) -> str:
    """A rate card as the table holds it: a large one has thousands of rows."""
    raw = msgspec.json.encode(card, enc_hook=_decimal)
    return base64.b64encode(zlib.compress(raw)).decode()


def unpacked_card(text: str) -> RateCard:
    return _CARD.decode(zlib.decompress(base64.b64decode(text)))


@cache
def _carriers_file() -> _CarriersFile:
    return _read("carriers.json", _CarriersFile)


def _read(name: str, kind: type[T]) -> T:
    return msgspec.json.decode((_DATA / name).read_bytes(), type=kind)


def _fraction(kind: type[Any], value: Any) -> Any:
    if kind is Fraction and isinstance(value, str):
        return Fraction(value)
    raise TypeError(f"no {kind} is read from a tariff")


def _decimal(value: Any) -> str:
    if isinstance(value, Fraction):
        return str(value)
    raise TypeError(f"no {type(value)} is part of a tariff")


_CARD: Final = msgspec.json.Decoder(RateCard, dec_hook=_fraction)
_CARDS: Final = msgspec.json.Decoder(tuple[RateCard, ...], dec_hook=_fraction)
