"""The inbox: a consumer handles an event once, for its entry is part of the effect's own transaction."""

from datetime import datetime, timedelta
from typing import Final

from entrepot.cloud import aws, writes
from entrepot.cloud.rows import Number, Row
from entrepot.kernel.refusals import Kind, Refusal

_KEPT: Final = timedelta(days=60)
"""Longer than any redrive: fourteen days in a queue, fourteen in its dead letters, and then some."""


class InboxRow(Row):
    """One event handled by one consumer: pk `<consumer>#<event id>`, sk "handled"."""

    class Meta:
        table_name = aws.name("inbox")

    expires_at = Number()  # seconds since 1970


class AlreadyHandled(Refusal):
    code = "already_handled"
    kind = Kind.CONFLICT


def once(consumer: str, event_id: str, now: datetime) -> writes.Write:
    """The write that lets the transaction of an effect stand only the first time.

    Raises, at commit: AlreadyHandled.
    """
    row = InboxRow(f"{consumer}#{event_id}", "handled", expires_at=int((now + _KEPT).timestamp()))
    return writes.create(row, AlreadyHandled())
