"""The member's address book."""

from dataclasses import replace
from datetime import datetime

from entrepot.cloud import reads, writes
from entrepot.cloud.call import Stale
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import NotFound
from functions.membership import phonenumbers_gateway, store
from functions.membership.domain.postal import BookEntry, PostalAddress
from functions.membership.i18n_address_gateway import deliverable


def add(member_id: str, address: PostalAddress, now: datetime) -> BookEntry:
    """Raises: UnknownCountry, InvalidAddress, InvalidPhone, AddressBookFull."""
    entry = BookEntry(new_id("adr", now), _checked(address), revision=1)
    writes.commit(store.living(member_id), *store.entry_added(member_id, entry))
    return entry


def listed(member_id: str) -> list[BookEntry]:
    return store.entries(member_id)


def read(member_id: str, address_id: str) -> BookEntry:
    """Raises: NotFound."""
    entry = reads.fetch_one(store.entry_read(member_id, address_id), consistent=True)
    if entry is None:
        raise NotFound
    return entry


def change(member_id: str, address_id: str, address: PostalAddress, seen: int) -> BookEntry:
    """Raises: NotFound, Stale, UnknownCountry, InvalidAddress, InvalidPhone."""
    entry = replace(read(member_id, address_id), address=_checked(address), revision=seen + 1)
    writes.commit(store.entry_changed(member_id, entry, seen, Stale(field="If-Match")))
    return entry


def remove(member_id: str, address_id: str) -> None:
    """Raises: NotFound."""
    writes.commit(*store.entry_removed(member_id, address_id))


def _checked(address: PostalAddress) -> PostalAddress:
    phone = phonenumbers_gateway.reachable(address.phone) if address.phone else None
    return replace(deliverable(address), phone=phone)
