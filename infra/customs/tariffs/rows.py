"""What an importer reads out of a tariff, and how many codes with one rate become one shorter prefix."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

_LENGTHS: Final = (8, 6, 4)
"""Prefixes that codes are gathered under: subheading of a tariff, HS subheading, heading."""


class Rate(NamedTuple):
    """A rate of duty for some origins, as the rate files write it. `name` tells it from others of its code."""

    kind: str
    origins: str
    except_origins: str
    rate: str
    specific: str
    effective_from: str
    effective_to: str
    note: str
    name: str = ""


class RowError(NamedTuple):
    """A row of the source that could not be read; `row` counts from 1, the line of names not among them."""

    row: int
    code: str
    reason: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.code or 'no code'}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Imported:
    """`rates` by HS prefix; `errors` in the order of the source."""

    rates: Mapping[str, Sequence[Rate]]
    errors: Sequence[RowError]


def gathered(rates: Mapping[str, Sequence[Rate]], unreadable: Iterable[str]) -> dict[str, list[Rate]]:
    """The rates, codes that all bear the same gathered under their common prefix.

    Goods whose code is known to six digits find a rate so wherever all that stands below has the same one, and none
    where it differs: then the price would be a guess. `unreadable` codes keep everything above them apart.
    """
    found = {code: tuple(sorted(set(many))) for code, many in rates.items()}
    known: dict[str, tuple[Rate, ...] | None] = {**found, **dict.fromkeys(unreadable)}
    for length in _LENGTHS:
        groups: dict[str, list[str]] = defaultdict(list)
        for code in known:
            if len(code) > length:
                groups[code[:length]].append(code)
        for prefix, codes in groups.items():
            alike = {known[code] for code in codes}
            if len(alike) == 1 and None not in alike and prefix not in known:
                known[prefix] = known[codes[0]]
                for code in codes:
                    del known[code]
    return {code: list(many) for code, many in sorted(known.items()) if many}
