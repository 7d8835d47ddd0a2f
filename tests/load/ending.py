"""What must be true once the load has gone: every order is what its buyer was told, and nothing is over or missing."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tests.load.buyer import Bought, buyer
from tests.load.client import Answer
from tests.load.goods import Shelves
from tests.load.recorder import Recorder
from tests.support.e2e_market import Market
from tests.support.e2e_rows import rows

QUIET_SECONDS: Final = 600.0
"""How long what waits after the load may take to be done."""

_READERS: Final = 4


@dataclass(frozen=True, slots=True)
class Ending:
    """`wrong`: what is not as it should be. `drained`: seconds until no event waited. `until_paid`: seconds from each
    payment at the provider until the order was paid, in the order of the payments.
    """

    wrong: tuple[str, ...]
    drained: float
    until_paid: tuple[float, ...]


def drained(market: Market) -> float:
    """Wait until no event waits anywhere. Returns: the seconds. Raises: AssertionError: it takes too long."""
    began = time.monotonic()
    market.wait_quiet(QUIET_SECONDS)
    return time.monotonic() - began


def reckoned(market: Market, shelves: Shelves, bought: Sequence[Bought], warming: int = 0) -> Ending:
    """The end of a run in which `bought` are all the orders that there are, for what lies on `shelves`.

    Args: warming: so many of them are left out of `until_paid`, the first: they waited for functions to start.
    """
    quiet = drained(market)
    read = asyncio.run(_read(shelves, bought))
    wrong = [
        *_orders(bought, read),
        *_stock(market, shelves, bought),
        *_books(market, bought),
        *_tables(market, bought),
    ]
    if letters := market.dead_letters():
        wrong.append(f"{letters} dead letters")
    waits = [
        (_paid_at(answer.json) - one.paid_at).total_seconds()
        for one, answer in list(zip(bought, read, strict=True))[warming:]
        if one.paid_at is not None and answer.status == 200 and answer.json["status"] == "paid"
    ]
    return Ending(tuple(wrong), quiet, tuple(waits))


async def _read(shelves: Shelves, bought: Sequence[Bought]) -> list[Answer]:
    """Every order as its buyer reads it, in their order."""
    found: list[Answer | None] = [None] * len(bought)

    async def share(number: int) -> None:
        reader = buyer(shelves, Recorder(), f"reader-{number}")
        for index in range(number, len(bought), _READERS):
            found[index] = await reader.read(bought[index].placed)
        reader.close()

    await asyncio.gather(*map(share, range(_READERS)))
    return [answer for answer in found if answer is not None]


def _orders(bought: Sequence[Bought], read: Sequence[Answer]) -> list[str]:
    wrong: Counter[str] = Counter()
    for one, answer in zip(bought, read, strict=True):
        if answer.status != 200:
            wrong[f"an order of a buyer's is answered {answer.status}"] += 1
            continue
        order = answer.json
        expected = ("paid", "captured") if one.paid_at else ("awaiting_payment", "none")
        if (order["status"], order["payment_status"]) != expected:
            wrong[f"{order['status']}, {order['payment_status']} instead of {', '.join(expected)}"] += 1
        told = Counter(entry["event"] for entry in order["timeline"])
        if told["paid"] != (1 if one.paid_at else 0):
            wrong[f"{told['paid']} times paid in a timeline"] += 1
        if order["total"] != one.placed["total"]:
            wrong["a total that changed"] += 1
    if len({one.placed["id"] for one in bought}) != len(bought):
        wrong["one order given to two buyers"] += 1
    return [f"{what} ({times} orders)" for what, times in wrong.items()]


def _stock(market: Market, shelves: Shelves, bought: Sequence[Bought]) -> list[str]:
    sold: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for one in bought:
        (sold if one.paid_at else held).update(one.units)
    wrong = []
    for sku, units in shelves.units.items():
        left = units - sold[sku]
        expected = {"on_hand": left, "reserved": held[sku], "available": left - held[sku]}
        if (stock := market.stock(sku)) != expected:
            wrong.append(f"stock of {sku} {stock} instead of {expected}")
    return wrong


def _books(market: Market, bought: Sequence[Bought]) -> list[str]:
    """What was paid lies at the provider or was kept by it, and is the customers'. The books must be new."""
    worth = sum(one.placed["total"]["amount"] for one in bought if one.paid_at)
    trial = market.done(200, "GET", "/v1/ledger/trial-balance", token=market.operator)
    if not trial["balanced"]:
        return ["the ledger does not balance"]
    balances: Counter[str] = Counter()
    for row in trial["accounts"]:
        balances[row["account"]] += row["debit"] - row["credit"]
    at_provider = balances["psp:stripe"] + balances["psp_fee_expense"]
    if (at_provider, -balances["customer_funds"]) != (worth, worth):
        return [
            f"the ledger has {at_provider} at the provider and {-balances['customer_funds']} of customers, not {worth}"
        ]
    return []


def _tables(market: Market, bought: Sequence[Bought]) -> list[str]:
    """No order, reservation or event beyond those that buyers know of."""
    stage = market.up.stage
    orders = sum(item["sk"]["S"] == "order" for item in rows(market.dynamodb, f"entrepot-{stage}-orders"))
    reservations = sum(
        item["sk"]["S"] == "reservation" for item in rows(market.dynamodb, f"entrepot-{stage}-inventory")
    )
    counted = {"orders": orders, "reservations": reservations}
    events = Counter(item["event"]["S"] for item in rows(market.dynamodb, f"entrepot-{stage}-outbox"))
    counted["order_placed events"] = events["orders.order_placed"]
    return [
        f"{count} {what} written, not {len(bought)}"
        for what, count in counted.items()
        if count != len(bought)
    ]


def _paid_at(order: Any) -> datetime:
    (at,) = [entry["at"] for entry in order["timeline"] if entry["event"] == "paid"]
    return datetime.fromisoformat(at)
