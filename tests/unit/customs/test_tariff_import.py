"""Tariffs as their authorities publish them become rate rows; what cannot be read is reported by row and reason."""

import shutil
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.customs.book import packaged_book
from functions.customs.domain.rulebook import Bound, RateRow, RuleBook, Specific
from functions.customs.tariff_files import TariffFiles
from infra.customs.__main__ import main
from infra.customs.tariffs import uk, usitc
from infra.customs.tariffs.expressions import Unreadable, parsed
from infra.customs.tariffs.files import merged
from infra.customs.tariffs.rows import Imported, Rate, gathered

HERE = Path(__file__).parent / "data"
RATES = Path(__file__).parents[3] / "functions" / "customs" / "data" / "rates"
ON = date(2026, 11, 25)
RETRIEVED = "2026-11-25"


def imported(territory: str) -> Imported:
    if territory == "GB":
        return uk.read((HERE / "uk_measures.csv").read_text("utf-8").splitlines())
    return usitc.read((HERE / "hts.json").read_text("utf-8"), "2026-07-01")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> RuleBook:
    """The packaged rules with the fixtures' tariffs merged into the packaged files."""
    folder = tmp_path_factory.mktemp("rates")
    for path in RATES.glob("*.csv"):
        shutil.copy(path, folder)
    for territory in ("GB", "US"):
        path = folder / f"{territory}.csv"
        sources = {"duty": "tariff", "additional": "tariff"}
        path.write_text(merged(path, territory, imported(territory), sources, RETRIEVED), encoding="utf-8")
    return packaged_book()._replace(rates=TariffFiles(folder, _AnySource(), {}))


class _AnySource(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return key


def found(
    book: RuleBook, kind: str, country: str, hs_code: str, origin: str, on: date = ON
) -> RateRow | None:
    return book.rate(kind, country, hs_code, origin, None, on)


def charges(row: RateRow | None) -> tuple[str, list[str]] | None:
    if row is None:
        return None
    return str(row.rate), [f"{one.currency} {one.amount}/{one.per}" for one in row.specifics]


@pytest.mark.parametrize(
    ("text", "rate", "specific"),
    [
        ("Free", "0", ""),
        ("0.00%", "0", ""),
        ("16.5%", "0.165", ""),
        ("12.00 %", "0.12", ""),
        ("3.3¢/kg", "0", "USD 0.033/kg"),
        ("$1.646/kg + 6.5%", "0.065", "USD 1.646/kg"),
        ("51¢ each + 6.25%", "0.0625", "USD 0.51/piece"),
        ("24 cents/doz.", "0", "USD 0.02/piece"),
        ("8.00% + 147.00 GBP / 100 kg", "0.08", "GBP 1.47/kg"),
        ("147.00 GBP / 100 kg", "0", "GBP 1.47/kg"),
        ("300.00 GBP / 1000 p/st", "0", "GBP 0.3/piece"),
        ("1% + 0.50 GBP / kg + 0.10 GBP / item", "0.01", "GBP 0.5/kg;GBP 0.1/piece"),
        ("26.00 GBP / hl", "0", "GBP 0.26/litre"),
        ("6.3¢/liter", "0", "USD 0.063/litre"),
        ("96¢/pr.", "0", "USD 0.96/pair"),
        ("90¢/pr. + 37.5%", "0.375", "USD 0.9/pair"),
        ("24¢/doz. pr.", "0", "USD 0.02/pair"),
        ("37¢/pf. liter", "0", "USD 0.74/litre_alcohol"),
        ("0.50 GBP / % vol/hl + 2.60 GBP / hl", "0", "GBP 0.5/litre_alcohol;GBP 0.026/litre"),
        ("10.00 GBP / hl alc 100%", "0", "GBP 0.1/litre_alcohol"),
        ("2.2¢/m²", "0", "USD 0.022/m2"),
        ("$1.13/m3 + 3.2%", "0.032", "USD 1.13/m3"),
        ("8.00% MIN 1.00 GBP / p/st", "0.08", "MIN GBP 1/piece"),
        (
            "10.00% MIN 22.00 GBP / 100 kg MAX 56.00 GBP / 100 kg",
            "0.1",
            "MIN GBP 0.22/kg;MAX GBP 0.56/kg",
        ),
        ("16.00 GBP / 100 kg MAX 18.00% + 0.10 GBP / kg", "0", "GBP 0.16/kg;MAX 0.18 + GBP 0.1/kg"),
        ("$1.50/kg, but not less than 5%", "0", "USD 1.5/kg;MIN 0.05"),
        ("12%, but not more than 40¢/kg", "0.12", "MAX USD 0.4/kg"),
    ],
)
def test_a_duty_expression_is_a_share_and_amounts_for_quantities(text: str, rate: str, specific: str) -> None:
    assert (rate, specific) == parsed(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8.00% MIN 1.00 GBP / p/st MIN 2.00 GBP / p/st",
        "8.00% MIN",
        "33.90 GBP / 100 kg std qual",
        "51¢ each + 6.25% on the case + 5.3% on the battery",
        "5.00/kg",
        "$5¢/kg",
        "The rate applicable to the article",
        "1.00 GBP / doz. + ?",
        "7%%",
    ],
)
def test_what_is_no_plain_sum_is_not_guessed(text: str) -> None:
    with pytest.raises(Unreadable):
        parsed(text)


