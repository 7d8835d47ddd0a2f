"""See `infra.customs` for what there is to say."""

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from functions.customs.book import packaged_book
from functions.customs.domain.consistency import faults
from infra.customs.explain import explained
from infra.customs.tariffs import uk, usitc
from infra.customs.tariffs.files import merged

RATES: Final = Path(__file__).parents[2] / "functions" / "customs" / "data" / "rates"

_SOURCES: Final = {
    uk.TERRITORY: {"duty": "ukgt"},
    usitc.TERRITORY: {"duty": "hts", "additional": "s301"},
}


def main(arguments: list[str]) -> int:
    """0, or 1 where something is wrong with the book or with a file's rows."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.command == "rules":
        print(explained(packaged_book(), asked.country.upper(), asked.on))
        return 0
    if asked.command == "check":
        found = faults(packaged_book())
        print("\n".join(found) or "The rule book has no overlap and no gap.")
        return 1 if found else 0
    if asked.format == "usitc" and asked.effective_from is None:
        parser.error("the schedule has no dates: --from says the first day of its revision")
    return _import(asked)


def _import(asked: argparse.Namespace) -> int:
    text = asked.file.read_text("utf-8-sig")
    if asked.format == "uk":
        territory, imported = uk.TERRITORY, uk.read(text.splitlines())
    else:
        territory, imported = usitc.TERRITORY, usitc.read(text, asked.effective_from.isoformat())
    path = RATES / f"{territory}.csv"
    written = merged(path, territory, imported, _SOURCES[territory], asked.retrieved.isoformat())
    rows = sum(map(len, imported.rates.values()))
    print(f"{rows} rows for {path.name}, {len(imported.errors)} rows could not be read.")
    for error in imported.errors:
        print(error, file=sys.stderr)
    if asked.write:
        path.write_text(written, encoding="utf-8")
    return 1 if imported.errors else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.customs")
    commands = parser.add_subparsers(dest="command", required=True)
    today = datetime.now(UTC).date()
    day = date.fromisoformat
    rules = commands.add_parser("rules", help="which rules hold for a destination on a day")
    rules.add_argument("country", help="two letters, such as DE")
    rules.add_argument("on", type=day, nargs="?", default=today, help="a day, such as 2026-11-25")
    commands.add_parser("check", help="find overlaps and gaps in time")
    tariff = commands.add_parser("import", help="read an authority's tariff into the files of rates")
    tariff.add_argument("format", choices=("uk", "usitc"))
    tariff.add_argument("file", type=Path)
    tariff.add_argument("--retrieved", type=day, default=today, help="the day on which the file was fetched")
    tariff.add_argument(
        "--from", dest="effective_from", type=day, help="the first day of a schedule without dates"
    )
    tariff.add_argument(
        "--write", action="store_true", help="write the file; without it the rows are only counted"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
