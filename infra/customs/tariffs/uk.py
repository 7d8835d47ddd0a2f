"""The UK Trade Tariff's CSV of measures on declarable commodities, as the authority publishes it.

Read are third country duties (measure type 103) for all origins. Origins that bear a trade remedy on a code, such as
anti-dumping duty, are left out of its rate: goods of theirs are refused rather than charged too little. Preferences are
not read, since none is claimed.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from infra.customs.tariffs.expressions import Unreadable, parsed_or_form
from infra.customs.tariffs.rows import Imported, Rate, RowError, gathered

TERRITORY: Final = "GB"

_CODE: Final = "commodity__code"
_TYPE: Final = "measure__type__id"
_DUTY: Final = "measure__duty_expression"
_FROM: Final = "measure__effective_start_date"
_TO: Final = "measure__effective_end_date"
_AREA: Final = "measure__geographical_area__id"
_EXCLUDED: Final = "measure__excluded_geographical_areas__ids"
_NEEDED: Final = (_CODE, _TYPE, _DUTY, _FROM, _TO, _AREA, _EXCLUDED)

_THIRD_COUNTRY: Final = "103"
_REMEDIES: Final = frozenset({"551", "552", "553", "554", "555", "695", "696"})
"""Provisional and definitive anti-dumping and countervailing duties, and additional duties."""
_EVERYBODY: Final = "1011"
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


def read(lines: Iterable[str]) -> Imported:
    """Raises: ValueError: the file is not of this format."""
    reader = csv.DictReader(lines)
    missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
    if missing:
        raise ValueError(f"the columns {', '.join(missing)} are missing")
    rows = list(enumerate(reader, 1))
    barred = _remedied(row for _, row in rows)
    rates: dict[str, list[Rate]] = defaultdict(list)
    errors: list[RowError] = []
    forms: list[RowError] = []
    seen: set[str] = set()
    for number, row in rows:
        code = (row[_CODE] or "").strip()
        if re.fullmatch(r"\d{10}", code):
            seen.add(code)
        if row[_TYPE] != _THIRD_COUNTRY:
            continue
        try:
            rate, reason = _rate(code, row, barred.get(code, set()))
            rates[code].append(rate)
            forms += [RowError(number, code, reason)] if reason else []
        except ValueError as error:
            errors.append(RowError(number, code, str(error)))
    for failed in errors:
        rates.pop(failed.code, None)
    found = sorted((*errors, *forms), key=lambda error: error.row)
    return Imported(gathered(rates, seen - rates.keys()), found)


def _remedied(rows: Iterable[Mapping[str, str]]) -> dict[str, set[str]]:
    """The origins by code that bear a remedy; an area of several countries stands by its own name."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row[_TYPE] in _REMEDIES:
            found[row[_CODE]].add(row[_AREA])
    return found


def _rate(code: str, row: Mapping[str, str], barred: set[str]) -> tuple[Rate, str]:
    """A measure's rate; of a form that cannot be charged, one that refuses by its words, and why."""
    if re.fullmatch(r"\d{10}", code) is None:
        raise Unreadable("a commodity code has ten digits")
    if row[_AREA] != _EVERYBODY:
        raise Unreadable(f"a third country duty for the area {row[_AREA]} is not carried")
    excluded = {area for area in re.split(r"[|,;\s]+", row[_EXCLUDED] or "") if area} | barred
    groups = sorted(area for area in excluded if _COUNTRY.fullmatch(area) is None)
    if groups:
        raise Unreadable(f"the areas {', '.join(groups)} are excluded, and not known country by country")
    rate, specific, reason = parsed_or_form(row[_DUTY] or "")
    note = (
        f"Goods of {', '.join(sorted(barred))} bear a trade remedy, which is not carried." if barred else ""
    )
    found = Rate(
        "duty",
        "",
        " ".join(sorted(excluded)),
        rate,
        specific,
        _day(row[_FROM]),
        _day(row[_TO], last=True),
        note,
    )
    return found, reason


def _day(text: str | None, last: bool = False) -> str:
    """A day as the files write it. The tariff's last day is the day before our `effective_to`."""
    if not text:
        if last:
            return ""
        raise Unreadable("the first day is missing")
    day = date.fromisoformat(text[:10])
    return date.fromordinal(day.toordinal() + last).isoformat()
