"""The functions of settlement may touch the tables that they touch, and no other."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from entrepot.cloud import aws, dynamo
from tests.integration.settlement.books import MILAN, Books, captured, completed, refunded, share_refunded
from tests.integration.settlement.test_running import charging, handle

__all__ = ["charging"]

ROOT = Path(__file__).parents[3]


def allowed(function: str) -> set[str]:
    """The tables that a function's policy names."""
    document = json.loads((ROOT / ".chalice" / f"policy-{function}.json").read_text(encoding="utf-8"))
    named = [
        resource["Fn::GetAtt"][0]
        for statement in document["Statement"]
        for resource in statement["Resource"]
        if isinstance(resource, dict) and "Fn::GetAtt" in resource
    ]
    return {name.removesuffix("Table").lower() for name in named if name.endswith("Table")}


@contextmanager
def touched() -> Iterator[set[str]]:
    """The tables that are read or written in the block."""
    tables: set[str] = set()

    def watch(operation: str, arguments: dict[str, Any], answer: dict[str, Any]) -> None:
        tables.update(re.findall(rf"{aws.name('')}([a-z]+)", json.dumps(arguments, default=str)))

    dynamo.observers.append(watch)
    try:
        yield tables
    finally:
        dynamo.observers.remove(watch)


@pytest.mark.usefixtures("charging")
def test_each_function_may_touch_what_it_touches_and_nothing_else(books: Books) -> None:
    with touched() as by_events:
        books.tell(captured(10_000), completed(10_000), completed(10_000, order="ord_2", merchant=MILAN))
        books.tell(refunded(1_000), share_refunded(1_000))
    with touched() as by_the_clock:
        handle("settlement_run", books.now)
        books.later(days=31)
        handle("settlement_run", books.now)
    with touched() as by_turns:
        for turn in list(_turns()):
            handle("settlement_runs", turn, books.now)
    books.later(days=31)
    with touched() as letting_go:
        handle("settlement_run", books.now)  # a reserve goes, whose day has come

    assert allowed("settlement_events") == by_events
    assert allowed("settlement_run") == by_the_clock | letting_go
    # Rates are read from files in a test, and whether Stripe answers is asked where a payout is transferred by it.
    assert allowed("settlement_runs") == by_turns | {"rates", "payments"}


def _turns() -> Iterator[str]:
    sqs, url = aws.client("sqs"), aws.queue_url("settlement-runs")
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            yield str(message["Body"])
