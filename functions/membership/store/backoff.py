"""Failures in a row, and the wait that they have earned."""

from typing import Any

from entrepot.cloud import aws, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Number, Row
from entrepot.cloud.writes import Write
from functions.membership.domain.backoff import Backoff, Failures
from functions.membership.store.members import Overtaken


class BackoffRow(Row):
    """Failures of one account or one address: pk `backoff#<what>#<who>`, sk "backoff". Reached by both."""

    class Meta:
        table_name = aws.name("membership")

    failures = Number()
    locked_until = Number()  # seconds since 1970
    expires_at = Number()  # seconds since 1970


def failures_read(backoff: Backoff, who: str) -> Read[Failures]:
    row = _row(backoff, who)
    return Read(BackoffRow, row.pk, row.sk, _failures)


def failure_counted(backoff: Backoff, who: str, seen: Failures | None, after: Failures) -> Write:
    """One failure more, where nobody else has counted one since `seen`: of guesses sent at once one is looked at."""
    nobody = (
        BackoffRow.failures.does_not_exist()
        if seen is None
        else (BackoffRow.failures == seen.count) & (BackoffRow.locked_until == seen.locked_until)
    )
    return writes.update(_row(backoff, who), _actions(after, seen), nobody, Overtaken())


def failure_added(backoff: Backoff, who: str, seen: Failures | None, after: Failures) -> Write:
    """One failure more, whoever else counts at the same moment: none of them is lost, and nobody waits for another."""
    counted = BackoffRow.failures.does_not_exist() | (BackoffRow.failures >= 0)
    return writes.update(_row(backoff, who), _actions(after, seen), counted, Overtaken(), repeatable=True)


def failures_forgotten(backoff: Backoff, who: str) -> Write:
    return writes.delete(_row(backoff, who))


def _actions(after: Failures, seen: Failures | None) -> list[Any]:
    # A count that is still remembered is added to; one that is not begins anew.
    goes_on = seen is not None and after.count == seen.count + 1
    return [
        BackoffRow.failures.add(1) if goes_on or seen is None else BackoffRow.failures.set(after.count),
        BackoffRow.locked_until.set(after.locked_until),
        BackoffRow.expires_at.set(after.expires_at),
    ]


def _failures(row: BackoffRow) -> Failures:
    return Failures(int(row.failures), int(row.locked_until), int(row.expires_at))


def _row(backoff: Backoff, who: str) -> BackoffRow:
    return BackoffRow(f"backoff#{backoff.name}#{who}", "backoff")
