"""What the load's figures are worked out by."""

import math

import pytest

from tests.load.arithmetic import is_saturated, knee, percentile, slope


@pytest.mark.parametrize(
    ("per_cent", "expected"), [(50, 50), (90, 90), (99, 99), (100, 100), (99.5, 100), (0, 1)]
)
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(
    per_cent: float, expected: float
) -> None:
    assert expected == percentile([float(value) for value in range(100, 0, -1)], per_cent)


def test_a_percentile_of_few_values_is_one_of_them_and_of_none_is_no_number() -> None:
    assert [1.0, 5.0, 5.0] == [percentile([5.0, 1.0], per_cent) for per_cent in (50, 51, 99)]
    assert math.isnan(percentile([], 50))


def test_the_knee_is_where_nine_tenths_of_the_most_are_reached() -> None:
    assert 4 == knee([(1, 40.0), (2, 80.0), (4, 91.0), (8, 100.0), (16, 95.0)])
    assert 1 == knee([(1, 10.0)])


def test_two_steps_that_add_nothing_are_saturation_and_one_is_not() -> None:
    assert is_saturated([50.0, 100.0, 101.0, 104.0])
    assert not is_saturated([50.0, 100.0, 101.0])
    assert not is_saturated([50.0, 100.0, 90.0, 120.0])
    assert not is_saturated([100.0, 90.0])


def test_a_slope_is_what_each_more_adds_and_none_where_nothing_changes() -> None:
    assert slope([(0, 10.0), (1, 12.5), (2, 15.0)]) == pytest.approx(2.5)
    assert slope([(0, 10.0), (1, 20.0), (2, 10.0)]) == pytest.approx(0)
    assert [0.0, 0.0] == [slope([(3, 1.0), (3, 2.0)]), slope([])]
