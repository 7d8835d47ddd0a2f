"""The use cases that a sale is made of, each through the API's entry point as Lambda calls it."""

from typing import Any

from bench.meter import Cost, measured
from entrepot.cloud.outbox import OutboxRow
from tests.support import pump
from tests.support.http import Answer, call
from tests.support.provider import Provider, webhook
from tests.support.shop import BERLIN, Shop


def all_of_them(shop: Shop, provider: Provider, times: int) -> list[Cost]:
    """Every case, in the order of a sale; the consumers are measured with the events of the sales before."""
    merchant = shop.merchant()
    products = [shop.product(merchant, f"BENCH-{number}") for number in range(30)]
    shop.receive(merchant, "BENCH-0", 10 * times)
    pump.pump()
    carts = [call("POST", "/v1/carts").json for _ in range(times)]
    quotes: list[Any] = []
    orders: list[Any] = []
    costs = [
        measured("list of 24", lambda _: _ok(call("GET", "/v1/products?limit=24")), [None] * times),
        measured("detail", lambda _: _ok(call("GET", f"/v1/products/{products[0]}")), [None] * times),
        measured("open a cart", lambda _: _ok(call("POST", "/v1/carts")), [None] * times),
        measured("cart line", _fill, carts),
        measured("quote", lambda cart: quotes.append(_quote(cart)), carts),
        measured("place", lambda quote: orders.append(_ok(shop.try_place(quote)).json), list(quotes)),
    ]
    webhooks = []
    for order in orders:
        provider.pay(order)
    webhooks = provider.new_events()
    costs.append(measured("webhook", lambda event: _ok(webhook(event)), webhooks))
    costs.append(measured("payments consumer", _take_message, _messages("payment_intent.succeeded")))
    costs.append(measured("orders consumer", _take_event, _rows("payments.payment_captured")))
    return costs


def _fill(cart: Any) -> None:
    token = {"Cart-Token": cart["cart_token"]}
    _ok(call("PUT", f"/v1/carts/{cart['id']}/lines/BENCH-0", {"quantity": 1}, headers=token))


def _quote(cart: Any) -> Any:
    body = {"cart_id": cart["id"], "ship_to": BERLIN, "currency": "EUR"}
    return _ok(call("POST", "/v1/quotes", body, headers={"Cart-Token": cart["cart_token"]})).json


def _ok(answer: Answer) -> Answer:
    assert answer.status < 300, answer.text
    return answer


def _messages(kind: str) -> list[tuple[str, str]]:
    return [(queue, body) for queue, body in pump._waiting() if kind in body]


def _take_message(message: tuple[str, str]) -> None:
    assert [] == pump.deliver(*message)


def _rows(event: str) -> list[OutboxRow]:
    return [row for row in pump._unsent() if row.event == event]


def _take_event(row: OutboxRow) -> None:
    assert [] == pump.deliver("orders-events", row.body)


class Elsewhere(Provider):
    """Stripe's stand-in in a process of its own, so that what it costs is not counted as ours."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._delivered = set()
