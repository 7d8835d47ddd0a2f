"""The use cases, each through the entry point of its function as Lambda calls it: a sale from the cart to the
merchant's statement, and what is read and done beside it."""

from datetime import timedelta
from typing import Any, Final

from bench.walk import Walk
from entrepot.cloud import auth
from entrepot.kernel.clock import utc_now
from entrepot.kernel.ids import new_id
from infra.local.carriers.payloads import Parcel, Scan, webhook
from tests.support import provider as stripe
from tests.support.aws import SECRETS
from tests.support.http import Answer, call
from tests.support.shop import BERLIN, Merchant, Shop

_SUCCEEDED: Final = "payment_intent.succeeded"
_SKU: Final = "BENCH-0"
_LISTED: Final = 30
_COMPLETES: Final = timedelta(days=15)
_NAMES: Final = ("version", "account", "region", "detail-type", "source", "time", "id", "resources")


class Stand(Shop):
    """A shop whose people hold tokens that outlive a slow run."""

    def _account(self, role: str, merchant_id: str | None) -> str:
        return token(role, merchant_id)


def token(role: str, merchant_id: str | None = None) -> str:
    claims = {"sub": new_id("mbr", utc_now()), "role": role}
    if merchant_id:
        claims["merchant_id"] = merchant_id
    expires = int((utc_now() + timedelta(days=1)).timestamp())
    return auth.sign({**claims, "exp": expires}, auth.ACCESS)


def all_of_them(walk: Walk, shop: Shop, provider: stripe.Provider, times: int) -> None:
    merchant = shop.merchant()
    products = [
        shop.product(merchant, f"BENCH-{number}", category_id="audio" if number % 2 else "bags")
        for number in range(_LISTED)
    ]
    shop.receive(merchant, _SKU, 20 * times)
    walk.follow()
    with walk.selling(times):
        orders = _sold(walk, shop, provider, times)
        _shipped(walk, shop, merchant, orders)
        _settled(walk)
    _read(walk, shop, merchant, products, orders, times)
    _refunded(walk, shop, provider, orders)


def _sold(walk: Walk, shop: Shop, provider: stripe.Provider, times: int) -> list[Any]:
    carts = walk.each("open a cart", lambda _: ok(call("POST", "/v1/carts")).json, range(times))
    walk.each("cart line", _fill, carts)
    quotes = walk.each("quote", _quote, carts)
    orders = walk.each("place", lambda quote: ok(shop.try_place(quote)).json, quotes)
    walk.follow()
    for order in orders:
        provider.pay(order)
        _told(walk, provider)
    walk.follow()
    return orders


def _told(walk: Walk, provider: stripe.Provider) -> None:
    """Stripe promises no order; here the first word is that the payment succeeded, which the others only repeat."""
    for event in sorted(provider.new_events(), key=lambda event: event["type"] != _SUCCEEDED):
        walk.run("webhook", lambda event=event: ok(stripe.webhook(event)))  # type: ignore[misc]
        provider._delivered.add(event["id"])


def _shipped(walk: Walk, shop: Shop, merchant: Merchant, orders: list[Any]) -> None:
    walk.each("pack", lambda order: _ok_as(merchant, "POST", f"/v1/orders/{order['id']}/pack", {}), orders)
    shipments = [
        walk.run("ship", lambda place=place, order=order: _ship(shop, merchant, order, place))  # type: ignore[misc]
        for place, order in enumerate(orders)
    ]
    walk.follow()
    begins = utc_now()
    for minute, tag in enumerate(("InTransit", "Delivered")):
        for shipment in shipments:
            signed = _scanned(shipment, tag, begins + timedelta(minutes=minute))
            walk.run("scan", lambda signed=signed: _post_scan(signed))  # type: ignore[misc]
        walk.follow()


def _ship(shop: Shop, merchant: Merchant, order: Any, number: int) -> Any:
    return shop.ship(merchant, order, {_SKU: 1}, number=f"YT{number:010}")


def _scanned(shipment: Any, tag: str, at: Any) -> Any:
    words = {"InTransit": "in_transit", "Delivered": "delivered"}
    parcel = Parcel(shipment["carrier"], shipment["tracking_number"])
    return webhook(
        "aftership", parcel, [Scan(at, words[tag], tag, "Leipzig, DE")], SECRETS["aftership_secret"], at
    )