def test_codes_with_one_rate_are_gathered_and_serve_goods_known_to_six_digits(book: RuleBook) -> None:
    assert ("3/25", []) == charges(found(book, "duty", "GB", "610910", "CN"))
    assert ("3/25", []) == charges(found(book, "duty", "GB", "6109100010", "VN"))


def test_goods_whose_code_is_too_short_for_one_rate_have_none(book: RuleBook) -> None:
    assert found(book, "duty", "US", "040210", "NZ") is None
    assert ("0", ["USD 33/1000/kg"]) == charges(found(book, "duty", "US", "04021005", "NZ"))
    assert ("1/40", ["USD 173/200/kg"]) == charges(found(book, "duty", "US", "0402105000", "NZ"))


def test_an_origin_with_a_trade_remedy_has_no_rate_rather_than_too_low_a_one(book: RuleBook) -> None:
    assert found(book, "duty", "GB", "691110", "CN") is None
    assert ("3/25", []) == charges(found(book, "duty", "GB", "691110", "JP"))


def test_the_last_day_of_a_measure_is_included(book: RuleBook) -> None:
    days = (date(2026, 6, 30), date(2026, 7, 1))

    old, new = (charges(found(book, "duty", "GB", "040210", "NZ", on)) for on in days)

    assert ("2/25", ["GBP 147/100/kg"]) == old
    assert ("9/100", ["GBP 1/2/kg"]) == new
    assert found(book, "duty", "GB", "040210", "RU") is None


def test_column_two_is_for_its_countries_alone(book: RuleBook) -> None:
    assert ("33/200", []) == charges(found(book, "duty", "US", "610910", "CN"))
    assert ("9/10", []) == charges(found(book, "duty", "US", "610910", "RU"))


def test_section_301_comes_from_the_footnote_and_its_heading(book: RuleBook) -> None:
    assert ("3/40", []) == charges(found(book, "additional", "US", "610910", "CN"))
    assert ("0", []) == charges(found(book, "additional", "US", "847130", "CN"))
    assert found(book, "additional", "US", "610910", "VN") is None


def test_taxes_of_the_file_stay_and_duties_before_the_import_go(book: RuleBook) -> None:
    assert Fraction("0.2") == getattr(found(book, "vat", "GB", "", ""), "rate", None)
    assert found(book, "duty", "GB", "851830", "CN") is None


