"""What a look-up of a rate costs beside the rows of its tariff. It needs no server."""

import csv
import random
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

from functions.customs.domain.rulebook import RuleBook, rule_book
from functions.customs.tariff_files import COLUMNS, TariffFiles

ROWS: Final = (100, 1_000, 10_000, 100_000)
_ASKED: Final = 200
_DAY: Final = date(2026, 11, 1)


def all_of_them(say: Callable[[str], object] = lambda _: None) -> list[dict[str, float]]:
    """Microseconds of CPU by rows: to open a tariff, and for a rate the first time and again."""
    found = []
    for rows in ROWS:
        with tempfile.TemporaryDirectory(prefix="entrepot-tariffs-") as name:
            codes = _written(Path(name), rows)
            asked = random.Random(2).sample(codes, min(rows, _ASKED))
            opened = _micros(lambda folder=Path(name): TariffFiles(folder, {"law": "A law"}, {}))  # type: ignore[misc]
            book = rule_book("bench", {}, (), (), ())._replace(
                rates=TariffFiles(Path(name), {"law": "A law"}, {})
            )
            first, again = _looked_up(book, asked), _looked_up(book, asked)
        found.append({"rows": rows, "open": opened, "first": first, "again": again})
        say(f"{rows:,} rows of a tariff")
    return found


def _written(folder: Path, rows: int) -> list[str]:
    codes = sorted(f"{code:08}" for code in random.Random(1).sample(range(1_000_000, 98_000_000), rows))
    plain = dict.fromkeys(COLUMNS, "") | {
        "kind": "duty",
        "rate": "0.1",
        "effective_from": "2026-01-01",
        "source": "law",
        "retrieved": "2026-01-01",
        "confidence": "confirmed",
    }
    with (folder / "XX.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(plain | {"hs_prefix": code, "id": f"xx-duty-{code}"} for code in codes)
    return codes


def _looked_up(book: RuleBook, codes: list[str]) -> float:
    def every() -> None:
        for code in codes:
            assert book.rate("duty", "XX", f"{code}00", "CN", None, _DAY) is not None

    return _micros(every) / len(codes)


def _micros(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1e6
