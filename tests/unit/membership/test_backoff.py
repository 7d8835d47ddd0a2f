"""How long somebody waits who keeps failing."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from functions.membership.domain.backoff import SIGN_IN, Failures

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_the_first_failures_cost_nothing_and_each_further_one_doubles_the_wait():
    waits = [int(SIGN_IN.delay(count).total_seconds()) for count in range(4, 12)]

    assert [0, 30, 60, 120, 240, 480, 900, 900] == waits


@given(st.integers(0, 10**9))
def test_nobody_is_locked_out_for_good(failures):
    assert timedelta(0) <= SIGN_IN.delay(failures) <= SIGN_IN.most


def test_a_failure_after_a_quiet_day_is_the_first():
    old = Failures(30, 0, expires_at=int(NOW.timestamp()))

    assert 1 == SIGN_IN.after_one_more(old, NOW).count
    assert 31 == SIGN_IN.after_one_more(old, NOW - timedelta(seconds=1)).count
