"""See `infra.customs` for what there is to say."""

import argparse
import sys
from datetime import UTC, date, datetime

from functions.customs.book import packaged_book
from functions.customs.domain.consistency import faults
from infra.customs.explain import explained


def main(arguments: list[str]) -> int:
    """0, or 1 where something is wrong with the book or with a file's rows."""
    asked = _parser().parse_args(arguments)
    if asked.command == "rules":
        print(explained(packaged_book(), asked.country.upper(), asked.on))
        return 0
    found = faults(packaged_book())
    print("\n".join(found) or "The rule book has no overlap and no gap.")
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.customs")
    commands = parser.add_subparsers(dest="command", required=True)
    rules = commands.add_parser("rules", help="which rules hold for a destination on a day")
    rules.add_argument("country", help="two letters, such as DE")
    rules.add_argument(
        "on",
        type=date.fromisoformat,
        nargs="?",
        default=datetime.now(UTC).date(),
        help="a day, such as 2026-11-25",
    )
    commands.add_parser("check", help="find overlaps and gaps in time")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
