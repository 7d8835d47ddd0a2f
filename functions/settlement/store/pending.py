"""What is to be settled: shares, pending lines, and the merchants that have some."""

from datetime import date

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.clock import rfc3339
from functions.settlement.domain.shares import PendingLine, ShareState
from functions.settlement.store.shards import SHARDS, AlreadyPosted, Overtaken, shard_of


class ShareRow(Row):
    """Of one share, goods completed and refunds so far: pk `share#<order>#<merchant>`, sk "share"."""

    class Meta:
        table_name = aws.name("settlement")

    revision = Number()
    share = Document[ShareState](ShareState)


class PendingRow(Row):
    """Something to settle: pk `pending#<merchant>`, sk `<time>#<fact>`. Reached by merchant, oldest first."""

    class Meta:
        table_name = aws.name("settlement")

    line = Document[PendingLine](PendingLine)


class DueRow(Row):
    """That a merchant has something pending: pk `due#<shard>`, sk the merchant; `stamp` is the newest fact's name.

    Reached by shard. Removed once all is settled, unless the stamp has changed since it was read.
    """

    class Meta:
        table_name = aws.name("settlement")

    stamp = Text()


def share_read(order_id: str, merchant_id: str) -> reads.Read[ShareState]:
    return reads.Read(ShareRow, _share(order_id, merchant_id), "share", lambda row: row.share)


def share_moved(order_id: str, merchant_id: str, before: ShareState, after: ShareState) -> Write:
    """Raises, at commit: Overtaken."""
    row = ShareRow(_share(order_id, merchant_id), "share", share=after, revision=after.revision)
    if before.revision == 0:
        return writes.create(row, Overtaken())
    return writes.put(row, ShareRow.revision == before.revision, Overtaken())


def now_pending(line: PendingLine) -> list[Write]:
    """The writes that put a line before the next run."""
    due = DueRow(f"due#{shard_of(line.fact)}", line.merchant_id, stamp=line.fact)
    return [writes.create(_pending_row(line), AlreadyPosted()), writes.put(due)]


def due() -> dict[str, list[tuple[int, str]]]:
    """Each merchant with something pending, and its stamps: the shard of each and what it read."""
    found: dict[str, list[tuple[int, str]]] = {}
    for shard in range(SHARDS):
        rows = reads.query_all(DueRow, f"due#{shard}", lambda row: (row.sk, row.stamp), consistent=True)
        for merchant_id, stamp in rows:
            found.setdefault(merchant_id, []).append((shard, stamp))
    return found


def no_longer_due(merchant_id: str, shard: int, stamp: str) -> Write:
    """Raises, at commit: Overtaken: something became pending since the stamp was read."""
    return writes.delete(DueRow(f"due#{shard}", merchant_id), DueRow.stamp == stamp, Overtaken())


def pending(merchant_id: str, limit: int, before: date | None = None) -> tuple[PendingLine, ...]:
    """The oldest pending lines, at most `limit`; of what happened before a day, where one is given."""
    page = reads.query(
        PendingRow,
        f"pending#{merchant_id}",
        lambda row: row.line,
        where=None if before is None else PendingRow.sk < before.isoformat(),
        limit=limit,
        consistent=True,
    )
    return page.items


def consumed(line: PendingLine) -> Write:
    row = _pending_row(line)
    return writes.delete(row, PendingRow.pk.exists(), Overtaken())


def _share(order_id: str, merchant_id: str) -> str:
    return f"share#{order_id}#{merchant_id}"


def _pending_row(line: PendingLine) -> PendingRow:
    return PendingRow(f"pending#{line.merchant_id}", f"{rfc3339(line.occurred_at)}#{line.fact}", line=line)
