"""`make faults`: each use case under each fault, to its end as its callers would bring it there.

python -m tests.integration.faults [--seed 1] [--fault "answer lost"] [--case place] [--rate 0.2] [--client botocore]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import tests.environment  # noqa: F401  first of all
from tests.integration.faults.cases import CASES
from tests.integration.faults.run import CALM, KILLED, RATE, ROWS, Begun, Cell, Runner
from tests.integration.faults.stage import Stage, hosted, in_this_process
from tests.integration.faults.table import LEGEND, story, table, wrongs
from tests.support import e2e_cloud

Under = Callable[[Runner, Begun], Iterator[Cell]]


def main(given: Sequence[str]) -> int:
    asked, began = _asked(given), time.perf_counter()
    faults = [asked.fault] if asked.fault else list(ROWS)
    cells = [
        *_hosted(asked, [fault for fault in faults if fault != KILLED]),
        *(_killed(asked) if KILLED in faults else ()),
    ]
    cells.sort(key=lambda cell: (CALM, *ROWS).index(cell.fault))
    red = [cell for cell in cells if not cell.right]
    lines = [*table(cells), LEGEND, *(story(cells[0]) if len(cells) == 1 else ()), *wrongs(red, asked.seed)]
    told = (
        f"{len(cells)} cells, {sum(cell.struck for cell in cells)} faults injected, {len(red)} red, "
        f"{time.perf_counter() - began:.0f} s; seed {asked.seed}, rate {asked.rate}, client {asked.client}"
    )
    _tell("")
    sys.stdout.write("\n".join([*lines, told]) + "\n")
    return 1 if red else 0


def _hosted(asked: argparse.Namespace, faults: Sequence[str]) -> list[Cell]:
    """The rows that need AWS over the net."""
    if not faults:
        return []
    with (
        tempfile.TemporaryDirectory(prefix="entrepot-faults-") as folder,
        e2e_cloud.ministack(Path(folder)) as endpoint,
        hosted(endpoint, asked.client.replace("thin", "")) as stage,
    ):
        return _all(stage, asked, lambda runner, begun: (runner.under(begun, fault) for fault in faults))


def _killed(asked: argparse.Namespace) -> list[Cell]:
    """Hundreds of runs: with tables in memory."""
    with in_this_process() as stage:
        return _all(stage, asked, lambda runner, begun: iter([runner.killed(begun)]))


def _all(stage: Stage, asked: argparse.Namespace, under: Under) -> list[Cell]:
    runner, cells = Runner(stage, asked.seed, asked.rate), list[Cell]()
    for case in CASES:
        if asked.case not in ("", case.name):
            continue
        begun = runner.begun(case)
        calm = [Cell(CALM, case.name, 0, 0, begun.wrong)] if begun.wrong else []
        for cell in chain(calm, under(runner, begun)):
            cells.append(cell)
            _tell(f"  {case.name} under {cell.fault}: {'ok' if cell.right else 'WRONG'}")
    return cells


def _tell(line: str) -> None:
    """Progress, where somebody looks on."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()


def _asked(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--fault", default="", choices=["", *ROWS], help="one row: %(choices)s")
    parser.add_argument("--case", default="", choices=["", *(case.name for case in CASES)])
    parser.add_argument(
        "--client", default="thin", choices=["thin", "botocore"], help="of DynamoDB and others"
    )
    return parser.parse_args(given)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
