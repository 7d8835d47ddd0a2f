"""Warehouses, movements and stock over HTTP: who sees what, what is refused, and what a replay shows."""

from typing import Any

import pytest

BODY = {"name": "Hangzhou bonded", "country": "CN", "mode": "bonded"}


def receipt(warehouse_id: str, units: int = 10, **fields: Any) -> dict[str, Any]:
    return {"warehouse_id": warehouse_id, "units": units, "cause": "receipt", **fields}


@pytest.fixture
def whs(merchant, depot):
    depot.own("SKU-1")
    return merchant.call("POST", "/v1/warehouses", BODY).body["id"]


def test_a_merchant_makes_a_warehouse_of_its_own(merchant):
    answer = merchant.call("POST", "/v1/warehouses", BODY)

    assert 201 == answer.status
    assert BODY | {"merchant_id": "mrc_1"} == {
        name: answer.body[name] for name in ("name", "country", "mode", "merchant_id")
    }
    assert answer.body["id"].startswith("whs_")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"mode": "by_camel"}, "mode"),
        ({"country": "China"}, "country"),
        ({"name": ""}, "name"),
        ({"merchant_id": "mrc_2"}, "merchant_id"),
    ],
)
def test_a_warehouse_of_another_shape_is_refused_by_its_field(merchant, change, field):
    answer = merchant.call("POST", "/v1/warehouses", BODY | change)

    assert (400, "invalid_request", field) == (answer.status, answer.code, answer.field)
    assert [] == merchant.call("GET", "/v1/warehouses").body["data"]


def test_a_merchant_lists_its_own_and_the_platforms_page_by_page(merchant, rival, operator):
    own = [merchant.call("POST", "/v1/warehouses", BODY).body["id"] for _ in range(2)]
    shared = [operator.call("POST", "/v1/warehouses", BODY).body["id"] for _ in range(2)]
    rivals = rival.call("POST", "/v1/warehouses", BODY).body["id"]
    seen, cursor = [], None
    while True:
        page = merchant.call("GET", "/v1/warehouses", query={"limit": 1, "cursor": cursor}).body
        seen += [each["id"] for each in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert sorted(own) + sorted(shared) == seen
    assert [rivals, *sorted(shared)] == [
        each["id"] for each in rival.call("GET", "/v1/warehouses").body["data"]
    ]


def test_an_operator_lists_the_platforms_or_what_a_merchant_may_use(merchant, operator):
    own = merchant.call("POST", "/v1/warehouses", BODY).body["id"]
    shared = operator.call("POST", "/v1/warehouses", BODY).body

    assert shared["merchant_id"] is None
    assert [shared] == operator.call("GET", "/v1/warehouses").body["data"]
    seen = operator.call("GET", "/v1/warehouses", query={"merchant": "mrc_1"}).body["data"]
    assert [own, shared["id"]] == [each["id"] for each in seen]


def test_a_merchant_cannot_ask_for_anothers_warehouses(rival):
    answer = rival.call("GET", "/v1/warehouses", query={"merchant": "mrc_1"})

    assert (422, "unsupported_filter", "merchant") == (answer.status, answer.code, answer.field)


def test_a_cursor_serves_only_the_list_it_was_given_for(merchant, rival):
    for _ in range(2):
        merchant.call("POST", "/v1/warehouses", BODY)
    cursor = merchant.call("GET", "/v1/warehouses", query={"limit": 1}).body["next_cursor"]

    answer = rival.call("GET", "/v1/warehouses", query={"cursor": cursor})

    assert (400, "bad_cursor") == (answer.status, answer.code)


def test_a_receipt_is_on_hand_and_available_at_once(merchant, depot, whs):
    answer = merchant.call("POST", "/v1/stock/SKU-1/movements", receipt(whs, 20, note="container 7"), key="a")

    assert 201 == answer.status
    shown = {name: answer.body[name] for name in ("sku", "warehouse_id", "units", "change", "cause", "note")}
    assert {
        "sku": "SKU-1",
        "warehouse_id": whs,
        "units": 20,
        "change": 20,
        "cause": "receipt",
        "note": "container 7",
    } == shown
    stock = merchant.call("GET", "/v1/stock/SKU-1").body
    assert {
        "sku": "SKU-1",
        "warehouses": [{"warehouse_id": whs, "on_hand": 20, "reserved": 0, "available": 20}],
    } == stock
    moved = depot.events("inventory.stock_moved")
    assert [("SKU-1", whs, "receipt", 20)] == [
        (event["sku"], event["warehouse_id"], event["cause"], event["units"]) for event in moved
    ]


def test_a_movement_sent_again_is_shown_again_and_moves_nothing(merchant, depot, whs):
    first = merchant.call("POST", "/v1/stock/SKU-1/movements", receipt(whs), key="a")
    again = merchant.call("POST", "/v1/stock/SKU-1/movements", receipt(whs), key="a")

    assert (201, first.body) == (again.status, again.body)
    assert 10 == depot.level("SKU-1").on_hand
    assert 1 == len(depot.events("inventory.stock_moved"))


def test_a_key_used_for_another_movement_is_refused(merchant, depot, whs):
    merchant.call("POST", "/v1/stock/SKU-1/movements", receipt(whs), key="a")
    answer = merchant.call("POST", "/v1/stock/SKU-1/movements", receipt(whs, 11), key="a")

    assert (422, "idempotency_key_reused") == (answer.status, answer.code)
    assert 10 == depot.level("SKU-1").on_hand


def test_a_movement_needs_its_key(merchant, depot, whs):
    answer = merchant.call("POST", "/v1/stock/SKU-1/movements", receipt(whs))

    assert (400, "idempotency_key_required") == (answer.status, answer.code)
    assert [] == depot.buckets("SKU-1")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"units": 0}, "units"),
        ({"units": -1}, "units"),
        ({"units": 1.5}, "units"),
        ({"units": "3"}, "units"),
        ({"units": 10**12}, "units"),
        ({"units": 0, "cause": "damage"}, "units"),
        ({"units": 0, "cause": "adjustment"}, "units"),
        ({"units": -1, "cause": "count"}, "units"),
        ({"cause": "theft"}, "cause"),
        ({"price": 3}, "price"),
    ],
)
def test_a_movement_of_another_shape_is_refused_by_its_field(merchant, depot, whs, change, field):
    answer = merchant.call("POST", "/v1/stock/SKU-1/movements", receipt(whs) | change, key="a")

    assert (400, "invalid_request", field) == (answer.status, answer.code, answer.field)
    assert [] == depot.buckets("SKU-1")
    assert [] == depot.events("inventory.stock_moved")


