"""A merchant limits how many units one buyer may have: counted over all their orders, and given back with them."""

from collections.abc import Iterator
from typing import Any

import pytest

from entrepot.cloud import inbox
from entrepot.contracts.membership import MemberErased
from entrepot.kernel.ids import new_id
from functions.orders import store
from functions.orders.service import forgetting, limits
from tests.integration.orders.bazaar import SHIRT, Bazaar, World, dump, furnished, meanwhile, token
from tests.support import memory
from tests.support.http import Answer, call
from tests.support.shop import CONTACT, HEADPHONES

LIMITED = "FLASH-1"
LIMIT = 2
ANNA, BEN = "anna@example.com", "ben@example.com"


def furnish(bazaar: Bazaar) -> None:
    bazaar.product(bazaar.shenzhen, LIMITED, variant={"purchase_limit": LIMIT})
    bazaar.receive(bazaar.shenzhen, LIMITED, 100)
    many = [
        {**SHIRT["variant"], "sku": f"MANY-{n}", "purchase_limit": 1} for n in range(limits.MOST_LIMITED + 1)
    ]
    body = {**HEADPHONES, "title": "T-shirt", "hs_code": "610910", "variants": many}
    made = call("POST", "/v1/products", body, token=bazaar.shenzhen.token).json
    assert 200 == call("POST", f"/v1/products/{made['id']}/publish", token=bazaar.shenzhen.token).status
    for variant in many:
        bazaar.receive(bazaar.shenzhen, str(variant["sku"]), 10)
    bazaar.settle_events()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with furnished([furnish]) as world:
        yield world


def bought(bazaar: Bazaar, units: int, email: str = ANNA, token: str | None = None, key: str = "") -> Answer:
    """An order of so many limited units, beside a bag that nobody limits."""
    quote = bazaar.quote({LIMITED: units, "BAG-1": 1}, token=token)
    return placed(quote, email, token, key or bazaar.key()["Idempotency-Key"])


def placed(quote: Any, email: str, token: str | None, key: str) -> Answer:
    body = {
        "quote_id": quote["id"],
        "option_id": quote["options"][0]["id"],
        "contact": {**CONTACT, "email": email},
        "payment": {"method": "card"},
    }
    return call("POST", "/v1/orders", body, token=token, headers={"Idempotency-Key": key})


def test_a_buyer_has_so_many_units_over_all_orders_and_the_next_is_refused_without_a_trace(
    bazaar: Bazaar,
) -> None:
    assert [201, 201] == [bought(bazaar, 1).status, bought(bazaar, 1).status]
    quote = bazaar.quote({LIMITED: 1})
    before = dump()

    refused = placed(quote, ANNA, None, "third")

    assert (422, "purchase_limit_reached") == (refused.status, refused.code)
    assert (LIMITED, LIMIT, 1) == tuple(refused.json[fact] for fact in ("sku", "limit", "wanted"))
    assert before == dump()
    assert 201 == bought(bazaar, LIMIT, email=BEN).status
    assert {"on_hand": 100, "reserved": 4, "available": 96} == bazaar.stock(bazaar.shenzhen, LIMITED)


def test_a_guest_is_known_by_their_address_however_it_is_written(bazaar: Bazaar) -> None:
    assert 201 == bought(bazaar, LIMIT, email=ANNA).status

    assert "purchase_limit_reached" == bought(bazaar, 1, email="Anna@EXAMPLE.com").code


def test_a_member_is_known_whatever_address_they_give(bazaar: Bazaar) -> None:
    anna, ben = token("shopper"), token("shopper")
    assert 201 == bought(bazaar, LIMIT, token=anna).status

    assert "purchase_limit_reached" == bought(bazaar, 1, email=BEN, token=anna).code
    assert 201 == bought(bazaar, 1, email=ANNA, token=ben).status


def test_who_a_buyer_is_stands_nowhere_in_clear(bazaar: Bazaar) -> None:
    anna = token("shopper", member_id="mbr_01ANNA")
    before = set(dump()["inventory"])
    assert 201 == bought(bazaar, 1, email=ANNA, token=anna).status

    (row,) = [row for row in set(dump()["inventory"]) - before if "allowance#" in row]
    assert not any(name in row for name in ("anna", "ANNA"))


def test_more_than_anybody_may_have_gets_no_price(bazaar: Bazaar) -> None:
    answer = bazaar.try_quote({LIMITED: LIMIT + 1})

    assert (422, "purchase_limit_reached", "lines") == (answer.status, answer.code, answer.json["field"])


def test_two_orders_of_a_buyer_at_once_do_not_pass_the_limit(bazaar: Bazaar) -> None:
    first, second = (bazaar.quote({LIMITED: LIMIT}) for _ in range(2))
    faster: list[Answer] = []

    with meanwhile(store, "create_order", before=lambda: faster.append(placed(second, ANNA, None, "faster"))):
        slower = placed(first, ANNA, None, "slower")

    assert (201, 422) == (faster[0].status, slower.status)
    assert LIMIT == bazaar.stock(bazaar.shenzhen, LIMITED)["reserved"]


