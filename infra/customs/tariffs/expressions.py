"""Duty expressions: a share of the value, an amount for a quantity, or both."""

import re
from decimal import Decimal
from typing import Final

_FREE: Final = re.compile(r"free", re.IGNORECASE)
_SHARE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_UK_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Z]{3})\s*/\s*(.+)")
_US_AMOUNT: Final = re.compile(r"(\$)?(\d+(?:\.\d+)?)\s*(¢|cents)?\s*(?:/|\s)\s*([A-Za-z.]+)")
_QUANTITIES: Final[dict[str, tuple[str, Decimal | int]]] = {
    "kg": ("kg", 1),
    "kilogram": ("kg", 1),
    "100 kg": ("kg", 100),
    "100kg": ("kg", 100),
    "1000 kg": ("kg", 1000),
    "tonne": ("kg", 1000),
    "t": ("kg", 1000),
    "g": ("kg", Decimal("0.001")),
    "item": ("piece", 1),
    "p/st": ("piece", 1),
    "100 p/st": ("piece", 100),
    "100 items": ("piece", 100),
    "1000 p/st": ("piece", 1000),
    "1000 items": ("piece", 1000),
    "each": ("piece", 1),
    "no": ("piece", 1),
    "doz": ("piece", 12),
}


class Unreadable(ValueError):
    """An expression of another form; its text is the reason."""


def parsed(text: str) -> tuple[str, str]:
    """The columns `rate` and `specific` of a duty expression of the UK's or the US's tariff.

    Raises: Unreadable: limits, alternatives, alcohol, volume, references, and whatever else is no plain sum.
    """
    if not text.strip():
        raise Unreadable("the duty is empty")
    if _FREE.fullmatch(text.strip()):
        return "0", ""
    shares: list[Decimal] = []
    specifics: list[str] = []
    for term in re.split(r"\s+\+\s+|(?<=%)\s*\+\s*", text.strip()):
        if share := _SHARE.fullmatch(term):
            shares.append(Decimal(share[1]))
        else:
            specifics.append(_amount(term))
    return _plain(sum(shares, Decimal()) / 100), ";".join(specifics)


def _amount(term: str) -> str:
    if uk := _UK_AMOUNT.fullmatch(term):
        return _specific(Decimal(uk[1]), uk[2], uk[3])
    us = _US_AMOUNT.fullmatch(term)
    if us and bool(us[1]) != bool(us[3]):
        return _specific(Decimal(us[2]) / (100 if us[3] else 1), "USD", us[4])
    raise Unreadable(f"{term!r} is neither a share nor an amount for a quantity")


def _specific(amount: Decimal, currency: str, quantity: str) -> str:
    named = _QUANTITIES.get(quantity.strip().rstrip(".").lower())
    if named is None:
        raise Unreadable(f"a duty for each {quantity.strip()!r} is not carried")
    per, count = named
    each = amount / count
    if each * count != amount:
        raise Unreadable(f"{amount} for {count} is no decimal for one")
    return f"{currency} {_plain(each)}/{per}"


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
