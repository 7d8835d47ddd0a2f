"""A run as a person reads it: a line for each route, a column for each role, then what was found."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from tests.integration.fuzz.findings import Cell, Report
from tests.integration.matrix.table import HEADS

_SHOWN: Final = 3
_WIDTH: Final = 58


def printed(report: Report, seed: int) -> Iterator[str]:
    roles = list(dict.fromkeys(cell.role for cell in report.cells))
    yield "Cases by route and role (go: on a journey)."
    yield "  ! something is found   . let in, and never answered well   - not let in"
    yield f"{'':<{_WIDTH}}" + "".join(f"{HEADS.get(role, 'go'):>6}" for role in roles)
    ordered = sorted(report.cells, key=lambda cell: (cell.operation.partition(" ")[2], cell.operation))
    for operation, row in groupby(ordered, key=lambda cell: cell.operation):
        by_role = {cell.role: cell for cell in row}
        yield f"{operation:<{_WIDTH}}" + "".join(_marked(by_role.get(role)) for role in roles)
    yield ""
    yield from _totals(report)
    yield from _meant(report)
    for (operation, check, _), alike in sorted(report.findings.items()):
        roles = sorted({finding.role for finding in alike})
        yield f"\n✗ {operation}: {check} ({len(alike)} times, {', '.join(roles)})"
        yield "    " + "\n    ".join(alike[0].told.splitlines())
        yield f"    {alike[0].request}"
    yield f"\n{len(report.findings)} findings; SEED={seed} repeats this run"


def _totals(report: Report) -> Iterator[str]:
    statuses: Counter[int] = sum((cell.statuses for cell in report.cells), Counter())
    yield f"{statuses.total()} cases: " + ", ".join(
        f"{status} × {n}" for status, n in sorted(statuses.items())
    )
    reached, open_ = report.reached
    yield f"of {open_} pairs of route and role let in, {reached} had a success ({100 * reached // max(1, open_)} %)"
    never = [cell for cell in report.cells if cell.allowed and not cell.succeeded]
    yield from (
        f"  never answered well: {cell.operation} by {cell.role}: {dict(cell.statuses)}" for cell in never
    )
    unrefused = {cell.operation for cell in report.cells} - {c.operation for c in report.cells if c.refused}
    yield f"never refused: {', '.join(sorted(unrefused)) or 'none'}"


def _meant(report: Report) -> Iterator[str]:
    if report.meant:
        yield "As it should be, whatever a check says:"
    yield from (f"  {number:>5} × {reason}" for reason, number in report.meant.most_common())


def _marked(cell: Cell | None) -> str:
    if cell is None:
        return " " * 6
    mark = "!" if cell.findings else "-" if not cell.allowed else " " if cell.succeeded else "."
    return f"{cell.cases:>5}{mark}"
