"""The cases of a run of the bench, each with the function that it runs in, and what follows from each by event."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final, TypeVar

from bench.floors import GET, QUERY, WRITE, Floors
from bench.meter import Cost, Log, Series
from entrepot.cloud import aws
from entrepot.cloud.outbox import OutboxRow
from tests.support import pump

T = TypeVar("T")
API: Final = "api_handler"
_KIND: Final = re.compile(r'"type":\s*"(\w+\.[\w.]+)"')
CONSUMERS: Final = {
    ("payments-webhooks", "payment_intent.succeeded"): "payments consumer",
    ("orders-events", "payments.payment_authorised"): "orders consumer",
}
"""What of the queues the budgets name: the message that brings a payment, and the event by which its order is paid. The
rest is called by its queue and its event."""


@dataclass(slots=True)
class _Case:
    function: str
    series: Series
    in_sale: int = 0  # runs that belong to the sale


@dataclass(frozen=True, slots=True)
class Row:
    """A case that was measured. `floor`: CPU in ms of its requests by the libraries alone, taken beside it.

    `function` is where it runs, by its handler; `per_order` how often for each order of the sale, 0 for what no order
    needs.
    """

    cost: Cost
    floor: float
    function: str
    per_order: float


class Walk:
    """Measures cases by their names. While it is `selling`, what it runs is counted as part of so many orders."""

    def __init__(self, floors: Floors, log: Log, say: Callable[[str], object] = lambda _: None) -> None:
        self._floors, self._log, self._say = floors, log, say
        self._cases: dict[str, _Case] = {}
        self._pages: set[str] = set()
        self._orders = 0
        self._sold = 1
        self._arn = made_topics()
        self._published: set[str] = set()

    def run(self, name: str, work: Callable[[], T], function: str = API, page: bool = False) -> T:
        """One run of a case. `page`: what it reads is a page, so that its floor is a query's."""
        case = self._cases.get(name)
        if case is None:
            kinds = (QUERY if page else GET, WRITE)
            beside = self._floors.beside(name, kinds)
            case = self._cases[name] = _Case(function, Series(name, self._log, beside))
            if page:
                self._pages.add(name)
            self._say(name)
        case.in_sale += self._orders > 0
        return case.series.run(work)

    def each(
        self,
        name: str,
        run: Callable[[Any], T],
        inputs: Sequence[Any],
        function: str = API,
        page: bool = False,
    ) -> list[T]:
        return [self.run(name, lambda given=given: run(given), function, page) for given in inputs]  # type: ignore[misc]

    @contextmanager
    def selling(self, orders: int) -> Iterator[None]:
        self._orders = orders
        self._sold = orders
        yield
        self._orders = 0

    def follow(self) -> None:
        """Move what waits in the outbox and on queues until nothing does, as AWS would, a message to each call.

        Of two events of one moment the same comes first in every run: what makes an order paid is always the first.
        """
        while (messages := pump._waiting()) or (rows := pump._unsent()):
            for queue, body in messages:
                self._deliver(queue, _said(queue, body), body)
            if messages:
                continue
            for row in sorted(rows, key=lambda row: (row.created_at, row.event)):
                assert row.pk not in self._published, f"{row.event} stays unsent"
                self._published.add(row.pk)
                self.run("relay of an event", lambda row=row: _relayed(row, self._arn), "outbox_relay")  # type: ignore[misc]
                for queue in pump.subscribers(row.event):
                    self._deliver(queue, row.event, row.body)

    def _deliver(self, queue: str, said: str, body: str) -> None:
        name = CONSUMERS.get((queue, said), f"{queue} {said}".rstrip())
        failed = self.run(name, lambda: pump.deliver(queue, body), queue.replace("-", "_"))
        assert failed == [], f"{queue} refused {body[:200]}"

    def rows(self) -> list[Row]:
        found = []
        for name, case in self._cases.items():
            cost = case.series.cost()
            reads = self._floors.of(name, QUERY if name in self._pages else GET)
            others = max(cost.requests, 1) - cost.transactions
            floor = reads * others + (
                self._floors.of(name, WRITE) * cost.transactions if cost.transactions else 0
            )
            found.append(Row(cost, floor, case.function, case.in_sale / self._sold))
        return found


def made_topics() -> str:
    """Make the topics that the relay publishes to; nobody listens, for `follow` delivers.

    Returns: the ARN of a function in their account.
    """
    from infra.estate import TOPICS

    made = [aws.client("sns").create_topic(Name=aws.name(topic))["TopicArn"] for topic in TOPICS]
    _, partition, _, region, account, _ = made[0].split(":")
    return f"arn:{partition}:lambda:{region}:{account}:function:bench"


def _said(queue: str, body: str) -> str:
    found = _KIND.search(body) if queue == "payments-webhooks" else None
    return found[1] if found else ""


def _relayed(row: OutboxRow, arn: str) -> None:
    import app

    names = ("pk", "sk", "topic", "event", "body", "unsent_shard", "created_at")
    image = {name: {"S": getattr(row, name)} for name in names}
    record = {
        "eventName": "INSERT",
        "eventSourceARN": "",
        "dynamodb": {"NewImage": image, "SequenceNumber": "1"},
    }
    event = json.loads(json.dumps({"Records": [record]}))
    answer = app.app.handler_map["outbox_relay"](event, SimpleNamespace(invoked_function_arn=arn))
    assert answer == {"batchItemFailures": []}, answer
