"""`make fuzz`: generated requests to every route by every role; ends with 1 where something is found.

make fuzz [ROLE=shopper] [ROUTE=/v1/quotes] [EXAMPLES=6] [SEED=1] [JOBS=2]
"""

import argparse
import os
import sys

import tests.environment  # noqa: F401  first of all
from tests.integration.fuzz import journey
from tests.integration.fuzz.parts import asked, divided
from tests.integration.fuzz.table import printed
from tests.integration.matrix.callers import COLUMNS


def main() -> int:
    given = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    given.add_argument("--role", choices=[*COLUMNS, journey.ROLE])
    given.add_argument("--route", help="a path of the document, or `GET /v1/…`; * stands for anything")
    given.add_argument("--examples", type=int, default=6)
    given.add_argument("--seed", type=int, default=1)
    given.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    wanted = given.parse_args()
    parts = list(divided(wanted.role, wanted.route, wanted.examples))
    if not parts:
        given.error(f"no route is called {wanted.route}")
    report = asked(parts, wanted.seed, min(wanted.jobs, len(parts)))
    sys.stdout.write("\n".join(printed(report, wanted.seed)) + "\n")
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