def _post_scan(signed: Any) -> None:
    ok(call("POST", "/v1/webhooks/carriers/aftership", raw=signed.body, headers=dict(signed.headers)))


def _settled(walk: Walk) -> None:
    """Time passes: shares complete, and the merchant is settled and paid."""
    from functions.orders.service import clock
    from functions.settlement.service import running

    later = utc_now() + _COMPLETES
    while walk.run("clock of orders", lambda: clock.run(later), "orders_due"):
        pass
    walk.follow()
    walk.run("settlement run", lambda: running.scheduled(later), "settlement_run")
    walk.follow()


def _read(
    walk: Walk, shop: Shop, merchant: Merchant, products: list[str], orders: list[Any], times: int
) -> None:
    for _ in range(times):
        walk.run("list of 24", lambda: ok(call("GET", "/v1/products?limit=24")), page=True)
        walk.run("list of a category", lambda: ok(call("GET", "/v1/products?category=audio")), page=True)
        walk.run("detail", lambda: ok(call("GET", f"/v1/products/{products[0]}")))
        walk.run("availability", lambda: _ok_as(merchant, "GET", f"/v1/stock/{_SKU}"))
        walk.run("HS codes, with the worker", lambda: _suggested(merchant))
    walk.each("an order", shop.order, orders)
    member = shop.shopper()
    for _ in range(24):
        shop.place({_SKU: 1}, token=member)
    _statements(walk, merchant, times)
    for _ in range(times):
        walk.run("orders of a member", lambda: ok(call("GET", "/v1/orders", token=member)), page=True)
    _signed_in(walk, times)


def _suggested(merchant: Merchant) -> None:
    answer = _ok_as(merchant, "POST", "/v1/hs-codes/suggestions", {"text": "wireless headphones"})
    assert answer.json["data"], answer.text


def _statements(walk: Walk, merchant: Merchant, times: int) -> None:
    path = f"/v1/merchants/{merchant.merchant_id}/statements"
    (statement, *_) = _ok_as(merchant, "GET", path).json["data"]
    for _ in range(times):
        walk.run("statements of a merchant", lambda: _ok_as(merchant, "GET", path), page=True)
        walk.run(
            "a statement", lambda: _ok_as(merchant, "GET", f"/v1/statements/{statement['id']}"), page=True
        )


def _signed_in(walk: Walk, times: int) -> None:
    from functions.membership.facade import seed_account

    account = {"email": "bench@example.com", "password": "correct horse battery"}
    seed_account(account["email"], account["password"], "shopper", None, utc_now())
    for _ in range(times):
        walk.run("sign in", lambda: ok(call("POST", "/v1/sessions", account)))


def _refunded(walk: Walk, shop: Shop, provider: stripe.Provider, orders: list[Any]) -> None:
    for order in orders:
        body = {"order_id": order["id"], "reason": "scratched", "amount": {"amount": 100, "currency": "EUR"}}
        walk.run("refund", lambda body=body: _refund(shop, body))  # type: ignore[misc]
    walk.follow()
    _told(walk, provider)
    walk.follow()


def _refund(shop: Shop, body: Any) -> None:
    ok(call("POST", "/v1/refunds", body, token=shop.operator, headers=shop.key()))


def _fill(cart: Any) -> None:
    held = {"Cart-Token": cart["cart_token"]}
    ok(call("PUT", f"/v1/carts/{cart['id']}/lines/{_SKU}", {"quantity": 1}, headers=held))


def _quote(cart: Any) -> Any:
    body = {"cart_id": cart["id"], "ship_to": BERLIN, "currency": "EUR"}
    return ok(call("POST", "/v1/quotes", body, headers={"Cart-Token": cart["cart_token"]})).json


def _ok_as(merchant: Merchant, method: str, path: str, body: Any = None) -> Answer:
    return ok(call(method, path, body, token=merchant.token))


def ok(answer: Answer) -> Answer:
    assert answer.status < 300, answer.text
    return answer


class Elsewhere(stripe.Provider):
    """Stripe's stand-in in a process of its own, so that what it costs is not counted as ours."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._delivered = set()
