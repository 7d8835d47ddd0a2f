"""Address books, each address sealed."""

from dataclasses import asdict
from typing import Final

from entrepot.cloud import aws, reads, seal, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.refusals import NotFound, Refusal
from functions.membership.domain.postal import MOST_ADDRESSES, AddressBookFull, BookEntry, PostalAddress
from functions.membership.store.keys import member_key

_PURPOSE: Final = "membership.address"


class AddressRow(Row):
    """One address of a member's book: pk `member#<mbr>`, sk `address#<adr>`. Reached by both, and listed by member."""

    class Meta:
        table_name = aws.name("membership")

    sealed = Text()
    revision = Number()


class AddressBookRow(Row):
    """How many addresses a book holds: pk `member#<mbr>`, sk "addresses". Reached by member."""

    class Meta:
        table_name = aws.name("membership")

    held = Number()


def entry_read(member_id: str, address_id: str) -> Read[BookEntry]:
    return Read(AddressRow, member_key(member_id), f"address#{address_id}", _entry)


def entries(member_id: str) -> list[BookEntry]:
    """A member's whole book, oldest first."""
    where = AddressRow.sk.startswith("address#")
    return reads.query_all(AddressRow, member_key(member_id), _entry, where=where, consistent=True)


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
    pk, sk = member_key(member_id), f"address#{entry.address_id}"
    sealed = seal.sealed(asdict(entry.address), _PURPOSE, f"{pk}/{sk}")
    return AddressRow(pk, sk, sealed=sealed, revision=entry.revision)


def _entry(row: AddressRow) -> BookEntry:
    address = PostalAddress(**seal.opened(row.sealed, _PURPOSE, f"{row.pk}/{row.sk}"))
    return BookEntry(row.sk.removeprefix("address#"), address, int(row.revision))
