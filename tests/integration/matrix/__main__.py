"""`make matrix`: makes every request, prints what it was answered, and fails where that is not what is expected."""

import contextlib
import io
import sys

import tests.environment  # noqa: F401  first of all
from tests.contract.authorisation import matrix
from tests.integration.matrix.table import counted, printed
from tests.integration.matrix.verdicts import REQUESTS, cells, holes, registered
from tests.integration.matrix.world import furnished


def main() -> int:
    expected, routes = matrix(), registered()
    missing = list(holes(expected, routes, REQUESTS))
    with contextlib.redirect_stdout(io.StringIO()), furnished() as world:  # the platform's log
        found = list(cells(world, expected, routes))
    wrong = [*missing, *(cell.wrong for cell in found if cell.wrong is not None)]
    lines = [*printed(found), "", counted(found), *(f"  {line}" for line in wrong)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
