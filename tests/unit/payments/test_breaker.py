"""The breaker of a provider: opened by failures within a window, closed by one trial that was answered."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from functions.payments.domain.breaker import (
    COOL_DOWN,
    OPENS_AFTER,
    TRIAL_LASTS,
    WINDOW,
    Breaker,
    State,
    failed,
    succeeded,
    with_trial,
)

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
CLOSED = Breaker("stripe")


def after(*failures: int) -> Breaker:
    """The breaker after failures so many seconds after noon."""
    breaker = CLOSED
    for seconds in failures:
        breaker = failed(breaker, NOW + timedelta(seconds=seconds))
    return breaker


OPEN = after(*range(OPENS_AFTER))
OPENED_AT = NOW + timedelta(seconds=OPENS_AFTER - 1)
TRIED_AT = OPENED_AT + COOL_DOWN
TRYING = with_trial(OPEN, TRIED_AT)


def test_it_opens_with_the_last_of_enough_failures() -> None:
    assert State.CLOSED is after(*range(OPENS_AFTER - 1)).state(NOW + timedelta(seconds=9))
    assert OPENED_AT == OPEN.opened_at
    assert State.OPEN is OPEN.state(OPENED_AT)


def test_failures_that_lie_further_apart_than_the_window_do_not_open_it() -> None:
    apart = int(WINDOW.total_seconds())

    breaker = after(*(number * apart for number in range(3 * OPENS_AFTER)))

    assert (None, 1) == (breaker.opened_at, breaker.failures)


def test_it_is_half_open_after_its_rest() -> None:
    assert State.OPEN is OPEN.state(TRIED_AT - timedelta(microseconds=1))
    assert State.HALF_OPEN is OPEN.state(TRIED_AT)


def test_while_a_trial_is_under_way_nobody_else_calls() -> None:
    assert State.OPEN is TRYING.state(TRIED_AT)
    assert State.OPEN is TRYING.state(TRIED_AT + TRIAL_LASTS - timedelta(microseconds=1))


def test_a_trial_of_which_nobody_hears_again_makes_way_for_another() -> None:
    assert State.HALF_OPEN is TRYING.state(TRIED_AT + TRIAL_LASTS)


def test_a_trial_that_is_answered_closes_it_and_forgets_the_failures() -> None:
    assert CLOSED == succeeded(TRYING)


def test_a_trial_that_fails_lets_it_rest_anew() -> None:
    breaker = failed(TRYING, TRIED_AT)

    assert (TRIED_AT, None) == (breaker.opened_at, breaker.tried_at)


def test_an_answer_to_a_call_from_before_it_opened_does_not_close_it() -> None:
    assert OPEN == succeeded(OPEN)


def test_a_failure_of_a_call_from_before_it_opened_does_not_prolong_its_rest() -> None:
    assert OPEN == failed(OPEN, OPENED_AT + timedelta(seconds=20))


steps = st.lists(
    st.tuples(st.integers(0, 90), st.sampled_from(("answered", "failed", "late answer", "late failure")))
)


@given(steps)
def test_whatever_happens_nobody_calls_during_a_rest_and_a_well_provider_is_called_again(
    happened: list[tuple[int, str]],
) -> None:
    breaker, now, trials = CLOSED, NOW, 0
    for seconds, what in happened:
        now += timedelta(seconds=seconds)
        before = breaker
        if what.startswith("late"):
            breaker = failed(breaker, now) if what == "late failure" else succeeded(breaker)
        elif breaker.state(now) is not State.OPEN:
            trial = breaker.state(now) is State.HALF_OPEN
            tried = with_trial(breaker, now) if trial else breaker
            trials += trial
            breaker = failed(tried, now) if what == "failed" else succeeded(tried)
            assert (State.CLOSED if what == "answered" else State.OPEN) is breaker.state(now) or not trial
        if before.opened_at is None and breaker.opened_at is not None:
            assert OPENS_AFTER == breaker.failures
            assert breaker.counting_from is not None
            assert now - breaker.counting_from < WINDOW
        assert breaker.opened_at is None or breaker.opened_at <= now

    now += max(COOL_DOWN, TRIAL_LASTS)
    if breaker.state(now) is not State.CLOSED:
        breaker = succeeded(with_trial(breaker, now))
    assert State.CLOSED is breaker.state(now)
    assert replace(breaker, failures=0, counting_from=None) == CLOSED
