"""Use cases of warehouses."""

from collections.abc import Mapping
from datetime import datetime

from entrepot.cloud import writes
from entrepot.kernel.ids import new_id
from entrepot.kernel.pagination import Page
from functions.inventory import store
from functions.inventory.domain.warehouse import PLATFORM, Mode, UnsupportedFilter, Warehouse


def create(merchant_id: str | None, name: str, country: str, mode: Mode, now: datetime) -> Warehouse:
    """A new warehouse, the merchant's own, or the platform's where there is no merchant."""
    warehouse = Warehouse(new_id("whs", now), merchant_id, name, country, mode, now)
    writes.commit(*store.create_warehouse(warehouse))
    return warehouse


def listed(
    merchant_id: str | None, asked_for: str | None, limit: int, after: Mapping[str, str] | None
) -> Page[Warehouse]:
    """One page of what a merchant may use: first its own, then the platform's.

    Args:
        merchant_id: whose staff asks; None for an operator, who sees the platform's.
        asked_for: the merchant whose list an operator wants to see.
    Raises: UnsupportedFilter: a merchant asks for another's list.
    """
    if merchant_id is not None and asked_for not in (None, merchant_id):
        raise UnsupportedFilter(field="merchant")
    owner = merchant_id or asked_for
    beginning = {"pk": store.list_key(owner or PLATFORM)}
    place = dict(after or beginning)
    if owner is None or place["pk"] == store.list_key(PLATFORM):
        return _page(PLATFORM, limit, place)
    own = _page(owner, limit, place)
    if own.next_key:
        return own
    platform = {"pk": store.list_key(PLATFORM)}
    if len(own.items) == limit:
        return Page(own.items, platform)
    rest = _page(PLATFORM, limit - len(own.items), platform)
    return Page(own.items + rest.items, rest.next_key)


def _page(owner: str, limit: int, place: Mapping[str, str]) -> Page[Warehouse]:
    return store.warehouses(owner, limit, place if "sk" in place else None)
