"""Who an order goes to and who placed it: sealed in the quote and the order, opened only where somebody is shown it.

What follows an order (payment, clock, carriers' scans) never opens it. An address is bound to its quote, which the
order names: so it goes from the one to the other as it is.
"""

from dataclasses import asdict
from typing import Final

from entrepot.cloud import seal
from entrepot.kernel.refusals import Kind, Refusal
from functions.orders.domain.order import Contact, Order
from functions.orders.domain.quote import Address, Quote

_SHIP_TO: Final = "orders.ship_to"
_CONTACT: Final = "orders.contact"


def sealed_address(address: Address, quote_id: str) -> str:
    return seal.sealed(asdict(address), _SHIP_TO, quote_id)


def sealed_contact(contact: Contact, quote_id: str) -> str:
    return seal.sealed(asdict(contact), _CONTACT, quote_id)


class BuyerForgotten(Refusal):
    code = "buyer_forgotten"
    kind = Kind.CONFLICT
    title = "Whoever bought this has left and was forgotten: only what tax law demands is kept of the order."


def address(order: Order) -> Address:
    """Raises: BuyerForgotten."""
    if order.kept_until is not None:
        raise BuyerForgotten
    return Address(**seal.opened(order.ship_to, _SHIP_TO, order.quote_id))


def quoted_address(quote: Quote) -> Address:
    return Address(**seal.opened(quote.ship_to, _SHIP_TO, quote.quote_id))


def contact(order: Order) -> Contact:
    """Raises: BuyerForgotten."""
    if order.kept_until is not None:
        raise BuyerForgotten
    return Contact(**seal.opened(order.contact, _CONTACT, order.quote_id))
