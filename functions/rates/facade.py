"""All that other contexts may call of rates."""

from datetime import date

from functions.rates.domain import RateBook, RateLock, RateMissing, RateStale, RateTable
from functions.rates.service.reading import book as _book
from functions.rates.service.reading import table_in_force

__all__ = ["RateBook", "RateLock", "RateMissing", "RateStale", "RateTable", "book", "current"]


def current(on: date) -> RateTable:
    """The reference rates in force on `on`; store its `citation` with every use.

    Raises: RateMissing: none were published by then. RateStale, when it is used: they are older than the stage allows.
    """
    return table_in_force(on)


def book(on: date, country: str) -> RateBook:
    """The rates of a quote to a country: reference rates, and unit prices as buyers there see them.

    Raises: RateMissing: none were published by then.
    """
    return _book(on, country)
