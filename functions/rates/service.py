"""Which recorded table holds on a day.

The tables are files beside this module, read once per process, and only when a rate is first asked for.
"""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from functions.rates.domain import RateTable, in_force, parsed_daily

_DATA: Final = Path(__file__).parent / "data"


def table_in_force(on: date) -> RateTable:
    return in_force(recorded_tables(), on)


@cache
def recorded_tables() -> tuple[RateTable, ...]:
    return tuple(
        parsed_daily(file.read_text("utf-8")) for file in sorted(_DATA.glob("eurofxref-daily-*.xml"))
    )
