"""A circuit breaker for one provider: after enough failures nobody calls it, until one trial finds it well again.

Pure: whoever keeps it writes it under the revision that was read, so that of many functions one makes the trial.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

OPENS_AFTER: Final = 5
"""Failures within the window. Each stands for all tries of one call."""
WINDOW: Final = timedelta(seconds=60)
COOL_DOWN: Final = timedelta(seconds=30)
TRIAL_LASTS: Final = timedelta(seconds=30)
"""After which a trial of which nobody heard again is given up, and another may be made: its function has died."""


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Breaker:
    """`failures` since `counting_from`; open since `opened_at`; a trial is under way since `tried_at`."""

    provider: str
    failures: int = 0
    counting_from: datetime | None = None
    opened_at: datetime | None = None
    tried_at: datetime | None = None
    revision: int = 0

    def state(self, now: datetime) -> State:
        """Half-open is when the next call may be the trial."""
        if self.opened_at is None:
            return State.CLOSED
        rests = now < self.opened_at + COOL_DOWN
        tries = self.tried_at is not None and now < self.tried_at + TRIAL_LASTS
        return State.OPEN if rests or tries else State.HALF_OPEN


def with_trial(breaker: Breaker, now: datetime) -> Breaker:
    """The breaker with a trial begun by whoever can write it."""
    assert breaker.state(now) is State.HALF_OPEN, "a trial is made when nobody else makes one"
    return replace(breaker, tried_at=now)


def failed(breaker: Breaker, now: datetime) -> Breaker:
    """One more call had no answer. While it rests that is no news: the call began before it opened."""
    if breaker.opened_at is not None:
        return breaker if breaker.tried_at is None else replace(breaker, opened_at=now, tried_at=None)
    fresh = breaker.counting_from is None or now >= breaker.counting_from + WINDOW
    failures = 1 if fresh else breaker.failures + 1
    counting_from = now if fresh else breaker.counting_from
    opened_at = now if failures >= OPENS_AFTER else None
    return replace(breaker, failures=failures, counting_from=counting_from, opened_at=opened_at)


def succeeded(breaker: Breaker) -> Breaker:
    """The trial was answered. An answer to a call that began before it opened says nothing of now."""
    if breaker.tried_at is None:
        return breaker
    return replace(breaker, failures=0, counting_from=None, opened_at=None, tried_at=None)
