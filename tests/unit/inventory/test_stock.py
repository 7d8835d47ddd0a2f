"""The arithmetic of buckets, and what a movement may do."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.refusals import Refusal
from functions.inventory.domain.stock import (
    BelowReserved,
    BelowZero,
    Bucket,
    Cause,
    Level,
    Shelf,
    WrongUnits,
    bucket_count,
    change,
    drained,
    level,
    poured,
)
from functions.inventory.domain.warehouse import Mode, Warehouse

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LEVELS = st.lists(st.integers(0, 500), min_size=1, max_size=16).map(lambda units: dict(enumerate(units)))


@pytest.mark.parametrize(
    ("on_hand", "buckets"),
    [(0, 1), (5, 1), (6, 1), (11, 1), (12, 2), (95, 15), (96, 16), (100, 16), (10**6, 16)],
)
def test_one_bucket_for_every_six_units_at_most_sixteen(on_hand, buckets):
    assert buckets == bucket_count(on_hand)


@given(LEVELS, st.integers(0, 5000))
def test_poured_units_are_all_there_and_level_the_buckets(levels, units):
    added = poured(levels, units)

    assert units == sum(added.values())
    assert all(number in levels and more > 0 for number, more in added.items())
    after = {number: levels[number] + added.get(number, 0) for number in levels}
    if added:
        assert max(after[number] for number in added) - min(after.values()) <= 1


@given(LEVELS, st.data())
def test_drained_units_are_all_there_and_no_bucket_gives_more_than_it_has(levels, data):
    units = data.draw(st.integers(0, sum(levels.values())))

    taken = drained(levels, units)

    assert units == sum(taken.values())
    assert all(0 < taken[number] <= levels[number] for number in taken)


def test_draining_more_than_there_is_is_a_bug():
    with pytest.raises(AssertionError):
        drained({0: 1, 1: 2}, 4)


@pytest.mark.parametrize(
    ("cause", "units", "delta"),
    [
        (Cause.RECEIPT, 4, 4),
        (Cause.DAMAGE, 4, -4),
        (Cause.ADJUSTMENT, 4, 4),
        (Cause.ADJUSTMENT, -7, -7),
        (Cause.COUNT, 3, -7),
        (Cause.COUNT, 10, 0),
        (Cause.COUNT, 12, 2),
    ],
)
def test_what_each_cause_changes(cause, units, delta):
    assert delta == change(cause, units, Level("whs_1", available=7, reserved=3))


@pytest.mark.parametrize(
    ("cause", "units", "refusal"),
    [
        (Cause.RECEIPT, 0, WrongUnits),
        (Cause.RECEIPT, -1, WrongUnits),
        (Cause.DAMAGE, 0, WrongUnits),
        (Cause.DAMAGE, -1, WrongUnits),
        (Cause.ADJUSTMENT, 0, WrongUnits),
        (Cause.COUNT, -1, WrongUnits),
        (Cause.DAMAGE, 11, BelowZero),
        (Cause.ADJUSTMENT, -11, BelowZero),
        (Cause.DAMAGE, 8, BelowReserved),
        (Cause.ADJUSTMENT, -8, BelowReserved),
        (Cause.COUNT, 2, BelowReserved),
    ],
)
def test_what_each_cause_is_refused(cause, units, refusal):
    with pytest.raises(refusal) as refused:
        change(cause, units, Level("whs_1", available=7, reserved=3))

    assert "units" == refused.value.facts["field"]


@given(st.sampled_from(Cause), st.integers(-50, 50), st.integers(0, 30), st.integers(0, 30))
def test_no_movement_leaves_less_than_orders_hold(cause, units, available, reserved):
    present = Level("whs_1", available, reserved)
    try:
        delta = change(cause, units, present)
    except Refusal:
        return

    assert present.on_hand + delta >= reserved
    assert delta == units or cause in (Cause.DAMAGE, Cause.COUNT)


def test_the_level_of_a_warehouse_is_the_sum_of_its_own_buckets():
    buckets = [Bucket("whs_1", 0, 1, 2), Bucket("whs_2", 0, 100, 100), Bucket("whs_1", 1, 3, 4)]

    assert Level("whs_1", available=4, reserved=6) == level("whs_1", buckets)
    assert Level("whs_3", 0, 0) == level("whs_3", buckets)


def test_a_shelf_never_loses_buckets_and_keeps_its_places_sorted():
    far = Warehouse("whs_2", None, "Far", "DE", Mode.OVERSEAS, NOW)
    near = Warehouse("whs_1", "mrc_1", "Near", "CN", Mode.DIRECT_MAIL, NOW)

    shelf = Shelf("SKU-1", "mrc_1", ()).with_buckets(far, 4).with_buckets(near, 2).with_buckets(far, 1)

    assert [("whs_1", "CN", 2), ("whs_2", "DE", 4)] == [
        (place.warehouse_id, place.country, place.buckets) for place in shelf.places
    ]
    assert 4 == shelf.revision
