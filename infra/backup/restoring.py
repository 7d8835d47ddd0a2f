"""An archive into an empty stage: only what is not there is written, and nothing that is there is written over.

Each table is tagged with the archive that is being restored into it, so that a restore which was interrupted can be
done again and goes on, and one that has ended is known and left alone. Personal data that was sealed under another
stage's key is opened under that and sealed under this stage's own, row by row.
"""

import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from entrepot.cloud import seal
from infra import sealed
from infra.backup import rows
from infra.backup.archive import BadArchive, Manifest, Member, lines, members, verified
from infra.backup.making import KEYS, Say, fingerprint
from infra.backup.standing import running
from infra.letters import peeked
from infra.sealed import Row
from infra.stage import Stage

TAG: Final = "entrepot:restored"
_ROWS: Final = 50
_SIZE: Final = 2 << 20
_EVERY_SECONDS: Final = 5.0


class NotRestored(Exception):
    """Why nothing, or nothing more, is restored; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """`forced`: tables that are written into although they hold rows; what is there is written over."""

    forced: Collection[str] = ()
    moved_too: bool = False
    while_running: bool = False


@dataclass
class Restored:
    """`written` by name; `there`: what was there already, from a restore that was interrupted."""

    manifest: Manifest
    before: bool = False
    written: dict[str, int] = field(default_factory=dict)
    there: dict[str, int] = field(default_factory=dict)
    resealed: int = 0


def restore(path: Path, stage: Stage, origin: Stage, say: Say, wishes: Wishes = Wishes()) -> Restored:
    """Put everything of an archive into a stage.

    Args: origin: the stage whose key in KMS opens what is sealed; it needs nothing else any more.
    Raises: NotRestored, BadArchive; what AWS raises.
    """
    secret = stage.secret()
    manifest = verified(path, secret.get("audit_key", "").encode())
    _refuse(manifest, secret, stage, wishes)
    mark = f"{manifest.checksum[:32]} {manifest.horizon}"
    tags = {table: _tag(stage, table) for table in stage.tables}
    if set(tags.values()) == {f"{mark} done"}:
        return Restored(manifest, before=True)
    _refuse_filled(stage, tags, mark, wishes)
    for table in stage.tables:
        _set_tag(stage, table, f"{mark} begun")
    work = _Work(stage, rows.opener(origin), rows.opener(stage), stage.data_key(), wishes, say)
    done = work.all(path, manifest)
    for table in stage.tables:
        _set_tag(stage, table, f"{mark} done")
    return done


def _refuse(manifest: Manifest, secret: dict[str, str], stage: Stage, wishes: Wishes) -> None:
    if manifest.moved and not wishes.moved_too:
        raise NotRestored(f"The archive is no moment: {', '.join(manifest.moved)} changed while it was made.")
    other = [
        name for name in KEYS if manifest.keys.get(name, "") not in ("", fingerprint(secret.get(name, "")))
    ]
    if other:
        raise NotRestored(
            f"The secret of {stage.name} has another {', '.join(other)}: put the values of {manifest.stage} first."
        )
    if not wishes.while_running and (found := running(stage)):
        raise NotRestored(f"{len(found)} functions of {stage.name} run: stop the stage first.")


def _refuse_filled(stage: Stage, tags: dict[str, str], mark: str, wishes: Wishes) -> None:
    filled = [
        table
        for table in stage.tables
        if tags[table] not in (f"{mark} begun", f"{mark} done")
        and table not in wishes.forced
        and _holds_rows(stage, table)
    ]
    if filled:
        raise NotRestored(f"These tables of {stage.name} hold rows already: {', '.join(filled)}.")


class _Work:
    def __init__(
        self, stage: Stage, old: seal.Sealer, new: seal.Sealer, key_id: str, wishes: Wishes, say: Say
    ) -> None:
        self._stage, self._old, self._new, self._key_id = stage, old, new, key_id
        self._wishes, self._say = wishes, say
        self._done: Restored

    def all(self, path: Path, manifest: Manifest) -> Restored:
        self._done = Restored(manifest)
        by_folder = groupby(members(path), key=lambda member: member.name.split("/", 2)[:2])
        for (kind, name), found in by_folder:
            began = time.monotonic()
            put, what = {
                "tables": (self._table, "rows"),
                "objects": (self._bucket, "objects"),
                "letters": (self._letters, "letters"),
            }[kind]
            count = put(name, found)
            seconds = max(time.monotonic() - began, 1e-6)
            self._say(f"  {name:<22} {count:>9,} {what:<8} {seconds:>6.2f} s, {count / seconds:,.0f}/s")
        return self._done

    def _table(self, table: str, parts: Iterable[Member]) -> int:
        forced, counted, said = table in self._wishes.forced, 0, time.monotonic()
        found = (rows.parsed(text) for part in parts for text in lines(part))
        for batch in _batches(self._renewed(table, row) for row in found):
            self._put(table, batch, forced)
            counted += len(batch)
            if time.monotonic() - said > _EVERY_SECONDS:
                said = time.monotonic()
                self._say(
                    f"  {table:<22} {counted:>9,} rows so far of {self._done.manifest.tables[table].count:,}"
                )
        expected = self._done.manifest.tables[table].count
        if counted != expected:
            raise BadArchive(f"{table} has {counted} rows instead of {expected}.")
        return counted

    def _renewed(self, table: str, row: Row) -> Row:
        texts = {
            place.text: self._new.sealed(
                self._old.opened(place.text, place.purpose, place.record), place.purpose, place.record
            )
            for place in sealed.places(table, row)
            if seal.key_of(place.text) != self._key_id
        }
        self._done.resealed += len(texts)
        return sealed.renewed(row, texts) if texts else row

    def _put(self, table: str, batch: list[Row], forced: bool) -> None:
        puts = [{"Put": self._request(table, row, forced)} for row in batch]
        dynamodb = self._stage.client("dynamodb")
        try:
            dynamodb.transact_write_items(TransactItems=puts)
        except dynamodb.exceptions.TransactionCanceledException:
            for row in batch:
                self._put_one(table, row, forced)
        else:
            _count(self._done.written, table, len(batch))

    def _put_one(self, table: str, row: Row, forced: bool) -> None:
        dynamodb = self._stage.client("dynamodb")
        try:
            dynamodb.put_item(**self._request(table, row, forced))
        except dynamodb.exceptions.ConditionalCheckFailedException:
            self._compare(table, row)
            _count(self._done.there, table, 1)
        else:
            _count(self._done.written, table, 1)

    def _compare(self, table: str, row: Row) -> None:
        """Raises: NotRestored: another row stands where this one belongs."""
        key = {name: row[name] for name in ("pk", "sk")}
        held = self._stage.client("dynamodb").get_item(
            TableName=self._stage.called(table), Key=key, ConsistentRead=True
        )["Item"]
        if rows.common(table, held, self._new.opened) != rows.common(table, row, self._new.opened):
            raise NotRestored(
                f"{table} holds another row where one of the archive belongs; nothing was written over."
            )

    def _request(self, table: str, row: Row, forced: bool) -> dict[str, Any]:
        request: dict[str, Any] = {"TableName": self._stage.called(table), "Item": row}
        if not forced:
            request["ConditionExpression"] = "attribute_not_exists(pk)"
        return request

    def _bucket(self, bucket: str, found: Iterable[Member]) -> int:
        name, count = self._stage.bucket(bucket), 0
        for member in found:
            key = member.name.split("/", 2)[2]
            more = {"ContentType": member.media_type} if member.media_type else {}
            self._stage.client("s3").put_object(Bucket=name, Key=key, Body=member.content, **more)
            count += 1
        _count(self._done.written, bucket, count)
        return count

    def _letters(self, queue: str, found: Iterable[Member]) -> int:
        """A letter that is there already, from a restore that was interrupted, is not sent again."""
        there = [letter.body for letter in peeked(self._stage, queue)]
        url, count = self._stage.queue_url(f"{queue}-dlq"), 0
        for member in found:
            body = member.content.read().decode()
            if body in there:
                there.remove(body)
                continue
            self._stage.client("sqs").send_message(QueueUrl=url, MessageBody=body)
            count += 1
        _count(self._done.written, f"{queue}-dlq", count)
        return count


def _batches(found: Iterable[Row]) -> Iterator[list[Row]]:
    """As many rows as one transaction takes, by number and by size."""
    batch: list[Row] = []
    size = 0
    for row in found:
        weight = len(rows.line(row))
        if batch and (len(batch) == _ROWS or size + weight > _SIZE):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += weight
    if batch:
        yield batch


def _count(counted: dict[str, int], name: str, number: int) -> None:
    counted[name] = counted.get(name, 0) + number


def _holds_rows(stage: Stage, table: str) -> bool:
    return any(True for _ in stage.client("dynamodb").scan(TableName=stage.called(table), Limit=1)["Items"])


def _arn(stage: Stage, table: str) -> str:
    return str(stage.client("dynamodb").describe_table(TableName=stage.called(table))["Table"]["TableArn"])


def _tag(stage: Stage, table: str) -> str:
    try:
        tags = stage.client("dynamodb").list_tags_of_resource(ResourceArn=_arn(stage, table))["Tags"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            raise NotRestored(f"There is no table {stage.called(table)}: deploy the stage first.") from None
        raise
    return {tag["Key"]: str(tag["Value"]) for tag in tags}.get(TAG, "")


def _set_tag(stage: Stage, table: str, value: str) -> None:
    stage.client("dynamodb").tag_resource(ResourceArn=_arn(stage, table), Tags=[{"Key": TAG, "Value": value}])
