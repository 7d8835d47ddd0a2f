"""Movements by people: how stock spreads over buckets, and what happens when orders come between."""

from collections.abc import Callable

import pytest

from entrepot.cloud import writes
from entrepot.kernel.refusals import Busy, NotFound
from functions.inventory import facade, store
from functions.inventory.domain.stock import BelowReserved, BelowZero, Bucket, SkuClosed
from tests.integration.inventory.depot import NOW


def between(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object], times: int = 1) -> None:
    """Let `act` happen after the buckets were read and before the movement is committed."""
    read = store.buckets
    left = [times]

    def reading(*where: str) -> list[Bucket]:
        found = read(*where)
        if left[0] > 0:
            left[0] -= 1
            act()
        return found

    monkeypatch.setattr(store, "buckets", reading)


def test_a_receipt_spreads_evenly_over_as_many_buckets_as_it_fills(depot):
    depot.stocked("SKU-1", 100)

    levels = [available for available, _ in depot.buckets("SKU-1")]
    assert (16, 100) == (len(levels), sum(levels))
    assert max(levels) - min(levels) <= 1


def test_a_second_receipt_adds_buckets_and_levels_them(depot):
    whs = depot.stocked("SKU-1", 5)
    depot.move("SKU-1", whs, 25)

    assert [(6, 0)] * 5 == depot.buckets("SKU-1")
    assert [5] == [place.buckets for place in depot.shelf("SKU-1").places]


def test_buckets_stay_when_units_leave(depot):
    whs = depot.stocked("SKU-1", 30)
    depot.move("SKU-1", whs, 29, "damage")
    depot.move("SKU-1", whs, 1)

    assert 5 == len(depot.buckets("SKU-1"))
    assert 2 == depot.level("SKU-1").on_hand


def test_each_warehouse_has_buckets_of_its_own(depot):
    near = depot.stocked("SKU-1", 12)
    far = depot.warehouse(country="DE")
    depot.move("SKU-1", far, 3)

    shelf = depot.shelf("SKU-1")
    assert {near: ("CN", 2), far: ("DE", 1)} == {
        place.warehouse_id: (place.country, place.buckets) for place in shelf.places
    }
    assert {"SKU-1": {near: 12, far: 3}} == depot.shown({"SKU-1": 12})


def test_a_count_sets_what_is_on_hand_up_and_down(depot):
    whs = depot.stocked("SKU-1", 20)
    depot.place("ord_1", facade.Demand("SKU-1", whs, 3))

    down = depot.move("SKU-1", whs, 8, "count")
    up = depot.move("SKU-1", whs, 31, "count")
    same = depot.move("SKU-1", whs, 31, "count")

    assert [-12, 23, 0] == [down.change, up.change, same.change]
    level = depot.level("SKU-1")
    assert (31, 3) == (level.on_hand, level.reserved)
    assert facade.audit("SKU-1").balanced


def test_a_count_of_nothing_on_a_new_shelf_is_a_movement_of_nothing(depot):
    depot.own("SKU-1")
    whs = depot.warehouse()

    assert 0 == depot.move("SKU-1", whs, 0, "count").change
    assert [] == depot.buckets("SKU-1")
    with pytest.raises(facade.OutOfStock):
        depot.place("ord_1", facade.Demand("SKU-1", whs, 1))
    depot.move("SKU-1", whs, 7, "count")
    assert [(7, 0)] == depot.buckets("SKU-1")


@pytest.mark.parametrize(("units", "cause"), [(8, "damage"), (-8, "adjustment"), (2, "count")])
def test_what_orders_hold_cannot_be_taken_away(depot, units, cause):
    whs = depot.stocked("SKU-1", 10)
    depot.place("ord_1", facade.Demand("SKU-1", whs, 3))

    with pytest.raises(BelowReserved) as refused:
        depot.move("SKU-1", whs, units, cause)

    assert {"field": "units", "on_hand": 10, "reserved": 3} == refused.value.facts
    assert (10, 3) == (depot.level("SKU-1").on_hand, depot.level("SKU-1").reserved)


def test_damage_takes_from_several_buckets(depot):
    whs = depot.stocked("SKU-1", 30)
    depot.move("SKU-1", whs, 27, "damage")

    assert 3 == depot.level("SKU-1").available
    assert all(available >= 0 for available, _ in depot.buckets("SKU-1"))
    assert facade.audit("SKU-1").balanced


