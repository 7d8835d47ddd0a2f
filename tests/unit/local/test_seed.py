"""Seeding: what it brings in, and that doing it again changes nothing."""

from typing import Any

import pytest

from infra.local.client import Client
from infra.local.seed import people
from tests.support.pump import events
from tests.unit.local import market
from tests.unit.local.market import Market, demo_of

pytestmark = pytest.mark.slow

DEMO = demo_of("YL-PHONES-BLK", "WY-LONGJING-100", "CV-COFFEE", "DS-WALLET", "LS-SCARF")


def test_it_brings_in_everything_and_again_nothing(empty_market: Market) -> None:
    first = market.bring_in(empty_market, DEMO)

    units = sum(len(places) for product in DEMO.products for places in product.stock.values())
    assert (4, len(DEMO.products), units) == (first.warehouses, first.new_products, first.receipts)
    assert _wanted_stock() == _stock(empty_market)
    before = len(events())

    people.create(empty_market.accounts)
    second = market.bring_in(empty_market, DEMO)

    assert (4, 0, 0) == (second.warehouses, second.new_products, second.receipts)
    assert _wanted_stock() == _stock(empty_market)
    assert before == len(events())
    assert "all there already" in str(second)


def test_a_product_that_its_merchant_took_off_sale_stays_so(empty_market: Market) -> None:
    market.bring_in(empty_market, DEMO)
    client = Client(empty_market.base_url)
    token = client.sign_in(empty_market.accounts["merchant"])
    listed = client.call("GET", "/v1/products?tag=tea").expect(200)["data"]
    product_id = listed[0]["id"]
    client.call("POST", f"/v1/products/{product_id}/unpublish", token=token).expect(200)

    again = market.bring_in(empty_market, DEMO)

    assert (0, 0) == (again.new_products, again.receipts)
    assert 404 == client.call("GET", f"/v1/products/{product_id}").status


def _wanted_stock() -> dict[str, int]:
    return {sku: sum(units.values()) for product in DEMO.products for sku, units in product.stock.items()}


def _stock(served: Market) -> dict[str, int]:
    client = Client(served.base_url)
    found = {}
    for merchant in DEMO.merchants:
        token = client.sign_in(served.accounts[merchant.account])
        for product in (product for product in DEMO.products if product.account == merchant.account):
            for sku in product.skus:
                levels: Any = client.call("GET", f"/v1/stock/{sku}", token=token).expect(200)["warehouses"]
                found[sku] = sum(level["on_hand"] for level in levels)
    return found