def test_the_same_request_again_is_the_same_order_and_counts_once(bazaar: Bazaar) -> None:
    quote = bazaar.quote({LIMITED: LIMIT})

    first, again = (placed(quote, ANNA, None, "same") for _ in range(2))

    assert (201, 201) == (first.status, again.status)
    assert first.json["id"] == again.json["id"]
    assert LIMIT == allowed_again(bazaar, first.json)


def test_the_same_request_that_commits_first_is_no_second_purchase(bazaar: Bazaar) -> None:
    quote = bazaar.quote({LIMITED: LIMIT})
    faster: list[Answer] = []

    with meanwhile(store, "create_order", before=lambda: faster.append(placed(quote, ANNA, None, "same"))):
        slower = placed(quote, ANNA, None, "same")

    assert [201, 201] == [faster[0].status, slower.status]
    assert faster[0].json["id"] == slower.json["id"]


def allowed_again(bazaar: Bazaar, order: Any) -> int:
    """How many units its buyer may have once an order is cancelled: what it had counted, if it counted once."""
    assert 200 == bazaar.cancel(order).status
    bazaar.hear()
    return sum(bought(bazaar, 1).status == 201 for _ in range(LIMIT + 1))


def test_a_cancelled_order_gives_its_units_back(bazaar: Bazaar) -> None:
    assert LIMIT == allowed_again(bazaar, bought(bazaar, LIMIT).json)


def test_a_paid_order_that_is_cancelled_in_part_gives_back_that_part(bazaar: Bazaar) -> None:
    order = bought(bazaar, LIMIT).json
    bazaar.pay(order)
    assert "purchase_limit_reached" == bought(bazaar, 1).code

    assert 200 == bazaar.cancel(order, lines={LIMITED: 1, "BAG-1": 1}).status
    bazaar.hear()

    assert 201 == bought(bazaar, 1).status
    assert "purchase_limit_reached" == bought(bazaar, 1).code


def test_an_order_that_expires_gives_its_units_back(bazaar: Bazaar) -> None:
    order = bought(bazaar, LIMIT).json

    bazaar.tick(minutes=31)

    assert "expired" == bazaar.order(order)["status"]
    assert 201 == bought(bazaar, LIMIT).status


def test_of_a_buyer_who_is_forgotten_no_unit_stays_counted(bazaar: Bazaar) -> None:
    member_id = new_id("mbr", bazaar.clock.now())
    member = token("shopper", member_id=member_id)
    order = bought(bazaar, LIMIT, token=member).json
    bazaar.pay(order)
    parcels = [
        bazaar.ship(bazaar.shenzhen, order, {LIMITED: LIMIT}),
        bazaar.ship(bazaar.milan, order, {"BAG-1": 1}, "YT2222222222"),
    ]
    for parcel in parcels:
        bazaar.scan(parcel, "in_transit", "delivered")
    bazaar.tick(days=15)
    assert [str(LIMIT)] == counted()

    now = bazaar.clock.now()
    event = MemberErased(event_id=new_id("evt", now), occurred_at=now, member_id=member_id)
    forgetting.on_member_erased(event, inbox.once("orders", event.event_id, now), now)

    assert ["0"] == counted()
    assert None is bazaar.order(order).get("contact")


def counted() -> list[str]:
    """What the allowances hold."""
    rows = memory.current().rows("inventory")
    return [row["units"]["N"] for row in rows if row["pk"]["S"].startswith("allowance#")]


def test_what_was_quoted_before_the_limit_was_lowered_is_sold_as_quoted(bazaar: Bazaar) -> None:
    quote = bazaar.quote({LIMITED: LIMIT})
    product = next(
        each
        for each in call("GET", "/v1/products").json["data"]
        if LIMITED in [variant["sku"] for variant in each["variants"]]
    )
    path = f"/v1/products/{product['id']}"
    etag = {name.lower(): value for name, value in call("GET", path).headers.items()}["etag"]
    variant = {**HEADPHONES["variants"][0], "sku": LIMITED, "purchase_limit": 1}
    changed = call(
        "PATCH", path, {"variants": [variant]}, token=bazaar.shenzhen.token, headers={"If-Match": etag}
    )

    assert (200, 1) == (changed.status, changed.json["variants"][0]["purchase_limit"])
    assert 201 == placed(quote, ANNA, None, "quoted").status
    assert "purchase_limit_reached" == bazaar.try_quote({LIMITED: LIMIT}).code


def test_an_order_has_five_limited_skus_at_most(bazaar: Bazaar) -> None:
    wanted = {f"MANY-{n}": 1 for n in range(limits.MOST_LIMITED)}
    assert 201 == placed(bazaar.quote(wanted), ANNA, None, "five").status

    answer = bazaar.try_quote({**wanted, f"MANY-{limits.MOST_LIMITED}": 1})

    assert (422, "too_many_limited", "lines") == (answer.status, answer.code, answer.json["field"])


@pytest.mark.parametrize("limit", [0, -1, 10_000, 1.5, "2", True])
def test_a_limit_is_a_whole_number_above_zero(bazaar: Bazaar, limit: Any) -> None:
    variant = {**HEADPHONES["variants"][0], "sku": "LIMIT-X", "purchase_limit": limit}
    before = dump()

    answer = call("POST", "/v1/products", {**HEADPHONES, "variants": [variant]}, token=bazaar.shenzhen.token)

    assert 400 <= answer.status < 500
    assert "purchase_limit" in answer.json["field"]
    assert before == dump()
