"""Payments in DynamoDB: one item each, found by its id or, while it wants watching, through the index `due`."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.pynamo import AllProjection, GlobalSecondaryIndex
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.clock import parsed, rfc3339
from entrepot.kernel.refusals import Busy, Kind, Refusal
from functions.payments.domain.payment import Payment, PaymentChanged, forgotten, next_look

SHARDS: Final = 8


class DueIndex(GlobalSecondaryIndex["PaymentRow"]):  # type: ignore[no-untyped-call]
    """Payments that the sweep looks at, by when. Sparse: one that wants no more watching leaves it."""

    class Meta:
        index_name = "due"
        projection = AllProjection()

    due_shard = Text(hash_key=True)
    due_at = Text(range_key=True)


class PaymentRow(Row):
    """One payment: pk `payment#<payment id>`, sk "payment".

    Reached by id, and by shard and time through `due`. `revision` counts writes, `asked` how often the sweep asked
    and heard nothing new. Amounts in the document are minor units of its currency.
    """

    class Meta:
        table_name = aws.name("payments")

    payment: Document[Payment] = Document(Payment)
    revision = Number()
    asked = Number()
    due_shard = Text(null=True)
    due_at = Text(null=True)
    expires_at = Number(null=True)  # seconds since 1970: the end of what is left, once its payer is forgotten
    due = DueIndex()


class DisputesRow(Row):
    """Until when a provider was asked who disputes: pk `disputes#<provider>`, sk "asked". Reached by its key."""

    class Meta:
        table_name = aws.name("payments")

    until = Text()


class AskedElsewhere(Busy):
    """Another run has asked for disputes meanwhile."""


class AlreadyOpen(Refusal):
    code = "payment_already_open"
    kind = Kind.CONFLICT


def payment_read(payment_id: str) -> Read[Payment]:
    return Read(PaymentRow, _pk(payment_id), "payment", _parsed)


def opened(payment: Payment) -> Write:
    """The write that makes a payment. Raises, at commit: AlreadyOpen."""
    return writes.create(_row(payment, asked=0, due_at=None), AlreadyOpen())


def saved(before: Payment, after: Payment, now: datetime, asked: int = 0) -> Write:
    """The write that puts `after` in the place of `before`. Raises, at commit: PaymentChanged.

    One that has forgotten its payer learns no words that somebody gives for a later refund.
    """
    if after.kept_until is not None:
        after = forgotten(after, after.kept_until)
    row = _row(replace(after, revision=before.revision + 1), asked, next_look(after, asked, now))
    return writes.put(row, PaymentRow.revision == before.revision, PaymentChanged())


def postponed(payment: Payment, until: datetime) -> Write:
    """Let the sweep look at a payment then, not earlier. Raises, at commit: PaymentChanged."""
    return writes.update(
        PaymentRow(_pk(payment.payment_id), "payment"),
        [PaymentRow.due_shard.set(_shard(payment.payment_id)), PaymentRow.due_at.set(rfc3339(until))],
        PaymentRow.revision == payment.revision,
        PaymentChanged(),
        repeatable=True,
    )


def due(shard: int, now: datetime, limit: int) -> list[tuple[Payment, int]]:
    """Payments of a shard that are due, longest first, each with how often it was asked about in vain."""
    page = reads.query(
        PaymentRow,
        str(shard),
        lambda row: (_parsed(row), int(row.asked)),
        index="due",
        where=PaymentRow.due_at <= rfc3339(now),
        limit=limit,
    )
    return list(page.items)


def disputes_asked_read(provider: str) -> Read[datetime]:
    """Until when a provider was asked for new disputes."""
    return Read(DisputesRow, f"disputes#{provider}", "asked", lambda row: parsed(row.until))


def disputes_asked(provider: str, before: datetime | None, until: datetime) -> Write:
    """Raises, at commit: AskedElsewhere: it is no longer `before`."""
    row = DisputesRow(f"disputes#{provider}", "asked", until=rfc3339(until))
    if before is None:
        return writes.create(row, AskedElsewhere())
    return writes.put(row, DisputesRow.until == rfc3339(before), AskedElsewhere())


def _parsed(row: Any) -> Payment:
    payment: Payment = row.payment
    return payment


def _row(payment: Payment, asked: int, due_at: datetime | None) -> PaymentRow:
    return PaymentRow(
        _pk(payment.payment_id),
        "payment",
        payment=payment,
        revision=payment.revision,
        asked=asked,
        due_shard=_shard(payment.payment_id) if due_at else None,
        due_at=rfc3339(due_at) if due_at else None,
        expires_at=_expires_at(payment),
    )


def _expires_at(payment: Payment) -> int | None:
    if payment.kept_until is None:
        return None
    return int(datetime.combine(payment.kept_until + timedelta(days=1), time(), UTC).timestamp())


def _pk(payment_id: str) -> str:
    return f"payment#{payment_id}"


def _shard(payment_id: str) -> str:
    return str(hashlib.sha256(payment_id.encode()).digest()[0] % SHARDS)