def test_rows_that_cannot_be_read_are_reported_with_number_and_reason() -> None:
    assert [
        "row 10, 640399: a commodity code has ten digits",
        "row 12, 9006530000: the first day is missing",
        "row 14, 1701139010: a duty for each '100 kg std qual' is not carried",
    ] == [str(error) for error in imported("GB").errors]
    assert [
        "row 7, 91011140: section 301: several headings, 9903.88.15, 9903.91.03",
        "row 10, 64039960: general: 'The rate applicable' is neither a share nor an amount for a quantity",
        "row 11, 85183020: section 301: the heading 9903.88.99 has no rate in this file",
    ] == [str(error) for error in imported("US").errors]


def test_a_code_beside_one_that_cannot_be_read_is_not_gathered(book: RuleBook) -> None:
    assert found(book, "duty", "GB", "170113", "FR") is None
    assert ("1/10", []) == charges(found(book, "duty", "GB", "1701139020", "FR"))


def test_a_form_that_cannot_be_charged_keeps_its_words_for_who_asks(book: RuleBook) -> None:
    sugar = found(book, "duty", "GB", "1701139010", "FR")
    shoes = found(book, "duty", "US", "64039960", "IT")

    assert ["33.90 GBP / 100 kg std qual", "The rate applicable"] == [
        getattr(row, "form", "") for row in (sugar, shoes)
    ]


def test_litres_and_bounds_come_through_the_file(book: RuleBook) -> None:
    wine, shoes = (found(book, "duty", "GB", code, "IT") for code in ("2204210600", "6403990010"))

    assert ("0", ["GBP 13/50/litre"]) == charges(wine)
    assert ("2/25", []) == charges(shoes)
    assert Bound(Fraction(0), (Specific(Fraction(1), "GBP", "piece"),)) == getattr(shoes, "at_least", None)
    assert ("0", ["USD 63/1000/litre"]) == charges(found(book, "duty", "US", "22042150", "FR"))


@pytest.mark.parametrize(
    "read",
    [
        lambda: uk.read(["commodity__code,measure__type__id", "6109100010,103"]),
        lambda: uk.read([]),
        lambda: usitc.read('{"htsno": "6109"}', "2026-07-01"),
        lambda: usitc.read('[{"code": "6109"}]', "2026-07-01"),
        lambda: usitc.read("not json", "2026-07-01"),
    ],
)
def test_another_format_is_refused_whole(read: object) -> None:
    with pytest.raises(ValueError, match=r"missing|htsno|Expecting"):
        read()  # type: ignore[operator]


@given(st.dictionaries(st.text("012", min_size=10, max_size=10), st.sampled_from(["0", "0.1"]), max_size=40))
def test_gathering_changes_no_rate_of_any_code(rates: dict[str, str]) -> None:
    rows = {code: [Rate("duty", "", "", rate, "", "2026-01-01", "", "")] for code, rate in rates.items()}

    short = gathered(rows, ())

    assert len(short) <= len(rows)
    for code, rate in rates.items():
        holding = [prefix for prefix in short if code.startswith(prefix)]
        assert [rate] == [short[prefix][0].rate for prefix in holding]


def test_the_command_says_what_it_would_write_and_writes_only_when_asked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.customs.__main__.RATES", tmp_path)
    command = ["import", "uk", str(HERE / "uk_measures.csv"), "--retrieved", RETRIEVED]

    assert 1 == main(command)
    said = capsys.readouterr()
    assert "GB.csv" in said.out
    assert "row 14, 1701139010" in said.err
    assert not list(tmp_path.iterdir())

    assert 1 == main([*command, "--write"])
    first = (tmp_path / "GB.csv").read_text("utf-8")
    assert 1 == main([*command, "--write"])
    assert first == (tmp_path / "GB.csv").read_text("utf-8")
    assert "gb-duty-6109" in first


def test_the_command_needs_the_day_of_a_schedule_without_dates(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["import", "usitc", str(HERE / "hts.json"), "--retrieved", RETRIEVED])

    assert "--from" in capsys.readouterr().err
