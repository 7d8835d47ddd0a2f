"""`python -m tests.drill [--orders N] [--keep FOLDER] [--mutation …]`: exits with 1 where it does not lead back."""

import argparse
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from infra.backup.archive import BadArchive
from infra.local.setup import Hindrance
from tests.drill import lost, mutations
from tests.drill.lost import Failed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.drill", description="The way back, tried.")
    parser.add_argument("--orders", type=int, default=20, help="paid orders beside those of the story")
    parser.add_argument("--keep", type=Path, help="a folder for archive and logs, which then stay")
    parser.add_argument(
        "--mutation", choices=sorted(mutations.ALL), help="a fault that must turn the drill red"
    )
    given = parser.parse_args()
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"  {time.monotonic() - began:6.1f} s  {text}", flush=True)

    with ExitStack() as held:
        folder = (
            given.keep.resolve()
            if given.keep
            else Path(held.enter_context(tempfile.TemporaryDirectory(prefix="entrepot-drill-")))
        )
        if given.keep:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        if given.mutation:
            held.enter_context(mutations.ALL[given.mutation]())
        try:
            lost.drill(folder, given.orders, say)
        except (Failed, BadArchive, AssertionError, Hindrance) as failed:
            print(f"\nFAILED: {failed}")
            return 1
    print(f"\nThe way back leads back. {time.monotonic() - began:.0f} s in all.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
