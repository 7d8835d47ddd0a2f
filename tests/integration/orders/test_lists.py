"""Lists of orders: each sees its own, filtered as it may be, page after page without a gap."""

from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote as escaped

import pytest

from entrepot.kernel.clock import rfc3339
from tests.integration.orders.bazaar import Bazaar, money, token
from tests.support.http import Answer, call


def listed(who: str, **query: str | int) -> Answer:
    asked = "&".join(f"{name}={escaped(str(value))}" for name, value in query.items())
    return call("GET", f"/v1/orders?{asked}", token=who)


def ids(who: str, **query: str | int) -> list[str]:
    answer = listed(who, **query)
    assert 200 == answer.status, answer.text
    return [order["id"] for order in answer.json["data"]]


def pages(who: str, **query: str | int) -> list[list[str]]:
    """Page after page, until none is left."""
    found: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = listed(who, **query, **cursor)
        assert 200 == answer.status, answer.text
        found.append([order["id"] for order in answer.json["data"]])
        if answer.json["next_cursor"] is None:
            return found
        cursor = {"cursor": answer.json["next_cursor"]}
        assert len(found) < 60, "the list never ends"


@pytest.fixture
def orders(bazaar: Bazaar) -> dict[str, Any]:
    """Orders of two members and a guest, of one merchant or two, paid or not."""
    anna, ben = bazaar.shopper(), bazaar.shopper()
    return {
        "anna": anna,
        "ben": ben,
        "phones": bazaar.paid({"PHONES-1": 1}, token=anna)["id"],
        "both": bazaar.paid({"PHONES-1": 1, "BAG-1": 2}, token=anna)["id"],
        "bag": bazaar.place({"BAG-1": 1}, token=ben)["id"],
        "guest": bazaar.place({"SHIRT-1": 1})["id"],
    }


def test_each_sees_its_own_newest_first(bazaar: Bazaar, orders: dict[str, Any]) -> None:
    assert [orders["both"], orders["phones"]] == ids(orders["anna"])
    assert [orders["bag"]] == ids(orders["ben"])
    assert [orders[name] for name in ("guest", "both", "phones")] == ids(bazaar.shenzhen.token)
    assert [orders["bag"], orders["both"]] == ids(bazaar.milan.token)
    assert [orders[name] for name in ("guest", "bag", "both", "phones")] == ids(bazaar.operator)
    assert [] == ids(bazaar.shopper())
    assert (401, "unauthenticated") == (call("GET", "/v1/orders").status, call("GET", "/v1/orders").code)


def test_a_merchants_line_shows_its_own_goods_and_their_sum(bazaar: Bazaar, orders: dict[str, Any]) -> None:
    (line,) = [o for o in listed(bazaar.milan.token).json["data"] if o["id"] == orders["both"]]
    own = call("GET", f"/v1/orders/{orders['both']}", token=bazaar.milan.token).json
    whole = call("GET", f"/v1/orders/{orders['both']}", token=orders["anna"]).json

    assert ["BAG-1"] == line["skus"]
    assert own["total"] == line["total"]
    assert own["total"]["amount"] == whole["lines"][1]["total"]["amount"] < whole["total"]["amount"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "paid"}, ["both", "phones"]),
        ({"status": "awaiting_payment"}, ["guest", "bag"]),
        ({"status": "shipped"}, []),
        ({"payment_status": "captured"}, ["both", "phones"]),
        ({"payment_status": "none"}, ["guest", "bag"]),
        ({"sku": "BAG-1"}, ["bag", "both"]),
        ({"sku": "BAG"}, []),
    ],
)
def test_a_list_is_filtered_by_one_thing(
    bazaar: Bazaar, orders: dict[str, Any], query: dict[str, str], expected: list[str]
) -> None:
    assert [orders[name] for name in expected] == ids(bazaar.operator, **query)
    mine = [orders[name] for name in expected if name in ("both", "phones")]
    assert mine == ids(orders["anna"], **query)


def test_a_summary_follows_its_order(bazaar: Bazaar, orders: dict[str, Any]) -> None:
    bazaar.refund({"id": orders["phones"]}, bazaar.operator, amount=money(100))
    bazaar.ship(bazaar.milan, {"id": orders["both"]}, {"BAG-1": 2})
    bazaar.hear()

    assert [orders["phones"]] == ids(bazaar.operator, payment_status="partially_refunded")
    assert [orders["both"]] == ids(bazaar.operator, status="partially_shipped")
    assert [orders["both"]] == ids(bazaar.milan.token, status="shipped")
    short = pages(bazaar.shenzhen.token, sku="PHONES-1", limit=1)  # pages may be short, even empty
    assert [orders["both"], orders["phones"]] == [each for page in short for each in page]
    assert [orders["both"], orders["phones"]] == ids(bazaar.shenzhen.token, status="paid")


