"""Doing once what a client may send twice: the record stands in the transaction of what it created.

It holds the scope, a hash of the input and the id of the resource, not the answer: a replay renders the resource
as it is then (ADR 0006). Refusals are not recorded. Records count for 24 hours, compared when read.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.rows import Number, Row, Text
from entrepot.kernel.refusals import Kind, Refusal

_KEPT: Final = timedelta(hours=24)


class KeyReused(Refusal):
    code = "idempotency_key_reused"
    kind = Kind.RULE
    title = "This Idempotency-Key was used for another request."


class InProgress(Refusal):
    code = "in_progress"
    kind = Kind.CONFLICT
    title = "The same request is being worked on; ask again in a moment."


class AlreadyDone(Refusal):
    """Another request with this key was first: the caller renders what that one created."""

    code = "already_done"
    kind = Kind.CONFLICT


class IdempotencyRow(Row):
    """One key: pk `<scope>#<key>`, sk "record". Reached by its key."""

    class Meta:
        table_name = aws.name("idempotency")

    input_hash = Text()
    resource_id = Text()
    expires_at = Number()  # seconds since 1970


@dataclass(frozen=True, slots=True)
class Record:
    input_hash: str
    resource_id: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Once:
    """One request under its Idempotency-Key. `scope` is the route with the member, or with the quote of a guest."""

    scope: str
    key: str
    input_hash: str
    now: datetime

    @property
    def read(self) -> reads.Read[Record]:
        """To be fetched together with what else the use case reads; its value goes to `judged`."""
        return reads.Read(IdempotencyRow, f"{self.scope}#{self.key}", "record", _record)

    def judged(self, record: Record | None) -> str | None:
        """The id of what this key has created, or None.

        Raises: KeyReused: the key was used with another input.
        """
        if record is None or record.expires_at <= self.now.timestamp():
            return None
        if record.input_hash != self.input_hash:
            raise KeyReused(field="Idempotency-Key")
        return record.resource_id

    def found(self) -> str | None:
        return self.judged(reads.fetch_one(self.read, consistent=True))

    def claim(self, resource_id: str) -> writes.Write:
        """The write that records the key. Raises, at commit: AlreadyDone, or InProgress under contention."""
        row = IdempotencyRow(
            f"{self.scope}#{self.key}",
            "record",
            input_hash=self.input_hash,
            resource_id=resource_id,
            expires_at=int((self.now + _KEPT).timestamp()),
        )
        free = IdempotencyRow.pk.does_not_exist() | (IdempotencyRow.expires_at <= int(self.now.timestamp()))
        return writes.put(row, free, AlreadyDone()).on_contention(InProgress())


def _record(row: IdempotencyRow) -> Record:
    return Record(row.input_hash, row.resource_id, int(row.expires_at))
