"""Sorted files of rates: any row is found, only its heading is read, and a look-up does not grow with the rows."""

import csv
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.customs.book import packaged_book
from functions.customs.domain.rulebook import Specific
from functions.customs.tariff_files import COLUMNS, TariffFiles, specific

GROUPS = {"near": ["NO", "CH"]}
DATA = Path(__file__).parents[3] / "functions" / "customs" / "data" / "rates"


def written(folder: Path, prefixes: Iterable[str], **more: str) -> TariffFiles:
    """A file `XX` with one row of duty for each prefix."""
    plain = dict.fromkeys(COLUMNS, "") | {
        "kind": "duty",
        "rate": "0.1",
        "effective_from": "2026-01-01",
        "source": "law",
        "retrieved": "2026-01-01",
        "confidence": "confirmed",
    }
    with (folder / "XX.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for prefix in sorted(prefixes):
            writer.writerow(plain | {"hs_prefix": prefix, "id": f"xx-{prefix}"} | more)
    return TariffFiles(folder, {"law": "A law"}, GROUPS)


@given(st.sets(st.text("01289", min_size=0, max_size=6), max_size=60), st.text("01289", max_size=6))
def test_a_row_is_found_exactly_where_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, prefixes: set[str], asked: str
) -> None:
    files = written(tmp_path_factory.mktemp("rates"), prefixes)

    found = [row.row_id for row in files.get(("duty", "XX", asked), ())]

    assert ([f"xx-{asked}"] if asked in prefixes else []) == found
    assert {("duty", "XX", prefix) for prefix in prefixes} == set(files)


def test_a_file_without_rows_and_a_territory_without_a_file_have_no_rate(tmp_path: Path) -> None:
    files = written(tmp_path, [])

    assert files.get(("duty", "XX", "6109")) is None
    assert files.get(("duty", "../XX", "6109")) is None
    assert 0 == len(files)


def test_a_row_is_read_with_its_exceptions_and_its_duties_by_quantity(tmp_path: Path) -> None:
    files = written(
        tmp_path, ["0402"], except_origins="near", specific="GBP 1.47/kg;GBP 0.2/piece", note="a, b"
    )

    (row,) = files["duty", "XX", "0402"]

    assert ({"NO", "CH"}, "A law", "a, b") == (set(row.excluded_origins), row.source, row.note)
    assert (
        Specific(Fraction("1.47"), "GBP", "kg"),
        Specific(Fraction("0.2"), "GBP", "piece"),
    ) == row.specifics
    assert (True, False) == (row.covers("CN"), row.covers("NO"))


@pytest.mark.parametrize("text", ["GBP 1.47", "GBP 1.47/hl", "1.47 GBP/kg", ""])
def test_a_duty_by_an_unknown_quantity_is_no_row(text: str) -> None:
    with pytest.raises(ValueError, match=r"unit|unpack|Fraction"):
        specific(text)


def test_only_the_headings_that_are_asked_for_are_read(tmp_path: Path) -> None:
    files = written(tmp_path, [f"{heading}{end:02}" for heading in range(1000, 3000) for end in range(10)])
    read: list[str] = []
    block = files._block

    def watched(territory: str, start: bytes) -> list[str]:
        read.append(start.decode())
        return block(territory, start)

    files._block = watched  # type: ignore[method-assign]

    for _ in range(3):
        assert files.get(("duty", "XX", "200005"))
        assert files.get(("duty", "XX", "200099")) is None

    assert ["2000", "2000"] == read


def test_the_packaged_files_are_sorted_and_their_columns_are_the_columns() -> None:
    for path in DATA.glob("*.csv"):
        header, *lines = path.read_text("utf-8").splitlines()
        prefixes = [line.partition(",")[0] for line in lines]

        assert ",".join(COLUMNS) == header
        assert sorted(prefixes) == prefixes, path.name


def test_the_packaged_book_finds_every_row_of_its_files() -> None:
    book = packaged_book()
    rows = [row for rows in book.rates.values() for row in rows]

    assert len(rows) == sum(len(path.read_text("utf-8").splitlines()) - 1 for path in DATA.glob("*.csv"))
    assert all(row in book.rates[row.kind, row.territory, row.hs_prefix] for row in rows)
    assert book.rate("duty", "GB", "6109100010", "CN", None, date(2026, 11, 25)) is not None
