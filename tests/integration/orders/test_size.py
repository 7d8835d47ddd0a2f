"""The largest legal order: none of its transitions touches more items than a transaction may.

30 SKUs of 10 merchants in 10 parcels, a member's, counted against a Chinese quota, each line from several buckets,
and of five of them no buyer may have more.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from entrepot.cloud.writes import MOST_ITEMS
from functions.orders.domain.attempts import MOST_ATTEMPTS
from functions.orders.service.limits import MOST_LIMITED
from tests.integration.orders.bazaar import (
    Bazaar,
    World,
    about,
    furnished,
    money,
    transactions,
)
from tests.support.http import call
from tests.support.shop import Merchant

MERCHANTS, SKUS_EACH, UNITS = 10, 3, 7
SKUS = [f"BIG-{merchant}-{number}" for merchant in range(MERCHANTS) for number in range(SKUS_EACH)]
sellers: list[Merchant] = []


def furnish(bazaar: Bazaar) -> None:
    """Four buckets of six units each, so that seven never fit into one."""
    sellers.clear()
    for number in range(MERCHANTS):
        seller = bazaar.merchant("CN", "CNY")
        sellers.append(seller)
        own = SKUS[number * SKUS_EACH : (number + 1) * SKUS_EACH]
        variants = [{"sku": sku, "price": money(500, "CNY"), "weight_grams": 200} for sku in own]
        if number < MOST_LIMITED:
            variants[0]["purchase_limit"] = UNITS
        body = {"title": "T-shirt", "origin_country": "CN", "hs_code": "610910", "variants": variants}
        made = call("POST", "/v1/products", body, token=seller.token).json
        assert 200 == call("POST", f"/v1/products/{made['id']}/publish", token=seller.token).status
        for sku in own:
            bazaar.receive(seller, sku, 24, mode="bonded")
    bazaar.settle_events()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with furnished([furnish]) as world:
        yield world


def place(bazaar: Bazaar) -> tuple[Any, list[int]]:
    with transactions() as sizes:
        placed = bazaar.place_in_china(dict.fromkeys(SKUS, UNITS), token=bazaar.shopper())
    return placed, sizes


def tried_again(bazaar: Bazaar, placed: Any) -> None:
    """As often as an order may be tried to be paid."""
    for _ in range(MOST_ATTEMPTS - 1):
        headers = {"Order-Token": placed["order_token"], **bazaar.key()}
        path = f"/v1/orders/{placed['id']}/payments"
        assert 201 == call("POST", path, {"method": "card"}, headers=headers).status


def stock(bazaar: Bazaar, name: str) -> list[int]:
    return [bazaar.stock(sellers[number // SKUS_EACH], sku)[name] for number, sku in enumerate(SKUS)]


def test_the_largest_order_goes_from_cart_to_settled_share(bazaar: Bazaar) -> None:
    placed, placing = place(bazaar)
    assert 30 == len(placed["lines"])
    assert 10 == len({line["merchant_id"] for line in placed["lines"]})
    assert 30 * [UNITS] == stock(bazaar, "reserved")

    with transactions() as paying:
        bazaar.pay(placed)
    assert ("paid", "captured") == bazaar.status(placed)
    assert 30 * [24 - UNITS] == stock(bazaar, "on_hand")

    with transactions() as fulfilling:
        for number, seller in enumerate(sellers):
            own = dict.fromkeys(SKUS[number * SKUS_EACH : (number + 1) * SKUS_EACH], UNITS)
            parcel = bazaar.ship(seller, placed, own, number=f"YT12345678{number:02}")
            bazaar.scan(parcel, "in_transit", "delivered")
    assert "delivered" == bazaar.order(placed)["status"]
    with transactions() as completing:
        bazaar.tick(days=15)
    assert "completed" == bazaar.order(placed)["status"]
    with transactions() as refunding:
        answer = bazaar.refund(placed, bazaar.operator, amount=money(placed["total"]["amount"], "CNY"))
        bazaar.hear()
    assert (201, "refunded") == (answer.status, bazaar.order(placed)["payment_status"])

    every = {
        "placing": placing,
        "paying": paying,
        "fulfilling": fulfilling,
        "completing": completing,
        "refunding": refunding,
    }
    largest = {name: max(sizes) for name, sizes in every.items()}
    assert all(size <= MOST_ITEMS for size in largest.values()), largest
    assert (64, 65) == (largest["placing"], largest["paying"]), "count again in docs/adr/0030-ten-parcels.md"
    assert (
        10
        == len(about(placed["id"], "orders.share_completed"))
        == len(about(placed["id"], "orders.share_refunded"))
    )
    bazaar.ledger()  # and it balances


def test_the_largest_order_is_paid_by_one_of_five_attempts(bazaar: Bazaar) -> None:
    placed, _ = place(bazaar)
    tried_again(bazaar, placed)

    with transactions() as paying:
        bazaar.pay(placed)

    assert 73 == max(paying) <= MOST_ITEMS  # as docs/adr/0030-ten-parcels.md counts them
    assert ("paid", "captured") == bazaar.status(placed)
    assert MOST_ATTEMPTS - 1 == [each["status"] for each in bazaar.intents()].count("canceled")


def test_the_largest_order_of_five_attempts_is_cancelled_while_the_provider_is_away(bazaar: Bazaar) -> None:
    placed, _ = place(bazaar)
    tried_again(bazaar, placed)
    bazaar.fault()

    with transactions() as cancelling:
        assert 200 == bazaar.cancel(placed).status

    assert 72 == max(cancelling) <= MOST_ITEMS
    assert "cancelled" == bazaar.order(placed)["status"]
    bazaar.heal()


def test_the_largest_order_is_cancelled_whole(bazaar: Bazaar) -> None:
    placed, _ = place(bazaar)
    bazaar.pay(placed)

    with transactions() as cancelling:
        assert 200 == bazaar.cancel(placed).status
        bazaar.hear()

    assert 74 == max(cancelling) <= MOST_ITEMS
    assert ("cancelled", "refunded") == bazaar.status(placed)
    assert 30 * [24] == stock(bazaar, "available")


def test_the_largest_order_expires(bazaar: Bazaar) -> None:
    placed, _ = place(bazaar)

    with transactions() as expiring:
        bazaar.tick(minutes=31)

    assert 40 <= max(expiring) <= MOST_ITEMS
    assert "expired" == bazaar.order(placed)["status"]
    assert 30 * [24] == stock(bazaar, "available")


@pytest.mark.parametrize("lines", [31])
def test_a_larger_order_is_refused_at_the_quote(bazaar: Bazaar, lines: int) -> None:
    wanted = {**dict.fromkeys(SKUS, 1), "PHONES-1": 1}
    assert lines == len(wanted)

    answer = bazaar.try_quote(wanted)

    assert (422, "too_many_lines", "lines") == (answer.status, answer.code, answer.json["field"])


def test_an_eleventh_parcel_is_refused_at_the_quote(bazaar: Bazaar) -> None:
    one_of_each = [SKUS[number * SKUS_EACH] for number in range(MERCHANTS)]
    eleventh = bazaar.merchant("CN", "CNY")
    bazaar.stocked("ELEVENTH-1", 10, eleventh, mode="bonded")

    answer = bazaar.try_quote(dict.fromkeys([*one_of_each, "ELEVENTH-1"], 1))

    assert (422, "too_many_parcels", "lines") == (answer.status, answer.code, answer.json["field"])
    assert 200 == call("GET", "/health").status
