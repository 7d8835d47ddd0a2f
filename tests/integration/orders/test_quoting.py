"""What a quote costs in requests."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from entrepot.cloud import dynamo
from functions.customs import facade as customs
from functions.logistics import facade as logistics
from functions.rates import facade as rates
from tests.integration.orders.bazaar import SHANGHAI, Bazaar, World, furnished
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


def test_a_line_that_no_warehouse_has_whole_is_split_and_lives_through_the_sale(bazaar: Bazaar) -> None:
    seller = sellers[0]
    bazaar.product(seller, "RARE")
    bazaar.receive(seller, "RARE", 4)
    bazaar.receive(seller, "RARE", 3, country="DE", mode="overseas")

    quote = bazaar.quote({"RARE": 6})

    option = quote["options"][0]
    assert [6] == [line["quantity"] for line in option["lines"]]
    sent = {parcel["warehouse_id"]: parcel["lines"][0]["quantity"] for parcel in option["parcels"]}
    assert {seller.warehouses["CN:direct_mail"]: 4, seller.warehouses["DE:overseas"]: 2} == sent
    assert option["total"]["amount"] == sum(line["total"]["amount"] for line in option["lines"])

    placed = bazaar.try_place(quote).json
    assert {"on_hand": 7, "reserved": 6, "available": 1} == bazaar.stock(seller, "RARE")
    bazaar.pay(placed)
    assert {"on_hand": 1, "reserved": 0, "available": 1} == bazaar.stock(seller, "RARE")

    lines = [{"sku": "RARE", "quantity": 5}]
    cancel = {"reason": "changed my mind", "lines": lines}
    path = f"/v1/orders/{placed['id']}/cancel"
    assert 200 == call("POST", path, cancel, token=seller.token, headers=bazaar.key()).status
    rows = call("GET", "/v1/stock/RARE", token=seller.token).json["warehouses"]
    assert {seller.warehouses["CN:direct_mail"]: 4, seller.warehouses["DE:overseas"]: 2} == {
        row["warehouse_id"]: row["available"] for row in rows
    }


def test_stock_near_the_buyer_and_at_home_are_compared_by_what_they_cost_all_in(bazaar: Bazaar) -> None:
    quote = bazaar.quote({SKUS[0]: 1})

    named = [name for option in quote["options"] for name in option["recommended"]]
    assert ["best", "cheapest", "fastest"] == sorted(named)
    totals = [option["total"]["amount"] for option in quote["options"]]
    assert sorted(totals) == totals


def test_an_enterprise_buys_into_china_in_general_trade_and_uses_no_quota(bazaar: Bazaar) -> None:
    enterprise = {"kind": "cn_enterprise", "name": "某某有限公司", "number": "91330100799655058B"}

    quote = bazaar.quote({"BAG-1": 8}, ship_to=SHANGHAI, currency="CNY", importer_identity=enterprise)

    option = quote["options"][0]
    assert ["import_at_border"] == [parcel["regime"] for parcel in option["parcels"]]
    assert {"cn-trade-duty/cn-duty-420221", "cn-trade-vat/cn-vat-standard"} <= {
        entry["rule"] for entry in option["explain"]
    }
    placed = bazaar.try_place(quote)
    assert 201 == placed.status, placed.text
    assert "91330100799655058B" not in placed.text


def test_an_enterprise_with_a_wrong_code_is_refused_by_field(bazaar: Bazaar) -> None:
    wrong = {"kind": "cn_enterprise", "name": "某某有限公司", "number": "91330100799655058C"}

    refused = bazaar.try_quote({"BAG-1": 1}, ship_to=SHANGHAI, currency="CNY", importer_identity=wrong)

    assert (422, "invalid_identity", "importer_identity.number") == (
        refused.status,
        refused.code,
        refused.json["field"],
    )
