"""Sealed personal data under the stage's present key: `python -m infra.reseal check | renew`.

KMS renews the material of a key each year by itself, and what was sealed before opens as before: nothing has to be
done. This is for when the key itself is replaced, because it was misused or belongs to an account that is given up:
`check` counts what is sealed under which key, `renew` seals everything anew that is not under the present one. A row is
written only where it still says what was read; one that has changed meanwhile is left for the next round. Once `check`
names one key alone, the old one may be given up.
"""

import argparse
import os
import sys
from collections import Counter
from typing import Any, Final

from entrepot.cloud import seal
from infra import sealed
from infra.backup.rows import opener, scanned
from infra.sealed import Row
from infra.stage import OUT_OF_REACH, Stage, add_arguments, chosen

TABLES: Final = tuple(dict.fromkeys(rule.table for rule in sealed.RULES))


def counted(stage: Stage) -> dict[tuple[str, str], int]:
    """How many texts are sealed, by table and by key. Raises: sealed.UnknownSeal."""
    found: Counter[tuple[str, str]] = Counter()
    for table in stage.tables:
        for row in scanned(stage, table):
            found.update((table, seal.key_of(place.text)) for place in sealed.places(table, row))
    return dict(found)


def renew(stage: Stage) -> tuple[int, int]:
    """Seal anew what is under another key. Returns: how many rows were written, and how many had changed meanwhile."""
    sealer, key_id = opener(stage), stage.data_key()
    written = overtaken = 0
    for table in TABLES:
        for row in scanned(stage, table):
            texts = {
                place.text: sealer.sealed(
                    sealer.opened(place.text, place.purpose, place.record), place.purpose, place.record
                )
                for place in sealed.places(table, row)
                if seal.key_of(place.text) != key_id
            }
            if texts:
                done = _put(stage, table, row, sealed.renewed(row, texts))
                written, overtaken = written + done, overtaken + (not done)
    return written, overtaken


def _put(stage: Stage, table: str, before: Row, after: Row) -> bool:
    """Write what has changed of a row. Returns: whether it still was as it was read."""
    changed = [name for name in after if after[name] != before[name]]
    dynamodb = stage.client("dynamodb")
    request: dict[str, Any] = {
        "TableName": stage.called(table),
        "Key": {name: before[name] for name in ("pk", "sk")},
        "UpdateExpression": "SET " + ", ".join(f"#{n} = :new{n}" for n in range(len(changed))),
        "ConditionExpression": " AND ".join(f"#{n} = :old{n}" for n in range(len(changed))),
        "ExpressionAttributeNames": {f"#{n}": name for n, name in enumerate(changed)},
        "ExpressionAttributeValues": {f":new{n}": after[name] for n, name in enumerate(changed)}
        | {f":old{n}": before[name] for n, name in enumerate(changed)},
    }
    try:
        dynamodb.update_item(**request)
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.reseal",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=["check", "renew"])
    add_arguments(parser)
    given = parser.parse_args(arguments)
    stage = chosen(given)
    if given.command == "renew":
        written, overtaken = renew(stage)
        print(f"{written} rows sealed anew, {overtaken} had changed meanwhile")
        stage.audit("keys.reseal", (f"rows={written}",))
    present, found = stage.data_key(), counted(stage)
    for (table, key_id), count in sorted(found.items()):
        print(f"{count:>9,}  {table:<12} {key_id}{'' if key_id == present else '  another key'}")
    others = sum(count for (_, key_id), count in found.items() if key_id != present)
    print(
        f"{others:,} of {sum(found.values()):,} sealed texts of {stage.name} are under another key than the present one"
    )
    return 1 if others else 0


if __name__ == "__main__":
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    try:
        sys.exit(main(sys.argv[1:]))
    except OUT_OF_REACH as failed:
        sys.exit(f"reseal: {failed}")
