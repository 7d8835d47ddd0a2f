"""When a parcel should arrive: cut-off and handling at the warehouse, then the carrier's days on the way."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)
EVERY_DAY: Final = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Promise:
    """The first and the last day of arrival."""

    earliest: date
    latest: date


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working days of a country. weekend: days of the week that are off, Monday is 0.

    known_until: the last day of which the holidays are known; later only weekends count.
    """

    weekend: frozenset[int]
    holidays: frozenset[date]
    known_until: date

    def works(self, day: date) -> bool:
        return day.weekday() not in self.weekend and day not in self.holidays


@dataclass(frozen=True, slots=True)
class Handling:
    """A warehouse's part. cut_off: what is ordered from then on counts as of the next day, in UTC all year.

    days: fewest and most working days from that day to the hand-over to the carrier.
    """

    cut_off: time
    days: tuple[int, int]


ALWAYS: Final = Calendar(frozenset(), frozenset(), date.max)
"""The calendar of a country of which we know nothing: every day counts."""


def promised(
    ordered_at: datetime,
    handling: Handling,
    origin: Calendar,
    destination: Calendar,
    transit_days: tuple[int, int],
    delivers_on: frozenset[int] = EVERY_DAY,
) -> Promise:
    """The first day from the fewest handling days and the median transit, the last from the most and its ninetieth
    percentile.

    Handling days are working days of the country of dispatch, transit days those of the destination on which the
    carrier delivers: customs and the van rest there, while the aircraft does not.

    Args: ordered_at: in UTC. delivers_on: days of the week, Monday is 0.
    """
    begun = ordered_at.date() + (_DAY if ordered_at.time() >= handling.cut_off else timedelta())
    earliest, latest = (
        _after(_after(begun, handle, origin, EVERY_DAY), travel, destination, delivers_on)
        for handle, travel in zip(handling.days, transit_days, strict=True)
    )
    return Promise(earliest, max(earliest, latest))


def _after(day: date, days: int, calendar: Calendar, weekdays: frozenset[int]) -> date:
    """The working day that is `days` working days after `day`, or after the first one from `day` on."""
    while not (calendar.works(day) and day.weekday() in weekdays):
        day += _DAY
    for _ in range(days):
        day += _DAY
        while not (calendar.works(day) and day.weekday() in weekdays):
            day += _DAY
    return day
