"""Which buckets meet a demand, and what may become of a reservation."""

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.inventory.domain.reservation import (
    MOVES,
    Demand,
    ExceedsReserved,
    IllegalReservationMove,
    OutOfStock,
    Pick,
    Reservation,
    Status,
    by_warehouse,
    picked,
    summed,
)
from functions.inventory.domain.stock import SkuUnits

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LEVELS = st.lists(st.integers(0, 40), min_size=0, max_size=16).map(lambda units: dict(enumerate(units)))
SKUS = st.sampled_from(["A", "B"])
WAREHOUSES = st.sampled_from(["whs_1", "whs_2"])
LINES = st.lists(st.builds(Demand, SKUS, WAREHOUSES, st.integers(1, 9)), max_size=6)


@st.composite
def reservations(draw):
    places = draw(st.sets(st.tuples(SKUS, WAREHOUSES, st.integers(0, 5)), min_size=1))
    picks = tuple(Pick(sku, whs, bucket, draw(st.integers(1, 12))) for sku, whs, bucket in sorted(places))
    return Reservation("ord_1", Status.SOLD, picks, NOW)


@given(LINES)
def test_demands_are_summed_per_sku_and_warehouse(lines):
    sums = summed(lines)

    assert sum(line.units for line in lines) == sum(line.units for line in sums)
    assert len({line.key for line in sums}) == len(sums)
    assert {line.key for line in lines} == {line.key for line in sums}


@given(LEVELS, st.integers(1, 200), st.integers())
def test_picks_meet_the_demand_from_what_is_there_or_it_is_out_of_stock(levels, units, seed):
    demand = Demand("A", "whs_1", units)
    if sum(levels.values()) < units:
        with pytest.raises(OutOfStock) as refused:
            picked(demand, levels, Random(seed))
        assert {"sku": "A", "wanted": units, "available": sum(levels.values())} == refused.value.facts
        return

    picks = picked(demand, levels, Random(seed))

    assert units == sum(pick.units for pick in picks)
    assert len({pick.bucket for pick in picks}) == len(picks)
    assert all(0 < pick.units <= levels[pick.bucket] for pick in picks)


@given(LEVELS, st.integers(1, 40), st.integers())
def test_one_bucket_is_enough_where_one_holds_all(levels, units, seed):
    if max(levels.values(), default=0) < units:
        return

    assert 1 == len(picked(Demand("A", "whs_1", units), levels, Random(seed)))


@given(reservations(), LINES)
def test_what_returns_is_taken_once_from_what_is_left(reservation, lines):
    try:
        after, back = reservation.returning(lines, NOW)
    except ExceedsReserved:
        left = dict.fromkeys({line.key for line in lines}, 0)
        for pick in reservation.left():
            left[pick.sku, pick.warehouse_id] = left.get((pick.sku, pick.warehouse_id), 0) + pick.units
        assert any(line.units > left[line.key] for line in summed(lines))
        return

    assert sum(line.units for line in lines) == sum(pick.units for pick in back)
    before_units = sum(pick.units for pick in reservation.left())
    assert before_units == sum(pick.units for pick in after.left()) + sum(pick.units for pick in back)
    assert all(0 <= pick.returned <= pick.units for pick in after.picks)
    assert reservation.revision + 1 == after.revision


def test_what_returned_cannot_return_again():
    reservation = Reservation("ord_1", Status.SOLD, (Pick("A", "whs_1", 0, 2), Pick("A", "whs_1", 3, 3)), NOW)

    after, back = reservation.returning([Demand("A", "whs_1", 4)], NOW)

    assert (Pick("A", "whs_1", 0, 2), Pick("A", "whs_1", 3, 2)) == back
    with pytest.raises(ExceedsReserved):
        after.returning([Demand("A", "whs_1", 2)], NOW)


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", Status)
def test_a_move_that_is_not_in_the_table_is_refused(before, after):
    reservation = Reservation("ord_1", before, (Pick("A", "whs_1", 0, 2),), NOW)
    if after in MOVES[before]:
        assert (after, 2) == (reservation.moved(after, NOW).status, reservation.moved(after, NOW).revision)
        return

    with pytest.raises(IllegalReservationMove):
        reservation.moved(after, NOW)


def test_only_what_is_held_can_be_sold_or_released():
    assert {(Status.HELD, Status.SOLD), (Status.HELD, Status.RELEASED)} == {
        (before, after) for before, afters in MOVES.items() for after in afters
    }


def test_picks_are_gathered_per_warehouse_and_sku():
    picks = [
        Pick("B", "whs_1", 0, 1),
        Pick("A", "whs_1", 0, 2),
        Pick("A", "whs_1", 1, 3),
        Pick("A", "whs_2", 0, 4),
    ]

    assert {
        "whs_1": (SkuUnits("A", 5), SkuUnits("B", 1)),
        "whs_2": (SkuUnits("A", 4),),
    } == by_warehouse(picks)
