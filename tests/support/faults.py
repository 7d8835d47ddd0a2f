"""What goes wrong between the platform and AWS, in front of a stand-in with which nothing does.

A fault strikes some of the requests that it may strike, and the ones that follow each of them, so that it outlasts what
a client tries by itself. Which ones is drawn by a seed, and written down: the same seed strikes the same again.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from tests.support.proxy import (
    SINGLE,
    Answer,
    Asked,
    Item,
    Proxy,
    cancelled,
    items_of,
    key_of,
    problem,
    refused,
)

WRITES: Final = ("TransactWriteItems", *SINGLE)
MOST_STRIKES: Final = 6
SKEWED_BY: Final = timedelta(minutes=10)
_DYNAMODB: Final = "DynamoDB_20120810"
_TOLERATED: Final = timedelta(minutes=5)
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_HTTP_DATE: Final = "%a, %d %b %Y %H:%M:%S GMT"

Effect = Callable[["Weather", "FaultProxy", Asked], Answer | None]


@dataclass(frozen=True, slots=True)
class Fault:
    """`may_strike`: which requests; `lengths`: how many of them one strike may hit in a row. `between`: what happens to
    those that are not struck, where they do not simply pass.
    """

    name: str
    may_strike: Callable[[Asked], bool]
    effect: Effect
    lengths: tuple[int, ...]
    between: Effect | None = None


@dataclass(frozen=True, slots=True)
class Strike:
    """What happened to the so-manieth request that the fault might have struck."""

    number: int
    request: str
    what: str


@dataclass
class Weather:
    """One run's faults. `at`: the numbers of requests that are struck, counted from 0, and for how many in a row."""

    fault: Fault
    at: Mapping[int, int]
    chance: Random
    strikes: list[Strike] = field(default_factory=list)
    passed: int = 0
    left: int = 0
    held: Item | None = None
    token: str = ""
    items: tuple[Item, ...] = ()

    def due(self, asked: Asked) -> bool:
        """Whether this request is struck; it is counted."""
        self.left = max(self.left, self.at.get(self.passed, 0))
        self.passed += 1
        self.left -= 1
        return self.left >= 0

    def note(self, asked: Asked, what: str) -> None:
        self.strikes.append(Strike(self.passed - 1, f"{asked.operation} {_about(asked)}".strip(), what))


def drawn(fault: Fault, passed: int, seed: str, rate: float) -> Weather:
    """Weather for a run that in calm makes `passed` requests that the fault may strike: that share, one at least.

    No more than a few, so that between them somebody may get through.
    """
    chance = Random(seed)
    many = min(passed, MOST_STRIKES, max(1, round(passed * rate)))
    struck = sorted(chance.sample(range(passed), many))
    return Weather(fault, {number: chance.choice(fault.lengths) for number in struck}, chance)


class FaultProxy(Proxy):
    """In calm it passes on and counts, for each fault, what it might have struck."""

    def __init__(self, upstream: str, faults: tuple[Fault, ...], held_seconds: float) -> None:
        super().__init__(upstream)
        self.held_seconds = held_seconds
        self.counted: Counter[str] = Counter()
        self._faults = faults
        self._weather: Weather | None = None
        self._lock = threading.Lock()

    def calm(self) -> None:
        """From now on nothing is struck, and what passes is counted anew."""
        with self._lock:
            self._weather, self.counted = None, Counter()

    def storm(self, weather: Weather) -> None:
        with self._lock:
            self._weather = weather

    def answer(self, asked: Asked) -> Answer | None:
        with self._lock:
            weather, effect = self._weather, None
            if weather is None:
                self.counted.update(fault.name for fault in self._faults if fault.may_strike(asked))
            elif weather.fault.may_strike(asked):
                effect = weather.fault.effect if weather.due(asked) else weather.fault.between
        return effect(weather, self, asked) if weather and effect else self.passed_on(asked)

    def hold(self) -> None:
        """Longer than any client waits."""
        self.closing.wait(self.held_seconds)


