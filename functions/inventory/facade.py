"""All that other contexts may call of inventory.

Placing an order:

    plan = facade.plan(demands, shelves)
    while True:
        try:
            commit(*order_writes, *plan.writes(order_id, now))
            break
        except facade.BucketShort as short:
            plan = plan.after(short)  # raises OutOfStock or Busy where there is nothing left to try
"""

from functions.inventory.domain.reservation import (
    BucketShort,
    Demand,
    ExceedsReserved,
    IllegalReservationMove,
    OutOfStock,
    Pick,
    PurchaseLimitReached,
    Reservation,
    ReservationChanged,
    ReservationExists,
    Status,
)
from functions.inventory.domain.stock import Place, Shelf, StockLeft
from functions.inventory.domain.warehouse import Mode
from functions.inventory.service import allowances
from functions.inventory.service.audit import Audit, audit
from functions.inventory.service.levels import Glance, glance
from functions.inventory.service.movements import close_writes
from functions.inventory.service.planning import Plan, plan
from functions.inventory.service.reservations import release, release_part, restock, sell
from functions.inventory.store import reservation_read

__all__ = [
    "Audit",
    "BucketShort",
    "Demand",
    "ExceedsReserved",
    "Glance",
    "IllegalReservationMove",
    "Mode",
    "OutOfStock",
    "Pick",
    "Place",
    "Plan",
    "PurchaseLimitReached",
    "Reservation",
    "ReservationChanged",
    "ReservationExists",
    "Shelf",
    "Status",
    "StockLeft",
    "allowances",
    "audit",
    "close_writes",
    "glance",
    "plan",
    "release",
    "release_part",
    "reservation_read",
    "restock",
    "sell",
]