def test_stock_below_zero_is_refused(merchant, depot, whs):
    depot.move("SKU-1", whs, 5)
    damage = receipt(whs, 6) | {"cause": "damage"}
    answer = merchant.call("POST", "/v1/stock/SKU-1/movements", damage, key="a")

    assert (409, "below_zero", "units") == (answer.status, answer.code, answer.field)
    assert 5 == depot.level("SKU-1").on_hand


def test_an_empty_shelf_cannot_be_lowered(merchant, depot, whs):
    lowered = receipt(whs, -1) | {"cause": "adjustment"}
    answer = merchant.call("POST", "/v1/stock/SKU-1/movements", lowered, key="a")

    assert (409, "below_zero") == (answer.status, answer.code)


def test_a_sku_of_another_merchant_is_not_found_and_nothing_is_written(rival, merchant, depot, whs):
    depot.move("SKU-1", whs, 5)
    theirs = rival.call("POST", "/v1/warehouses", BODY).body["id"]

    for sku in ("SKU-1", "NEVER-MADE", "no%20sku", "x" * 65):
        answer = rival.call("POST", f"/v1/stock/{sku}/movements", receipt(theirs), key=f"key-{sku[:9]}")
        assert (404, "not_found") == (answer.status, answer.code)
        assert 404 == rival.call("GET", f"/v1/stock/{sku}").status
    assert 5 == depot.level("SKU-1").on_hand
    assert 1 == len(depot.events("inventory.stock_moved"))


def test_a_warehouse_of_another_merchant_is_not_found(merchant, rival, depot, whs):
    theirs = rival.call("POST", "/v1/warehouses", BODY).body["id"]

    for place in (theirs, "whs_none"):
        answer = merchant.call("POST", "/v1/stock/SKU-1/movements", receipt(place), key=place)
        assert (404, "not_found", "warehouse_id") == (answer.status, answer.code, answer.field)
    assert [] == depot.buckets("SKU-1")


def test_the_platforms_warehouse_serves_every_merchant(merchant, operator, depot):
    depot.own("SKU-1")
    shared = operator.call("POST", "/v1/warehouses", BODY).body["id"]

    assert 201 == merchant.call("POST", "/v1/stock/SKU-1/movements", receipt(shared), key="a").status
    seen = operator.call("GET", "/v1/stock/SKU-1").body["warehouses"]
    assert [{"warehouse_id": shared, "on_hand": 10, "reserved": 0, "available": 10}] == seen


def test_what_was_never_stocked_shows_nothing_to_its_merchant(merchant, rival, operator, depot):
    depot.own("SKU-1")

    assert {"sku": "SKU-1", "warehouses": []} == merchant.call("GET", "/v1/stock/SKU-1").body
    assert 404 == rival.call("GET", "/v1/stock/SKU-1").status
    assert 404 == operator.call("GET", "/v1/stock/SKU-1").status


def test_a_count_that_agrees_holds_every_bucket_as_it_was_seen(merchant, whs):
    path = "/v1/stock/SKU-1/movements"
    merchant.call("POST", path, receipt(whs, 20), key="received")

    answers = [
        merchant.call("POST", path, receipt(whs, units, cause="count"), key=f"counted-{units}")
        for units in (20, 17)
    ]

    assert [201, 201] == [answer.status for answer in answers]
    assert [0, -3] == [answer.body["change"] for answer in answers]
