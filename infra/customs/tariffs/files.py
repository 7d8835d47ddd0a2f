"""Rate rows into the sorted file of their territory."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from functions.customs.tariff_files import COLUMNS
from infra.customs.tariffs.rows import Imported

_REPLACED: Final = ("duty", "additional")


def merged(path: Path, territory: str, imported: Imported, sources: Mapping[str, str], retrieved: str) -> str:
    """The text of a rate file in which the imported duties stand instead of those before; taxes stay.

    `sources` names the source of each kind.
    """
    kept = [row for row in _rows(path) if row["kind"] not in _REPLACED]
    return text([*kept, *_imported(territory, imported, sources, retrieved)])


def text(rows: Iterable[Mapping[str, str]]) -> str:
    """Rows in the order in which they are searched."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: [row[column] for column in COLUMNS]))
    return buffer.getvalue()


def _imported(
    territory: str, imported: Imported, sources: Mapping[str, str], retrieved: str
) -> Iterable[dict[str, str]]:
    for prefix, rates in imported.rates.items():
        for rate in rates:
            name = "-".join(filter(None, (territory.lower(), rate.kind, prefix, rate.name)))
            later = f"-{rate.effective_from}" if len([r for r in rates if r.name == rate.name]) > 1 else ""
            yield {
                **{column: value for column, value in rate._asdict().items() if column in COLUMNS},
                "hs_prefix": prefix,
                "category": "",
                "id": name + later,
                "source": sources[rate.kind],
                "retrieved": retrieved,
                "confidence": "confirmed",
            }


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))
