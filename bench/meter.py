"""Measuring one use case: what it asks of DynamoDB and of other services, the capacity that takes, and its CPU.

A run is either counted or timed. Counting looks at each item before and after it is written and at what passes the
sockets, which costs more than the case itself; so the first runs of a case, which warm it up, are those counted.
"""

import http.client
import io
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import botocore.client

from bench import capacity
from bench.wire import Wire
from entrepot.cloud import dynamo, transport

T = TypeVar("T")
_COUNTED: Final = 5
_MILLI: Final = 1000


@dataclass(slots=True)
class Sample:
    """One run. CPU and wall in milliseconds; `calls` are requests to DynamoDB by operation, `others` by service.

    `read`, `write` (units) and `sent`, `received` (bytes of DynamoDB's bodies) are there if it was counted.
    """

    cpu: float = 0.0
    sending: float = 0.0
    wall: float = 0.0
    calls: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    read: float = 0.0
    write: float = 0.0
    sent: int = 0
    received: int = 0
    logged: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians over the repetitions of a case.

    CPU in milliseconds of this process, of it `sending` within the client of AWS and the rest ours (pynamodb's making
    of requests among it); bytes are those of DynamoDB's bodies, `logged` those of the log. `others`: calls of other
    services, such as {"sqs.SendMessage": 1}; "provider.POST" is one to a payment provider. `each` is the CPU of every
    repetition.
    """

    name: str
    requests: float
    transactions: float
    read_units: float
    write_units: float
    sent: float
    received: float
    cpu: float
    cpu_p99: float
    sending: float
    wall: float
    logged: float
    others: dict[str, float]
    times: int
    each: tuple[float, ...] = ()

    @property
    def own(self) -> float:
        return self.cpu - self.sending


class Log(io.TextIOBase):
    """Standard output while the platform is measured: counted in bytes and kept nowhere."""

    def __init__(self) -> None:
        self.bytes = 0

    def write(self, text: str) -> int:
        self.bytes += len(text.encode())
        return len(text)


class Meter:
    """Stands around `dynamo.call`, and around the two ways to other services, while one run lasts."""

    def __init__(self, counting: bool, log: Log | None = None) -> None:
        self.sample = Sample()
        self._counting = counting
        self._log = log
        self._inside = False
        self._looking = self._looking_wall = 0.0  # what the counting itself took, in seconds

    def run(self, work: Callable[[], T]) -> T:
        logged = self._log.bytes if self._log else 0
        with self._around():
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                return work()
            finally:
                sample = self.sample
                sample.cpu = (time.process_time() - cpu - self._looking) * _MILLI
                sample.wall = (time.perf_counter() - wall - self._looking_wall) * _MILLI
                sample.logged = (self._log.bytes if self._log else 0) - logged

    @contextmanager
    def _around(self) -> Iterator[None]:
        real, others, sent = (
            dynamo.call,
            botocore.client.BaseClient._make_api_call,
            transport.Transport.send,
        )

        def call(operation: str, **arguments: Any) -> Any:
            self.sample.calls[operation] += 1
            return self._timed(real, operation, arguments)

        def other(client: Any, operation: str, arguments: Any) -> Any:
            if self._inside:
                return others(client, operation, arguments)
            service = client.meta.service_model.service_name
            if service == "dynamodb":  # the floor's: the platform's own pass `dynamo.call`
                self.sample.calls[operation] += 1
                return self._timed(
                    lambda name, **given: others(client, name, given), operation, dict(arguments)
                )
            self.sample.others[f"{service}.{operation}"] += 1
            with self._sending():
                return others(client, operation, arguments)

        def send(own: Any, operation: str, *more: Any) -> Any:
            if self._inside:
                return sent(own, operation, *more)
            self.sample.others[f"{own._service.name}.{operation}"] += 1
            with self._sending():
                return sent(own, operation, *more)

        def put(own: Any, method: str, *more: Any, **options: Any) -> Any:
            if not self._inside:
                self.sample.others[f"provider.{method}"] += 1
            return asked(own, method, *more, **options)

        asked = http.client.HTTPConnection.putrequest
        http.client.HTTPConnection.putrequest = put  # type: ignore[assignment,method-assign]
        dynamo.call = call
        botocore.client.BaseClient._make_api_call = other
        transport.Transport.send = send  # type: ignore[assignment,method-assign]
        try:
            yield
        finally:
            http.client.HTTPConnection.putrequest = asked  # type: ignore[method-assign]
            dynamo.call = real
            botocore.client.BaseClient._make_api_call = others
            transport.Transport.send = sent  # type: ignore[method-assign]

    def _timed(self, real: capacity.Send, operation: str, arguments: dict[str, Any]) -> Any:
        if not self._counting:
            with self._sending():
                return real(operation, **arguments)
        return self._counted(real, operation, arguments)

    def _counted(self, real: capacity.Send, operation: str, arguments: dict[str, Any]) -> Any:
        items = capacity.touched(operation, arguments)
        wire = Wire()
        with self._own():
            before = capacity.looked_up(real, items)
        answer = None
        try:
            with wire.listening(), self._sending():
                answer = real(operation, **arguments)
        finally:
            with self._own():
                sample = self.sample
                sample.sent += wire.sent
                sample.received += wire.received
                after = capacity.looked_up(real, items)
                sample.write += capacity.written(operation, items, before, after)
                if answer is not None and not items:
                    sample.read += capacity.read(real, operation, arguments, answer)
        return answer

    @contextmanager
    def _sending(self) -> Iterator[None]:
        self._inside = True
        begun = time.process_time()
        try:
            yield
        finally:
            self.sample.sending += (time.process_time() - begun) * _MILLI
            self._inside = False

    @contextmanager
    def _own(self) -> Iterator[None]:
        self._inside = True
        begun, wall = time.process_time(), time.perf_counter()
        try:
            yield
        finally:
            self._looking += time.process_time() - begun
            self._looking_wall += time.perf_counter() - wall
            self._inside = False


class Series:
    """The runs of one case, one after the other. `beside` is run after each, not measured."""

    def __init__(
        self,
        name: str,
        log: Log | None = None,
        beside: Callable[[], object] = lambda: None,
        counted: int = _COUNTED,
    ) -> None:
        self.name = name
        self.runs = 0
        self._log, self._beside, self._most = log, beside, counted
        self._counted: list[Sample] = []
        self._timed: list[Sample] = []

    def run(self, work: Callable[[], T]) -> T:
        counting = len(self._counted) < self._most
        meter = Meter(counting, self._log)
        answer = meter.run(work)
        (self._counted if counting else self._timed).append(meter.sample)
        self.runs += 1
        self._beside()
        return answer

    def cost(self) -> Cost:
        timed = self._timed or self._counted
        assert timed, f"{self.name} was never run"
        cpu = [sample.cpu for sample in timed]
        every = self._counted + self._timed
        return Cost(
            name=self.name,
            requests=_median(sample.calls.total() for sample in every),
            transactions=_median(sample.calls["TransactWriteItems"] for sample in every),
            read_units=_median(sample.read for sample in self._counted),
            write_units=_median(sample.write for sample in self._counted),
            sent=_median(sample.sent for sample in self._counted),
            received=_median(sample.received for sample in self._counted),
            cpu=statistics.median(cpu),
            cpu_p99=p99(cpu),
            sending=_median(sample.sending for sample in timed),
            wall=_median(sample.wall for sample in timed),
            logged=_median(sample.logged for sample in every),
            others={
                name: _median(sample.others[name] for sample in every)
                for name in sorted({name for sample in every for name in sample.others})
            },
            times=len(timed),
            each=tuple(cpu),
        )


def measured(
    name: str,
    run: Callable[[Any], object],
    inputs: Sequence[Any],
    after: Callable[[], object] = lambda: None,
) -> Cost:
    """Run a case once for each of its inputs; the first few warm it up and are counted. `after` runs beside."""
    series = Series(name, beside=after, counted=min(_COUNTED, max(1, len(inputs) // 4)))
    for given in inputs:
        series.run(lambda given=given: run(given))  # type: ignore[misc]
    return series.cost()


def p99(values: Sequence[float]) -> float:
    """The smallest value that at least 99 % of them do not exceed."""
    ranked = sorted(values)
    return ranked[-(-len(ranked) * 99 // 100) - 1]


def _median(values: Iterable[float]) -> float:
    listed = list(values)
    return float(statistics.median(listed)) if listed else 0.0