@pytest.mark.parametrize(
    "query",
    [
        {"status": "paid", "sku": "BAG-1"},
        {"status": "paid", "payment_status": "captured"},
        {"payment_status": "captured", "sku": "BAG-1"},
        {"from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"},
    ],
)
def test_other_combinations_are_refused(bazaar: Bazaar, query: dict[str, str]) -> None:
    for who in (bazaar.operator, bazaar.milan.token, bazaar.shopper()):
        answer = listed(who, **query)
        assert (422, "unsupported_filter") == (answer.status, answer.code)
        assert answer.json["field"]


def test_an_operators_window_is_31_days_at_most(bazaar: Bazaar, orders: dict[str, Any]) -> None:
    now = bazaar.clock.now()
    month = {"from": rfc3339(now - timedelta(days=31)), "to": rfc3339(now)}
    longer = {"from": rfc3339(now - timedelta(days=31, seconds=1)), "to": rfc3339(now)}

    assert orders["guest"] in [each for page in pages(bazaar.operator, **month) for each in page]
    answer = listed(bazaar.operator, **longer)
    assert (422, "unsupported_filter", "from") == (answer.status, answer.code, answer.json["field"])
    assert 200 == listed(bazaar.milan.token, **longer).status


def test_a_window_holds_what_was_placed_in_it(bazaar: Bazaar, orders: dict[str, Any]) -> None:
    placed = {order["id"]: order["placed_at"] for order in listed(bazaar.operator).json["data"]}
    window = {"from": placed[orders["both"]], "to": placed[orders["bag"]]}

    for who, expected in (
        (bazaar.operator, ["bag", "both"]),
        (bazaar.milan.token, ["bag", "both"]),
        (orders["anna"], ["both"]),
    ):
        assert [orders[name] for name in expected] == ids(who, **window)


@pytest.mark.parametrize("hours", [-12, 0, 14])
def test_a_window_is_the_same_in_every_zone(bazaar: Bazaar, orders: dict[str, Any], hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    now: datetime = bazaar.clock.now()
    window = {
        "from": (now - timedelta(hours=1)).astimezone(zone).isoformat(),
        "to": (now + timedelta(seconds=5)).astimezone(zone).isoformat(),
    }

    assert [orders[name] for name in ("guest", "bag", "both", "phones")] == ids(bazaar.operator, **window)


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_page_after_page_holds_each_order_once(bazaar: Bazaar, orders: dict[str, Any], limit: int) -> None:
    for who, expected in (
        (bazaar.operator, ["guest", "bag", "both", "phones"]),
        (bazaar.shenzhen.token, ["guest", "both", "phones"]),
        (orders["anna"], ["both", "phones"]),
    ):
        found = pages(who, limit=limit)
        assert [orders[name] for name in expected] == [each for page in found for each in page]
        assert all(len(page) <= limit for page in found)


def test_an_operators_list_goes_over_days(bazaar: Bazaar) -> None:
    expected: list[str] = []
    for _ in range(3):
        expected.insert(0, bazaar.place({"PHONES-1": 1})["id"])
        bazaar.clock.advance(days=11)
    month = rfc3339(bazaar.clock.now() - timedelta(days=30, hours=23))
    week = [each for page in pages(bazaar.operator) for each in page]

    found = pages(bazaar.operator, limit=2, **{"from": month})

    assert expected[:2] == [each for page in found for each in page]  # the third is older than any window
    assert [] == week


def test_a_cursor_is_good_for_its_caller_and_its_filter(bazaar: Bazaar, orders: dict[str, Any]) -> None:
    cursor = listed(orders["anna"], limit=1).json["next_cursor"]

    for who, query in (
        (orders["ben"], {"limit": 1}),
        (bazaar.operator, {"limit": 1}),
        (orders["anna"], {"limit": 2}),
        (orders["anna"], {"limit": 1, "status": "paid"}),
    ):
        answer = listed(who, cursor=cursor, **query)
        assert (400, "bad_cursor", "cursor") == (answer.status, answer.code, answer.json["field"])
    assert [orders["phones"]] == ids(orders["anna"], limit=1, cursor=cursor)


def test_a_token_of_staff_without_orders_sees_none(bazaar: Bazaar, orders: dict[str, Any]) -> None:
    assert [] == ids(bazaar.merchant("DE", "EUR").token)
    assert [] == ids(token("shopper"))
