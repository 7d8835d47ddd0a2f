"""The mix: most look around, some ask for a price, a few buy. One visit after the other, without a pause between.

A visit's requests are those of a shop's pages. There is no search of products: lists by category and tag stand for it.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.load.buyer import Bought, Buyer, buyer
from tests.load.goods import Shelves
from tests.load.recorder import ELSEWHERE, Recorder

VISITS: Final = {"look": 60, "price": 20, "buy": 20}
"""Of a hundred visits."""

KINDS: Final = (
    "list",
    "list by category",
    "list by tag",
    "product",
    "cart",
    "cart line",
    "quote",
    "order",
    "order read",
    ELSEWHERE,
)
"""Of requests, in the order of a purchase."""

PAID: Final = 0.9
"""Of the orders; the others are left unpaid, as buyers do."""


@dataclass(slots=True)
class Mix:
    """Visits to one platform, what they were answered and what they bought."""

    shelves: Shelves
    seed: int
    recorder: Recorder = field(default_factory=Recorder)
    bought: list[Bought] = field(default_factory=list)

    async def run(self, at_once: int, seconds: float, every: float = 0.0) -> float:
        """Visits by so many buyers at once. Those under way at the end are finished.

        Args: every: seconds from the beginning of a buyer's visit to that of the next; 0: one after the other.
        Returns: the seconds it took.
        """
        began = time.perf_counter()
        named = [f"{self.seed}-{at_once}-{number}" for number in range(at_once)]
        visitors = [buyer(self.shelves, self.recorder, name) for name in named]
        try:
            async with asyncio.TaskGroup() as group:
                for each in visitors:
                    group.create_task(self._visits(each, began + seconds, every))
        finally:
            for each in visitors:
                each.close()
        return time.perf_counter() - began

    async def visit(self, visitor: Buyer, what: str) -> None:
        """One visit, for what VISITS names."""
        await {"look": self._look, "price": self._price, "buy": self._buy}[what](visitor)

    async def _visits(self, visitor: Buyer, until: float, every: float) -> None:
        await asyncio.sleep(visitor.chance.uniform(0, every))  # so that a steady rate is no series of bursts
        due = time.perf_counter()
        while time.perf_counter() < until:
            (visit,) = visitor.chance.choices(list(VISITS), list(VISITS.values()))
            await self.visit(visitor, visit)
            due = max(due + every, time.perf_counter())
            await asyncio.sleep(max(0.0, min(due, until) - time.perf_counter()))

    async def _look(self, visitor: Buyer) -> None:
        shelves, chance = self.shelves, visitor.chance
        listed = await visitor.ask("list", "GET", "/v1/products?limit=24")
        narrowed = chance.choice([("category", shelves.categories), ("tag", shelves.tags)])
        found = await self._narrowed(visitor, *narrowed) if narrowed[1] else listed
        for answer in (listed, found):
            if answer.status == 200 and answer.json["data"]:
                product = chance.choice(answer.json["data"])
                await visitor.ask("product", "GET", f"/v1/products/{product['id']}")

    async def _narrowed(self, visitor: Buyer, name: str, values: Sequence[str]) -> Any:
        path = f"/v1/products?limit=24&{name}={visitor.chance.choice(values)}"
        return await visitor.ask(f"list by {name}", "GET", path)

    async def _price(self, visitor: Buyer) -> Any:
        """A cart with two lines, and its quote. Returns: the quote, None where there is none."""
        opened = await visitor.ask("cart", "POST", "/v1/carts")
        if opened.status != 201:
            return None
        cart = opened.json
        for sku in visitor.chance.sample(self.shelves.skus, 2):
            path = f"/v1/carts/{cart['id']}/lines/{sku}"
            await visitor.ask("cart line", "PUT", path, {"quantity": 1}, Cart_Token=cart["cart_token"])
        answer = await visitor.quoted(cart)
        return answer.json if answer.status == 201 else None

    async def _buy(self, visitor: Buyer) -> None:
        quote = await self._price(visitor)
        if quote is None:
            return
        answer = await visitor.ordered(quote)
        if answer.status != 201:
            return
        paid_at = await visitor.paid(answer.json) if visitor.chance.random() < PAID else None
        self.bought.append(Bought(answer.json, visitor.email, paid_at))
        await visitor.read(answer.json)
