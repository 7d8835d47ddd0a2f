"""Events of inventory."""

from typing import ClassVar

from entrepot.contracts.events import Event


class StockMoved(Event, frozen=True, kw_only=True):
    """On-hand stock changed by a movement that no order caused."""

    NAME: ClassVar[str] = "inventory.stock_moved"
    movement_id: str
    sku: str
    warehouse_id: str
    cause: str
    units: int


class AvailabilityChanged(Event, frozen=True, kw_only=True):
    """A SKU went in or out of stock over all its warehouses. `sequence` rises; an older one is passed over."""

    NAME: ClassVar[str] = "inventory.availability_changed"
    sku: str
    available: bool
    sequence: int
