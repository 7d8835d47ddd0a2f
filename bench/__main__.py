"""`make bench`: measures what things cost and prints it beside its budgets. It measures and does not judge.

python -m bench [--only PART]... [--times N] [--most SIZE] [--out FILE]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench import results, tables
from bench.parts import PARTS, STAGE, Asked

TIMES: Final = int(os.environ.get("BENCH_TIMES", "100"))
MOST: Final = 100_000
_SELDOM_SECONDS: Final = 15.0


def main() -> int:
    given = argparse.ArgumentParser(prog="make bench", description=__doc__)
    given.add_argument("--only", action="append", choices=tuple(PARTS), metavar="PART", help=" ".join(PARTS))
    given.add_argument("--times", type=int, default=TIMES, help="repetitions of a case")
    given.add_argument("--most", type=int, default=MOST, help="the largest size of a growth curve")
    given.add_argument("--out", type=Path, help="where the results go, as JSON")
    given.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    asked = given.parse_args()
    if asked.alone:
        (part,) = asked.only
        results.save(asked.out, {part: _measured(part, asked.times, asked.most)})
        return 0
    out = asked.out or results.OUT / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}.json"
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="entrepot-bench-") as scratch:
        for part in asked.only or PARTS:
            done = _in_a_process(part, asked, Path(scratch) / f"{part}.json")
            found.update(done)
            results.save(out, found)
            print("\n".join(tables.printed(part, done)), end="\n\n", flush=True)
    print("\n".join(tables.of_several(found)))
    print(f"\nAs JSON: {out}. Into docs/performance.md: python -m bench.report --take {out}")
    return 0


def _in_a_process(part: str, asked: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Nothing of one part, such as what it has imported or cached, weighs on another."""
    command = [sys.executable, "-m", "bench", "--alone", "--only", part, "--out", str(out)]
    command += ["--times", str(asked.times), "--most", str(asked.most)]
    environment = {**os.environ, "ENTREPOT_STAGE": STAGE}  # read when the platform is first imported
    if subprocess.run(command, env=environment, check=False).returncode != 0:
        raise SystemExit(f"{part} could not be measured; what was measured before it is kept")
    return results.load(out)


def _measured(part: str, times: int, most: int) -> dict[str, Any]:
    begun, load = time.perf_counter(), os.getloadavg()[0]

    say = _Progress(part)
    data = PARTS[part](Asked(times, most, say))
    say.over()
    return {
        "taken": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": results.machine(load),
        "times": times,
        "seconds": time.perf_counter() - begun,
        "data": json.loads(json.dumps(data)),
    }


class _Progress:
    """What is being measured, on one line of a terminal; elsewhere a line now and then."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._begun = self._said = time.perf_counter()

    def __call__(self, step: str) -> None:
        now = time.perf_counter()
        line = f"  {self._part}: {now - self._begun:.0f} s, {step}"
        if sys.stderr.isatty():
            print(f"\r\033[K{line}", end="", file=sys.stderr)
        elif now - self._said > _SELDOM_SECONDS:
            self._said = now
            print(line, file=sys.stderr)

    def over(self) -> None:
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
