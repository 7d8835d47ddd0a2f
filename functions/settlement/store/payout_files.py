"""Payouts that wait for a file, and the files."""

from collections.abc import Iterator, Sequence

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.pagination import Page
from functions.settlement.domain.banking import Debtor
from functions.settlement.domain.payout_files import Order, PayoutFile
from functions.settlement.domain.payouts import Payout
from functions.settlement.store.shards import SHARDS, AlreadyPosted, Overtaken, shard_of

_FILES = "payout-files"


class OutgoingRow(Row):
    """A payout that waits for a file: pk `outgoing#<bank>#<currency>#<shard>`, sk its id. Reached by both."""

    class Meta:
        table_name = aws.name("settlement")


class FileRow(Row):
    """A file: pk "payout-files", sk its id, which sorts by time. Some a day; reached by id, and the newest first."""

    class Meta:
        table_name = aws.name("settlement")

    revision = Number()
    file = Document[PayoutFile](PayoutFile)


class FilePartRow(Row):
    """A part of a file: pk `payout-file#<id>`, sk its number, four digits. Reached by file, in order."""

    class Meta:
        table_name = aws.name("settlement")

    orders = Document[tuple[Order, ...]](tuple[Order, ...])


class OpenFileRow(Row):
    """The file of an account that is not ready yet: pk `open-file#<bank>#<currency>`, sk "file". Reached by account."""

    class Meta:
        table_name = aws.name("settlement")

    file_id = Text()


def now_outgoing(payout: Payout) -> Write:
    """Raises, at commit: AlreadyPosted."""
    return writes.create(_outgoing(payout), AlreadyPosted())


def no_longer_outgoing(payout: Payout) -> Write:
    """Raises, at commit: Overtaken."""
    return writes.delete(_outgoing(payout), OutgoingRow.pk.exists(), Overtaken())


def outgoing(debtor: Debtor, limit: int) -> list[str]:
    """Ids of payouts that wait to leave an account, at most `limit`: SHARDS queries at most."""
    found: list[str] = []
    for shard in range(SHARDS):
        if len(found) < limit:
            page = reads.query(
                OutgoingRow,
                f"outgoing#{_account(debtor.bank, debtor.currency)}#{shard}",
                lambda row: str(row.sk),
                limit=limit - len(found),
                consistent=True,
            )
            found += page.items
    return found


def open_file_read(debtor: Debtor) -> reads.Read[str]:
    return reads.Read(OpenFileRow, _open(debtor), "file", lambda row: str(row.file_id))


def file_read(file_id: str) -> reads.Read[PayoutFile]:
    return reads.Read(FileRow, _FILES, file_id, lambda row: row.file)


def files(limit: int, after: dict[str, str] | None) -> Page[PayoutFile]:
    """A page of files, newest first."""
    return reads.query(FileRow, _FILES, lambda row: row.file, limit=limit, newest_first=True, after=after)


def file_grown(after: PayoutFile, orders: Sequence[Order]) -> list[Write]:
    """A file with one part more; with its first it becomes the account's open one. Raises, at commit: Overtaken."""
    part = FilePartRow(f"payout-file#{after.file_id}", f"{after.parts:04}", orders=tuple(orders))
    head, opens = _row(after), after.parts == 1
    open_row = OpenFileRow(_open(after.debtor), "file", file_id=after.file_id)
    return [
        writes.create(head, Overtaken())
        if opens
        else writes.put(head, FileRow.revision == after.revision - 1, Overtaken()),
        writes.create(part, Overtaken()),
        *([writes.create(open_row, Overtaken())] if opens else []),
    ]


def file_moved(before: PayoutFile, after: PayoutFile) -> Write:
    """Raises, at commit: Overtaken."""
    return writes.put(_row(after), FileRow.revision == before.revision, Overtaken())


def no_longer_open(file: PayoutFile) -> Write:
    """Raises, at commit: Overtaken."""
    row = OpenFileRow(_open(file.debtor), "file")
    return writes.delete(row, OpenFileRow.file_id == file.file_id, Overtaken())


def file_parts(file_id: str) -> Iterator[tuple[Order, ...]]:
    """The parts of a file, in order."""
    yield from reads.query_all(FilePartRow, f"payout-file#{file_id}", lambda row: row.orders, consistent=True)


def _outgoing(payout: Payout) -> OutgoingRow:
    shard = shard_of(payout.payout_id)
    key = f"outgoing#{_account(payout.bank, payout.amount.currency)}#{shard}"
    return OutgoingRow(key, payout.payout_id)


def _row(file: PayoutFile) -> FileRow:
    return FileRow(_FILES, file.file_id, file=file, revision=file.revision)


def _open(debtor: Debtor) -> str:
    return f"open-file#{_account(debtor.bank, debtor.currency)}"


def _account(bank: str, currency: str) -> str:
    return f"{bank}#{currency}"
