"""A run in parts, over several processes: what is asked of a route by itself is the same in each."""

import contextlib
import io
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.util import Finalize
from typing import Final

from tests.integration.fuzz import journey
from tests.integration.fuzz.findings import Report
from tests.integration.fuzz.running import Fuzz
from tests.integration.fuzz.scene import Scene, matches
from tests.integration.matrix.callers import COLUMNS
from tests.integration.matrix.verdicts import registered
from tests.integration.matrix.world import furnished

EVERY_SECONDS: Final = 15
JOURNEYS: Final = 10
"""Of each trip, for each example of a route."""


@dataclass(frozen=True)
class Part:
    """What one process does at a time: a route asked by roles, or a trip of journeys."""

    route: str | None
    roles: tuple[str, ...]
    examples: int
    trip: str | None = None


_scenes: list[Scene] = []
"""That of this process."""


def divided(role: str | None, route: str | None, examples: int) -> Iterator[Part]:
    """Every route by itself, what ends accounts last: what is heard of it outlasts the rows."""
    roles = (role,) if role else tuple(COLUMNS)
    if role != journey.ROLE:
        routes = sorted({(each.path.endswith("/erasure"), each.path, each.method) for each in registered()})
        for _, path, method in routes:
            if matches(f"{method} {path}", route):
                yield Part(f"{method} {path}", roles, examples)
    if role == journey.ROLE or not (role or route):
        yield from (Part(None, (), JOURNEYS * examples, trip) for trip in journey.trips())


def asked(parts: Sequence[Part], seed: int, jobs: int) -> Report:
    """All parts, over so many processes, with a line now and then of how far it is."""
    report, begun, told = Report(), time.perf_counter(), 0.0
    with ProcessPoolExecutor(jobs, get_context("spawn"), begin, (seed,)) as pool:
        waiting: list[Future[Report]] = [pool.submit(done, part) for part in parts]
        for number, future in enumerate(as_completed(waiting), 1):
            new = future.result().findings.keys() - report.findings.keys()
            report.merged(future.result())
            for operation, check, what in sorted(new):
                sys.stdout.write(f"  ✗ {operation}: {check}: {' '.join(what.split())}\n")
            spent = time.perf_counter() - begun
            if spent - told >= EVERY_SECONDS:
                told = spent
                cases = sum(cell.cases for cell in report.cells)
                sys.stdout.write(
                    f"{spent:7.0f} s  {number} of {len(parts)} routes and trips, "
                    f"{cases} cases, {len(report.findings)} findings\n"
                )
                sys.stdout.flush()
    return report


def begin(seed: int) -> None:
    """What a process does first."""
    with contextlib.ExitStack() as kept:
        log = kept.enter_context(contextlib.redirect_stdout(io.StringIO()))  # the platform's
        _scenes.append(Scene(kept.enter_context(furnished()), log, seed))
        Finalize(None, kept.pop_all().close, exitpriority=10)


def done(part: Part) -> Report:
    (scene,) = _scenes
    scene.report = Report()
    if part.trip is not None:
        return journey.travelled(scene, part.examples, part.trip)
    return Fuzz(scene, part.examples).run(part.roles, part.route)
