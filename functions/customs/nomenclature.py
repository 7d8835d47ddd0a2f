"""The Harmonized System of 2022: which codes there are, what they mean, and which may fit a text.

The file is mapped and searched for one code; only suggestions read it whole, once per process.
"""

import csv
import mmap
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from functions.customs.domain.words import Index, asked, indexed, words

_FILE: Final = Path(__file__).parent / "data" / "hs2022.csv"
_SHAPE: Final = re.compile(r"\d{2}|\d{4}|\d{6,10}", re.ASCII)
_SUBHEADING: Final = 6
_LEVELS: Final = (2, 4, 6)
_OWN, _HEADING, _CHAPTER = 3, 2, 1
"""How much a word counts by where it stands."""


class Entry(NamedTuple):
    """A code of two, four or six digits and what it means, in English."""

    hs_code: str
    description: str


class Suggestion(NamedTuple):
    """A subheading that shares words with a text, the words, and the headings that it stands under."""

    hs_code: str
    path: tuple[Entry, ...]
    matched: tuple[str, ...]


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


def suggested(text: str, most: int) -> tuple[Suggestion, ...]:
    """The subheadings that share the rarest words with a text, best first; ties by code."""
    return tuple(Suggestion(code, path(code), matched) for code, matched in _index().best(asked(text), most))


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


@cache
def _index() -> Index:
    with _FILE.open(encoding="utf-8", newline="") as file:
        described = {row["hs_code"]: words(row["description"]) for row in csv.DictReader(file)}
    return indexed(
        {code: _weighed(code, described) for code in described if len(code) == _SUBHEADING},
    )


def _weighed(code: str, described: Mapping[str, Iterable[str]]) -> Counter[str]:
    """A word counts once, where it counts most."""
    weights: Counter[str] = Counter()
    for length, weight in zip(_LEVELS, (_CHAPTER, _HEADING, _OWN), strict=True):
        for word in described[code[:length]]:
            weights[word] = weight
    return weights
