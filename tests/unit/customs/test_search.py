"""A product's words lead to its heading; the expected ones were chosen by hand from the nomenclature."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.customs import nomenclature, tantivy_gateway, triggers
from functions.customs.search import Answer, Asked
from functions.customs.tantivy_gateway import Searcher

HEADINGS = {
    "Cotton T-shirt for men": "6109",
    "Wireless headphones with a microphone": "8518",
    "Leather handbag from Florence, with shoulder strap": "4202",
    "Preparation for the care of the skin, moisturising cream": "3304",
    "Green tea, loose leaves in a tin": "0902",
    "Espresso machine for the kitchen": "8516",
    "Polarised sunglasses with UV filter": "9004",
    "LED desk lamp, dimmable": "9405",
    "Cashmere sweater, hand knitted": "6110",
    "Smartphone 128 GB, unlocked": "8517",
    "Men's blue denim jeans": "6203",
    "Women's silk dress": "6204",
    "Running sneakers with rubber soles": "6402",
    "Stainless steel kitchen knives, set of five": "8211",
    "Wooden dining chair with upholstered seat": "9401",
    "Jigsaw puzzle, 1000 pieces": "9503",
    "Porcelain coffee mug": "6911",
    "Gold necklace with pendant": "7113",
    "Lithium-ion power bank, 20000 mAh": "8507",
    "Laptop computer, 14 inch": "8471",
    "Perfume, 50 ml": "3303",
    "Wrist watch with automatic winding": "9102",
    "Acoustic guitar": "9202",
    "Bicycle helmet": "6506",
    "Silk scarf, printed": "6214",
    "Dry dog food for puppies": "2309",
    "Dark chocolate bar with hazelnuts": "1806",
    "Digital camera with two lenses": "8525",
    "Foldable umbrella": "6601",
    "Printed bed linen of cotton": "6302",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("index")
    tantivy_gateway.write(made)
    return made


@pytest.fixture(scope="module")
def searcher(folder: Path) -> Searcher:
    return tantivy_gateway.opened(folder)


def codes(found: list[tuple[str, tuple[str, ...]]]) -> list[str]:
    return [code for code, _ in found]


@pytest.mark.parametrize(("text", "heading"), HEADINGS.items(), ids=HEADINGS.values())
def test_the_words_of_a_product_lead_to_its_heading(searcher: Searcher, text: str, heading: str) -> None:
    assert heading in {code[:4] for code in codes(searcher.best(text, 5))}


@pytest.mark.parametrize(
    ("text", "other"),
    [("Handbags", "handbag"), ("KNITTED dresses", "knit dress"), ("cafés", "cafe"), ("knife", "knives")],
)
def test_a_word_is_found_by_its_stem_whatever_its_case_and_accents(
    searcher: Searcher, text: str, other: str
) -> None:
    assert codes(searcher.best(text, 5)) == codes(searcher.best(other, 5))


def test_a_suggestion_names_the_words_of_the_text_that_led_to_it(searcher: Searcher) -> None:
    found = dict(searcher.best("Two Leather SNEAKERS, size 42", 20))

    assert {"leather", "sneakers"} == {word for words in found.values() for word in words}


@pytest.mark.parametrize("text", ["绿茶 と 123", "and the of", "42", "_", "!?"])
def test_a_text_without_a_word_of_the_nomenclature_has_no_suggestion(searcher: Searcher, text: str) -> None:
    assert [] == searcher.best(text, 5)


@given(text=st.text(max_size=200), most=st.integers(1, 20))
def test_any_text_has_at_most_as_many_suggestions_as_asked_for(
    searcher: Searcher, text: str, most: int
) -> None:
    found = searcher.best(text, most)

    assert len(found) <= most
    assert all(nomenclature.known(code) and words for code, words in found)


def test_the_longest_text_is_searched_by_its_first_words(searcher: Searcher) -> None:
    text = "guitar " + " ".join(f"w{n}x" for n in range(1000)) + " smartphone"

    assert {"guitar"} == {word for _, words in searcher.best(text, 20) for word in words}


def test_opening_an_index_leaves_its_folder_as_it_is(folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())

    for _ in range(2):
        assert ["090210"] == codes(tantivy_gateway.opened(folder).best("green tea", 1))

    assert before == sorted(path.name for path in folder.iterdir())


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch, searcher: Searcher) -> None:
    monkeypatch.setattr(tantivy_gateway, "packaged", lambda: searcher)


def test_the_worker_answers_with_codes_and_words(worker: None) -> None:
    answer = triggers.customs_search({"correlation_id": "c", "asked": {"text": "Green tea", "most": 1}}, None)

    assert {"found": ({"hs_code": "090210", "matched": ("green", "tea")},)} == answer


def test_the_worker_takes_and_gives_what_the_gateway_sends_and_expects() -> None:
    assert {"text", "most"} == set(Asked.__struct_fields__)
    assert {"found"} == set(Answer.__struct_fields__)
