"""Rates as sorted files, one for each territory, of which only the headings that are asked for are read.

A file is mapped, not loaded, and searched by halves: neither a cold start nor a look-up grows with the rows.
"""

import csv
import mmap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, TypeVar, get_args, overload

from functions.customs.domain.rulebook import Bound, RateKey, RateRow, RateRows, Specific, Unit

COLUMNS: Final = (
    "hs_prefix",
    "kind",
    "category",
    "origins",
    "except_origins",
    "rate",
    "specific",
    "effective_from",
    "effective_to",
    "id",
    "source",
    "retrieved",
    "confidence",
    "note",
)

_FORM: Final = "FORM "
_BOUNDS: Final = ("MIN ", "MAX ")
_HEADING: Final = 4
_MOST_KNOWN: Final = 20_000
_D = TypeVar("_D")


class TariffFiles(RateRows):
    """The rate rows of a folder. Which keys were asked for is remembered, those without a row too.

    `sources` are the citations that the column `source` names, `groups` the lists of countries that `origins` and
    `except_origins` name.
    """

    def __init__(self, folder: Path, sources: Mapping[str, str], groups: Mapping[str, list[str]]) -> None:
        super().__init__()
        self._paths = {path.stem: path for path in folder.glob("*.csv")}
        self._sources = sources
        self._groups = groups
        self._maps: dict[str, mmap.mmap] = {}
        self._unread: dict[RateKey, list[list[str]]] = {}
        self._known: dict[RateKey, tuple[RateRow, ...]] = {}

    @overload
    def get(self, key: RateKey, /) -> tuple[RateRow, ...] | None: ...

    @overload
    def get(self, key: RateKey, /, default: tuple[RateRow, ...] | _D) -> tuple[RateRow, ...] | _D: ...

    def get(self, key: RateKey, /, default: object = None) -> object:
        found = self._known.get(key)
        if found is None:
            found = self._load(key)
        return found or default

    def __getitem__(self, key: RateKey) -> tuple[RateRow, ...]:
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[RateKey]:
        """Reads every file whole: for checks only."""
        for territory in sorted(self._paths):
            lines = self._paths[territory].read_text("utf-8").splitlines()
            yield from _grouped(territory, lines[1:])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _load(self, key: RateKey) -> tuple[RateRow, ...]:
        """Splits the whole block in which the key would lie, makes the rows of the key, and remembers both."""
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
            self._unread.clear()
        _, territory, prefix = key
        if key not in self._unread and territory in self._paths:
            wanted = prefix[:_HEADING] if len(prefix) >= _HEADING else f"{prefix},"
            for found, lines in _grouped(territory, self._block(territory, wanted.encode())).items():
                self._unread.setdefault(found, lines)
        rows = tuple(self._row(territory, fields) for fields in self._unread.get(key, ()))
        return self._known.setdefault(key, rows)

    def _block(self, territory: str, start: bytes) -> list[str]:
        """The lines that begin with `start`, which lie together."""
        file = self._map(territory)
        at = _first_line(file, start)
        end = at
        while file[end : end + len(start)] == start:
            end = file.find(b"\n", end) + 1
        return file[at:end].decode().splitlines()

    def _map(self, territory: str) -> mmap.mmap:
        if territory not in self._maps:
            with self._paths[territory].open("rb") as file:
                self._maps[territory] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._maps[territory]

    def _row(self, territory: str, fields: Sequence[str]) -> RateRow:
        row = dict(zip(COLUMNS, fields, strict=True))
        return RateRow(
            row_id=row["id"],
            territory=territory,
            kind=row["kind"],
            hs_prefix=row["hs_prefix"],
            origins=self._countries(row["origins"]),
            category=row["category"] or None,
            rate=Fraction(row["rate"]),
            effective_from=date.fromisoformat(row["effective_from"]),
            effective_to=date.fromisoformat(row["effective_to"]) if row["effective_to"] else None,
            source=self._sources[row["source"]],
            retrieved=date.fromisoformat(row["retrieved"]),
            confidence=row["confidence"],  # type: ignore[arg-type]
            note=row["note"],
            excluded_origins=self._countries(row["except_origins"]),
            **_amounts(row["specific"]),
        )

    def _countries(self, text: str) -> frozenset[str]:
        return frozenset(self._groups.get(text) or text.split())


def _grouped(territory: str, lines: Iterable[str]) -> dict[RateKey, list[list[str]]]:
    found: dict[RateKey, list[list[str]]] = {}
    for fields in csv.reader(lines):
        prefix, kind = fields[:2]
        found.setdefault((kind, territory, prefix), []).append(fields)
    return found


def _amounts(text: str) -> dict[str, Any]:
    """The column `specific`: `GBP 1.47/kg;MIN 0.05;MAX 0.1 + GBP 2/piece`, or `FORM` and what cannot be charged.

    Raises: ValueError: not that form.
    """
    if text.startswith(_FORM):
        return {"form": text.removeprefix(_FORM)}
    parts = [part for part in text.split(";") if part]
    bounds = {part[:4]: _bound(part[4:]) for part in parts if part.startswith(_BOUNDS)}
    return {
        "specifics": tuple(specific(part) for part in parts if not part.startswith(_BOUNDS)),
        "at_least": bounds.get("MIN "),
        "at_most": bounds.get("MAX "),
    }


def _bound(text: str) -> Bound:
    terms = text.split(" + ")
    return Bound(
        sum((Fraction(term) for term in terms if "/" not in term), start=Fraction(0)),
        tuple(specific(term) for term in terms if "/" in term),
    )


def specific(text: str) -> Specific:
    """`GBP 1.47/kg` as a duty by quantity.

    Raises: ValueError: not that form.
    """
    currency, amount, per = text.replace("/", " ").split()
    unit = next((unit for unit in get_args(Unit) if unit == per), None)
    if unit is None:
        raise ValueError(f"{per!r} is no unit of a duty")
    return Specific(Fraction(amount), currency, unit)


def _first_line(file: mmap.mmap, start: bytes) -> int:
    """Where the first line begins that is not before `start`, after the line of the columns' names."""
    low, high = file.find(b"\n") + 1, len(file)
    while low < high:
        middle = (low + high) // 2
        line = max(file.rfind(b"\n", low, middle) + 1, low)
        if file[line : line + len(start)] < start:
            low = file.find(b"\n", middle) + 1 or len(file)
        else:
            high = line
    return low
