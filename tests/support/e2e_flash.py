"""A flash sale: many buyers at once for few units of one product, and what must be true after it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Any, Final, Protocol
from uuid import uuid4

from tests.support.http import Answer
from tests.support.shop import BERLIN, CONTACT

Call = Callable[..., Answer]
"""`call(method, path, body, headers={...})`, over HTTP or in this process."""


class Told(Protocol):
    """An answer, of whatever client."""

    @property
    def status(self) -> int: ...
    @property
    def code(self) -> str | None: ...
    @property
    def json(self) -> Any: ...


PATIENCE_SECONDS: Final = 90.0


@dataclass(frozen=True)
class Sale:
    """What the buyers were answered at last, how often they were told to come again, and how long it all took.

    buyers: who asked, answer by answer, where it matters; one of them may have asked more than once.
    """

    answers: tuple[Told, ...]
    asked_again: int
    seconds: float
    buyers: tuple[str, ...] = ()

    @property
    def orders(self) -> tuple[Any, ...]:
        return tuple(answer.json for answer in self.answers if answer.status == 201)

    @property
    def outcomes(self) -> Counter[tuple[int, str | None]]:
        return Counter((answer.status, answer.code) for answer in self.answers)

    @property
    def bought(self) -> Counter[str]:
        """Orders of each buyer who has one."""
        asked = zip(self.answers, self.buyers, strict=True)
        return Counter(buyer for answer, buyer in asked if answer.status == 201)


def quotes(call: Call, sku: str, buyers: int, at_once: int) -> list[Any]:
    """One quote for each buyer, made while there is stock."""
    body = {"lines": [{"sku": sku, "quantity": 1}], "ship_to": BERLIN, "currency": "EUR"}

    def ask(_: int) -> Any:
        answer = call("POST", "/v1/quotes", body)
        assert 201 == answer.status, answer.text
        return answer.json

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(ask, range(buyers)))


def sell(call: Call, offers: Sequence[Any], buyers: Sequence[str] = ()) -> Sale:
    """Every buyer at once, each with a quote and a key of their own, again with the same key while told so.

    Args: buyers: the e-mail address of each offer's buyer, where they are not all the same.
    """
    emails = buyers or [CONTACT["email"]] * len(offers)
    again: Counter[str] = Counter()
    gate = threading.Barrier(len(offers) + 1)

    def buy(offer: Any, email: str) -> Answer:
        headers = {"Idempotency-Key": str(uuid4())}
        body = {
            "quote_id": offer["id"],
            "option_id": offer["options"][0]["id"],
            "contact": {**CONTACT, "email": email},
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
        bought = [pool.submit(buy, offer, email) for offer, email in zip(offers, emails, strict=True)]
        gate.wait()
        began = time.monotonic()
        answers = tuple(one.result() for one in bought)
        return Sale(answers, again["503"], time.monotonic() - began, tuple(buyers))


def findings(
    sale: Sale,
    units: int,
    stock: dict[str, int],
    written: dict[str, int],
    limit: int | None = None,
    taken: Sequence[int] = (),
) -> list[str]:
    """What is wrong after a sale of `units`; nothing, if exactly those were sold and everyone else was refused.

    Args: stock: on_hand, reserved and available as the merchant sees them. written: rows that the database holds:
        "orders", "reservations" and "order_placed" events. limit: orders of one unit that a buyer may have. taken: the
        units that each buyer has counted against it.
    """
    tries = Counter(sale.buyers)
    wanted = sum(min(limit, times) for times in tries.values()) if limit else len(sale.answers)
    sold = min(units, wanted)
    wrong = _answers(sale, sold, units, limit)
    if len({order["id"] for order in sale.orders}) != len(sale.orders):
        wrong.append("an order was given to two buyers")
    if stock != {"on_hand": units, "reserved": sold, "available": units - sold}:
        wrong.append(f"stock {stock}")
    wrong += [f"{count} {what} written" for what, count in written.items() if count != sold]
    if limit and (sum(taken), max(taken, default=0) <= limit) != (sold, True):
        wrong.append(
            f"{sum(taken)} units counted for {len(taken)} buyers, {max(taken, default=0)} for one of them"
        )
    return wrong


def _answers(sale: Sale, sold: int, units: int, limit: int | None) -> list[str]:
    """What is wrong with the answers: so many orders, and of refusals only those that there is a reason for."""
    wrong = [] if len(sale.orders) == sold else [f"answers {dict(sale.outcomes)}"]
    reasons: set[tuple[int, str | None]] = {(201, None)}
    if sold == units:
        reasons.add((409, "out_of_stock"))
    if limit:
        reasons.add((422, "purchase_limit_reached"))
    if unfounded := {outcome: times for outcome, times in sale.outcomes.items() if outcome not in reasons}:
        wrong.append(f"answers {unfounded} without a reason")
    if limit is None:
        return wrong
    bought = sale.bought
    wrong += [f"{orders} orders of one buyer" for orders in bought.values() if orders > limit]
    asked = zip(sale.answers, sale.buyers, strict=True)
    refused = {buyer for answer, buyer in asked if answer.code == "purchase_limit_reached"}
    wrong += ["a buyer below the limit was refused for it" for buyer in refused if bought[buyer] < limit]
    return wrong
