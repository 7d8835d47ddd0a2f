"""All that other contexts may call of rates."""

from datetime import date

from functions.rates.domain import RateMissing, RateTable
from functions.rates.service import table_in_force

__all__ = ["RateMissing", "RateTable", "current"]


def current(on: date) -> RateTable:
    """The reference rates in force on `on`; store its `citation` with every use.

    Raises: RateMissing: none were published by then.
    """
    return table_in_force(on)
