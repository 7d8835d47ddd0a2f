"""The books against the shelves: on hand is the sum of the movements."""

from collections.abc import Iterable
from dataclasses import dataclass

from functions.inventory import store


@dataclass(frozen=True, slots=True)
class Audit:
    """Units of a SKU over all warehouses: as they stand, and as the movements say."""

    sku: str
    on_hand: int
    available: int
    reserved: int
    moved: int

    @property
    def balanced(self) -> bool:
        return self.on_hand == self.moved


def audit(sku: str, order_ids: Iterable[str] = ()) -> Audit:
    """Compare what stands with what moved, the movements of `order_ids` among it: for tests and operators."""
    buckets = store.buckets(sku)
    by_people = sum(movement.change for movement in store.movements(sku))
    by_orders = sum(
        line.units
        for order_id in order_ids
        for movement in store.order_movements(order_id)
        for line in movement.lines
        if line.sku == sku
    )
    return Audit(
        sku,
        on_hand=sum(bucket.on_hand for bucket in buckets),
        available=sum(bucket.available for bucket in buckets),
        reserved=sum(bucket.reserved for bucket in buckets),
        moved=by_people + by_orders,
    )
