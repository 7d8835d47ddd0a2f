"""What was asked of BTCPay Server, in DynamoDB: an invoice for each payment, a claim for each refund and return."""

from dataclasses import replace
from typing import Final

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Document, Number, Row
from entrepot.cloud.writes import Write
from entrepot.kernel.refusals import Busy
from functions.payments.domain.asking import Asked

INVOICE: Final = "invoice"


class AskedRow(Row):
    """Something asked for: pk `btcpay#<payment id>`, sk "invoice" or the id of a refund or return.

    Reached by key, and all of a payment by its pk. `revision` counts writes.
    """

    class Meta:
        table_name = aws.name("payments")

    asked: Document[Asked] = Document(Asked)
    revision = Number()


class AskedElsewhere(Busy):
    """Somebody else asks for it just now."""


def asked_read(payment_id: str, what: str) -> Read[Asked]:
    return Read(AskedRow, _pk(payment_id), what, _parsed)


def opened(asked: Asked) -> Write:
    """Raises, at commit: AskedElsewhere."""
    return writes.create(_row(asked), AskedElsewhere())


def saved(before: Asked, after: Asked) -> Write:
    """Raises, at commit: AskedElsewhere."""
    row = _row(replace(after, revision=before.revision + 1))
    return writes.put(row, AskedRow.revision == before.revision, AskedElsewhere())


def claims(payment_id: str) -> list[Asked]:
    """What was asked for to give money of a payment back, by id."""
    found = reads.query_all(AskedRow, _pk(payment_id), _parsed, consistent=True)
    return [asked for asked in found if asked.what != INVOICE]


def _row(asked: Asked) -> AskedRow:
    return AskedRow(_pk(asked.payment_id), asked.what, asked=asked, revision=asked.revision)


def _parsed(row: AskedRow) -> Asked:
    return replace(row.asked, revision=int(row.revision))


def _pk(payment_id: str) -> str:
    return f"btcpay#{payment_id}"
