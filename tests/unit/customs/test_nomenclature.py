"""The Harmonized System: every code is found, nothing else is, and a product's words lead to its subheading."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.customs import nomenclature
from functions.customs.domain import HsCodeUnknown
from functions.customs.domain.words import asked, words
from tests.unit.customs.consignments import assessed, consignment, line

FILE = Path(__file__).parents[3] / "functions" / "customs" / "data" / "hs2022.csv"
ENTRIES = {row["hs_code"]: row["description"] for row in csv.DictReader(FILE.read_text("utf-8").splitlines())}
TEXTS = {
    "Cotton T-shirt for men": "610910",
    "Wireless headphones with a microphone": "851830",
    "Leather handbag from Florence, with shoulder strap": "420221",
    "Preparation for the care of the skin": "330499",
    "Green tea": "090210",
    "Espresso machine, a coffee maker": "851671",
    "Sunglasses": "900410",
    "LED desk lamp": "940521",
    "Cashmere sweater": "611012",
    "Smartphone": "851713",
}


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


@given(st.sampled_from(sorted(ENTRIES)))
def test_every_code_is_found_as_it_is_written(code: str) -> None:
    assert (code, ENTRIES[code]) == nomenclature.path(code)[-1]
    assert nomenclature.known(code) == (len(code) == 6)


@pytest.mark.parametrize(("text", "code"), TEXTS.items(), ids=TEXTS.values())
def test_the_words_of_a_product_lead_to_its_subheading(text: str, code: str) -> None:
    found = nomenclature.suggested(text, 5)

    assert code in [one.hs_code for one in found]
    assert all(one.matched and one.path[-1].hs_code == one.hs_code for one in found)


def test_a_text_without_a_word_of_the_nomenclature_has_no_suggestion() -> None:
    assert () == nomenclature.suggested("绿茶 と 123 and the of", 5)


@given(st.text(max_size=200), st.integers(1, 20))
def test_any_text_has_at_most_as_many_suggestions_as_asked_for(text: str, most: int) -> None:
    found = nomenclature.suggested(text, most)

    assert len(found) <= most
    assert all(nomenclature.known(one.hs_code) for one in found)


def test_words_are_singular_plain_and_say_something() -> None:
    assert ["scarf", "box", "dress", "berry", "cafe"] == words(
        "The scarves, 12 boxes and dresses of berries: Café cafés"
    )
    assert ["sneaker", "footwear", "sport", "outer", "sole"] == asked("Sneakers")


def test_an_import_of_a_code_that_is_none_is_refused() -> None:
    goods = replace(line("610999 CN EUR 20.00"), key="SKU-1")

    with pytest.raises(HsCodeUnknown) as refused:
        assessed(consignment("CN-DE", goods))

    assert {"line": "SKU-1", "field": "hs_code", "hs_code": "610999"} == refused.value.facts


def test_a_domestic_sale_is_not_asked_for_a_code() -> None:
    assert assessed(consignment("DE-DE", line("610999 CN EUR 20.00"))).lines
