"""Who an order goes to and who placed it: sealed in the quote and the order, opened only where somebody is shown it.

What follows an order (payment, clock, carriers' scans) never opens it. An address is bound to its quote, which the
order names: so it goes from the one to the other as it is.
"""

from dataclasses import asdict
from typing import Final

from entrepot.cloud import seal
from functions.orders.domain.order import Contact, Order
from functions.orders.domain.quote import Address

_SHIP_TO: Final = "orders.ship_to"
_CONTACT: Final = "orders.contact"


def sealed_address(address: Address, quote_id: str) -> str:
    return seal.sealed(asdict(address), _SHIP_TO, quote_id)


def sealed_contact(contact: Contact, quote_id: str) -> str:
    return seal.sealed(asdict(contact), _CONTACT, quote_id)


def address(order: Order) -> Address:
    return Address(**seal.opened(order.ship_to, _SHIP_TO, order.quote_id))


def contact(order: Order) -> Contact:
    return Contact(**seal.opened(order.contact, _CONTACT, order.quote_id))
