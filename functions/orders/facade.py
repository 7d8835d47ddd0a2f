"""All that other contexts may call of orders."""

from functions.orders.domain.lifecycle import MOVES, Status

__all__ = ["MOVES", "Status"]
