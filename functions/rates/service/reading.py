"""Which table holds on a day.

The newest is kept in this process and asked for again after a while, so that a quote hardly ever costs a request for
it. The recorded files beside this context serve where a stage has them: until its own table has rates, or for good.
"""

import time
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from entrepot.cloud import aws, reads
from functions.rates import store
from functions.rates.domain import RateBook, RateMissing, RateTable, Terms, in_force, parsed_daily
from functions.rates.prices import Stage, prices

_DATA: Final = Path(__file__).parent.parent / "data"
_KEPT_SECONDS: Final = 300.0
_LOOK_BACK: Final = 14
"""Days: longer than the ECB ever pauses."""
_newest: dict[str, tuple[float, RateTable | None]] = {}
_past: dict[date, RateTable] = {}


def table_in_force(on: date) -> RateTable:
    """Raises: RateMissing: none were published by then."""
    stage = prices().stage(aws.STAGE)
    table = in_force(_known(on, stage), on)
    age = (on - table.date).days
    return replace(table, stale_after=stage.most_days) if age > stage.most_days else table


def book(on: date, country: str) -> RateBook:
    """Raises: RateMissing: none were published by then."""
    held = prices()
    most = held.stage(aws.STAGE).most_days
    terms = Terms(aws.STAGE, country, on, most, held.spreads, held.charms)
    return RateBook(table_in_force(on), terms)


def forget() -> None:
    """Drop what is kept, so that the next question reads again."""
    _newest.clear()
    _past.clear()


@cache
def recorded_tables() -> tuple[RateTable, ...]:
    return tuple(
        parsed_daily(file.read_text("utf-8")) for file in sorted(_DATA.glob("eurofxref-daily-*.xml"))
    )


def _known(on: date, stage: Stage) -> list[RateTable]:
    """The tables that may hold on a day."""
    recorded = [] if stage.rates == "ecb" else list(recorded_tables())
    if stage.rates == "packaged":
        return recorded
    newest = _kept()
    if newest is not None and newest.date <= on:
        return [newest, *recorded]
    return [*_published_by(on, any_at_all=newest is not None), *recorded]


def _kept() -> RateTable | None:
    held = _newest.get("newest")
    if held is None or held[0] < time.monotonic():
        held = (time.monotonic() + _KEPT_SECONDS, reads.fetch_one(store.newest_read()))
        _newest["newest"] = held
    return held[1]


def _published_by(on: date, *, any_at_all: bool) -> list[RateTable]:
    """The table of a day past, whose rows never change."""
    if not any_at_all:
        return []
    if on not in _past:
        found = store.days([on - timedelta(days=back) for back in range(_LOOK_BACK)])
        if not found:
            raise RateMissing(f"No reference rates were published by {on.isoformat()}.", on=on.isoformat())
        _past[on] = max(found, key=lambda table: table.date)
    return [_past[on]]
