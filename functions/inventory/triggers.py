"""What wakes inventory: everything that may bring a SKU in or out of stock."""

from entrepot.cloud.events import Triggers
from entrepot.contracts.inventory import StockMoved
from entrepot.contracts.orders import OrderCancelled, OrderExpired, OrderPlaced
from functions.inventory.service import availability

triggers = Triggers(__name__)

# A payment is not among them: it takes from what is reserved, and availability stays.
inventory_events = triggers.consumer(
    "inventory-events",
    {
        StockMoved: availability.on_stock_moved,
        OrderPlaced: availability.on_order_stock,
        OrderCancelled: availability.on_order_stock,
        OrderExpired: availability.on_order_stock,
    },
)
