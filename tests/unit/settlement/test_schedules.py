"""When statements are cut: a matter of the day alone."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.settlement.domain.schedules import Every, NoSuchDay, Schedule

WEDNESDAY = date(2026, 11, 25)
DAYS = st.dates(date(2024, 1, 1), date(2030, 1, 1))
SCHEDULES = st.one_of(
    st.just(Schedule(Every.DAY)),
    st.builds(Schedule, st.just(Every.WEEK), st.integers(1, 7)),
    st.builds(Schedule, st.just(Every.MONTH), st.integers(1, 28)),
)


def test_with_every_run_whatever_is_pending_is_settled():
    assert Schedule().cut_on(WEDNESDAY) is None


@pytest.mark.parametrize(
    ("schedule", "cut"),
    [
        (Schedule(Every.DAY), WEDNESDAY),
        (Schedule(Every.WEEK, 3), WEDNESDAY),
        (Schedule(Every.WEEK, 1), date(2026, 11, 23)),
        (Schedule(Every.WEEK, 4), date(2026, 11, 19)),
        (Schedule(Every.MONTH, 25), WEDNESDAY),
        (Schedule(Every.MONTH, 1), date(2026, 11, 1)),
        (Schedule(Every.MONTH, 26), date(2026, 10, 26)),
    ],
)
def test_a_statement_is_cut_on_the_newest_such_day(schedule, cut):
    assert cut == schedule.cut_on(WEDNESDAY)


@given(schedule=SCHEDULES, day=DAYS)
def test_a_cut_is_never_in_the_future_and_never_older_than_its_period(schedule, day):
    longest = {Every.DAY: 0, Every.WEEK: 6, Every.MONTH: 30}[schedule.every]

    cut = schedule.cut_on(day)

    assert timedelta(0) <= day - cut <= timedelta(days=longest)


@given(schedule=SCHEDULES, day=DAYS)
def test_a_cut_stands_until_the_next_one(schedule, day):
    assert schedule.cut_on(day + timedelta(days=1)) in (schedule.cut_on(day), day + timedelta(days=1))


@pytest.mark.parametrize(
    ("every", "on"),
    [
        (Every.RUN, 1),
        (Every.DAY, 1),
        (Every.WEEK, None),
        (Every.WEEK, 8),
        (Every.MONTH, None),
        (Every.MONTH, 29),
    ],
)
def test_a_schedule_without_its_day_or_with_one_too_many_is_refused(every, on):
    with pytest.raises(NoSuchDay):
        Schedule(every, on)
