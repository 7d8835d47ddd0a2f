"""`make load`: the mix at rising concurrency, step by step, until more buyers at once get no more done."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from tests.load import ending, printing
from tests.load.arithmetic import is_saturated, knee
from tests.load.goods import filled
from tests.load.mix import Mix
from tests.load.platform import Platform
from tests.load.recorder import Latency, Recorder
from tests.load.watch import cpu_seconds
from tests.support.e2e_market import Market

DRIVER: Final = "the buyers"
STEPS: Final = (1, 2, 4, 8, 16, 32, 64)
SECONDS: Final = 15.0

_WARMING_SECONDS: Final = 5.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """What so many buyers at once got done in `seconds`. `drained`: seconds until what their orders led to was done.

    cpu: processor cores that the processes of each name kept busy meanwhile, the buyers' own among them.
    """

    at_once: int
    seconds: float
    requests: int
    orders: int
    latency: Mapping[str, Latency]
    overall: Latency
    failures: Mapping[str, int]
    drained: float
    cpu: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def orders_a_second(self) -> float:
        return self.orders / self.seconds

    @property
    def lasting_orders(self) -> float:
        """Orders a second with all that follows from them done."""
        return self.orders / (self.seconds + self.drained)


@dataclass(frozen=True, slots=True)
class Ramp:
    steps: tuple[Step, ...]
    end: ending.Ending

    @property
    def knee(self) -> int:
        return knee([(step.at_once, step.rate) for step in self.steps])

    @property
    def wrong(self) -> tuple[str, ...]:
        unexpected = sorted({what for step in self.steps for what in step.failures if _is_failure(what)})
        return (*self.end.wrong, *(f"answered: {what}" for what in unexpected))

    def document(self) -> dict[str, Any]:
        """All of it as JSON."""
        steps = [
            {**asdict(step), "rate": step.rate, "orders_a_second": step.orders_a_second}
            for step in self.steps
        ]
        until_paid = asdict(Latency.of(self.end.until_paid))
        return {"steps": steps, "knee": self.knee, "until_paid_ms": until_paid, "wrong": list(self.wrong)}


def run(platform: Platform, steps: Sequence[int], seconds: float, seed: int, say: Say) -> Ramp:
    """Every step, or those until the throughput rises no more; then the reckoning."""
    with platform.running() as up:
        market = Market(up)
        shelves = filled(market)
        mix = Mix(shelves, seed)
        say("warming up")
        asyncio.run(mix.run(4, _WARMING_SECONDS))
        ending.drained(market)
        warming = len(mix.bought)
        say(printing.HEAD)
        done: list[Step] = []
        for at_once in steps:
            done.append(_step(market, mix, at_once, seconds))
            say(printing.step_line(done[-1]))
            if is_saturated([step.rate for step in done]):
                break
        market.close()
        say("counting")
        market = Market(up)  # signed in again: a token lives for fifteen minutes
        end = ending.reckoned(market, shelves, mix.bought, warming)
        market.close()
        return Ramp(tuple(done), end)


def _step(market: Market, mix: Mix, at_once: int, seconds: float) -> Step:
    processes = {child.process.pid: child.name for child in market.up.children} | {os.getpid(): DRIVER}
    mix.recorder, before, cpu = Recorder(), len(mix.bought), cpu_seconds(processes)
    spent = asyncio.run(mix.run(at_once, seconds))
    busy = {name: taken - cpu.get(name, 0.0) for name, taken in cpu_seconds(processes).items()}
    return Step(
        at_once=at_once,
        seconds=spent,
        requests=mix.recorder.requests,
        orders=len(mix.bought) - before,
        latency=mix.recorder.latency(),
        overall=mix.recorder.overall(),
        failures=dict(mix.recorder.failures()),
        drained=ending.drained(market),
        cpu={name: taken / spent for name, taken in sorted(busy.items(), key=_most)},
    )


def _most(busy: tuple[str, float]) -> float:
    return -busy[1]


def _is_failure(what: str) -> bool:
    """Whether an answer should not be: 503 asks a buyer to come again, which they do."""
    return " 503" not in what
