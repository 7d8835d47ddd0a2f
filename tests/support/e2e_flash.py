"""A flash sale: many buyers at once for few units of one product, and what must be true after it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from uuid import uuid4

from tests.support.http import Answer
from tests.support.shop import BERLIN, CONTACT

Call = Callable[..., Answer]
"""`call(method, path, body, headers={...})`, over HTTP or in this process."""

PATIENCE_SECONDS: Final = 90.0


@dataclass(frozen=True)
class Sale:
    """What the buyers were answered at last, how often they were told to come again, and how long it all took."""

    answers: tuple[Answer, ...]
    asked_again: int
    seconds: float

    @property
    def orders(self) -> tuple[Any, ...]:
        return tuple(answer.json for answer in self.answers if answer.status == 201)

    @property
    def outcomes(self) -> Counter[tuple[int, str | None]]:
        return Counter((answer.status, answer.code) for answer in self.answers)


def quotes(call: Call, sku: str, buyers: int, at_once: int) -> list[Any]:
    """One quote for each buyer, made while there is stock."""
    body = {"lines": [{"sku": sku, "quantity": 1}], "ship_to": BERLIN, "currency": "EUR"}

    def ask(_: int) -> Any:
        answer = call("POST", "/v1/quotes", body)
        assert 201 == answer.status, answer.text
        return answer.json

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(ask, range(buyers)))


def sell(call: Call, offers: Sequence[Any]) -> Sale:
    """Every buyer at once, each with a quote and a key of their own, again with the same key while told so."""
    again: Counter[str] = Counter()
    gate = threading.Barrier(len(offers) + 1)

    def buy(offer: Any) -> Answer:
        headers = {"Idempotency-Key": str(uuid4())}
        body = {
            "quote_id": offer["id"],
            "option_id": offer["options"][0]["id"],
            "contact": CONTACT,
            "payment": {"method": "card"},
        }
        gate.wait()
        until = time.monotonic() + PATIENCE_SECONDS
        pause, chance = threading.Event(), Random()
        while True:
            answer = call("POST", "/v1/orders", body, headers=headers)
            if answer.status != 503 or time.monotonic() > until:
                return answer
            again["503"] += 1
            pause.wait(
                chance.uniform(0.05, 0.3)
            )  # a client backs off; the answer's Retry-After is whole seconds

    with ThreadPoolExecutor(len(offers)) as pool:
        bought = [pool.submit(buy, offer) for offer in offers]
        gate.wait()
        began = time.monotonic()
        answers = tuple(one.result() for one in bought)
        return Sale(answers, again["503"], time.monotonic() - began)


def findings(sale: Sale, units: int, stock: dict[str, int], written: dict[str, int]) -> list[str]:
    """What is wrong after a sale of `units`; nothing, if exactly those were sold and everyone else was refused.

    Args: stock: on_hand, reserved and available as the merchant sees them. written: rows that the database holds:
        "orders", "reservations" and "order_placed" events.
    """
    buyers = len(sale.answers)
    refused = max(0, buyers - units)
    expected: Counter[tuple[int, str | None]] = Counter({(201, None): min(units, buyers)})
    if refused:
        expected[409, "out_of_stock"] = refused
    sold = min(units, buyers)
    wrong = []
    if sale.outcomes != expected:
        wrong.append(f"answers {dict(sale.outcomes)}")
    if len({order["id"] for order in sale.orders}) != sold:
        wrong.append("an order was given to two buyers")
    if stock != {"on_hand": units, "reserved": sold, "available": units - sold}:
        wrong.append(f"stock {stock}")
    wrong += [f"{count} {what} written" for what, count in written.items() if count != sold]
    return wrong
