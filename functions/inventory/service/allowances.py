"""How many units of a SKU one buyer may have, where its merchant limits that: what was taken, buyer by buyer.

A row belongs to one buyer, so that buyers never wait for one another at it. Who a buyer is the caller knows.
They are called by a keyed hash.
"""

from entrepot.cloud.writes import Write
from functions.inventory import store
from functions.inventory.domain.reservation import PurchaseLimitReached


def take(sku: str, buyer: str, units: int, limit: int) -> Write:
    """The write that counts units for a buyer. At most one for a SKU and buyer in a transaction.

    Raises: PurchaseLimitReached: so many at once are above the limit; at commit: with those that the buyer has.
    """
    if units > limit:
        raise PurchaseLimitReached(field="lines", sku=sku, limit=limit, wanted=units)
    return store.take_allowed(sku, buyer, units, limit)


def give_back(sku: str, buyer: str, units: int) -> Write:
    """The write after which a buyer may take these units again: they were cancelled, or never paid."""
    return store.give_back_allowed(sku, buyer, units)
