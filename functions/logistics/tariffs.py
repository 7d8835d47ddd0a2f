"""The data files of this context: carriers and rate cards, read once, when first asked for."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from functions.logistics.domain.carriers import Carrier
from functions.logistics.domain.freight import RateCard

_DATA: Final = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class _CarriersFile:
    carriers: tuple[Carrier, ...]
    handling_days: dict[str, tuple[int, int]]


def carriers() -> dict[str, Carrier]:
    """Every carrier by its code."""
    return {carrier.code: carrier for carrier in _carriers_file().carriers}


def handling_days(mode: str) -> tuple[int, int]:
    """Fewest and most days from the order to the hand-over to the carrier, by fulfilment mode.

    Raises: ValueError: there is no such mode.
    """
    days = _carriers_file().handling_days.get(mode)
    if days is None:
        raise ValueError(f"{mode!r} is no fulfilment mode")
    return days


@cache
def rate_cards(origin_country: str) -> tuple[RateCard, ...]:
    """The rate cards for parcels dispatched from a country."""
    return tuple(card for card in all_rate_cards() if origin_country in card.origin_countries)


@cache
def all_rate_cards() -> tuple[RateCard, ...]:
    decoder = msgspec.json.Decoder(tuple[RateCard, ...], dec_hook=_fraction)
    return decoder.decode((_DATA / "rate_cards.json").read_bytes())


@cache
def _carriers_file() -> _CarriersFile:
    return msgspec.json.decode((_DATA / "carriers.json").read_bytes(), type=_CarriersFile)


def _fraction(kind: type[Any], value: Any) -> Any:
    """A rate as the files write it: decimal text, so that no float comes near a price."""
    if kind is Fraction and isinstance(value, str):
        return Fraction(value)
    raise TypeError(f"no {kind} is read from a tariff")
