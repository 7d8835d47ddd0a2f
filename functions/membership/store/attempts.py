"""How often somebody has tried something, counted atomically."""

from datetime import datetime

from entrepot.cloud import aws, writes
from entrepot.cloud.rows import Number, Row
from entrepot.cloud.writes import Write
from functions.membership.domain.members import Attempts, TooManyAttempts


class AttemptsRow(Row):
    """Attempts in one window: pk `attempts#<what>#<who>`, sk the window's number. Reached by both."""

    class Meta:
        table_name = aws.name("membership")

    attempts = Number()
    expires_at = Number()  # seconds since 1970


def attempted(attempts: Attempts, who: str, now: datetime) -> Write:
    """One attempt more. Raises, at commit: TooManyAttempts."""
    ends = attempts.window_ends(now)
    few = AttemptsRow.attempts.does_not_exist() | (AttemptsRow.attempts < attempts.most)
    return writes.update(
        _attempts_row(attempts, who, now),
        [AttemptsRow.attempts.add(1), AttemptsRow.expires_at.set(ends)],
        few,
        TooManyAttempts(retry_after_seconds=max(1, ends - int(now.timestamp()))),
    )


def attempts_forgotten(attempts: Attempts, who: str, now: datetime) -> Write:
    return writes.delete(_attempts_row(attempts, who, now))


def _attempts_row(attempts: Attempts, who: str, now: datetime) -> AttemptsRow:
    return AttemptsRow(f"attempts#{attempts.name}#{who}", str(attempts.window_at(now)))
