"""`make soak`: the mix at a steady rate for a while, with the memory and the open files of every process watched."""

import asyncio
import contextlib
from dataclasses import asdict, dataclass
from typing import Any, Final

from infra.local.stack import Running, Say
from tests.load import ending
from tests.load.goods import filled
from tests.load.mix import Mix
from tests.load.platform import Platform
from tests.load.recorder import Latency
from tests.load.watch import Growth, Watch, judged
from tests.support.e2e_market import Market

MINUTES: Final = 10.0
RATE: Final = 5.0
"""Visits a second, some four requests each: about a third of what two cores can do."""

MOST_MEGABYTES: Final = 1.0
"""A thousand requests may leave so much behind in a process of ours."""
MOST_FILES: Final = 10

_VISITORS: Final = 16
_SKIPPED: Final = 1 / 3
_GLANCES: Final = 60
_KEEPING: Final = ("the stand-in for AWS", "the stand-in for Stripe")
"""They are the database and the provider: what they are given stays in their memory."""


@dataclass(frozen=True, slots=True)
class Soak:
    seconds: float
    requests: int
    orders: int
    latency: dict[str, Latency]
    failures: dict[str, int]
    growths: tuple[Growth, ...]
    end: ending.Ending

    @property
    def wrong(self) -> tuple[str, ...]:
        grown = judged(self.growths, MOST_MEGABYTES, MOST_FILES, _KEEPING)
        answered = [f"answered: {what}" for what in self.failures if " 503" not in what]
        return (*self.end.wrong, *answered, *grown)

    def document(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {**asdict(self), "wrong": list(self.wrong)}


def run(platform: Platform, minutes: float, rate: float, seed: int, say: Say) -> Soak:
    with platform.running() as up:
        market = Market(up)
        mix = Mix(filled(market), seed)
        market.close()
        say(f"{rate:g} visits a second for {minutes:g} minutes")
        watch = Watch({child.process.pid: child.name for child in up.children})
        spent = asyncio.run(_soak(mix, watch, minutes * 60, rate, say))
        say("counting")
        return _counted(up, mix, watch, spent)


async def _soak(mix: Mix, watch: Watch, seconds: float, rate: float, say: Say) -> float:
    every = seconds / _GLANCES
    looking = [
        asyncio.create_task(watch.look(every, lambda: mix.recorder.requests)),
        asyncio.create_task(_tell(mix, seconds / 10, say)),
    ]
    spent = await mix.run(_VISITORS, seconds, every=_VISITORS / rate)
    for each in looking:
        each.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await each
    return spent


async def _tell(mix: Mix, every: float, say: Say) -> None:
    while True:
        await asyncio.sleep(every)
        say(f"{mix.recorder.requests} requests, {len(mix.bought)} orders")


def _counted(up: Running, mix: Mix, watch: Watch, spent: float) -> Soak:
    market = Market(up)
    end = ending.reckoned(market, mix.shelves, mix.bought)
    market.close()
    return Soak(
        spent,
        mix.recorder.requests,
        len(mix.bought),
        mix.recorder.latency(),
        dict(mix.recorder.failures()),
        tuple(watch.growths(_SKIPPED)),
        end,
    )
