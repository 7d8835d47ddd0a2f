"""Days that are over: their sums are made once, from the journal, so that balances at a date cost no scan."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from entrepot.cloud import reads, writes
from functions.settlement import store
from functions.settlement.domain.ledger import Balance, Entry, Posting, TrialBalance, balances

_SETTLES: Final = timedelta(hours=1)
"""How long after midnight a day is closed: by then no function that began on it is still writing."""

_ONE_DAY: Final = timedelta(days=1)


def close_days(now: datetime) -> list[date]:
    """Make the sums of every day that is over and has none, and of every month with them. Returns: the days."""
    closed = reads.fetch_one(store.closed_read(), consistent=True)
    day = store.first_day() if closed is None else closed + _ONE_DAY
    done: list[date] = []
    while day is not None and day < (now - _SETTLES).date():
        _close(day)
        try:
            writes.commit(store.closed(closed, day))
        except store.Overtaken:  # another run is at it: it made the same sums
            return done
        done.append(day)
        closed, day = day, day + _ONE_DAY
    return done


def balances_at(day: date, now: datetime) -> TrialBalance:
    """Every account's balance at the end of a day: of what was booked by then, whenever it is asked.

    Two queries for each shard, and for days that are not closed yet their journal.
    """
    closed = reads.fetch_one(store.closed_read(), consistent=True)
    made: list[Balance] = []
    if closed is not None:
        until = min(day, closed)
        for shard in range(store.SHARDS):
            made += store.sums_of_months(until, shard)
            made += store.sums_of_days(until.replace(day=1), until, shard)
    first = store.first_day() if closed is None else closed + _ONE_DAY
    if first is not None and first <= day:
        made += balances(_postings(store.entries(store.journal(first, day))))
    return TrialBalance(min(now, _end_of(day, now)), balances(made))


def _close(day: date) -> None:
    ends_month = (day + _ONE_DAY).month != day.month
    for shard in range(store.SHARDS):
        sums = balances(_postings(store.entries(store.journal(day, day, [shard]))))
        store.day_made(day, shard, sums)
        if ends_month:
            month = balances(store.sums_of_days(day.replace(day=1), day, shard))
            store.month_made(day, shard, month)


def _postings(entries: Iterable[Entry]) -> Iterable[Posting]:
    return (posting for entry in entries for posting in entry.postings)


def _end_of(day: date, now: datetime) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=now.tzinfo) + _ONE_DAY
