"""All that other contexts may call of the catalogue."""

from entrepot.cloud.reads import Read
from entrepot.cloud.writes import Write
from functions.catalogue import store
from functions.catalogue.domain import Dimensions, FixedPrice, Offer

__all__ = ["Dimensions", "FixedPrice", "Offer", "offer_read", "owned_by"]


def offer_read(sku: str) -> Read[Offer]:
    """A SKU as it is sold, to be fetched with other reads; None for a SKU that never was.

    What is a draft, unpublished, deleted or removed has `on_sale` False and must not be sold.
    """
    return store.offer_read(sku)


def owned_by(sku: str, merchant_id: str) -> Write:
    """Holds, in the caller's transaction, while the SKU is a variant of the merchant's, on sale or not.

    Raises, at commit: NotFound.
    """
    return store.owned_by(sku, merchant_id)