def _of_dynamodb(asked: Asked) -> bool:
    return asked.service == _DYNAMODB


def _written(asked: Asked) -> bool:
    return _of_dynamodb(asked) and asked.operation in WRITES


def _transaction(asked: Asked) -> bool:
    return _of_dynamodb(asked) and asked.operation == "TransactWriteItems"


def _of_others(asked: Asked) -> bool:
    return not _of_dynamodb(asked)


def _throttled(weather: Weather, proxy: FaultProxy, asked: Asked) -> Answer:
    """Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/throttling-diagnosing-workflow.html"""
    request = json.loads(asked.body)
    whole = weather.chance.random() < 0.5
    if asked.operation == "BatchGetItem" and not whole:
        weather.note(asked, "all keys unprocessed")
        answer = {"Responses": {}, "UnprocessedKeys": request["RequestItems"]}
        return Answer(200, [("Content-Type", "application/x-amz-json-1.0")], json.dumps(answer).encode())
    if asked.operation == "TransactWriteItems" and not whole:
        items = request["TransactItems"]
        code = weather.chance.choice(("ThrottlingError", "ProvisionedThroughputExceeded"))
        weather.note(asked, code)
        slow = weather.chance.randrange(len(items))
        message = "Throughput exceeds the current capacity of your table or index."
        return cancelled([number == slow for number in range(len(items))], code, message)
    kind = "ThrottlingException" if whole else "ProvisionedThroughputExceededException"
    weather.note(asked, kind)
    reasons = [{"reason": "TableReadKeyRangeThroughputExceeded", "resource": "arn:aws:dynamodb:::table"}]
    return problem(kind, message="Throughput exceeds the current capacity.", throttlingReasons=reasons)


def _silent(weather: Weather, proxy: FaultProxy, asked: Asked) -> None:
    weather.note(asked, "not done, no answer in time")
    proxy.hold()


def _late(weather: Weather, proxy: FaultProxy, asked: Asked) -> None:
    weather.note(asked, "done, no answer in time")
    proxy.passed_on(asked)
    proxy.hold()


def _internal_error(weather: Weather, proxy: FaultProxy, asked: Asked) -> Answer:
    """A write that is answered so may have been done, or not."""
    done = weather.chance.random() < 0.5
    weather.note(asked, "done, 500" if done else "not done, 500")
    if done:
        proxy.passed_on(asked)
    return refused("InternalServerError", "Internal server error", 500)


def _cut(weather: Weather, proxy: FaultProxy, asked: Asked) -> None:
    weather.note(asked, "not done, connection cut")


def _lost(weather: Weather, proxy: FaultProxy, asked: Asked) -> None:
    weather.note(asked, "done, connection cut")
    proxy.passed_on(asked)


def _conflict(weather: Weather, proxy: FaultProxy, asked: Asked) -> Answer:
    """Somebody's transaction holds an item of this request; who wants another item passes."""
    request = json.loads(asked.body)
    items = items_of(request) if asked.operation == "TransactWriteItems" else [key_of(request)]
    if weather.held not in items:
        weather.held = weather.chance.choice(items)
    weather.note(asked, "TransactionConflict")
    if asked.operation == "TransactWriteItems":
        return cancelled([item == weather.held for item in items])
    return refused("TransactionConflictException", "Transaction is ongoing for the item")


def _in_progress(weather: Weather, proxy: FaultProxy, asked: Asked) -> Answer | None:
    """It goes on behind a connection that is lost: sent again it is told so, and another that wants its items waits."""
    request = json.loads(asked.body)
    items, token = items_of(request), request.get("ClientRequestToken", "")
    if token == weather.token:
        weather.note(asked, "TransactionInProgress")
        return refused("TransactionInProgressException", "The transaction is in progress.")
    if any(item in weather.items for item in items):
        weather.note(asked, "TransactionConflict")
        return cancelled([item in weather.items for item in items])
    answer = proxy.passed_on(asked)
    if answer.status != 200:
        return answer
    weather.token, weather.items = token, tuple(items)
    weather.note(asked, "done, connection cut")
    return None


