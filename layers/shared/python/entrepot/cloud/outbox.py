"""The outbox: an event is written in the transaction of its cause and published afterwards.

A stream of the table wakes the relay (`relay.py`), which publishes and marks; a sweep publishes what stayed
unmarked. So an event is published at least once, and the inbox of each consumer makes that once.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final

from entrepot.cloud import aws, reads, telemetry, writes
from entrepot.cloud.pynamo import AllProjection, GlobalSecondaryIndex
from entrepot.cloud.rows import Number, Row, Text
from entrepot.contracts.events import Event, encoded
from entrepot.kernel.clock import rfc3339
from entrepot.kernel.refusals import Kind, Refusal

SHARDS: Final = 8
_KEPT: Final = timedelta(days=14)


class UnsentIndex(GlobalSecondaryIndex["OutboxRow"]):  # type: ignore[no-untyped-call]
    """What is not yet published, by the time of its writing. Sparse: a sent event leaves it."""

    class Meta:
        index_name = "unsent"
        projection = AllProjection()

    unsent_shard = Text(hash_key=True)
    created_at = Text(range_key=True)


class OutboxRow(Row):
    """One event: pk its id, sk "event". Reached by its id and through the index `unsent`."""

    class Meta:
        table_name = aws.name("outbox")

    topic = Text()
    event = Text()
    body = Text()
    correlation_id = Text(default_for_new="-")
    created_at = Text()
    sent_at = Text(null=True)
    unsent_shard = Text(null=True)
    expires_at = Number(null=True)  # seconds since 1970, set when sent
    unsent = UnsentIndex()


class AlreadyAnnounced(Refusal):
    code = "already_announced"
    kind = Kind.CONFLICT


class AlreadyMarked(Refusal):
    code = "already_marked"
    kind = Kind.CONFLICT


def announce(event: Event) -> writes.Write:
    """The write that publishes `event` if its transaction stands."""
    row = OutboxRow(
        event.event_id,
        "event",
        topic=event.NAME.partition(".")[0],
        event=event.NAME,
        body=encoded(event),
        correlation_id=telemetry.correlation_id.get(),
        created_at=rfc3339(event.occurred_at),
        unsent_shard=shard(event.event_id),
    )
    return writes.create(row, AlreadyAnnounced())


def mark_sent(event_id: str, now: datetime) -> None:
    """Take an event out of the index of the unsent; a second mark changes nothing."""
    expires_at = int((now + _KEPT).timestamp())
    try:
        writes.commit(
            writes.update(
                OutboxRow(event_id, "event"),
                [
                    OutboxRow.unsent_shard.remove(),
                    OutboxRow.sent_at.set(rfc3339(now)),
                    OutboxRow.expires_at.set(expires_at),
                ],
                OutboxRow.unsent_shard.exists(),
                AlreadyMarked(),
                repeatable=True,
            )
        )
    except AlreadyMarked:
        return


def unsent(shard: int, before: datetime, limit: int = 25) -> tuple[OutboxRow, ...]:
    """Events of a shard written before a time and not yet published, oldest first."""
    page = reads.query(
        OutboxRow,
        str(shard),
        lambda row: row,
        index="unsent",
        where=OutboxRow.created_at < rfc3339(before),
        limit=limit,
    )
    return page.items


def publish(topic_arn: str, event: str, body: str) -> None:
    attributes: dict[str, Any] = {"event": {"DataType": "String", "StringValue": event}}
    aws.client("sns").publish(TopicArn=topic_arn, Message=body, MessageAttributes=attributes)


def shard(event_id: str) -> str:
    return str(hashlib.sha256(event_id.encode()).digest()[0] % SHARDS)
