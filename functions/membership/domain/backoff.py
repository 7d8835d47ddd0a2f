"""How long somebody has to wait who keeps failing: ever longer, up to a limit that locks nobody out for good."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Failures:
    """Failures in a row, and until when no further attempt is looked at."""

    count: int
    locked_until: int  # seconds since 1970
    expires_at: int  # seconds since 1970


@dataclass(frozen=True, slots=True)
class Backoff:
    """After `free` failures each further one doubles the wait, from `first` to `most`; all is forgotten after
    `forgets` without one.
    """

    name: str
    free: int
    first: timedelta
    most: timedelta
    forgets: timedelta

    def delay(self, failures: int) -> timedelta:
        """How long to wait after so many failures."""
        beyond = failures - self.free
        if beyond < 0:
            return timedelta(0)
        return min(self.most, self.first * (1 << min(beyond, 32)))

    def wait(self, seen: Failures | None, now: datetime) -> int:
        """Seconds until the next attempt is looked at; 0: now."""
        return 0 if seen is None else max(0, seen.locked_until - int(now.timestamp()))

    def after_one_more(self, seen: Failures | None, now: datetime) -> Failures:
        remembered = seen.count if seen is not None and seen.expires_at > now.timestamp() else 0
        count = remembered + 1
        locked = int((now + self.delay(count)).timestamp())
        return Failures(count, locked, int((now + self.forgets).timestamp()))


SIGN_IN: Final = Backoff("sign-in", 5, timedelta(seconds=30), timedelta(minutes=15), timedelta(days=1))
"""Of one account, known or not. An hour of guessing is nine guesses or fewer, once the free ones are spent."""

RESET: Final = Backoff("reset", 10, timedelta(seconds=30), timedelta(minutes=15), timedelta(days=1))
"""Of the codes by which one account's forgotten password is replaced. Apart from `SIGN_IN`: whoever is kept out of an
account by another's guesses gets in again by a code."""

SIGN_IN_FROM: Final = Backoff(
    "sign-in-from", 50, timedelta(seconds=30), timedelta(hours=1), timedelta(hours=1)
)
"""Of one address on the network, which many people may share."""
