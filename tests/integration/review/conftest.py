"""The furnished shop of the tests of orders, as new for each test."""

from tests.integration.orders.conftest import bazaar, world

__all__ = ["bazaar", "world"]
