"""What a thousand orders cost on AWS: what was measured of each part of a sale, by published prices kept as data.

Not in it: what is paid by the month (storage, keys, alarms, metrics, the firewall), traffic out, free tiers, and cold
starts. Every message is taken alone, so that a busy platform, whose functions take ten at once, pays less.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from infra.estate import FUNCTIONS, QUEUES

PRICES: Final = Path(__file__).with_name("prices.json")
SERVICES: Final = ("Lambda", "DynamoDB", "API Gateway", "SQS", "SNS", "KMS", "others", "logs", "X-Ray")
_GIBIBYTE_MEBIBYTES: Final = 1024
_GIGABYTE: Final = 1_000_000_000
_FED_BY_TOPICS: Final = "-events"

_CALLS: Final = {
    "sqs": ("SQS", "sqs.request"),
    "sns": ("SNS", "sns.publish"),
    "kms": ("KMS", "kms.request"),
    "s3": ("others", "s3.put"),
    "secretsmanager": ("others", "secretsmanager.request"),
    "sesv2": ("others", "ses.letter"),
}
"""Service → the column and the price of one of its requests."""
_OWN: Final = {"kms.Sign": "kms.sign", "s3.GetObject": "s3.get", "s3.HeadObject": "s3.get"}
_FREE: Final = frozenset(("sts", "provider"))
"""What is asked and not charged by AWS."""


@dataclass(frozen=True, slots=True)
class Line:
    """A part of a sale: how often for each order, its billed ms, and US dollars for a thousand orders by service."""

    name: str
    per_order: float
    billed_ms: float
    by_service: Mapping[str, float]

    @property
    def total(self) -> float:
        return sum(self.by_service.values())


class Prices:
    """The published prices, and what is assumed beside them."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._prices, self._assumed = data["prices"], data["assumptions"]

    def of(self, name: str, amount: float = 1.0) -> float:
        """US dollars for so much of what is priced."""
        row = self._prices[name]
        return amount * float(row["amount"]) / float(row["per"])

    def assumed(self, name: str) -> float:
        return float(self._assumed[name]["amount"])

    def unverified(self) -> list[str]:
        return [name for name, row in self._prices.items() if row["confidence"] != "confirmed"]


@cache
def prices() -> Prices:
    return Prices(json.loads(PRICES.read_text(encoding="utf-8")))


def sale(cases: Sequence[Mapping[str, Any]], priced: Prices) -> list[Line]:
    """A line for each case that an order needs, for a thousand orders, the dearest first."""
    lines = [
        Line(
            case["name"],
            case["per_order"],
            billed_ms(case, priced),
            {service: amount * case["per_order"] * 1000 for service, amount in call(case, priced).items()},
        )
        for case in cases
        if case["per_order"]
    ]
    return sorted(lines, key=lambda line: -line.total)


def others(cases: Sequence[Mapping[str, Any]], priced: Prices) -> list[Line]:
    """A thousand calls of each case that no order needs, such as a list."""
    return [
        Line(
            case["name"],
            0,
            billed_ms(case, priced),
            {service: amount * 1000 for service, amount in call(case, priced).items()},
        )
        for case in cases
        if not case["per_order"]
    ]


def call(case: Mapping[str, Any], priced: Prices) -> dict[str, float]:
    """US dollars of one call of a case, by service. Raises: KeyError: it asks a service that has no price here."""
    paid = dict.fromkeys(SERVICES, 0.0)
    gigabyte_seconds = case["memory"] / _GIBIBYTE_MEBIBYTES * billed_ms(case, priced) / 1000
    paid["Lambda"] = priced.of("lambda.request") + priced.of("lambda.gb_second", gigabyte_seconds)
    paid["DynamoDB"] = priced.of("dynamodb.read_unit", case["read_units"]) + priced.of(
        "dynamodb.write_unit", case["write_units"]
    )
    source = _source(case["function"])
    if source == "api":
        paid["API Gateway"] = priced.of("apigateway.request")
    if source in QUEUES:
        requests = priced.assumed("sqs.requests_per_message")
        if source.endswith(_FED_BY_TOPICS):
            requests += priced.assumed("sqs.requests_per_delivery")
        paid["SQS"] = priced.of("sqs.request", requests)
    for name, count in case["others"].items():
        service = name.partition(".")[0]
        if service in _FREE:
            continue
        column, price = _CALLS[service]
        paid[column] += priced.of(_OWN.get(name, price), count)
    logged = case["logged"] + priced.assumed("logs.platform_bytes")
    paid["logs"] = priced.of("logs.gb", logged / _GIGABYTE)
    paid["X-Ray"] = priced.of("xray.trace", priced.assumed("xray.sampled"))
    return paid


def billed_ms(case: Mapping[str, Any], priced: Prices) -> int:
    """What Lambda charges of one call: its CPU, slower on a part of a processor, and what it waits for, rounded up."""
    share = min(1.0, case["memory"] / priced.assumed("lambda.core_mebibytes"))
    waits = (case["requests"] - case["transactions"]) * priced.assumed("wait.dynamodb_ms")
    waits += case["transactions"] * priced.assumed("wait.transaction_ms")
    for name, count in case["others"].items():
        kind = "provider" if name.startswith("provider.") else "service"
        waits += count * priced.assumed(f"wait.{kind}_ms")
    return int(-(-(case["cpu"] / share + waits) // 1))


def totals(lines: Sequence[Line]) -> dict[str, float]:
    """US dollars of all lines, by service."""
    return {service: sum(line.by_service[service] for line in lines) for service in SERVICES}


def _source(function: str) -> str:
    """What a function is called by, of its handler."""
    (source,) = (each.source for each in FUNCTIONS if each.handler == function)
    return source
