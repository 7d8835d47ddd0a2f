"""What a quote costs as it grows, and the one that the budget is for: 20 lines to Germany, three carriers from each
of two warehouses, each line of a heading and a rate of its own.

The floor is that of the quote's own requests: after each quote botocore alone sends them once more with the same
arguments, and the quote's CPU beyond them is the median of the differences, so that what else the machine does falls
on both alike.
"""

import statistics
import time
from dataclasses import dataclass, replace
from typing import Any, Final
from unittest.mock import patch

from bench import floors
from bench.meter import Cost, measured
from entrepot.cloud import dynamo
from functions.logistics import facade as logistics
from functions.logistics import tariffs
from functions.logistics.domain.card_csv import rendered
from tests.support.http import Answer, call
from tests.support.shop import BERLIN, Shop

LINES: Final = (1, 5, 10, 20, 30)
HEADINGS: Final = (
    *("090210", "330499", "420221", "420231", "420292", "610910", "611011", "621410", "640399", "711719"),
    *("732393", "847130", "850760", "851671", "851762", "851830", "900410", "940521", "950300", "691110"),
)
_ORIGINS: Final = ("CN", "JP", "KR", "VN")
_WARM: Final = 3


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quote's cost, the CPU of its requests alone and that beyond them, in milliseconds, with what it offers.

    `ways` counts the pairs of a carrier and a warehouse that were worked out for it, shown or not.
    """

    lines: int
    cost: Cost
    floor: float
    beyond: float
    options: int
    ways: int


def all_of_them(shop: Shop, times: int) -> list[Quoted]:
    """Quotes to Berlin of so many lines, each in two warehouses in China, which three carriers serve."""
    skus = stocked(shop)
    return [_measured(skus[:lines], times) for lines in LINES]


def stocked(shop: Shop, units: int = 1_000) -> list[str]:
    """As many SKUs as an order may have lines, each in two warehouses in China, which three carriers serve."""
    _serve_both_modes(shop)
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
        shop.receive(merchant, sku, units)
        shop.receive(merchant, sku, units, mode="overseas")
    return skus


def _serve_both_modes(shop: Shop) -> None:
    """The packaged cards have a third carrier for direct mail only; as imported it serves the other warehouse too."""
    (card,) = (card for card in tariffs.all_rate_cards() if card.modes == ("direct_mail",))
    other = replace(card, card_id=f"{card.card_id}-overseas", modes=("overseas",))
    answer = call("POST", "/v1/rate-cards/imports", {"csv": rendered([other])}, token=shop.operator)
    assert answer.status in (200, 201), answer.text


def _name(lines: int) -> str:
    return f"quote of {lines} lines"


def _measured(skus: list[str], times: int) -> Quoted:
    body = asked(skus)
    for _ in range(_WARM):
        offered = _quoted(body)
    sent = _sent(body)
    floors: list[float] = []
    cost = measured(_name(len(skus)), _quoted, [body] * times, lambda: floors.append(_requests_alone(sent)))
    floors = floors[-len(cost.each) :]
    beyond = [whole - floor for whole, floor in zip(cost.each, floors, strict=True)]
    return Quoted(
        len(skus),
        cost,
        statistics.median(floors),
        statistics.median(beyond),
        len(offered.json["options"]),
        _ways(body),
    )


def _sent(body: Any) -> list[tuple[str, dict[str, Any]]]:
    """What one quote sends. A put goes without its condition: its item is there by now."""
    sent: list[tuple[str, dict[str, Any]]] = []

    def note(operation: str, arguments: dict[str, Any], _answer: dict[str, Any]) -> None:
        kept = {
            name: value for name, value in arguments.items() if not name.startswith(("Condition", "Return"))
        }
        if "ConditionExpression" in arguments:
            kept = {name: value for name, value in kept.items() if not name.startswith("Expression")}
        sent.append((operation, kept))

    dynamo.observers.append(note)
    _quoted(body)
    dynamo.observers.remove(note)
    return sent


def _requests_alone(sent: list[tuple[str, dict[str, Any]]]) -> float:
    before = time.process_time()
    for operation, arguments in sent:
        floors.sent_by_botocore(operation, arguments)
    return (time.process_time() - before) * 1000


def _ways(body: Any) -> int:
    """The pairs of a carrier and a warehouse that one quote has logistics work out."""
    found: set[tuple[str, str]] = set()
    asked = logistics.options

    def noted(*lane: Any, **more: Any) -> Any:
        options = asked(*lane, **more)
        found.update((option.carrier, lane[1]) for option in options)
        return options

    with patch.object(logistics, "options", noted):
        _quoted(body)
    return len(found)


def asked(skus: list[str]) -> Any:
    lines = [{"sku": sku, "quantity": 2} for sku in skus]
    return {"lines": lines, "ship_to": BERLIN, "currency": "EUR"}


def _quoted(body: Any) -> Answer:
    answer = call("POST", "/v1/quotes", body)
    assert answer.status == 201, answer.text
    return answer
