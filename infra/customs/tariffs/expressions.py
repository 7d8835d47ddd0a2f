"""Duty expressions: a share of the value, amounts for quantities, their sum, and the least or most that it comes to."""

import re
from decimal import Decimal
from typing import Final

_FREE: Final = re.compile(r"free", re.IGNORECASE)
_SHARE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_UK_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Z]{3})\s*/\s*(.+)")
_US_AMOUNT: Final = re.compile(r"(\$)?(\d+(?:\.\d+)?)\s*(¢|cents)?\s*(?:/|\s)\s*([A-Za-z][A-Za-z0-9 .²³]*)")
_BOUND: Final = re.compile(
    r"\s+MIN\s+|\s+MAX\s+|,?\s+but not less than\s+|,?\s+but not (?:more than|exceeding)\s+|,?\s+but not over\s+"
)
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
    "gross": ("piece", 144),
    "thousand": ("piece", 1000),
    "head": ("piece", 1),
    "carat": ("kg", Decimal("0.0002")),
    "c/k": ("kg", Decimal("0.0002")),
    "pa": ("pair", 1),
    "pr": ("pair", 1),
    "prs": ("pair", 1),
    "pair": ("pair", 1),
    "doz pr": ("pair", 12),
    "doz prs": ("pair", 12),
    "l": ("litre", 1),
    "litre": ("litre", 1),
    "liter": ("litre", 1),
    "liters": ("litre", 1),
    "hl": ("litre", 100),
    "1000 l": ("litre", 1000),
    "l alc 100%": ("litre_alcohol", 1),
    "hl alc 100%": ("litre_alcohol", 100),
    "% vol/hl": ("litre_alcohol", 1),
    "pf liter": ("litre_alcohol", Decimal("0.5")),
    "pf liters": ("litre_alcohol", Decimal("0.5")),
    "m": ("metre", 1),
    "1000 m": ("metre", 1000),
    "m2": ("m2", 1),
    "m²": ("m2", 1),
    "m3": ("m3", 1),
    "m³": ("m3", 1),
}
"""A hectolitre of one per cent by volume holds a litre of alcohol; half of a proof liter is alcohol: 27 CFR 30.11."""


class Unreadable(ValueError):
    """An expression of another form; its text is the reason."""


def parsed(text: str) -> tuple[str, str]:
    """The columns `rate` and `specific` of a duty expression of the UK's or the US's tariff.

    Raises: Unreadable: alternatives, references, units that are not carried, and whatever else is no sum in bounds.
    """
    if not text.strip():
        raise Unreadable("the duty is empty")
    if _FREE.fullmatch(text.strip()):
        return "0", ""
    words = [_word(found) for found in _BOUND.findall(text)]
    if len(set(words)) < len(words):
        raise Unreadable(f"{text!r} has two bounds of one sort")
    plain, *bounds = _BOUND.split(text.strip())
    rate, specifics = _sum(plain)
    limits = [f"{word} {_joined(*_sum(bound))}" for word, bound in zip(words, bounds, strict=True)]
    return rate, ";".join([*specifics, *limits])


def parsed_or_form(text: str) -> tuple[str, str, str]:
    """What `parsed` gives, and the reason where it cannot: `specific` then holds the tariff's words, to refuse by."""
    try:
        return *parsed(text), ""
    except Unreadable as error:
        return "0", f"FORM {' '.join(text.replace(';', ',').split()) or 'empty'}", str(error)


def _sum(text: str) -> tuple[str, list[str]]:
    shares: list[Decimal] = []
    specifics: list[str] = []
    for term in re.split(r"\s+\+\s+|(?<=%)\s*\+\s*", text.strip()):
        if share := _SHARE.fullmatch(term):
            shares.append(Decimal(share[1]))
        else:
            specifics.append(_amount(term))
    return _plain(sum(shares, Decimal()) / 100), specifics


def _joined(rate: str, specifics: list[str]) -> str:
    return " + ".join([*([rate] if rate != "0" or not specifics else []), *specifics])


def _word(found: str) -> str:
    return "MIN" if "MIN" in found or "less" in found else "MAX"


def _amount(term: str) -> str:
    if uk := _UK_AMOUNT.fullmatch(term):
        return _specific(Decimal(uk[1]), uk[2], uk[3])
    us = _US_AMOUNT.fullmatch(term)
    if us and bool(us[1]) != bool(us[3]):
        return _specific(Decimal(us[2]) / (100 if us[3] else 1), "USD", us[4])
    raise Unreadable(f"{term!r} is neither a share nor an amount for a quantity")


def _specific(amount: Decimal, currency: str, quantity: str) -> str:
    named = _QUANTITIES.get(re.sub(r"[.\s]+", " ", quantity).strip().lower())
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
