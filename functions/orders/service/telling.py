"""What orders hold about a member, for the member alone to see."""

from dataclasses import dataclass
from typing import Any

import msgspec

from entrepot.cloud import reads
from functions.customs import facade as customs
from functions.orders import store
from functions.orders.domain.order import Order
from functions.orders.domain.quote import Quote
from functions.orders.service import people


@dataclass(frozen=True, slots=True)
class Held:
    """Carts, quotes and orders as they are kept, people opened; and the ids of what belongs to the orders."""

    carts: list[dict[str, Any]]
    quotes: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    payment_ids: list[str]
    shipment_ids: list[str]


def held_about(member_id: str) -> Held:
    notes = store.desk(member_id)
    carts = reads.fetch(*(store.cart_read(_id(note)) for note in notes if note.startswith("cart#")))
    quotes = reads.fetch(*(store.quote_read(_id(note)) for note in notes if note.startswith("quote#")))
    found = reads.fetch(*map(store.order_read, store.orders_of(member_id)))
    return Held(
        carts=[_without(cart, "token_hash", "revision") for cart in carts if cart],
        quotes=[_quote(held[0]) for held in quotes if held],
        orders=[_order(order) for order in found if order],
        payment_ids=[payment_id for order in found if order for payment_id in order.payment_ids],
        shipment_ids=[shipment.shipment_id for order in found if order for shipment in order.shipments],
    )


def _quote(quote: Quote) -> dict[str, Any]:
    told = _without(quote, "shelving", "importer")
    address = msgspec.to_builtins(people.quoted_address(quote))
    return {**told, "ship_to": address, "importer_identity": {"held": quote.importer is not None}}


def _order(order: Order) -> dict[str, Any]:
    told = _without(order, "contact", "ship_to", "importer", "revision", "kept_until")
    return {
        **told,
        "status": order.status.value,
        "payment_status": order.payment_status,
        "contact": msgspec.to_builtins(people.contact(order)) if order.contact else None,
        "ship_to": msgspec.to_builtins(people.address(order)) if order.ship_to else None,
        "importer_identity": _importer(order),
    }


def _importer(order: Order) -> dict[str, Any]:
    """That it is held, and what of the year's quota it has used. The identity itself is never given back."""
    if order.importer is None:
        return {"held": False}
    year = customs.quota_year(order.placed_at)
    used = reads.fetch_one(customs.quota_read(order.importer.identity_hash, year))
    return {"held": True, "year": year, "used": msgspec.to_builtins(used)}


def _id(note: str) -> str:
    return note.partition("#")[2]


def _without(value: Any, *names: str) -> dict[str, Any]:
    return {name: each for name, each in msgspec.to_builtins(value).items() if name not in names}
