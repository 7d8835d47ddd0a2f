"""`make flashsale`: many buyers at once for few units of one product, of which each may have only so many.

One buyer in ten wants more: they come with one order more than they may have, each from a cart of its own, all at once.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any, Final

from infra.local.stack import Ports, Running, Say
from tests.load import conflicts, ending
from tests.load.buyer import Bought, Buyer, buyer
from tests.load.client import Answer
from tests.load.goods import Shelves
from tests.load.platform import STAGE, Platform
from tests.load.recorder import Latency, Recorder
from tests.support import e2e_flash, e2e_rows
from tests.support.e2e_market import Market

BUYERS: Final = 1000
UNITS: Final = 100
LIMIT: Final = 1

COPIES: Final = {False: 4, True: 16}
"""Copies of the API function, by whether transactions are to meet: on two cores more get no more done, and only
transactions that are under way together can conflict."""
HELD_SECONDS: Final = 0.01
"""For how long a transaction holds its items beyond its writing, where they are to meet."""

_GREEDY: Final = 10
"""One buyer in so many."""
_QUOTING: Final = 16
_PAYING: Final = 4


@dataclass(frozen=True, slots=True)
class Offer:
    """An order that somebody wants to place: who, and the quote it is made from."""

    who: Buyer
    quote: Any


@dataclass(frozen=True, slots=True)
class Told:
    """How the sale was for its buyers. `waits`: until each had the last answer; `answers`: by status and code."""

    requests: Latency
    waits: Latency
    answers: dict[str, int]


@dataclass(frozen=True, slots=True)
class Flash:
    """What a sale came to. `wrong` is empty if exactly the units were sold and nobody had more than they may.

    conflicts: what the proxy counted; empty where there was none.
    """

    buyers: int
    units: int
    limit: int
    sale: e2e_flash.Sale
    told: Told
    conflicts: dict[str, int]
    wrong: tuple[str, ...]
    end: ending.Ending

    @property
    def rate(self) -> float:
        """Orders and refusals a second, while the sale went on."""
        return self.told.requests.requests / self.sale.seconds

    @property
    def most_of_one(self) -> int:
        """Orders of the buyer who has most."""
        return max(self.sale.bought.values(), default=0)

    def document(self) -> dict[str, Any]:
        """All of it as JSON, but the orders themselves."""
        kept = ("buyers", "units", "limit", "conflicts", "wrong", "rate", "most_of_one")
        told = {name: getattr(self, name) for name in kept}
        sold = {
            "sold": len(self.sale.orders),
            "seconds": self.sale.seconds,
            "asked_again": self.sale.asked_again,
        }
        return {**told, **asdict(self.told), **sold}


@dataclass(slots=True)
class Crowd:
    """The buyers of one sale, each with a connection of their own."""

    shelves: Shelves
    sku: str
    limit: int
    seed: int

    async def offers(self, buyers: int) -> list[Offer]:
        """Everybody's offers, in no order."""
        waiting, found = iter(range(buyers)), list[Offer]()

        async def ask() -> None:
            for number in waiting:
                greedy = number % _GREEDY == 0
                for turn in range(self.limit + 1 if greedy else 1):
                    who = buyer(self.shelves, Recorder(), f"{self.seed}-{number}")
                    who.chance.seed(f"{self.seed}-{number}-{turn}")
                    found.append(Offer(who, await self._quote(who, by_cart=greedy)))
                    who.close()

        await asyncio.gather(*(ask() for _ in range(_QUOTING)))
        return found

    async def sale(self, offers: Sequence[Offer]) -> tuple[e2e_flash.Sale, Told]:
        """All place their orders at the same instant, and come again while they are told to."""
        gate, recorder = asyncio.Event(), Recorder()
        clock = asyncio.get_running_loop().time

        async def buy(offer: Offer) -> tuple[Answer, float]:
            offer.who.recorder, offer.who.asked_again = recorder, 0
            await gate.wait()
            began = clock()
            answer = await offer.who.ordered(offer.quote)
            offer.who.close()
            return answer, clock() - began

        asked = [asyncio.create_task(buy(offer)) for offer in offers]
        await asyncio.sleep(0)  # until all of them are at the gate
        began = clock()
        gate.set()
        done = await asyncio.gather(*asked)
        sale = e2e_flash.Sale(
            tuple(answer for answer, _ in done),
            sum(offer.who.asked_again for offer in offers),
            clock() - began,
            tuple(offer.who.email for offer in offers),
        )
        answers = {
            f"{s or 'unanswered'}{f' {code}' if code else ''}": n
            for (_, s, code), n in recorder.answers.items()
        }
        return sale, Told(
            Latency.of(recorder.seconds["order"]), Latency.of(each for _, each in done), answers
        )

    async def pay(self, sale: e2e_flash.Sale) -> list[Bought]:
        """Whoever has an order pays it."""
        waiting = ((a, email) for a, email in zip(sale.answers, sale.buyers, strict=True) if a.status == 201)
        bought: list[Bought] = []

        async def pay() -> None:
            payer = buyer(self.shelves, Recorder(), "payer")
            for answer, email in waiting:
                bought.append(Bought(answer.json, email, await payer.paid(answer.json)))
            payer.close()

        await asyncio.gather(*(pay() for _ in range(_PAYING)))
        return bought

    async def _quote(self, who: Buyer, *, by_cart: bool) -> Any:
        """Of one unit."""
        wanted: Any = {self.sku: 1}
        if by_cart:
            wanted = (await who.ask("cart", "POST", "/v1/carts")).json
            path = f"/v1/carts/{wanted['id']}/lines/{self.sku}"
            await who.ask("cart line", "PUT", path, {"quantity": 1}, Cart_Token=wanted["cart_token"])
        answer = await who.quoted(wanted)
        assert answer.status == 201, f"{answer.status} {answer.text}"
        return answer.json


