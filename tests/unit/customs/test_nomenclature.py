"""The Harmonized System: every code is found, and nothing else is."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.customs import nomenclature
from functions.customs.domain import HsCodeUnknown
from tests.unit.customs.consignments import assessed, consignment, line

FILE = Path(__file__).parents[3] / "functions" / "customs" / "data" / "hs2022.csv"
ENTRIES = {row["hs_code"]: row["description"] for row in csv.DictReader(FILE.read_text("utf-8").splitlines())}


def test_the_nomenclature_is_whole() -> None:
    lengths = [sum(len(code) == length for code in ENTRIES) for length in (2, 4, 6)]

    assert [96, 1228, 5612] == lengths
    assert all(code[:2] in ENTRIES and code[:4] in ENTRIES for code in ENTRIES)
    assert list(ENTRIES) == sorted(ENTRIES)


def test_a_code_of_a_country_has_the_meaning_of_its_first_six_digits() -> None:
    path = nomenclature.path("6109100010")

    assert ["61", "6109", "610910"] == [entry.hs_code for entry in path]
    assert "T-shirts, singlets and other vests; of cotton, knitted or crocheted" == path[-1].description


@pytest.mark.parametrize(
    "code", ["", "6", "610", "61091", "999999", "610999", "61091000101", "６１０９１０", "6109,1", "ab"]
)
def test_what_is_no_code_has_no_meaning(code: str) -> None:
    assert () == nomenclature.path(code)
    assert not nomenclature.known(code)


def test_every_subheading_is_listed_below_its_heading_and_chapter() -> None:
    listed = list(nomenclature.subheadings())

    assert [code for code in ENTRIES if len(code) == 6] == [each[2].hs_code for each in listed]
    assert all(each == nomenclature.path(each[2].hs_code) for each in listed[::500])


@given(st.sampled_from(sorted(ENTRIES)))
def test_every_code_is_found_as_it_is_written(code: str) -> None:
    assert (code, ENTRIES[code]) == nomenclature.path(code)[-1]
    assert nomenclature.known(code) == (len(code) == 6)


def test_an_import_of_a_code_that_is_none_is_refused() -> None:
    goods = replace(line("610999 CN EUR 20.00"), key="SKU-1")

    with pytest.raises(HsCodeUnknown) as refused:
        assessed(consignment("CN-DE", goods))

    assert {"line": "SKU-1", "field": "hs_code", "hs_code": "610999"} == refused.value.facts


def test_a_domestic_sale_is_not_asked_for_a_code() -> None:
    assert assessed(consignment("DE-DE", line("610999 CN EUR 20.00"))).lines
