"""The Harmonized System of 2022: which codes there are, and what they mean.

The file is mapped and searched for one code; only who makes an index of it reads it whole.
"""

import csv
import mmap
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, NamedTuple

_FILE: Final = Path(__file__).parent / "data" / "hs2022.csv"
_SHAPE: Final = re.compile(r"\d{2}|\d{4}|\d{6,10}", re.ASCII)
_SUBHEADING: Final = 6
_LEVELS: Final = (2, 4, 6)


class Entry(NamedTuple):
    """A code of two, four or six digits and what it means, in English."""

    hs_code: str
    description: str


def known(hs_code: str) -> bool:
    """Whether the first six digits of a code of six to ten are a subheading. The rest is each country's own."""
    return (
        re.fullmatch(r"\d{6,10}", hs_code, re.ASCII) is not None and _found(hs_code[:_SUBHEADING]) is not None
    )


def path(hs_code: str) -> tuple[Entry, ...]:
    """Chapter, heading and subheading of a code of two, four, or six to ten digits; empty where there is none such."""
    if _SHAPE.fullmatch(hs_code) is None:
        return ()
    levels = [hs_code[:length] for length in _LEVELS if length <= len(hs_code)]
    entries = [_found(code) for code in levels]
    return tuple(entry for entry in entries if entry is not None) if all(entries) else ()


def subheadings() -> Iterator[tuple[Entry, Entry, Entry]]:
    """Every subheading, by code, after the chapter and the heading that it stands under."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        described = {
            row["hs_code"]: Entry(row["hs_code"], row["description"]) for row in csv.DictReader(file)
        }
    for code in sorted(code for code in described if len(code) == _SUBHEADING):
        yield described[code[:2]], described[code[:4]], described[code]


@lru_cache(maxsize=8192)
def _found(code: str) -> Entry | None:
    file = _map()
    at = file.find(f"\n{code},".encode()) + 1
    if not at:
        return None
    (fields,) = csv.reader([file[at : file.find(b"\n", at)].decode()])
    return Entry(*fields)


@cache
def _map() -> mmap.mmap:
    with _FILE.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