def run(
    platform: Platform, buyers: int, units: int, limit: int, seed: int, conflicting: bool, say: Say
) -> Flash:
    """One sale on a platform of its own, from the offers to the books."""
    ports = Ports.free()
    with ExitStack() as held:
        between = None
        if conflicting:
            upstream = f"http://127.0.0.1:{ports.aws}"
            between = held.enter_context(conflicts.in_front_of(upstream, HELD_SECONDS))
        dynamodb = between.url if between else None
        up = held.enter_context(platform.running(ports=ports, dynamodb=dynamodb, at_once=COPIES[conflicting]))
        market = Market(up)
        sku = market.stocked(units, purchase_limit=limit)
        crowd = Crowd(Shelves(up.base_url, up.stripe_url, {sku: units}, (), ()), sku, limit, seed)
        offers = asyncio.run(crowd.offers(buyers))
        before = between.counted() if between else Counter[str]()
        say(f"{len(offers)} offers to {buyers} buyers for {units} units; now all at once")
        sale, told = asyncio.run(crowd.sale(offers))
        met = dict(between.counted() - before) if between else {}
        market.close()
        say(f"{len(sale.orders)} sold in {sale.seconds:.1f} s; paying and counting")
        return _counted(up, crowd, sale, told, buyers, met)


def _counted(
    up: Running, crowd: Crowd, sale: e2e_flash.Sale, told: Told, buyers: int, met: dict[str, int]
) -> Flash:
    market, sku = Market(up), crowd.sku
    units = crowd.shelves.units[sku]
    ending.drained(market)
    written = e2e_rows.written(market.dynamodb, STAGE, sku)
    taken = e2e_rows.taken(market.dynamodb, STAGE, sku)
    wrong = e2e_flash.findings(sale, units, market.stock(sku), written, crowd.limit, taken)
    end = ending.reckoned(market, crowd.shelves, asyncio.run(crowd.pay(sale)))
    market.close()
    return Flash(buyers, units, crowd.limit, sale, told, met, (*wrong, *end.wrong), end)
