"""The Harmonized Tariff Schedule's JSON, as the United States International Trade Commission exports it.

The general rate of column 1 holds for all origins but those of column 2, which have the column `other`. A footnote
that names a heading of section 301 makes an additional duty on goods of China, at that heading's rate in chapter 99.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from infra.customs.tariffs.expressions import Unreadable, parsed, parsed_or_form
from infra.customs.tariffs.rows import Imported, Rate, RowError, gathered

TERRITORY: Final = "US"

_COLUMN_2: Final = "BY CU KP RU"
"""General note 3(b) of the schedule."""
_HEADING_301: Final = re.compile(r"9903\.(?:88|91)\.\d{2}")
_SURCHARGE: Final = re.compile(
    r"the duty provided in the applicable subheading (?:\+|plus) ([\d.]+)\s*(?:%|percent)", re.I
)
_UNCHANGED: Final = re.compile(r"the duty provided in the applicable subheading\.?", re.I)
_SHORTEST: Final = 8


def read(text: str, effective_from: str) -> Imported:
    """The schedule has no dates of its own: `effective_from` is the first day of the revision.

    Raises: ValueError: the file is not of this format.
    """
    rows = json.loads(text)
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "htsno" in row for row in rows):
        raise ValueError("the file is no list of rows with `htsno`")
    surcharges = _surcharges(rows)
    rates: dict[str, list[Rate]] = defaultdict(list)
    errors: list[RowError] = []
    unreadable: set[str] = set()
    for number, row in enumerate(rows, 1):
        code = str(row["htsno"] or "").replace(".", "")
        # A statistical line has no rate of its own and bears that of the line above it.
        if not str(row.get("general") or "").strip() or code.startswith(("98", "99")):
            continue
        try:
            rates[code], reasons = _rates(code, row, surcharges, effective_from)
            errors += [RowError(number, code, reason) for reason in reasons]
        except Unreadable as error:
            errors.append(RowError(number, code, str(error)))
            unreadable.add(code)
    return Imported(gathered(rates, unreadable), errors)


def _rates(
    code: str, row: Mapping[str, Any], surcharges: Mapping[str, str | None], effective_from: str
) -> tuple[list[Rate], list[str]]:
    """A line's rates; those of a form that cannot be charged refuse by its words, and why is told."""
    if re.fullmatch(r"\d{8}|\d{10}", code) is None:
        raise Unreadable(f"a line with a rate has {_SHORTEST} or 10 digits")
    *general, why_general = parsed_or_form(_bare(row["general"]))
    *other, why_other = parsed_or_form(_bare(row.get("other") or ""))
    added, note = _section_301(row, surcharges)
    found = [
        Rate("duty", "", _COLUMN_2, general[0], general[1], effective_from, "", ""),
        Rate("duty", _COLUMN_2, "", other[0], other[1], effective_from, "", "Column 2.", "column2"),
        Rate("additional", "CN", "", added, "", effective_from, "", note, "cn"),
    ]
    reasons = [f"{column}: {why}" for column, why in (("general", why_general), ("other", why_other)) if why]
    return found, reasons


def _bare(text: str) -> str:
    """Without the number of a footnote."""
    return re.sub(r"\s+\d/$", "", text.strip())


def _section_301(row: Mapping[str, Any], surcharges: Mapping[str, str | None]) -> tuple[str, str]:
    named: list[str] = []
    for footnote in row.get("footnotes") or ():
        named += _HEADING_301.findall(str(footnote.get("value") or ""))
    unknown = [heading for heading in named if heading not in surcharges]
    if unknown:
        raise Unreadable(f"section 301: the heading {', '.join(unknown)} has no rate in this file")
    charged = sorted({heading for heading in named if surcharges[heading] is not None})
    if len(charged) > 1:
        raise Unreadable(f"section 301: several headings, {', '.join(charged)}")
    if not charged:
        return "0", "No heading of section 301 charges it."
    return surcharges[charged[0]] or "0", f"Heading {charged[0]}."


def _surcharges(rows: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
    """The additional rate by heading of section 301; None for a heading that excludes goods from it."""
    found: dict[str, str | None] = {}
    for row in rows:
        heading = str(row["htsno"] or "")
        if _HEADING_301.fullmatch(heading) is None:
            continue
        general = str(row.get("general") or "").strip()
        if charged := _SURCHARGE.fullmatch(general):
            found[heading] = parsed(f"{charged[1]}%")[0]
        elif _UNCHANGED.fullmatch(general):
            found[heading] = None
    return found
