"""Rows of the table `privacy`."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.pynamo import AllProjection, GlobalSecondaryIndex
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.clock import rfc3339
from entrepot.kernel.refusals import Busy, Kind, Refusal
from functions.privacy.domain import Erasure, Exports

_EXPORTS_KEPT: Final = timedelta(days=3)
_SHARD: Final = "0"  # a stage has few erasures at once


class DueIndex(GlobalSecondaryIndex["ErasureRow"]):  # type: ignore[no-untyped-call]
    """Erasures that are to be looked at, by when. Sparse: one that is done leaves it."""

    class Meta:
        index_name = "due"
        projection = AllProjection()

    due_shard = Text(hash_key=True)
    due_at = Text(range_key=True)


class ErasureRow(Row):
    """One erasure: pk `erasure#<mbr>`, sk "erasure". Reached by member, and through `due` until it is done.

    It is kept: it proves that somebody was forgotten, and names nobody.
    """

    class Meta:
        table_name = aws.name("privacy")

    erasure: Document[Erasure] = Document(Erasure)
    revision = Number()
    due_shard = Text(null=True)
    due_at = Text(null=True)
    due = DueIndex()


class ExportsRow(Row):
    """A member's exports of the last days: pk `member#<mbr>`, sk "exports". Reached by member."""

    class Meta:
        table_name = aws.name("privacy")

    exports: Document[Exports] = Document(Exports)
    revision = Number()
    expires_at = Number()  # seconds since 1970


class ExportsChanged(Refusal):
    """Another has asked or answered meanwhile, or the member has left: whoever meets this reads again."""

    code = "exports_changed"
    kind = Kind.BUSY


def erasure_read(member_id: str) -> Read[Erasure]:
    return Read(ErasureRow, f"erasure#{member_id}", "erasure", lambda row: row.erasure)


def erasure_begun(erasure: Erasure, now: datetime) -> Write:
    """Raises, at commit: Busy: it was begun already."""
    return writes.create(_erasure_row(erasure, now), Busy())


def erasure_saved(before: Erasure, after: Erasure, now: datetime) -> Write:
    """Raises, at commit: Busy: another has looked meanwhile."""
    row = _erasure_row(replace(after, revision=before.revision + 1), now)
    return writes.put(row, ErasureRow.revision == before.revision, Busy())


def due(now: datetime, limit: int) -> Iterator[Erasure]:
    """Erasures for which it is time, the longest overdue first."""
    yield from reads.query(
        ErasureRow,
        _SHARD,
        lambda row: row.erasure,
        index="due",
        where=ErasureRow.due_at <= rfc3339(now),
        limit=limit,
    ).items


def _erasure_row(erasure: Erasure, now: datetime) -> ErasureRow:
    due_at = erasure.next_look(now)
    return ErasureRow(
        f"erasure#{erasure.member_id}",
        "erasure",
        erasure=erasure,
        revision=erasure.revision,
        due_shard=_SHARD if due_at else None,
        due_at=rfc3339(due_at) if due_at else None,
    )


def exports_read(member_id: str) -> Read[Exports]:
    return Read(ExportsRow, _member(member_id), "exports", lambda row: row.exports)


def exports_saved(before: Exports, after: Exports, now: datetime) -> Write:
    """Raises, at commit: ExportsChanged."""
    kept = replace(after, revision=before.revision + 1)
    row = ExportsRow(
        _member(after.member_id),
        "exports",
        exports=kept,
        revision=kept.revision,
        expires_at=int((now + _EXPORTS_KEPT).timestamp()),
    )
    if before.revision == 0:
        return writes.create(row, ExportsChanged())
    return writes.put(row, ExportsRow.revision == before.revision, ExportsChanged())


def exports_dropped(member_id: str) -> Write:
    return writes.delete(ExportsRow(_member(member_id), "exports"))


def _member(member_id: str) -> str:
    return f"member#{member_id}"
