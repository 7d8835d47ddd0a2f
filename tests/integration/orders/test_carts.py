"""Carts: a guest's opens by its token, a member's by the member; prices are those of now."""

from typing import Any

import pytest

from tests.integration.orders.bazaar import Bazaar, dump
from tests.support.http import Answer, call
from tests.support.shop import BERLIN


class Cart:
    """A cart, opened as its owner."""

    def __init__(self, token: str | None = None) -> None:
        answer = call("POST", "/v1/carts", token=token)
        assert (201, []) == (answer.status, answer.json["lines"]), answer.text
        self.id = answer.json["id"]
        self.token = token
        self.headers = {} if token else {"Cart-Token": answer.json["cart_token"]}

    def put(self, sku: str, quantity: int) -> Answer:
        body = {"quantity": quantity}
        return call("PUT", f"/v1/carts/{self.id}/lines/{sku}", body, token=self.token, headers=self.headers)

    def drop(self, sku: str) -> Answer:
        return call("DELETE", f"/v1/carts/{self.id}/lines/{sku}", token=self.token, headers=self.headers)

    def lines(self) -> list[dict[str, Any]]:
        answer = call("GET", f"/v1/carts/{self.id}", token=self.token, headers=self.headers)
        assert 200 == answer.status, answer.text
        found: list[dict[str, Any]] = answer.json["lines"]
        return found

    def units(self) -> dict[str, int]:
        return {line["sku"]: line["quantity"] for line in self.lines()}


def test_a_cart_is_filled_changed_and_emptied(bazaar: Bazaar) -> None:
    cart = Cart()

    cart.put("PHONES-1", 2)
    cart.put("BAG-1", 1)
    changed = cart.put("PHONES-1", 5)

    assert [("PHONES-1", 5), ("BAG-1", 1)] == [
        (line["sku"], line["quantity"]) for line in changed.json["lines"]
    ]
    assert [{"amount": 20000, "currency": "CNY"}, {"amount": 9900, "currency": "EUR"}] == [
        line["unit_price"] for line in cart.lines()
    ]
    assert [None, None] == [line["warning"] for line in cart.lines()]
    assert (200, {"BAG-1": 1}) == (cart.drop("PHONES-1").status, cart.units())
    before = dump()
    assert 200 == cart.drop("PHONES-1").status
    assert before == dump()
    assert (200, {}) == (cart.drop("BAG-1").status, cart.units())


def test_to_others_a_cart_does_not_exist(bazaar: Bazaar) -> None:
    member = bazaar.shopper()
    guests, members, other = Cart(), Cart(member), Cart()
    guests.put("PHONES-1", 1)
    members.put("PHONES-1", 1)
    before = dump()

    for cart in (guests, members):
        strangers: list[dict[str, Any]] = [
            {},
            {"headers": {"Cart-Token": ""}},
            {"headers": {"Cart-Token": "x" * 43}},
            {"headers": other.headers},
            {"token": bazaar.shopper()},
            {"token": bazaar.operator},
        ]
        for stranger in strangers:
            answers = [
                call("GET", f"/v1/carts/{cart.id}", **stranger),
                call("PUT", f"/v1/carts/{cart.id}/lines/BAG-1", {"quantity": 1}, **stranger),
                call("DELETE", f"/v1/carts/{cart.id}/lines/PHONES-1", **stranger),
            ]
            assert [(404, "not_found")] * 3 == [(answer.status, answer.code) for answer in answers]
            quote = {"cart_id": cart.id, "ship_to": BERLIN, "currency": "EUR"}
            assert 404 == call("POST", "/v1/quotes", quote, **stranger).status

    assert before == dump()


def test_at_sign_in_a_guests_cart_goes_into_the_members_own(bazaar: Bazaar) -> None:
    member = bazaar.shopper()
    guests, own = Cart(), Cart(member)
    guests.put("PHONES-1", 2)
    guests.put("BAG-1", 1)
    own.put("PHONES-1", 3)

    merged = _merge(own, guests)

    assert (200, {"PHONES-1": 5, "BAG-1": 1}) == (merged.status, own.units())
    assert 404 == call("GET", f"/v1/carts/{guests.id}", headers=guests.headers).status
    assert 404 == _merge(own, guests).status
    assert {"PHONES-1": 5, "BAG-1": 1} == own.units()


def test_a_merge_needs_both_carts(bazaar: Bazaar) -> None:
    member, other = bazaar.shopper(), bazaar.shopper()
    guests, own, theirs = Cart(), Cart(member), Cart(other)
    guests.put("PHONES-1", 2)
    before = dump()

    without_token = call("POST", f"/v1/carts/{own.id}/merge", {"from_cart_id": guests.id}, token=member)
    into_anothers = call(
        "POST",
        f"/v1/carts/{theirs.id}/merge",
        {"from_cart_id": guests.id},
        token=member,
        headers=guests.headers,
    )
    of_anothers = call("POST", f"/v1/carts/{own.id}/merge", {"from_cart_id": theirs.id}, token=member)
    into_itself = call("POST", f"/v1/carts/{own.id}/merge", {"from_cart_id": own.id}, token=member)

    assert [404] * 4 == [answer.status for answer in (without_token, into_anothers, of_anothers, into_itself)]
    assert before == dump()


