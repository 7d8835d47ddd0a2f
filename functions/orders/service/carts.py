"""Carts: made, filled, read with the prices of now, merged."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from entrepot.cloud import reads, writes
from entrepot.cloud.auth import Principal
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from entrepot.kernel.refusals import NotFound
from functions.catalogue import facade as catalogue
from functions.inventory import facade as inventory
from functions.orders import store
from functions.orders.domain.cart import MOST_UNITS, Cart
from functions.orders.domain.quote import NotOnSale

Goods = tuple[catalogue.Offer | None, int]
"""What is sold under a SKU, and how many units are there: fewer than there are, yet no fewer than are wanted."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the member signed in, if any, and the token of a guest's cart or order, if one was sent."""

    principal: Principal | None
    token: str | None

    @property
    def member_id(self) -> str | None:
        return self.principal.member_id if self.principal else None


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line as it would be bought now. `offer` is None when the SKU is no longer on sale."""

    sku: str
    quantity: int
    offer: catalogue.Offer | None
    seen_price: Money
    available: bool


@dataclass(frozen=True, slots=True)
class PricedCart:
    cart: Cart
    lines: tuple[PricedLine, ...]


def open_cart(caller: Caller, now: datetime) -> tuple[Cart, str]:
    """A new cart, and the token that opens it. Only a hash of the token is kept."""
    token = secrets.token_urlsafe(32)
    cart = Cart(new_id("crt", now), caller.member_id, _hash(token), (), revision=1)
    writes.commit(*store.create_cart(cart, now))
    return cart, token


def read_cart(cart_id: str, caller: Caller) -> PricedCart:
    """Raises: NotFound."""
    cart = owned(reads.fetch_one(store.cart_read(cart_id), consistent=True), caller)
    return priced(cart)


def set_line(cart_id: str, sku: str, quantity: int, caller: Caller, now: datetime) -> PricedCart:
    """Raises: NotFound, NotOnSale, TooManyLines, Changed."""
    look = inventory.glance({sku: quantity}, beside=2)
    cart, offer, *stock = reads.fetch(
        store.cart_read(cart_id), catalogue.offer_read(sku), *look.reads, consistent=True
    )
    cart = owned(cart, caller)
    if offer is None:
        raise NotFound("There is no such SKU.", field="sku")
    if not offer.on_sale:
        raise NotOnSale(field="sku", sku=sku)
    after = cart.with_line(sku, quantity, offer.price)
    writes.commit(store.save_cart(cart, after, now))
    return priced(after, {sku: (offer, _units(look, stock, consistent=True)[sku])})


def remove_line(cart_id: str, sku: str, caller: Caller, now: datetime) -> PricedCart:
    """Raises: NotFound, Changed. A line that is not there is no error."""
    cart = owned(reads.fetch_one(store.cart_read(cart_id), consistent=True), caller)
    after = cart.without(sku)
    if after != cart:
        writes.commit(store.save_cart(cart, after, now))
    return priced(after)


def merge(into_id: str, from_id: str, caller: Caller, now: datetime) -> PricedCart:
    """At sign-in: the lines of a guest's cart (opened by its token) go into the member's own, and it is gone.

    Raises: NotFound, TooManyLines, Changed.
    """
    into, source = reads.fetch(store.cart_read(into_id), store.cart_read(from_id), consistent=True)
    if into is None or source is None or into_id == from_id or into.member_id != caller.member_id:
        raise NotFound
    source = owned(source, caller)
    after = into.merged(source)
    writes.commit(store.save_cart(into, after, now), store.delete_cart(source))
    return priced(after)


def owned(cart: Cart | None, caller: Caller) -> Cart:
    """A member's cart opens for that member, a guest's for its token; to all others it does not exist.

    Raises: NotFound.
    """
    if cart is None:
        raise NotFound
    if cart.member_id is not None:
        if caller.member_id != cart.member_id:
            raise NotFound
    elif not hmac.compare_digest(_hash(caller.token or ""), cart.token_hash):
        raise NotFound
    return cart


def priced(cart: Cart, known: Mapping[str, Goods] | None = None) -> PricedCart:
    """The cart with what catalogue and inventory say of each line now: one request where the shelves are known.

    Args: known: what was read of some SKUs just now.
    """
    goods = dict(known or {})
    wanted = {line.sku: line.quantity for line in cart.lines if line.sku not in goods}
    look = inventory.glance(wanted, beside=len(wanted))
    found = reads.fetch(*map(catalogue.offer_read, wanted), *look.reads)
    units = _units(look, found[len(wanted) :], consistent=False)
    goods.update({sku: (offer, units[sku]) for sku, offer in zip(wanted, found, strict=False)})
    return PricedCart(
        cart,
        tuple(
            PricedLine(
                sku=line.sku,
                quantity=line.quantity,
                offer=_for_sale(goods[line.sku][0]),
                seen_price=line.seen_price,
                available=goods[line.sku][1] >= min(line.quantity, MOST_UNITS),
            )
            for line in cart.lines
        ),
    )


def _units(look: inventory.Glance, answers: Sequence[Any], *, consistent: bool) -> dict[str, int]:
    """How many units of each SKU looked for are there, all warehouses together."""
    _, levels = look.seen(answers, consistent=consistent)
    return {sku: sum(levels.get(sku, {}).values()) for sku in look.wanted}


def _for_sale(offer: catalogue.Offer | None) -> catalogue.Offer | None:
    return offer if offer is not None and offer.on_sale else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
