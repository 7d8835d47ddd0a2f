"""Where a merchant limits how many units one buyer may have: who a buyer is, and what an order takes of that.

A member is known by their id, a guest by the e-mail address of the order. Both only as a keyed hash.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from entrepot.cloud import aws
from entrepot.cloud.writes import Write
from entrepot.kernel.refusals import Kind, Refusal
from functions.catalogue import facade as catalogue
from functions.inventory import facade as inventory
from functions.orders.domain.order import Order

MOST_LIMITED: Final = 5
"""SKUs of an order of which each buyer may have so many: each is an item more in every transaction of the order."""


class TooManyLimited(Refusal):
    code = "too_many_limited"
    kind = Kind.RULE
    title = "An order has at most five SKUs of which a buyer may have only so many."


def checked(wanted: Mapping[str, int], offers: Mapping[str, catalogue.Offer]) -> None:
    """What no buyer may have is refused before it has a price. Raises: PurchaseLimitReached, TooManyLimited."""
    limits = {sku: limit for sku in wanted if (limit := offers[sku].purchase_limit) is not None}
    for sku, limit in limits.items():
        if wanted[sku] > limit:
            raise inventory.PurchaseLimitReached(field="lines", sku=sku, limit=limit, wanted=wanted[sku])
    if len(limits) > MOST_LIMITED:
        raise TooManyLimited(field="lines", limit=MOST_LIMITED)


def counted(order: Order, email: str) -> Order:
    """The order with its buyer's hash, where it has units that are counted. Args: email: of its contact."""
    if not order.limited():
        return order
    who = f"member {order.member_id}" if order.member_id else f"guest {email.strip().casefold()}"
    key = aws.secret("identity_key").encode()
    return replace(order, buyer=hmac.new(key, f"buyer {who}".encode(), hashlib.sha256).hexdigest())


def taken(order: Order) -> list[Write]:
    """The writes of a new order. Raises, here or at commit: PurchaseLimitReached."""
    if order.buyer is None:
        return []
    limits = {line.sku: line.bought.purchase_limit for line in order.lines}
    return [
        inventory.allowances.take(sku, order.buyer, units, limit)
        for sku, units in order.limited().items()
        if (limit := limits[sku]) is not None
    ]


def given_back(order: Order, after: Order) -> list[Write]:
    """The writes of units that an order no longer has: cancelled, never paid, or its buyer forgotten."""
    if order.buyer is None:
        return []
    left = after.limited() if after.buyer is not None else {}
    back = {sku: units - left.get(sku, 0) for sku, units in order.limited().items()}
    return [inventory.allowances.give_back(sku, order.buyer, units) for sku, units in back.items() if units]
