"""Reading what the ECB has published since, and storing it: once a day's rates are stored they never change."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from entrepot.cloud import aws, reads, telemetry, writes
from functions.rates import ecb_gateway, store
from functions.rates.domain import RateTable, parsed_daily, parsed_days
from functions.rates.prices import prices
from functions.rates.service.reading import recorded_tables

_PAUSE: Final = timedelta(days=1)
"""More than that between the newest we have and the day's file: something may lie between, or just a weekend."""


def fetch(now: datetime, read: Callable[[str], str] | None = None) -> int:
    """Store what is new. Returns: of how many days.

    Args: read: the text behind an address; the ECB's own by default.
    Raises: EcbUnavailable, RatesUnreadable: the next run tries again, and the old rates hold meanwhile.
    """
    if prices().stage(aws.STAGE).rates != "ecb":
        return _store(recorded_tables(), now)
    read = read or ecb_gateway.read
    newest = reads.fetch_one(store.newest_read(), consistent=True)
    today = parsed_daily(read(ecb_gateway.DAILY))
    if newest is not None and today.date <= newest.date:
        return 0
    found = [today]
    if newest is None or today.date - newest.date > _PAUSE:
        found += [table for table in parsed_days(read(ecb_gateway.NINETY_DAYS)) if table.date < today.date]
    return _store(found, now)


def _store(tables: Iterable[RateTable], now: datetime) -> int:
    """The days in their order, so that a run that dies goes on where it stopped; a day that stands stays as it is."""
    stored = 0
    for table in sorted(tables, key=lambda table: table.date):
        try:
            writes.commit(store.create_day(table, now))
            stored += 1
        except store.AlreadyStored:
            pass
        try:
            writes.commit(store.put_newest(table, now))
        except store.AlreadyStored:
            continue
    if stored:
        telemetry.log("rates_stored", days=stored)
    return stored
