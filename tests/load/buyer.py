"""What every buyer does: asks, asks again when told to, places an order and pays it at the stand-in for Stripe."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, Final
from uuid import UUID

from tests.load.client import UNANSWERED, Answer, Connection
from tests.load.goods import Shelves
from tests.load.recorder import ELSEWHERE, Recorder
from tests.support.e2e_market import intent_of
from tests.support.shop import BERLIN

PATIENCE_SECONDS: Final = 300.0
"""For how long a buyer asks again who is told to."""

_UNASKED_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Bought:
    """An order as it was answered, who placed it, and when its payment was made; None: it was left unpaid."""

    placed: Any
    email: str
    paid_at: datetime | None = None

    @property
    def units(self) -> Counter[str]:
        """By SKU."""
        found: Counter[str] = Counter()
        for line in self.placed["lines"]:
            found[line["sku"]] += line["quantity"]
        return found


@dataclass(slots=True)
class Buyer:
    """One client of the platform. `chance` makes what they choose repeatable."""

    api: Connection
    stripe: Connection
    recorder: Recorder
    chance: Random
    email: str
    asked_again: int = field(default=0, init=False)

    async def ask(self, kind: str, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request, and the same one again while it is answered 503 or not at all, as the API asks to."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self.recorder.note(kind, await self.api.call(method, path, body, headers=named))
            if answer.status not in (503, UNANSWERED) or time.monotonic() > until:
                return answer
            self.asked_again += 1
            pause = answer.retry_after or _UNASKED_SECONDS
            await asyncio.sleep(pause * self.chance.uniform(1.0, 1.5))  # not all at the same instant again

    async def quoted(self, wanted: Any) -> Answer:
        """A quote for a cart, as it was opened, or else for units by SKU."""
        wish: dict[str, Any] = {"ship_to": BERLIN, "currency": "EUR"}
        if "cart_token" in wanted:
            wish["cart_id"] = wanted["id"]
            return await self.ask("quote", "POST", "/v1/quotes", wish, Cart_Token=wanted["cart_token"])
        wish["lines"] = [{"sku": sku, "quantity": units} for sku, units in wanted.items()]
        return await self.ask("quote", "POST", "/v1/quotes", wish)

    async def ordered(self, quote: Any, key: str | None = None) -> Answer:
        body = {
            "quote_id": quote["id"],
            "option_id": quote["options"][0]["id"],
            "contact": {"name": "Anna Schmidt", "email": self.email},
            "payment": {"method": "card"},
        }
        chosen = key or str(UUID(int=self.chance.getrandbits(128), version=4))
        return await self.ask("order", "POST", "/v1/orders", body, Idempotency_Key=chosen)

    async def paid(self, placed: Any) -> datetime | None:
        """Pay at the provider, whose webhook tells the platform. Returns: when; None where it did not succeed."""
        if (
            placed["payment"]["client_secret"] is None
        ):  # the provider was out of reach: reading the order asks it
            placed = (await self.read(placed)).json
        answer = await self.stripe.call("POST", f"/test/payment_intents/{intent_of(placed)}/pay", form={})
        self.recorder.note(ELSEWHERE, answer)
        return datetime.now(UTC) if answer.status == 200 else None

    async def read(self, placed: Any) -> Answer:
        return await self.ask(
            "order read", "GET", f"/v1/orders/{placed['id']}", Order_Token=placed["order_token"]
        )

    def close(self) -> None:
        self.api.close()
        self.stripe.close()


def buyer(shelves: Shelves, recorder: Recorder, seed: str) -> Buyer:
    """A buyer whose choices and e-mail address follow from `seed`."""
    connections = Connection(shelves.api), Connection(shelves.stripe)
    return Buyer(*connections, recorder, Random(seed), f"buyer-{seed}@example.com")
