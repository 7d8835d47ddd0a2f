"""DynamoDB's own exports of a point in time (`export-table-to-point-in-time`, format DYNAMODB_JSON) as an archive.

An export is a folder of its own, as S3 got it: `manifest-summary.json` names the table, `manifest-files.json` each file
of rows with its count and MD5, and the files hold a row a line as `{"Item": {…}}`, gzipped. One folder above holds the
exports of all tables, taken for one and the same second. Objects and dead letters are not DynamoDB's: such an archive
has none.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from infra.backup import rows
from infra.backup.archive import BadArchive, Manifest, Writer
from infra.backup.making import KEYS, Making, Say, fingerprint
from infra.sealed import Row
from infra.stage import Stage

_SUMMARY = "manifest-summary.json"


def from_export(stage: Stage, folder: Path, path: Path, say: Say) -> Manifest:
    """Args: stage: whose tables they are, whose secret signs, and whose key in KMS opens what is sealed.

    Raises: BadArchive: an export is missing, of another second, or not as its own manifest says.
    """
    found = _exports(stage, folder)
    missing = [table for table in stage.tables if table not in found]
    if missing:
        raise BadArchive(f"{folder} has no export of {', '.join(missing)}.")
    times = {summary["exportTime"] for _, summary in found.values()}
    if len(times) != 1:
        raise BadArchive(f"The exports are of {len(times)} different times: {', '.join(sorted(times))}.")
    secret = stage.secret()
    made = Making(rows.opener(stage).opened, say, datetime.fromisoformat(times.pop()))
    with Writer(path, secret["audit_key"].encode()) as writer:
        for table in stage.tables:
            made.table(writer, table, _rows(folder, *found[table]))
        manifest = made.manifest(
            stage.name,
            keys={name: fingerprint(secret[name]) for name in KEYS},
            data_key=stage.data_key(),
            source="export",
        )
        writer.finish(manifest)
    return manifest


def _exports(stage: Stage, folder: Path) -> dict[str, tuple[Path, dict[str, Any]]]:
    """Each table's export: where it lies, and its summary."""
    found: dict[str, tuple[Path, dict[str, Any]]] = {}
    for path in sorted(folder.rglob(_SUMMARY)):
        summary = json.loads(path.read_text(encoding="utf-8"))
        if (
            summary["outputFormat"] != "DYNAMODB_JSON"
            or summary.get("exportType", "FULL_EXPORT") != "FULL_EXPORT"
        ):
            raise BadArchive(f"{path.parent} is no full export in DYNAMODB_JSON.")
        name = summary["tableArn"].rpartition("/")[2].removeprefix(stage.called(""))
        if name in found:
            raise BadArchive(f"There are two exports of {name}: {found[name][0]} and {path.parent}.")
        found[name] = (path.parent, summary)
    return found


def _rows(folder: Path, export: Path, summary: dict[str, Any]) -> Iterator[Row]:
    read = 0
    for text in (export / "manifest-files.json").read_text(encoding="utf-8").splitlines():
        described = json.loads(text)
        file = _file(folder, export, described["dataFileS3Key"])
        packed = file.read_bytes()
        if base64.b64encode(hashlib.md5(packed).digest()).decode() != described["md5Checksum"]:
            raise BadArchive(f"{file} is not as its manifest says.")
        lines = gzip.decompress(packed).decode().splitlines()
        if len(lines) != described["itemCount"]:
            raise BadArchive(f"{file} has {len(lines)} rows instead of {described['itemCount']}.")
        read += len(lines)
        for line in lines:
            yield rows.typed(json.loads(line)["Item"])
    if read != summary["itemCount"]:
        raise BadArchive(f"{export} has {read} rows instead of {summary['itemCount']}.")


def _file(folder: Path, export: Path, key: str) -> Path:
    """A file of rows, where `aws s3 sync` has put it: beside its manifest, or below the folder by its whole key."""
    for place in (export / "data" / Path(key).name, folder / key):
        if place.exists():
            return place
    raise BadArchive(f"{export} lacks {key}.")
