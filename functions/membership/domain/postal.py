"""Postal addresses of a member's address book."""

from dataclasses import dataclass
from typing import Final

from entrepot.kernel.refusals import Kind, Refusal

MOST_ADDRESSES: Final = 50


class InvalidAddress(Refusal):
    """`problems` names each field at fault: `required`, `invalid`, or `unexpected` where the country has none."""

    code = "invalid_address"
    kind = Kind.RULE
    title = "The country's post could not deliver to this address."


class AddressBookFull(Refusal):
    code = "address_book_full"
    kind = Kind.CONFLICT
    title = f"An address book holds {MOST_ADDRESSES} addresses."


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """Where to send goods: `region` as the country's own code or name, `country` in ISO 3166-1 alpha-2."""

    name: str
    line1: str
    line2: str | None
    city: str | None
    region: str | None
    postal_code: str | None
    country: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class BookEntry:
    """An address of the book; `revision` rises with each change of it."""

    address_id: str
    address: PostalAddress
    revision: int
