"""When a merchant's statements are made: with every run, or for all that happened before a set day."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import ClassVar, Final

from entrepot.kernel.refusals import Kind, Refusal

LAST_OF_EVERY_MONTH: Final = 28
"""The last day that every month has."""


class Every(StrEnum):
    RUN = "run"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class NoSuchDay(Refusal):
    """A weekday is 1 (Monday) to 7, a day of the month 1 to 28; the others take none. Facts: `field`."""

    code: ClassVar[str] = "no_such_day"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "The schedule has no such day."


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a merchant is settled. `on`: the weekday or the day of the month that a statement is cut on.

    Raises: NoSuchDay.
    """

    every: Every = Every.RUN
    on: int | None = None

    def __post_init__(self) -> None:
        most = {Every.WEEK: 7, Every.MONTH: LAST_OF_EVERY_MONTH}.get(self.every)
        if (most is None) != (self.on is None) or (most and self.on and not 1 <= self.on <= most):
            raise NoSuchDay(field="on")

    def cut_on(self, today: date) -> date | None:
        """The newest day, today or before, that a statement is cut on: what happened before it is settled.

        It depends on nothing but the day, so that a run that did not happen is made good by the next. None: whatever
        is pending is settled.
        """
        match self.every:
            case Every.RUN:
                return None
            case Every.DAY:
                return today
            case Every.WEEK:
                return today - timedelta(days=(today.isoweekday() - (self.on or 1)) % 7)
            case Every.MONTH:
                of_this_month = today.replace(day=self.on or 1)
                if of_this_month <= today:
                    return of_this_month
                return (today.replace(day=1) - timedelta(days=1)).replace(day=self.on or 1)
