"""`make fuzz`: generated requests to every route by every role; ends with 1 where something is found.

make fuzz [ROLE=shopper] [ROUTE=/v1/quotes] [EXAMPLES=20] [SEED=1]
"""

import argparse
import contextlib
import io
import os
import sys
import time

os.environ.update(
    ENTREPOT_STAGE="test",
    AWS_DEFAULT_REGION="eu-central-1",
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_EC2_METADATA_DISABLED="true",
    ENTREPOT_AWS_CLIENT="botocore",  # moto stands behind botocore
)

from tests.integration.fuzz.journey import ROLE, travelled
from tests.integration.fuzz.running import Fuzz
from tests.integration.fuzz.scene import Scene
from tests.integration.fuzz.table import printed
from tests.integration.matrix.callers import COLUMNS
from tests.integration.matrix.world import furnished

EVERY_SECONDS = 15
JOURNEYS = 4


def main() -> int:
    given = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    given.add_argument("--role", choices=[*COLUMNS, ROLE])
    given.add_argument("--route", help="a path of the document, or `GET /v1/…`; * stands for anything")
    given.add_argument("--examples", type=int, default=6)
    given.add_argument("--seed", type=int, default=1)
    wanted = given.parse_args()
    out, begun = sys.stdout, time.perf_counter()

    told = 0.0

    def tell(line: str) -> None:
        nonlocal told
        spent = time.perf_counter() - begun
        if spent - told >= EVERY_SECONDS:
            told = spent
            out.write(f"{spent:7.0f} s  {line}\n")
            out.flush()

    log = io.StringIO()
    with contextlib.redirect_stdout(log), furnished() as world:
        scene = Scene(world, log, wanted.seed)
        if not scene.operations(wanted.route):
            given.error(f"no route is called {wanted.route}")
        if wanted.role != ROLE:
            Fuzz(scene, wanted.examples).run([wanted.role] if wanted.role else COLUMNS, wanted.route, tell)
        if wanted.role == ROLE or not (wanted.role or wanted.route):
            travelled(scene, JOURNEYS * wanted.examples)
        report = scene.report
    out.write("\n".join(printed(report, wanted.seed)) + "\n")
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
