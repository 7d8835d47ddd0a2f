"""DynamoDB's own exports of a second become an archive, and what an export lacks or has altered is refused."""

import base64
import gzip
import hashlib
import json
from pathlib import Path

import pytest

from infra.backup import checking
from infra.backup.archive import BadArchive
from infra.backup.exported import from_export
from infra.backup.restoring import restore
from infra.backup.rows import line, scanned
from infra.stage import Stage
from tests.integration.operations.conftest import QUIET

SECOND = "2026-11-26T03:00:00.000Z"


@pytest.fixture
def exports(traded: Stage, tmp_path: Path) -> Path:
    """As `aws s3 sync` leaves them: for each table what its export has put into S3, in two files of rows."""
    for table in traded.tables:
        _export(traded, table, tmp_path / "exports" / table / "AWSDynamoDB" / f"01-{table}")
    return tmp_path / "exports"


def _export(stage: Stage, table: str, folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    found = list(scanned(stage, table))
    files = []
    for number, part in enumerate((found[::2], found[1::2])):
        lines = "".join(f'{{"Item":{line(row)}}}\n' for row in part)
        packed = gzip.compress(lines.encode())
        (folder / "data" / f"part{number}.json.gz").write_bytes(packed)
        described = {
            "itemCount": len(part),
            "md5Checksum": base64.b64encode(hashlib.md5(packed).digest()).decode(),
            "etag": "…",
            "dataFileS3Key": f"{table}/AWSDynamoDB/01-{table}/data/part{number}.json.gz",
        }
        files.append(json.dumps(described))
    (folder / "manifest-files.json").write_text("\n".join(files) + "\n", encoding="utf-8")
    summary = {
        "version": "2020-06-30",
        "tableArn": f"arn:aws:dynamodb:eu-central-1:123456789012:table/{stage.called(table)}",
        "exportTime": SECOND,
        "itemCount": len(found),
        "outputFormat": "DYNAMODB_JSON",
        "exportType": "FULL_EXPORT",
    }
    (folder / "manifest-summary.json").write_text(json.dumps(summary), encoding="utf-8")


def test_exports_are_restored_as_the_tables_were(
    traded: Stage, empty: Stage, exports: Path, horizon: int, tmp_path: Path
) -> None:
    made = from_export(traded, exports, tmp_path / "exports.tar", QUIET)
    restore(tmp_path / "exports.tar", empty, traded, QUIET)

    assert ("export", "2026-11-26T03:00:00Z") == (made.source, made.made_at[:19] + "Z")
    told = checking.differences(checking.of_stage(traded, horizon), checking.of_stage(empty, horizon))
    assert ["letters", "objects", "objects"] == sorted(each.partition("/")[0] for each in told)


def test_an_export_that_is_missing_or_of_another_second_is_refused(
    traded: Stage, exports: Path, tmp_path: Path
) -> None:
    summary = next((exports / "orders").rglob("manifest-summary.json"))
    said = json.loads(summary.read_text())
    summary.write_text(json.dumps({**said, "exportTime": "2026-11-26T03:00:01.000Z"}))
    with pytest.raises(BadArchive, match="2 different times"):
        from_export(traded, exports, tmp_path / "exports.tar", QUIET)

    summary.unlink()
    with pytest.raises(BadArchive, match="no export of orders"):
        from_export(traded, exports, tmp_path / "exports.tar", QUIET)


def test_an_export_whose_rows_are_altered_or_fewer_is_refused(
    traded: Stage, exports: Path, tmp_path: Path
) -> None:
    file = next((exports / "ledger").rglob("part0.json.gz"))
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(BadArchive, match="not as its manifest says"):
        from_export(traded, exports, tmp_path / "exports.tar", QUIET)

    file.write_bytes(whole)
    manifest = file.parents[1] / "manifest-files.json"
    manifest.write_text(manifest.read_text().splitlines()[1] + "\n")
    with pytest.raises(BadArchive, match="rows instead of"):
        from_export(traded, exports, tmp_path / "exports.tar", QUIET)
    assert not (tmp_path / "exports.tar").exists()
