"""What a quote costs as it grows: lines from two warehouses, each with the ways of several carriers."""

from typing import Any, Final

from bench.meter import Cost, measured
from tests.support.http import call
from tests.support.shop import BERLIN, Shop

LINES: Final = (1, 10, 20, 30)


def all_of_them(shop: Shop, times: int) -> list[Cost]:
    """Quotes to Berlin of so many lines, each of them in a warehouse in China and in one in Germany."""
    merchant = shop.merchant()
    skus = [f"QUOTE-{number}" for number in range(max(LINES))]
    for sku in skus:
        shop.product(merchant, sku)
        shop.receive(merchant, sku, 100)
        shop.receive(merchant, sku, 100, country="DE", mode="overseas")
    return [measured(f"quote of {lines} lines", _quoted, [skus[:lines]] * times) for lines in LINES]


def printed(costs: list[Cost], read: float, write: float) -> list[str]:
    """Each beside its floor: the CPU of its requests, measured as those of one item."""
    return [
        f"  {cost.name:<26}{cost.requests:>9.0f}{cost.cpu:>8.2f}"
        f"{cost.cpu - read * (cost.requests - 1) - write:>14.2f}"
        for cost in costs
    ]


def _quoted(skus: list[str]) -> Any:
    lines = [{"sku": sku, "quantity": 2} for sku in skus]
    answer = call("POST", "/v1/quotes", {"lines": lines, "ship_to": BERLIN, "currency": "EUR"})
    assert answer.status == 201, answer.text
    return answer.json
