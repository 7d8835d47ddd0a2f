"""Orders a second against everything as `make up` serves it, at one client and at eight."""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from typing import Any
from uuid import uuid4

from infra.local.stack import Running
from tests.support.shop import BERLIN, CONTACT


def orders_a_second(up: Running, clients: int, orders: int) -> float:
    """Place `orders` orders over HTTP from quotes made before, by `clients` at once."""
    quotes = [_quote(up, sku) for sku in islice(cycle(_in_stock(up)), orders)]
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        answers = list(pool.map(lambda quote: _place(up, quote), quotes))
    spent = time.perf_counter() - began
    refused = [answer for answer in answers if answer[0] != 201]
    assert not refused, refused[:3]
    return orders / spent


def _in_stock(up: Running) -> list[str]:
    """The SKUs of the demo goods that can be bought; orders are spread over them, for none is there in hundreds."""
    _, page = _call(up, "GET", "/v1/products?limit=100")
    found = []
    for product in page["data"]:
        for variant in product["variants"]:
            body = {"lines": [{"sku": variant["sku"], "quantity": 1}], "ship_to": BERLIN, "currency": "EUR"}
            status, _ = _call(up, "POST", "/v1/quotes", body)
            if status == 201:
                found.append(str(variant["sku"]))
    assert found, "none of the demo goods can be bought in Berlin"
    return found


def _quote(up: Running, sku: str) -> Any:
    body = {"lines": [{"sku": sku, "quantity": 1}], "ship_to": BERLIN, "currency": "EUR"}
    status, quote = _call(up, "POST", "/v1/quotes", body)
    assert status == 201, quote
    return quote


def _place(up: Running, quote: Any) -> tuple[int, Any]:
    body = {
        "quote_id": quote["id"],
        "option_id": quote["options"][0]["id"],
        "contact": CONTACT,
        "payment": {"method": "card"},
    }
    return _call(up, "POST", "/v1/orders", body, {"Idempotency-Key": str(uuid4())})


def _call(
    up: Running, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", up.ports.front, timeout=60)
    sent = {"Content-Type": "application/json", **(headers or {})}
    connection.request(method, path, json.dumps(body) if body is not None else None, sent)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text)
