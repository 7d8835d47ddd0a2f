"""What a quote costs as it grows, and the one that the budget is for: 20 lines to Germany, three carriers from each
of two warehouses, each line of a heading and a rate of its own.

The floor is that of the quote's own requests, sent once more with the same arguments in the same run.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.meter import Cost, measured
from entrepot.cloud import dynamo
from tests.support.http import call
from tests.support.shop import BERLIN, Shop

LINES: Final = (1, 5, 10, 20, 30)
BUDGET_LINES: Final = 20
MOST_REQUESTS: Final = 3
MOST_CPU_MS: Final = 15.0
HEADINGS: Final = (
    *("090210", "330499", "420221", "420231", "420292", "610910", "611011", "621410", "640399", "711719"),
    *("732393", "847130", "850760", "851671", "851762", "851830", "900410", "940521", "950300", "691110"),
)
_ORIGINS: Final = ("CN", "JP", "KR", "VN")


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quote's cost and the CPU, in milliseconds, of its requests alone. `options` and `carriers` it offers."""

    cost: Cost
    floor: float
    options: int
    carriers: int

    @property
    def beyond(self) -> float:
        return self.cost.cpu - self.floor

    @property
    def kept(self) -> bool:
        return self.cost.requests <= MOST_REQUESTS and self.beyond <= MOST_CPU_MS


def all_of_them(shop: Shop, times: int) -> list[Quoted]:
    """Quotes to Berlin of so many lines, each in two warehouses in China, which three carriers serve."""
    merchant = shop.merchant()
    skus = [f"QUOTE-{number}" for number in range(max(LINES))]
    for number, sku in enumerate(skus):
        hs_code = HEADINGS[number % len(HEADINGS)]
        # Ceramic tableware has a rate for some origins only.
        origin = "VN" if hs_code == "691110" else _ORIGINS[number % len(_ORIGINS)]
        price = {"amount": 3_000 + 517 * number, "currency": "CNY"}
        shop.product(
            merchant,
            sku,
            hs_code=hs_code,
            origin_country=origin,
            variant={"price": price, "weight_grams": 200},
        )
        shop.receive(merchant, sku, 1_000)
        shop.receive(merchant, sku, 1_000, mode="overseas")
    return [_measured(skus[:lines], times) for lines in LINES]


def printed(found: Sequence[Quoted]) -> list[str]:
    rows = [
        f"  {'':<20}{'requests':>9}{'CPU':>8}{'p99':>8}{'floor':>8}{'beyond':>8}{'x floor':>9}{'options':>9}"
    ]
    for one in found:
        cost = one.cost
        rows.append(
            f"  {cost.name:<20}{cost.requests:>9.0f}{cost.cpu:>8.2f}{cost.cpu_p99:>8.2f}{one.floor:>8.2f}"
            f"{one.beyond:>8.2f}{cost.cpu / one.floor:>9.2f}{one.options:>9}"
        )
    whole = next(one for one in found if one.cost.name == _name(BUDGET_LINES))
    rows.append(
        f"  budget: {BUDGET_LINES} lines, {whole.carriers} carriers, 2 warehouses: {MOST_REQUESTS} requests and "
        f"{MOST_CPU_MS:.0f} ms beyond the floor: {'pass' if whole.kept else 'FAIL'}"
    )
    return rows


def _name(lines: int) -> str:
    return f"quote of {lines} lines"


def _measured(skus: list[str], times: int) -> Quoted:
    answer = _quoted(skus)
    cost = measured(_name(len(skus)), _quoted, [skus] * times)
    carriers = {parcel["carrier"] for option in answer["options"] for parcel in option["parcels"]}
    return Quoted(cost, _requests_alone(skus, times), len(answer["options"]), len(carriers))


def _requests_alone(skus: list[str], times: int) -> float:
    """The median CPU of what one quote sends. A put is sent without its condition: its item is there by now."""
    sent: list[tuple[str, dict[str, Any]]] = []

    def note(operation: str, arguments: dict[str, Any], _answer: dict[str, Any]) -> None:
        kept = {
            name: value for name, value in arguments.items() if not name.startswith(("Condition", "Return"))
        }
        if "ConditionExpression" in arguments:
            kept = {name: value for name, value in kept.items() if not name.startswith("Expression")}
        sent.append((operation, kept))

    dynamo.observers.append(note)
    _quoted(skus)
    dynamo.observers.remove(note)
    spent = []
    for _ in range(times):
        before = time.process_time()
        for operation, arguments in sent:
            dynamo.call(operation, **arguments)
        spent.append((time.process_time() - before) * 1000)
    return statistics.median(spent)


def _quoted(skus: list[str]) -> Any:
    lines = [{"sku": sku, "quantity": 2} for sku in skus]
    answer = call("POST", "/v1/quotes", {"lines": lines, "ship_to": BERLIN, "currency": "EUR"})
    assert answer.status == 201, answer.text
    return answer.json