def _skewed(weather: Weather, proxy: FaultProxy, asked: Asked) -> Answer:
    """DynamoDB's clock is ahead of ours."""
    return _judged_at(datetime.now(UTC) + SKEWED_BY, weather, proxy, asked)


def _on_time(weather: Weather, proxy: FaultProxy, asked: Asked) -> Answer:
    """It is right again: who has set their clock by it has to set it back."""
    return _judged_at(datetime.now(UTC), weather, proxy, asked)


def _judged_at(now: datetime, weather: Weather, proxy: FaultProxy, asked: Asked) -> Answer:
    headers = {name.lower(): value for name, value in asked.headers}
    signed = datetime.strptime(headers["x-amz-date"], _STAMP).replace(tzinfo=UTC)
    if abs(signed - now) < _TOLERATED:
        return proxy.passed_on(asked)
    late = signed < now
    bound = now - _TOLERATED if late else now + _TOLERATED
    weather.note(asked, "signature expired" if late else "signature not yet current")
    how, sign = ("expired", "now earlier than") if late else ("not yet current", "still later than")
    span = f"{now:{_STAMP}} {'-' if late else '+'} 5 min."
    said = f"Signature {how}: {signed:{_STAMP}} is {sign} {bound:{_STAMP}} ({span})"
    answer = problem("InvalidSignatureException", message=said)
    answer.headers.append(("Date", f"{now:{_HTTP_DATE}}"))
    return answer


def _others_out(weather: Weather, proxy: FaultProxy, asked: Asked) -> Answer | None:
    """SNS, SQS, KMS, Secrets Manager, SES and STS."""
    what = weather.chance.choice(("500", "throttled", "cut", "lost"))
    weather.note(asked, what)
    if what == "lost":
        proxy.passed_on(asked)
    if what in ("lost", "cut"):
        return None
    status, code = (500, "InternalFailure") if what == "500" else (400, "ThrottlingException")
    if asked.service:
        return Answer(
            status,
            [("Content-Type", "application/x-amz-json-1.1")],
            json.dumps({"__type": code, "message": code}).encode(),
        )
    said = f"<ErrorResponse><Error><Type>Receiver</Type><Code>{code}</Code></Error></ErrorResponse>"
    return Answer(status, [("Content-Type", "text/xml")], said.encode())


FAULTS: Final = (
    Fault("throttled", _of_dynamodb, _throttled, (1, 2, 5, 9)),
    Fault("no answer", _of_dynamodb, _silent, (1, 1, 2, 5)),
    Fault("late answer", _written, _late, (1, 1, 2, 5)),
    Fault("error 500", _of_dynamodb, _internal_error, (1, 2, 5)),
    Fault("cut", _of_dynamodb, _cut, (1, 2, 5)),
    Fault("answer lost", _written, _lost, (1, 2, 5)),
    Fault("conflict", _written, _conflict, (1, 3, 7)),
    Fault("in progress", _transaction, _in_progress, (2, 4, 6)),
    Fault("clock refused", _of_dynamodb, _skewed, (1, 2, 4), between=_on_time),
    Fault("others out", _of_others, _others_out, (1, 2, 5)),
)
TIMED: Final = ("no answer", "late answer")
"""Those for which a client has to wait."""


def _about(asked: Asked) -> str:
    if not _of_dynamodb(asked):
        return asked.service
    request: dict[str, Any] = json.loads(asked.body)
    if "TransactItems" in request:
        tables = [item[0] for item in items_of(request)]
    else:
        tables = [request["TableName"]] if "TableName" in request else list(request.get("RequestItems", ()))
    return "+".join(dict.fromkeys(table.rpartition("-")[2] for table in tables))