def test_merged_quantities_stay_within_what_a_line_holds(bazaar: Bazaar) -> None:
    guests, own = Cart(), Cart(bazaar.shopper())
    guests.put("PHONES-1", 999)
    own.put("PHONES-1", 999)

    assert 200 == _merge(own, guests).status
    assert {"PHONES-1": 999} == own.units()


def test_a_price_that_changed_is_pointed_out(bazaar: Bazaar) -> None:
    cart = Cart()
    cart.put("BAG-1", 1)
    _edit(bazaar, {"price": {"amount": 12000, "currency": "EUR"}})

    (line,) = cart.lines()
    assert ("price_changed", 12000) == (line["warning"], line["unit_price"]["amount"])
    (line,) = cart.put("BAG-1", 2).json["lines"]
    assert (None, 12000) == (line["warning"], line["unit_price"]["amount"])


def test_what_is_no_longer_on_sale_is_pointed_out_and_not_quoted(bazaar: Bazaar) -> None:
    cart = Cart()
    cart.put("BAG-1", 1)
    cart.put("PHONES-1", 1)
    answer = call("POST", f"/v1/products/{bazaar.bag}/unpublish", token=bazaar.milan.token)
    assert 200 == answer.status, answer.text
    bazaar.settle_events()

    bag, phones = cart.lines()
    assert ("not_on_sale", False, None) == (bag["warning"], bag["available"], bag["unit_price"])
    assert (None, True) == (phones["warning"], phones["available"])
    before = dump()
    quote = {"cart_id": cart.id, "ship_to": BERLIN, "currency": "EUR"}
    refused = call("POST", "/v1/quotes", quote, headers=cart.headers)
    assert (422, "not_on_sale", "BAG-1") == (refused.status, refused.code, refused.json["sku"])
    again = cart.put("BAG-1", 2)
    assert (422, "not_on_sale", "sku") == (again.status, again.code, again.json["field"])
    assert before == dump()


def test_what_is_sold_out_is_pointed_out(bazaar: Bazaar) -> None:
    bazaar.stocked("FEW-1", 3, bazaar.shenzhen)
    cart = Cart()
    cart.put("FEW-1", 2)
    bazaar.paid({"FEW-1": 2})

    (line,) = cart.lines()

    assert ("out_of_stock", False) == (line["warning"], line["available"])


def test_a_cart_has_thirty_lines_at_most(bazaar: Bazaar) -> None:
    cart = Cart()
    for number in range(30):
        bazaar.product(bazaar.shenzhen, f"MANY-{number}")
        assert 200 == cart.put(f"MANY-{number}", 1).status
    before = dump()

    answer = cart.put("PHONES-1", 1)

    assert (422, "too_many_lines", "sku") == (answer.status, answer.code, answer.json["field"])
    assert before == dump()
    assert 200 == cart.put("MANY-7", 9).status
    own = Cart(bazaar.shopper())
    own.put("PHONES-1", 1)
    assert (422, "too_many_lines") == (_merge(own, cart).status, _merge(own, cart).code)
    assert {"PHONES-1": 1} == own.units()


@pytest.mark.parametrize("quantity", [0, -1, 1.5, 1000, "2", None])
def test_a_line_holds_1_to_999_units(bazaar: Bazaar, quantity: Any) -> None:
    cart = Cart()
    cart.put("PHONES-1", 999)
    before = dump()

    answer = cart.put("PHONES-1", quantity)

    assert (400, "invalid_request", "quantity") == (answer.status, answer.code, answer.json["field"])
    assert before == dump()


@pytest.mark.parametrize("sku", ["NO-SUCH", "phones-1", "PHONES-1%20", "%00", "x" * 300])
def test_a_sku_that_is_not_there_is_not_found(bazaar: Bazaar, sku: str) -> None:
    cart = Cart()
    before = dump()

    assert (404, "not_found") == (cart.put(sku, 1).status, cart.put(sku, 1).code)
    assert before == dump()


def test_a_quote_of_an_empty_cart_is_refused(bazaar: Bazaar) -> None:
    cart = Cart()
    before = dump()

    quote = {"cart_id": cart.id, "ship_to": BERLIN, "currency": "EUR"}
    answer = call("POST", "/v1/quotes", quote, headers=cart.headers)

    assert (422, "empty_cart") == (answer.status, answer.code)
    assert before == dump()


def _merge(into: Cart, guests: Cart) -> Answer:
    body = {"from_cart_id": guests.id}
    return call("POST", f"/v1/carts/{into.id}/merge", body, token=into.token, headers=guests.headers)


def _edit(bazaar: Bazaar, changes: dict[str, Any]) -> None:
    path = f"/v1/products/{bazaar.bag}"
    read = call("GET", path, token=bazaar.milan.token)
    (variant,) = read.json["variants"]
    kept = {name: variant[name] for name in ("sku", "price", "weight_grams", "dimensions_mm")}
    answer = call(
        "PATCH",
        path,
        {"variants": [{**kept, **changes}]},
        token=bazaar.milan.token,
        headers={"If-Match": read.headers["ETag"]},
    )
    assert 200 == answer.status, answer.text
    bazaar.settle_events()
