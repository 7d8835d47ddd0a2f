"""What privacy may call of orders: beside the facade, so that the start of a settlement does not pay for it."""

from functions.orders.service.forgetting import left_of, open_orders
from functions.orders.service.telling import Held, held_about

__all__ = ["Held", "held_about", "left_of", "open_orders"]
