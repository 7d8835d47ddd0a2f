"""Measuring one use case: its requests to DynamoDB, the capacity they take, and this process's CPU."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from entrepot.cloud import dynamo

_READS: Final = ("GetItem", "BatchGetItem", "Query")


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians over the repetitions. CPU in milliseconds of this process: ours, botocore's and Python's.

    `each` is the CPU of every repetition.
    """

    name: str
    requests: float
    transactions: float
    read_units: float
    write_units: float
    cpu: float
    cpu_p99: float
    each: tuple[float, ...] = ()


class Meter:
    """Counts what passes `dynamo.call` while a case runs."""

    def __init__(self) -> None:
        self.requests = self.transactions = 0
        self.read_units = self.write_units = 0.0
        dynamo.observers.append(self._saw)

    def close(self) -> None:
        dynamo.observers.remove(self._saw)

    def _saw(self, operation: str, _arguments: dict[str, Any], answer: dict[str, Any]) -> None:
        self.requests += 1
        self.transactions += operation == "TransactWriteItems"
        consumed = answer.get("ConsumedCapacity") or []
        units = sum(
            entry["CapacityUnits"] for entry in (consumed if isinstance(consumed, list) else [consumed])
        )
        if operation in _READS:
            self.read_units += units
        else:
            self.write_units += units


def measured(
    name: str, run: Callable[[Any], object], inputs: list[Any], after: Callable[[], object] = lambda: None
) -> Cost:
    """Run a case once for each of its inputs; the first few only warm it up. `after` runs beside, not measured."""
    warm = min(3, len(inputs) // 4)
    for given in inputs[:warm]:
        run(given)
        after()
    cpu: list[float] = []
    counted: list[tuple[float, float, float, float]] = []
    for given in inputs[warm:]:
        meter = Meter()
        before = time.process_time()
        run(given)
        cpu.append((time.process_time() - before) * 1000)
        meter.close()
        counted.append((meter.requests, meter.transactions, meter.read_units, meter.write_units))
        after()
    requests, transactions, read_units, write_units = (
        statistics.median(column) for column in zip(*counted, strict=True)
    )
    ranked = sorted(cpu)
    p99 = ranked[min(len(ranked) - 1, int(len(ranked) * 0.99))]
    return Cost(
        name, requests, transactions, read_units, write_units, statistics.median(cpu), p99, tuple(cpu)
    )