@pytest.mark.parametrize(("units", "cause"), [(11, "damage"), (4, "count")])
def test_an_order_that_comes_between_is_seen_before_stock_is_lowered(depot, monkeypatch, units, cause):
    whs = depot.stocked("SKU-1", 11)
    between(monkeypatch, lambda: depot.place("ord_1", facade.Demand("SKU-1", whs, 5)))

    with pytest.raises(BelowReserved):
        depot.move("SKU-1", whs, units, cause)

    assert (11, 5) == (depot.level("SKU-1").on_hand, depot.level("SKU-1").reserved)


def test_a_count_is_exact_although_a_sale_comes_between(depot, monkeypatch):
    whs = depot.stocked("SKU-1", 30)
    held = depot.place("ord_1", facade.Demand("SKU-1", whs, 5))
    between(monkeypatch, lambda: writes.commit(*facade.sell(held, NOW)))

    movement = depot.move("SKU-1", whs, 20, "count")

    assert -5 == movement.change
    assert 20 == depot.level("SKU-1").on_hand
    assert facade.audit("SKU-1", ["ord_1"]).balanced


def test_two_receipts_at_once_both_count(depot, monkeypatch):
    whs = depot.stocked("SKU-1", 1)
    between(monkeypatch, lambda: depot.move("SKU-1", whs, 40))

    depot.move("SKU-1", whs, 60)

    assert 101 == depot.level("SKU-1").on_hand
    assert facade.audit("SKU-1").balanced


def test_stock_that_never_holds_still_is_busy_and_nothing_moves(depot, monkeypatch):
    whs = depot.stocked("SKU-1", 60)
    orders = iter(range(100))
    between(
        monkeypatch,
        lambda: depot.place(f"ord_{next(orders)}", facade.Demand("SKU-1", whs, 1)),
        times=100,
    )

    with pytest.raises(Busy):
        depot.move("SKU-1", whs, 59, "count")

    assert 60 == depot.level("SKU-1").on_hand


def test_the_same_request_at_once_moves_once_and_both_see_it(depot, monkeypatch):
    whs = depot.stocked("SKU-1", 6)
    first = []
    between(monkeypatch, lambda: first.append(depot.move("SKU-1", whs, 5, key="same")))

    second = depot.move("SKU-1", whs, 5, key="same")

    assert [second] == first
    assert 11 == depot.level("SKU-1").on_hand


def test_a_closed_sku_takes_no_movement(depot):
    whs = depot.stocked("SKU-1", 4)
    depot.move("SKU-1", whs, 4, "damage")
    writes.commit(*facade.close_writes("SKU-1"))

    with pytest.raises(SkuClosed):
        depot.move("SKU-1", whs, 4)
    assert [] == facade.close_writes("SKU-1")


def test_a_sku_that_was_never_stocked_is_closed_too(depot):
    depot.own("SKU-1")
    whs = depot.warehouse()
    writes.commit(*facade.close_writes("SKU-1"))

    with pytest.raises(NotFound):
        depot.move("SKU-1", whs, 4)
    assert [] == depot.buckets("SKU-1")


def test_a_sku_with_stock_is_not_closed(depot):
    depot.stocked("SKU-1", 1)

    with pytest.raises(facade.StockLeft):
        facade.close_writes("SKU-1")


def test_a_sku_that_an_order_holds_is_not_closed(depot):
    whs = depot.stocked("SKU-1", 1)
    depot.place("ord_1", facade.Demand("SKU-1", whs, 1))

    with pytest.raises(facade.StockLeft):
        facade.close_writes("SKU-1")


@pytest.mark.parametrize("before", [0, 3])
def test_a_receipt_that_races_the_closing_makes_it_fail(depot, before):
    depot.own("SKU-1")
    whs = depot.warehouse()
    if before:
        depot.move("SKU-1", whs, before)
        depot.move("SKU-1", whs, before, "damage")
    closing = facade.close_writes("SKU-1")
    depot.move("SKU-1", whs, 5)

    with pytest.raises(facade.StockLeft):
        writes.commit(*closing)
    assert not depot.shelf("SKU-1").closed


def test_a_closing_that_races_a_receipt_makes_it_fail(depot, monkeypatch):
    whs = depot.stocked("SKU-1", 2)
    depot.move("SKU-1", whs, 2, "damage")
    closing = facade.close_writes("SKU-1")
    between(monkeypatch, lambda: writes.commit(*closing))

    with pytest.raises(SkuClosed):
        depot.move("SKU-1", whs, 5)
    assert 0 == depot.level("SKU-1").on_hand


def test_lowering_an_unknown_place_is_below_zero(depot):
    depot.stocked("SKU-1", 2)
    other = depot.warehouse()

    with pytest.raises(BelowZero):
        depot.move("SKU-1", other, -1, "adjustment")
    assert 1 == len(depot.shelf("SKU-1").places)
