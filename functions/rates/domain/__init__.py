"""Reference rates by day, and the prices that are shown by them."""

from functions.rates.domain.book import Charm, RateBook, RateLock, Spread, Terms
from functions.rates.domain.tables import (
    ECB,
    MOST_BYTES,
    RateMissing,
    RateStale,
    RatesUnreadable,
    RateTable,
    in_force,
    parsed_daily,
    parsed_days,
)

__all__ = [
    "ECB",
    "MOST_BYTES",
    "Charm",
    "RateBook",
    "RateLock",
    "RateMissing",
    "RateStale",
    "RateTable",
    "RatesUnreadable",
    "Spread",
    "Terms",
    "in_force",
    "parsed_daily",
    "parsed_days",
]
