"""`make privileges`: each function's policy is exactly what it needs, or this fails.

python -m tests.privileges [--recorded FOLDER] [--narrow] [TESTS ...]
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

os.environ.setdefault("ENTREPOT_STAGE", "test")

from tests.privileges import policies
from tests.privileges.comparing import Compared, compared, table
from tests.privileges.recording import merged

FOLDER: Final = policies.ROOT / "build" / "calls"

_MEASURED: Final = "tests/integration/bench"
"""Left out: there the meter of the bench reads each item that a function writes, which the function does not."""


def main() -> int:
    given = argparse.ArgumentParser(prog="make privileges", description=__doc__)
    given.add_argument(
        "--recorded", type=Path, help="compare what an earlier run has recorded, and run no test"
    )
    given.add_argument("--narrow", action="store_true", help="take out of the policies what is unused")
    given.add_argument(
        "tests",
        nargs="*",
        help="instead of all tests: files, or folders above conftests that import a trigger",
    )
    asked = given.parse_args()
    folder = asked.recorded or FOLDER
    failed = 0 if asked.recorded else _record(folder, asked.tests)
    recorded = merged(folder)
    found = compared(recorded)
    wrong = [line for one in found for line in one.findings()]
    _say(
        "",
        *table(found),
        "",
        *wrong,
        f"{recorded.nobodys:,} calls that tests made by themselves are left out.",
    )
    if asked.narrow and not failed:
        _narrow(found)
    if failed:
        _say("Tests have failed: the functions may call more than was recorded.")
    _say(
        f"{len(wrong)} differences."
        if wrong
        else "No difference: each policy is exactly what its function needs."
    )
    return 1 if wrong or failed else 0


def _record(folder: Path, tests: list[str]) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-m", "not e2e"]
    command += [f"--ignore={_MEASURED}"] if not tests else []
    command += ["-p", "tests.privileges.plugin", "--record-calls", str(folder), *tests]
    return subprocess.run(command, cwd=policies.ROOT, check=False).returncode


def _narrow(found: list[Compared]) -> None:
    for one in found:
        if one.runs and one.unused:
            policies.write(one.function, policies.narrowed(policies.statements(one.function), one.needed))
            _say(f"narrowed {policies.path(one.function).name}")


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
