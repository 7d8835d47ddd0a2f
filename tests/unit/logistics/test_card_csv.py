"""Rate cards from CSV: every cell that is wrong is named by row and column."""

import csv
import io
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from functions.logistics import tariffs
from functions.logistics.domain.card_csv import COLUMNS, MOST_ROWS, OPTIONAL, RowError, parsed, rendered
from functions.logistics.domain.cards import RateBook

SERVICES = {"ups": frozenset({"standard", "domestic"}), "dhl_express": frozenset({"express_worldwide"})}
ROW = {
    "card_id": "ups-standard-de-2029", "carrier": "ups", "service": "standard", "currency": "EUR",
    "origin_countries": "DE", "modes": "overseas", "divisor": "5000", "dimension_rounding": "up",
    "weight_step_grams": "500", "minimum_grams": "500", "volumetric_trigger": "1", "fuel_rate": "0.2",
    "fuel_base": "base_plus_surcharges", "max_grams": "70000", "max_side_mm": "2740", "max_girth_mm": "4000",
    "valid_from": "2029-01-01", "valid_to": "2029-12-31", "source": "tariff of 2029", "kind": "zone", "name": "eu",
    "countries": "AT FR", "postal_prefixes": "", "base_amount": "1000", "per_kg_amount": "150",
    "transit_p50_days": "2", "transit_p90_days": "4", "surcharges": "", "conveyance": "courier",
    "insurance_rate": "0.012",
}  # fmt: skip
REMOTE = ROW | {"kind": "remote", "name": "corsica", "countries": "FR", "postal_prefixes": "20"}


def sheet(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_the_packaged_cards_come_back_from_their_own_csv():
    services = {code: frozenset(carrier.services) for code, carrier in tariffs.carriers().items()}

    read = parsed(rendered(tariffs.all_rate_cards()), services)

    assert () == read.errors
    assert tariffs.all_rate_cards() == tuple(card for _, card in read.cards)


def test_rows_of_one_card_are_gathered_whatever_the_order_of_columns():
    other = ROW | {"name": "uk", "countries": "GB", "surcharges": "border=250"}

    read = parsed("\ufeff" + sheet(ROW, other, REMOTE, columns=tuple(reversed(COLUMNS))), SERVICES)

    assert () == read.errors
    ((row, card),) = read.cards
    assert (2, ["eu", "uk"], ["corsica"]) == (
        row, [zone.name for zone in card.zones], [area.name for area in card.remote_areas],
    )  # fmt: skip
    assert (1000, date(2029, 12, 31), (2, 4)) == (
        card.remote_areas[0].amount, card.valid_to, card.zones[0].transit_days,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("card_id", "Über"), ("carrier", "pigeon"), ("service", "express_worldwide"), ("currency", "EURO"),
        ("origin_countries", "Germany"), ("origin_countries", ""), ("modes", "teleport"), ("divisor", "0"),
        ("divisor", "5000.5"), ("dimension_rounding", "down"), ("weight_step_grams", "-500"), ("minimum_grams", ""),
        ("volumetric_trigger", "1e3"), ("fuel_rate", "26,5"), ("fuel_base", "all"), ("max_grams", "9" * 40),
        ("max_side_mm", "long"), ("valid_from", "01.01.2029"), ("valid_to", "2029-02-30"), ("source", ""),
        ("kind", "area"), ("countries", "at"), ("postal_prefixes", "1 2-3"), ("base_amount", "-1"),
        ("per_kg_amount", "1.50"), ("transit_p50_days", "121"), ("transit_p90_days", ""), ("surcharges", "border"),
        ("surcharges", "border=1.5"), ("base_amount", "١٢"), ("name", ""), ("conveyance", "pigeon"),
        ("insurance_rate", "1"), ("insurance_rate", "-0.1"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_named_by_row_and_column(column, text):
    errors = parsed(sheet(ROW, ROW | {"countries": "IT", "name": "it", column: text}), SERVICES).errors

    assert [(3, column)] == [(error.row, error.column) for error in errors]


def test_every_wrong_cell_of_every_row_is_named_at_once():
    wrong = ROW | {"divisor": "x", "base_amount": "y"}

    errors = parsed(sheet(wrong, ROW, wrong), SERVICES).errors

    assert [(2, "divisor"), (2, "base_amount"), (4, "divisor"), (4, "base_amount")] == [
        (error.row, error.column) for error in errors
    ]


def test_a_file_without_conveyance_and_insurance_knows_neither():
    columns = tuple(column for column in COLUMNS if column not in OPTIONAL)

    (with_them,), (without,) = (
        [card for _, card in parsed(text, SERVICES).cards]
        for text in (sheet(ROW), sheet(ROW, columns=columns))
    )

    assert ("courier", Fraction("0.012")) == (with_them.conveyance, with_them.insurance_rate)
    assert (None, Fraction(0)) == (without.conveyance, without.insurance_rate)
    assert with_them == replace(without, conveyance="courier", insurance_rate=Fraction("0.012"))


@pytest.mark.parametrize(
    ("expected", "rows"),
    [
        ((3, "divisor"), [ROW, ROW | {"divisor": "6000", "countries": "IT"}]),  # one card says two things
        ((2, "card_id"), [ROW, ROW | {"name": "again"}]),  # a place is named twice
        ((2, "card_id"), [ROW | {"valid_to": "2028-12-31"}]),  # it ends before it begins
        ((2, "card_id"), [ROW | {"transit_p90_days": "1"}]),
        ((2, "kind"), [REMOTE]),  # a card without a zone
        ((2, "postal_prefixes"), [REMOTE | {"postal_prefixes": ""}]),
        ((1, ""), []),
    ],
)
def test_rows_that_contradict_each_other_are_named(expected, rows):
    errors = parsed(sheet(*rows), SERVICES).errors

    assert expected == (errors[0].row, errors[0].column)


@pytest.mark.parametrize("text", ["", "\n", "a,b\n1,2\n", '"open', "\x00", ",".join(COLUMNS) + "\n1,2\n"])
def test_what_is_no_such_csv_is_refused_and_breaks_nothing(text):
    read = parsed(text, SERVICES)

    assert ((), True) == (read.cards, bool(read.errors))


def test_a_file_has_a_last_row():
    errors = parsed(sheet(*[ROW | {"countries": "AT"}] * (MOST_ROWS + 1)), SERVICES).errors

    assert RowError(MOST_ROWS + 2, "", f"at most {MOST_ROWS} rows in one file") in errors


def test_a_lane_is_found_without_going_through_the_rows_of_others():
    card = tariffs.all_rate_cards()[0]
    many = [replace(card, card_id=f"card-{number}", origin_countries=("BR",)) for number in range(500)]

    book = RateBook([*many, card])

    assert [card.card_id] == [serving.card.card_id for serving in book.serving("CN", "DE")]
