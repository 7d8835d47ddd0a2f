"""Address books."""

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Document, Number, Row
from entrepot.cloud.writes import Write
from entrepot.kernel.refusals import NotFound, Refusal
from functions.membership.domain.postal import MOST_ADDRESSES, AddressBookFull, BookEntry
from functions.membership.store.keys import member_key


class AddressRow(Row):
    """One address of a member's book: pk `member#<mbr>`, sk `address#<adr>`. Reached by both, and listed by member."""

    class Meta:
        table_name = aws.name("membership")

    entry = Document[BookEntry](BookEntry)
    revision = Number()


class AddressBookRow(Row):
    """How many addresses a book holds: pk `member#<mbr>`, sk "addresses". Reached by member."""

    class Meta:
        table_name = aws.name("membership")

    held = Number()


def entry_read(member_id: str, address_id: str) -> Read[BookEntry]:
    return Read(AddressRow, member_key(member_id), f"address#{address_id}", lambda row: row.entry)


def entries(member_id: str) -> list[BookEntry]:
    """A member's whole book, oldest first."""
    where = AddressRow.sk.startswith("address#")
    return reads.query_all(
        AddressRow, member_key(member_id), lambda row: row.entry, where=where, consistent=True
    )


def entry_added(member_id: str, entry: BookEntry) -> list[Write]:
    """Raises, at commit: AddressBookFull."""
    room = AddressBookRow.held.does_not_exist() | (AddressBookRow.held < MOST_ADDRESSES)
    counted = writes.update(
        AddressBookRow(member_key(member_id), "addresses"),
        [AddressBookRow.held.add(1)],
        room,
        AddressBookFull(),
    )
    return [writes.create(_row(member_id, entry), NotFound()), counted]


def entry_changed(member_id: str, entry: BookEntry, seen: int, refusal: Refusal) -> Write:
    return writes.put(_row(member_id, entry), AddressRow.revision == seen, refusal)


def entry_removed(member_id: str, address_id: str) -> list[Write]:
    """Raises, at commit: NotFound."""
    row = AddressRow(member_key(member_id), f"address#{address_id}")
    book = AddressBookRow(member_key(member_id), "addresses")
    counted = writes.update(book, [AddressBookRow.held.add(-1)], AddressBookRow.held > 0, NotFound())
    return [writes.delete(row, AddressRow.revision.exists(), NotFound()), counted]


def _row(member_id: str, entry: BookEntry) -> AddressRow:
    return AddressRow(
        member_key(member_id), f"address#{entry.address_id}", entry=entry, revision=entry.revision
    )
