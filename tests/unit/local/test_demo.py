"""The demo's files: sound, complete, and such that every rule of the book has goods to show it."""

import csv
from pathlib import Path

import msgspec
import pytest

from entrepot.kernel.countries import COUNTRIES
from entrepot.kernel.ids import is_id
from functions.catalogue.shapes import ProductBody
from functions.customs import facade as customs
from infra.local.seed import data
from infra.local.story.comparing import DOORS, MADE_UP_ID

RATES = Path(__file__).parents[3] / "functions" / "customs" / "data" / "rates"
DEMO = data.load()
FEW_PLACES = {"691110": {"US"}, "732393": {"US"}, "220421": {"US", "GB", "AU"}}
"""HS codes that the book of rates does not carry everywhere."""


def test_there_are_two_merchants_and_warehouses_of_the_three_modes() -> None:
    assert ["CN", "IT"] == [merchant.country for merchant in DEMO.merchants]
    assert ["CNY", "EUR"] == [merchant.payout_currency for merchant in DEMO.merchants]
    assert all(is_id(merchant.id, "mrc") for merchant in DEMO.merchants)
    assert {"direct_mail", "bonded", "overseas"} == {warehouse.mode for warehouse in DEMO.warehouses}


def test_goods_of_the_issue_are_all_there() -> None:
    codes = {product.product["hs_code"] for product in DEMO.products}

    assert {"851830", "610910", "420221", "330499", "090210", "950300", "851671", "220421"} <= codes
    assert 20 <= len(DEMO.products)


@pytest.mark.parametrize("product", DEMO.products, ids=lambda product: product.skus[0])
def test_a_product_is_one_that_the_catalogue_takes(product: data.DemoProduct) -> None:
    body = msgspec.convert(product.product, ProductBody)

    assert body.texts is not None
    assert {"zh-CN", "de"} == set(body.texts)
    assert all(text.title and text.description for text in body.texts.values())
    assert body.origin_country in COUNTRIES
    assert body.tags
    assert body.brand
    currency = {merchant.account: merchant.payout_currency for merchant in DEMO.merchants}[product.account]
    assert {currency} == {variant.price.currency for variant in body.variants}
    assert all(variant.dimensions_mm for variant in body.variants)


def test_every_variant_has_stock_in_a_warehouse_of_its_merchant() -> None:
    owner = {warehouse.key: warehouse.account for warehouse in DEMO.warehouses}
    for product in DEMO.products:
        assert set(product.skus) == set(product.stock)
        for units in product.stock.values():
            assert units
            assert {product.account} == {owner[key] for key in units}
            assert all(count > 0 for count in units.values())


def test_no_sku_is_given_twice() -> None:
    skus = [sku for product in DEMO.products for sku in product.skus]

    assert len(skus) == len(set(skus))


def test_every_hs_code_has_a_rate_of_duty_at_the_five_doors() -> None:
    known = {
        (file.stem, row["hs_prefix"])
        for file in RATES.glob("*.csv")
        for row in csv.DictReader(file.read_text("utf-8").splitlines())
        if row["kind"] in ("duty", "excise")
    }
    territories = {"DE": "EU"}
    for product in DEMO.products:
        code = product.product["hs_code"]
        for door in DOORS.keys() - FEW_PLACES.get(code, set()):
            found = {
                (place, code[:length]) for place in (door, territories.get(door, door)) for length in (6, 4)
            }
            assert found & known, f"{code} to {door}"


def test_the_made_up_importer_has_a_right_check_digit_and_is_nobody() -> None:
    checked = customs.check_identity("cn_resident_id", DOORS["CN"]["name"], MADE_UP_ID)

    assert MADE_UP_ID == checked.number
    assert MADE_UP_ID.startswith("999999")  # no region of China's has this code
