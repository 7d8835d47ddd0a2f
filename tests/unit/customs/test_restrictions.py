"""Goods that may not be brought in stop a quote, by row, line, field and source."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from functions.customs.book import packaged_book
from functions.customs.domain import GoodsProhibited, GoodsRestricted
from functions.customs.domain.consignment import Consignment
from tests.unit.customs.consignments import ON, assessed, consignment, line

ROWS = {row.row_id: row for rows in packaged_book().restrictions.values() for row in rows}


def parcel(route: str, goods: str, hazards: tuple[str, ...] = (), **more: Any) -> Consignment:
    return consignment(route, replace(line(goods, key="SKU-1"), hazards=hazards), **more)


@pytest.mark.parametrize(
    ("row", "refusal", "goods", "field"),
    [
        ("us-embargo-origins", GoodsProhibited, parcel("CN-US", "610910 CU USD 20.00"), "origin_country"),
        ("us-arms", GoodsRestricted, parcel("CN-US", "930400 CN USD 20.00"), "hs_code"),
        ("eu-russian-iron-steel", GoodsProhibited, parcel("CN-DE", "732393 RU EUR 20.00"), "hs_code"),
        ("eu-animal-products", GoodsProhibited, parcel("CN-NL", "160100 CN EUR 20.00"), "hs_code"),
        ("gb-ivory", GoodsRestricted, parcel("CN-GB", "960110 CN GBP 20.00"), "hs_code"),
        ("au-vapes", GoodsRestricted, parcel("CN-AU", "854340 CN AUD 20.00"), "hs_code"),
        ("th-vapes", GoodsProhibited, parcel("CN-TH", "854340 CN THB 200.00"), "hs_code"),
        ("jp-arms", GoodsProhibited, parcel("CN-JP", "930690 CN JPY 2000"), "hs_code"),
        (
            "mail-perfume",
            GoodsProhibited,
            parcel("CN-CA", "330300 CN CAD 15.00", ("liquid",), conveyance="mail"),
            "hazards",
        ),
        (
            "mail-magnets",
            GoodsRestricted,
            parcel("CN-DE", "950300 CN EUR 15.00", ("battery", "magnet"), conveyance="mail"),
            "hazards",
        ),
        (
            "mail-loose-batteries",
            GoodsProhibited,
            parcel("CN-DE", "850760 CN EUR 15.00", conveyance="mail"),
            "hs_code",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_barred_goods_are_refused_by_row_line_and_field(
    row: str, refusal: type[GoodsProhibited | GoodsRestricted], goods: Consignment, field: str
) -> None:
    with pytest.raises(refusal) as refused:
        assessed(goods)

    expected = {
        "row": row,
        "line": "SKU-1",
        "field": field,
        "destination": goods.destination_country,
        "source": ROWS[row].source,
    }
    assert expected == refused.value.facts
    assert ROWS[row].remedy in refused.value.detail


@pytest.mark.parametrize(
    "goods",
    [
        parcel("CN-US", "610910 CN USD 20.00", ("battery", "liquid", "magnet")),
        parcel("CN-DE", "732393 CN EUR 20.00"),
        parcel("CN-CA", "850760 CN CAD 15.00", conveyance="courier"),
        parcel("CN-CA", "850760 CN CAD 15.00"),
    ],
    ids=["hazards without a row", "another origin", "by courier", "a conveyance that is not known"],
)
def test_goods_that_no_row_means_in_full_are_priced(goods: Consignment) -> None:
    assert assessed(goods).lines


def test_goods_that_do_not_cross_a_border_are_not_imported() -> None:
    assert assessed(parcel("DE-DE", "732393 RU EUR 20.00")).lines


def test_a_restriction_holds_from_its_first_day() -> None:
    book = packaged_book()

    names = {
        day: {row.row_id for row in book.restrictions_for("AU", day)}
        for day in (date(2023, 12, 31), date(2024, 1, 1))
    }

    assert {"au-vapes"} == names[date(2024, 1, 1)] - names[date(2023, 12, 31)]


def test_every_restriction_names_goods_a_source_and_what_to_do() -> None:
    assert 25 <= len(ROWS)
    for row in ROWS.values():
        assert row.hs_prefixes or row.origins or row.hazards
        assert row.source
        assert row.remedy
        assert row.retrieved <= ON.replace(month=12)
        assert set(row.hazards) <= {"battery", "liquid", "magnet"}
