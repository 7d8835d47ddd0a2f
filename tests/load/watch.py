"""What the platform's processes take of the machine while they work: memory, open files and CPU, from /proc."""

import asyncio
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.load.arithmetic import slope

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_FUNCTION: Final = re.compile(r"ministack-lambda-entrepot-[a-z]+-([a-z0-9-]+)-[a-z0-9_]{8}")


@dataclass(frozen=True, slots=True)
class Use:
    """Of the processes of one name: how many there are, and what one of them takes on average."""

    processes: int
    megabytes: float
    open_files: float


@dataclass(frozen=True, slots=True)
class Glance:
    """All processes at one moment, after so many requests."""

    seconds: float
    requests: int
    uses: Mapping[str, Use]


@dataclass(frozen=True, slots=True)
class Growth:
    """How one name's use went: megabytes a process per thousand requests, and what one had at the start and the end.

    `settled`: whether it was seen often enough for its slope to mean something.
    """

    name: str
    processes: int
    megabytes: tuple[float, ...]
    open_files: tuple[float, ...]
    per_thousand: float
    settled: bool


@dataclass(slots=True)
class Watch:
    """Looks at the processes in `roots` and all that these have started."""

    roots: Mapping[int, str]
    glances: list[Glance] = field(default_factory=list)

    async def look(self, every: float, requests: Callable[[], int]) -> None:
        """Glance at all processes every so many seconds, until cancelled."""
        clock = asyncio.get_running_loop().time
        began = clock()
        while True:
            self.glances.append(Glance(clock() - began, requests(), used(self.roots)))
            await asyncio.sleep(every)

    def growths(self, skipped: float) -> list[Growth]:
        """By name, of all glances but the first part (0 to 1), in which processes fill their caches."""
        counted = self.glances[int(len(self.glances) * skipped) :]
        names = dict.fromkeys(name for glance in counted for name in glance.uses)
        return [_growth(name, counted) for name in names]


def used(roots: Mapping[int, str]) -> dict[str, Use]:
    """What each name's processes take now. Args: roots: names of processes by their ids."""
    found: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
    for process, name in _named(roots):
        seen = _seen(process)
        if seen is not None:
            found[name].append(seen)
    return {name: _use(seen) for name, seen in sorted(found.items())}


def cpu_seconds(roots: Mapping[int, str]) -> dict[str, float]:
    """CPU that the processes of each name have had since they began. Args: roots: names of processes by their ids."""
    found: defaultdict[str, float] = defaultdict(float)
    for process, name in _named(roots):
        found[name] += _cpu(process)
    return dict(found)


def judged(
    growths: Iterable[Growth], most_megabytes: float, most_files: float, keeping: Sequence[str]
) -> list[str]:
    """What grows that should not.

    Args: most_megabytes: per thousand requests and process. most_files: more at the end than at the start, a process.
        keeping: names of what keeps all it was given in memory, whose memory is not judged.
    """
    wrong = []
    for growth in growths:
        if not growth.settled:
            continue
        if growth.per_thousand > most_megabytes and growth.name not in keeping:
            wrong.append(f"{growth.name} grows by {growth.per_thousand:.2f} MB a thousand requests")
        more = growth.open_files[-1] - growth.open_files[0]
        if more > most_files:
            wrong.append(f"{growth.name} has {more:.0f} more files open than at the start")
    return wrong


def _growth(name: str, glances: Sequence[Glance]) -> Growth:
    seen = [(glance.requests, glance.uses[name]) for glance in glances if name in glance.uses]
    return Growth(
        name,
        seen[-1][1].processes,
        tuple(use.megabytes for _, use in seen),
        tuple(use.open_files for _, use in seen),
        slope([(requests / 1000, use.megabytes) for requests, use in seen]),
        settled=len(seen) >= max(4, len(glances) // 2),
    )


def _use(seen: Sequence[tuple[float, int]]) -> Use:
    count = len(seen)
    return Use(count, sum(one for one, _ in seen) / count, sum(files for _, files in seen) / count)


def _named(roots: Mapping[int, str]) -> list[tuple[int, str]]:
    """Every process with its name: a root's own, that of the function it runs, or else its parent's."""
    children = _children()
    found, left = [], list(roots.items())
    while left:
        process, name = left.pop()
        found.append((process, name))
        own = (child for child in children.get(process, ()) if child not in roots)
        left += [(child, _function(child) or name) for child in own]
    return found


def _function(process: int) -> str | None:
    """The name of the function that a process runs; None where it runs none."""
    try:
        command = Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    named = _FUNCTION.search(command)
    return f"function {named[1]}" if named else None


def _children() -> dict[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                status = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it has ended
            found[int(status.rpartition(")")[2].split()[1])].append(int(folder.name))
    return found


def _cpu(process: int) -> float:
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0.0
    user, system = status.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / _TICKS


def _seen(process: int) -> tuple[float, int] | None:
    """Megabytes in memory and open files; None of a process that has ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="utf-8").split()[1])
        return pages * _PAGE_BYTES / 1e6, len(os.listdir(f"/proc/{process}/fd"))
    except OSError:
        return None
