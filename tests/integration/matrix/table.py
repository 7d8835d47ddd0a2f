"""The matrix as a person reads it: a line for each route, a column for each caller."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from tests.integration.matrix.callers import COLUMNS
from tests.integration.matrix.verdicts import Cell

HEADS: Final = {
    "anonymous": "--",
    "shopper": "sh",
    "application": "ap",
    "merchant": "MM",
    "merchant_catalogue": "Mc",
    "merchant_orders": "Mo",
    "merchant_finance": "Mf",
    "merchant_support": "Ms",
    "key": "ke",
    "machine": "ma",
    "narrow_key": "nk",
    "narrow_machine": "nm",
    "operator": "PP",
    "finance": "Pf",
    "risk": "Pr",
    "support": "Ps",
    "analyst": "Pa",
    "unenrolled": "Pu",
}
MARKS: Final = {
    "allow": "+",
    "token": "t",
    "401": "1",
    "403": "3",
    "404": "4",
    "400": "0",
    "absent": "a",
    "unreachable": "u",
    None: " ",
}
LEGEND: Final = """\
Each caller has two marks: for what is their own, and for what is another's (none: the route knows no owner).
  + done   t done with the thing's own token   0 1 3 4 refused with 400, 401, 403, 404
  a a list that leaves it out   u no request can name it   ! not as expected
Callers: -- nobody signed in, sh shopper, ap a third application for a shopper; of a merchant: MM owner, Mc catalogue,
  Mo orders, Mf finance, Ms support, ke API key, ma client credentials, nk and nm the same with one scope only;
  of the platform: PP operator, Pf finance, Pr risk, Ps support, Pa analyst, Pu an operator without a second factor"""
_WIDTH: Final = 59


def printed(cells: Sequence[Cell]) -> list[str]:
    """`cells` in the order of routes, and of COLUMNS in each."""
    lines = [LEGEND, "", " " * _WIDTH + " ".join(HEADS[name] for name in COLUMNS)]
    for (method, path), row in groupby(cells, lambda cell: (cell.method, cell.path)):
        lines.append(f"{f'{method:<7}{path}':<{_WIDTH}}{' '.join(_marks(cell) for cell in row)}")
    return lines


def counted(cells: Sequence[Cell]) -> str:
    """How many requests came to what."""
    found = [mark for cell in cells for mark in cell.found if mark is not None]
    done = sum(mark in ("allow", "token") for mark in found)
    routes = len({(cell.method, cell.path) for cell in cells})
    return (
        f"{routes} routes, {len(COLUMNS)} callers, {len(found)} outcomes: {done} done, {len(found) - done} kept out; "
        f"{sum(cell.wrong is not None for cell in cells)} cells not as expected"
    )


def _marks(cell: Cell) -> str:
    own, foreign = (MARKS.get(found, "!") for found in cell.found)
    return own + foreign if cell.wrong is None else f"{own if own != ' ' else '!'}!"
