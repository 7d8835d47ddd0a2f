"""What a quote costs in requests."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from entrepot.cloud import dynamo
from functions.customs import facade as customs
from functions.logistics import facade as logistics
from functions.rates import facade as rates
from tests.integration.orders.bazaar import Bazaar, World, furnished
from tests.support.http import call
from tests.support.shop import BERLIN, Merchant

SKUS = [f"MANY-{number}" for number in range(20)]
sellers: list[Merchant] = []


def furnish(bazaar: Bazaar) -> None:
    """Twenty SKUs, each in a warehouse at home and in one near the buyer, in sixteen buckets each."""
    sellers[:] = [bazaar.merchant("CN", "CNY")]
    for sku in SKUS:
        bazaar.product(sellers[0], sku)
        bazaar.receive(sellers[0], sku, 100)
        bazaar.receive(sellers[0], sku, 100, country="DE", mode="overseas")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with furnished([furnish]) as world:
        yield world


@contextmanager
def requests() -> Iterator[list[str]]:
    seen: list[str] = []

    def saw(operation: str, *_: object) -> None:
        seen.append(operation)

    dynamo.observers.append(saw)
    try:
        yield seen
    finally:
        dynamo.observers.remove(saw)


def test_a_quote_of_twenty_lines_takes_one_read_and_one_write(bazaar: Bazaar) -> None:
    bazaar.quote(dict.fromkeys(SKUS, 2))

    with requests() as seen:
        bazaar.quote(dict.fromkeys(SKUS, 2))

    assert ["BatchGetItem", "PutItem"] == seen


def test_a_cart_is_one_request_more(bazaar: Bazaar) -> None:
    bazaar.quote(dict.fromkeys(SKUS, 1))
    cart = call("POST", "/v1/carts").json
    token = {"Cart-Token": cart["cart_token"]}
    for sku in SKUS[:2]:
        call("PUT", f"/v1/carts/{cart['id']}/lines/{sku}", {"quantity": 1}, headers=token)

    with requests() as seen:
        body = {"cart_id": cart["id"], "ship_to": BERLIN, "currency": "EUR"}
        assert 201 == call("POST", "/v1/quotes", body, headers=token).status

    assert ["GetItem", "BatchGetItem", "PutItem"] == seen


def test_a_process_that_has_seen_nothing_yet_reads_the_stock_in_one_request_more(bazaar: Bazaar) -> None:
    from functions.inventory.service import levels

    bazaar.quote({SKUS[0]: 1})  # whoever the merchant is stays known
    levels.forget()

    with requests() as seen:
        bazaar.quote(dict.fromkeys(SKUS, 2))

    assert ["BatchGetItem", "BatchGetItem", "PutItem"] == seen


def test_a_warehouse_opened_since_is_seen(bazaar: Bazaar) -> None:
    bazaar.quote({SKUS[0]: 2})
    bazaar.receive(sellers[0], SKUS[0], 200, country="IT")

    quote = bazaar.quote({SKUS[0]: 150})

    places = {parcel["warehouse_id"] for option in quote["options"] for parcel in option["parcels"]}
    assert {sellers[0].warehouses["IT:direct_mail"]} == places


def test_a_quote_names_the_rates_it_used_and_the_order_copies_it_and_computes_nothing_again(
    bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch
) -> None:
    quote = bazaar.quote({SKUS[0]: 2})
    for context, name in ((customs, "assess"), (logistics, "options"), (rates, "book"), (rates, "current")):
        monkeypatch.setattr(context, name, None)

    order = bazaar.order(bazaar.try_place(quote).json)

    option = quote["options"][0]
    assert ("CNY", "EUR", 0) in {
        (rate["currency"], rate["into"], rate["spread_basis_points"]) for rate in quote["used_rates"]
    }
    assert quote["used_rates"] == order["used_rates"]
    for name in ("explain", "not_included", "parcels"):
        assert option[name] == order[name], name
    for line, sold in zip(option["lines"], order["lines"], strict=True):
        assert line == {name: sold[name] for name in line}


def test_the_explanation_says_rate_and_age(bazaar: Bazaar) -> None:
    quote = bazaar.quote({SKUS[0]: 2})

    goods = [entry["note"] for entry in quote["options"][0]["explain"] if entry["charge"] == "goods"]
    assert [True] == ["1 CNY = 0.132874473485 EUR" in note for note in goods]
    assert [True] == ["days old; this stage allows 1000" in note for note in goods]
