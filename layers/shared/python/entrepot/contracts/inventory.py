"""Events of inventory."""

from dataclasses import dataclass
from typing import ClassVar

from entrepot.contracts.events import Event


@dataclass(frozen=True, kw_only=True, slots=True)
class StockMoved(Event):
    """On-hand stock changed by a movement that no order caused."""

    NAME: ClassVar[str] = "inventory.stock_moved"
    movement_id: str
    sku: str
    warehouse_id: str
    cause: str
    units: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AvailabilityChanged(Event):
    """A SKU went in or out of stock over all its warehouses. `sequence` rises; an older one is passed over."""

    NAME: ClassVar[str] = "inventory.availability_changed"
    sku: str
    available: bool
    sequence: int
