"""A stage into an archive: every row, every object and every dead letter, and a second look at whether they moved."""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from entrepot.kernel.clock import rfc3339
from infra.backup import rows
from infra.backup.archive import Counted, Manifest, Parts, Writer
from infra.backup.rows import Tally, alive, common, line, scanned
from infra.estate import QUEUES
from infra.letters import peeked, waiting
from infra.sealed import Row
from infra.stage import BUCKETS, OUT_OF_REACH, Stage

KEYS: Final = ("audit_key", "identity_key", "order_token_key", "cursor_key")
"""The keys that are nobody's but ours: a stage that holds the data of another needs the same."""

Say = Callable[[str], None]
_PIECE: Final = 1 << 20


def make(stage: Stage, path: Path, say: Say, *, second_look: bool = True) -> Manifest:
    """The archive of a stage. Raises: BadArchive: the file is there already; what AWS raises."""
    secret = stage.secret()
    made = Making(rows.opener(stage).opened, say)
    with Writer(path, secret["audit_key"].encode()) as writer:
        for table in stage.tables[:-1]:
            made.table(writer, table, scanned(stage, table))
        for bucket in BUCKETS:
            made.bucket(writer, stage, bucket)
        for queue in QUEUES:
            made.letters(writer, stage, queue)
        made.table(writer, stage.tables[-1], scanned(stage, stage.tables[-1]))
        moved = _moved(stage, made) if second_look else []
        manifest = made.manifest(
            stage.name,
            keys={name: fingerprint(secret[name]) for name in KEYS},
            parameters=_parameters(stage),
            waiting={queue: number for queue in QUEUES if (number := waiting(stage, queue))},
            moved=moved,
            data_key=stage.data_key(),
        )
        writer.finish(manifest)
    return manifest


def fingerprint(key: str) -> str:
    """What says that two keys are the same without saying the key: ours are random, of 256 bits."""
    return hmac.new(key.encode(), b"entrepot: which key this is", "sha256").hexdigest()[:32]


class Making:
    """What was gathered so far. Rows whose time to live is over when it begins are left out: DynamoDB may drop them
    at any moment.
    """

    def __init__(self, open_: rows.Open, say: Say, at: datetime | None = None) -> None:
        self.at = at or datetime.now(UTC)
        self.horizon = int(self.at.timestamp())
        self.tables: dict[str, Counted] = {}
        self.buckets: dict[str, Counted] = {}
        self.queues: dict[str, Counted] = {}
        self._common: dict[str, Tally] = {}
        self._open, self._say = open_, say

    def table(self, writer: Writer, table: str, found: Iterable[Row]) -> None:
        stored, shared, passed, began = Tally(), Tally(), 0, time.monotonic()
        parts = Parts(writer, f"tables/{table}")
        for row in found:
            if not alive(row, self.horizon):
                passed += 1
                continue
            text = line(row)
            parts.add(text)
            stored.add(text)
            shared.add(common(table, row, self._open))
        parts.flush()
        self._common[f"tables/{table}"] = shared
        self.tables[table] = _counted(stored, shared, passed)
        self._say(_progress(table, "rows", stored, began))

    def bucket(self, writer: Writer, stage: Stage, bucket: str) -> None:
        tally, began, name = Tally(), time.monotonic(), stage.bucket(bucket)
        for key, size in listed(stage, name):
            answer = stage.client("s3").get_object(Bucket=name, Key=key)
            hashed = hashlib.sha256()
            pieces = _hashing(answer["Body"].iter_chunks(_PIECE), hashed)
            writer.stream(f"objects/{bucket}/{key}", size, pieces, answer.get("ContentType", ""))
            tally.add(object_line(key, size, hashed.hexdigest()))
            tally.size += size
        self._common[f"objects/{bucket}"] = tally
        self.buckets[bucket] = _counted(tally, tally, 0)
        self._say(_progress(bucket, "objects", tally, began))

    def letters(self, writer: Writer, stage: Stage, queue: str) -> None:
        tally = Tally()
        for number, letter in enumerate(peeked(stage, queue), 1):
            writer.add(f"letters/{queue}/{number:06}.json", letter.body.encode())
            tally.add(letter.body)
        if tally.count:
            self._common[f"letters/{queue}"] = tally
            self.queues[queue] = _counted(tally, tally, 0)
            self._say(f"  {queue:<22} {tally.count:>9} dead letters")

    def manifest(self, stage: str, **more: Any) -> Manifest:
        return Manifest(
            stage=stage,
            made_at=rfc3339(self.at),
            horizon=self.horizon,
            checksum=rows.whole(self._common),
            tables=self.tables,
            buckets=self.buckets,
            letters=self.queues,
            **more,
        )


def listed(stage: Stage, bucket: str) -> Iterator[tuple[str, int]]:
    """Every object of a bucket: its key and its size in bytes."""
    for page in stage.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for each in page.get("Contents", []):
            yield each["Key"], each["Size"]


def object_line(key: str, size: int, digest: str) -> str:
    return f"{key} {size} {digest}"


def _moved(stage: Stage, made: Making) -> list[str]:
    """The tables that are not any more what was read of them: DynamoDB's scan is no snapshot."""
    moved = []
    for table in stage.tables:
        again = Tally()
        for row in scanned(stage, table):
            if alive(row, made.horizon):
                again.add(line(row))
        if again.digest != made.tables[table].digest:
            moved.append(table)
    return moved


def _parameters(stage: Stage) -> dict[str, str]:
    """What the stack was told, none of it secret; nothing where there is no stack, or no right to see it."""
    try:
        found = stage.client("cloudformation").describe_stacks(StackName=f"entrepot-{stage.name}")["Stacks"][
            0
        ]
    except OUT_OF_REACH:
        return {}
    return {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])}


def _hashing(pieces: Iterable[bytes], hashed: Any) -> Iterator[bytes]:
    for piece in pieces:
        hashed.update(piece)
        yield piece


def _counted(stored: Tally, shared: Tally, passed: int) -> Counted:
    return Counted(
        count=stored.count, size=stored.size, digest=stored.digest, common=shared.digest, passed=passed
    )


def _progress(name: str, what: str, tally: Tally, began: float) -> str:
    seconds = time.monotonic() - began
    rate = f", {tally.count / seconds:,.0f}/s" if tally.count and seconds > 0 else ""
    return f"  {name:<22} {tally.count:>9,} {what:<8} {tally.size / 1e6:>8.2f} MB  {seconds:>6.2f} s{rate}"
