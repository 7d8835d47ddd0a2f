"""`make load`, `make flashsale`, `make soak`: see the package.

python -m tests.load load [--steps 1,2,4] [--seconds 15] [--seed 1] [--json FILE]
python -m tests.load flashsale [--buyers 1000] [--units 100] [--limit 1] [--conflicts both] [--seed 1] [--json FILE]
python -m tests.load soak [--minutes 10] [--rate 5] [--seed 1] [--json FILE]
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.local.setup import Hindrance
from tests.load import flash, printing, ramp, soak
from tests.load.platform import Platform

_BEGAN = time.monotonic()
_CONFLICTS = {"both": (False, True), "with": (True,), "without": (False,)}


def main() -> int:
    asked = _arguments().parse_args()
    try:
        wrong, lines, document = asked.run(asked)
    except Hindrance as hindrance:
        print(hindrance, file=sys.stderr)
        return 2
    print("\n".join(lines))
    if asked.json:
        Path(asked.json).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 1 if wrong else 0


def _arguments() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="python -m tests.load")
    commands = whole.add_subparsers(required=True)
    load = _command(commands, "load", _load)
    load.add_argument("--steps", type=_counts, default=ramp.STEPS, help="buyers at once, step by step")
    load.add_argument("--seconds", type=float, default=ramp.SECONDS, help="of each step")
    selling = _command(commands, "flashsale", _flashsale)
    selling.add_argument("--buyers", type=int, default=flash.BUYERS)
    selling.add_argument("--units", type=int, default=flash.UNITS)
    selling.add_argument("--limit", type=int, default=flash.LIMIT, help="units that one buyer may have")
    selling.add_argument("--conflicts", choices=_CONFLICTS, default="both", help="as DynamoDB reports them")
    soaking = _command(commands, "soak", _soak)
    soaking.add_argument("--minutes", type=float, default=soak.MINUTES)
    soaking.add_argument("--rate", type=float, default=soak.RATE, help="visits a second")
    return whole


def _command(commands: Any, name: str, run: Any) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name)
    command.set_defaults(run=run)
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--json", metavar="FILE", help="write all figures there as well")
    return command


def _load(asked: Any) -> tuple[Sequence[str], list[str], Any]:
    found = ramp.run(Platform(_say), asked.steps, asked.seconds, asked.seed, _say)
    return found.wrong, printing.ramp(found), found.document()


def _flashsale(asked: Any) -> tuple[Sequence[str], list[str], Any]:
    found = []
    for conflicting in _CONFLICTS[asked.conflicts]:
        numbers = (asked.buyers, asked.units, asked.limit, asked.seed)
        found.append(flash.run(Platform(_say), *numbers, conflicting, _say))
    wrong = [each for sale in found for each in sale.wrong]
    lines = [line for sale in found for line in printing.flash(sale)]
    return wrong, lines, {"sales": [sale.document() for sale in found]}


def _soak(asked: Any) -> tuple[Sequence[str], list[str], Any]:
    found = soak.run(Platform(_say), asked.minutes, asked.rate, asked.seed, _say)
    return found.wrong, printing.soak(found), found.document()


def _say(line: str) -> None:
    print(f"{time.monotonic() - _BEGAN:7.1f} s  {line}", flush=True)


def _counts(text: str) -> tuple[int, ...]:
    """Rising whole numbers with commas between."""
    counts = tuple(int(part) for part in text.split(","))
    if not counts or counts[0] < 1 or list(counts) != sorted(set(counts)):
        raise argparse.ArgumentTypeError("give rising numbers above zero, such as 1,2,4,8")
    return counts


if __name__ == "__main__":
    sys.exit(main())
