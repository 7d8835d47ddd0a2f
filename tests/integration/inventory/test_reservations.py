"""Placing, selling, releasing and restocking: each unit moves once, and the books agree."""

from contextlib import suppress
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from entrepot.cloud import dynamo, reads, writes
from entrepot.cloud.writes import Write
from entrepot.kernel.refusals import Busy
from functions.inventory import facade, store
from functions.inventory.domain.stock import BelowReserved, BelowZero
from functions.inventory.facade import Demand
from functions.inventory.service import planning
from tests.integration.inventory.depot import NOW, Depot

REFUSED = (
    facade.OutOfStock,
    facade.IllegalReservationMove,
    facade.ExceedsReserved,
    BelowZero,
    BelowReserved,
)


def level(depot: Depot, sku: str = "SKU-1") -> tuple[int, int]:
    found = depot.level(sku)
    return (found.available, found.reserved)


def test_placing_reserves_and_leaves_on_hand(depot):
    whs = depot.stocked("SKU-1", 10)

    reservation = depot.place("ord_1", Demand("SKU-1", whs, 2), Demand("SKU-1", whs, 1))

    assert (7, 3) == level(depot)
    assert [("SKU-1", whs, 3)] == [(pick.sku, pick.warehouse_id, pick.units) for pick in reservation.picks]
    assert (facade.Status.HELD, 1) == (reservation.status, reservation.revision)


def test_out_of_stock_leaves_no_trace(depot):
    whs = depot.stocked("SKU-1", 30)

    with pytest.raises(facade.OutOfStock) as refused:
        depot.place("ord_1", Demand("SKU-1", whs, 31))

    assert {"sku": "SKU-1", "wanted": 31, "available": 30} == refused.value.facts
    assert (30, 0) == level(depot)
    with pytest.raises(AssertionError):
        depot.reservation("ord_1")


def test_one_line_too_many_takes_nothing_of_the_other(depot):
    first = depot.stocked("SKU-1", 5)
    second = depot.stocked("SKU-2", 1)

    with pytest.raises(facade.OutOfStock) as refused:
        depot.place("ord_1", Demand("SKU-1", first, 5), Demand("SKU-2", second, 2))

    assert "SKU-2" == refused.value.facts["sku"]
    assert [(5, 0), (1, 0)] == [level(depot), level(depot, "SKU-2")]


@pytest.mark.parametrize("units", [1, 7, 40])
def test_so_many_units_sell_exactly_so_often(depot, units):
    whs = depot.stocked("SKU-1", units)
    sold = refused = 0
    for number in range(units + 20):
        try:
            depot.place(f"ord_{number}", Demand("SKU-1", whs, 1))
            sold += 1
        except facade.OutOfStock:
            refused += 1

    assert (units, 20) == (sold, refused)
    assert (0, units) == level(depot)


def test_units_spread_over_buckets_are_gathered_before_anyone_is_refused(depot):
    whs = depot.stocked("SKU-1", 30)

    reservation = depot.place("ord_1", Demand("SKU-1", whs, 29))

    assert (1, 29) == level(depot)
    assert 29 == sum(pick.units for pick in reservation.picks)
    assert 5 == len(reservation.picks)


def test_a_warehouse_that_is_not_on_the_shelf_is_out_of_stock(depot):
    depot.stocked("SKU-1", 30)
    other = depot.warehouse()

    with pytest.raises(facade.OutOfStock) as refused:
        depot.plan(Demand("SKU-1", other, 1))

    assert 0 == refused.value.facts["available"]


def test_a_layout_that_grew_after_it_was_read_is_used(depot):
    whs = depot.stocked("SKU-1", 1)
    old = depot.shelf("SKU-1")
    depot.move("SKU-1", whs, 59)
    depot.move("SKU-1", whs, 1, "count")
    plan = facade.plan([Demand("SKU-1", whs, 1)], [old], Random(1))
    while True:
        try:
            writes.commit(*plan.writes("ord_1", NOW))
            break
        except facade.BucketShort as short:
            plan = plan.after(short)

    assert (0, 1) == level(depot)


def test_a_plan_gives_up_when_others_are_always_faster(depot, monkeypatch):
    whs = depot.stocked("SKU-1", 12)
    plan = depot.plan(Demand("SKU-1", whs, 1))
    short = facade.BucketShort("SKU-1", whs, 0, 1)
    for _ in range(6):
        plan = plan.after(short)

    with pytest.raises(Busy):
        plan.after(short)


def test_a_bucket_that_others_keep_busy_is_left_for_another(depot, monkeypatch):
    whs = depot.stocked("SKU-1", 96)
    plan = depot.plan(Demand("SKU-1", whs, 1))
    busy = plan.picks[0].bucket
    send = dynamo.call

    def contended(operation, **arguments):
        held = [f"{whs}#{busy:02d}" in str(item) for item in arguments.get("TransactItems", ())]
        if any(held):
            reasons = [{"Code": "TransactionConflict" if each else "None"} for each in held]
            error = {"Code": "TransactionCanceledException", "Message": "Transaction cancelled"}
            raise ClientError({"Error": error, "CancellationReasons": reasons}, operation)
        return send(operation, **arguments)

    monkeypatch.setattr(dynamo, "call", contended)
    monkeypatch.setattr("entrepot.cloud.writes.time.sleep", lambda seconds: None)
    depot.rng = Random(7)  # the same first bucket again
    held = depot.place("ord_1", Demand("SKU-1", whs, 1))

    assert busy != held.picks[0].bucket
    assert (95, 1) == level(depot)


def test_from_the_second_round_every_unread_demand_is_looked_at(depot):
    places = {f"SKU-{number}": depot.stocked(f"SKU-{number}", 12) for number in range(4)}
    demands = [Demand(sku, whs, 12) for sku, whs in places.items()]
    plan = depot.plan(*demands)
    rounds = 0
    while True:
        try:
            writes.commit(*plan.writes("ord_1", NOW))
            break
        except facade.BucketShort as short:
            plan = plan.after(short)
            rounds += 1

    assert 2 == rounds
    assert [(0, 12)] * 4 == [level(depot, sku) for sku in places]


def test_the_largest_order_fits_its_transactions(depot, monkeypatch):
    monkeypatch.setattr(planning, "MOST_WRITES", 20)
    whs = depot.warehouse()
    skus = [f"SKU-{number}" for number in range(6)]
    for sku in skus:
        depot.own(sku)
        depot.move(sku, whs, 60)

    held = depot.place("ord_1", *(Demand(sku, whs, 55) for sku in skus))

    assert len(held.picks) <= 18
    assert [(5, 55)] * 6 == [level(depot, sku) for sku in skus]
    assert all(facade.audit(sku).balanced for sku in skus)
    assert len(facade.sell(held, NOW)) <= 20


def test_units_taken_while_they_were_gathered_are_looked_for_again(depot, monkeypatch):
    monkeypatch.setattr(planning, "MOST_WRITES", 3)
    whs = depot.stocked("SKU-1", 24)
    commit = writes.commit
    raced: list[bool] = []

    def slow(*given: Write) -> None:
        if not raced and len(given) == 4:
            raced.append(True)
            commit(store.hold(facade.Pick("SKU-1", whs, 0, 4)))
        commit(*given)

    monkeypatch.setattr(writes, "commit", slow)
    held = depot.place("ord_1", Demand("SKU-1", whs, 20))

    assert raced
    assert [20] == [pick.units for pick in held.picks]
    assert (0, 24) == level(depot)
    assert all(available >= 0 for available, _ in depot.buckets("SKU-1"))


def test_a_sale_takes_the_units_away_with_one_movement_per_warehouse(depot):
    first, second = depot.stocked("SKU-1", 20), depot.stocked("SKU-2", 4)
    depot.own("SKU-3")
    depot.move("SKU-3", first, 3)
    held = depot.place(
        "ord_1", Demand("SKU-1", first, 15), Demand("SKU-2", second, 1), Demand("SKU-3", first, 2)
    )

    writes.commit(*facade.sell(held, NOW))

    assert [(5, 0), (3, 0), (1, 0)] == [level(depot, sku) for sku in ("SKU-1", "SKU-2", "SKU-3")]
    assert [("sale", first, {"SKU-1": -15, "SKU-3": -2}), ("sale", second, {"SKU-2": -1})] == sorted(
        depot.movements_of("ord_1"), key=lambda each: "SKU-2" in each[2]
    )
    assert facade.Status.SOLD is depot.reservation("ord_1").status
    assert all(facade.audit(sku, ["ord_1"]).balanced for sku in ("SKU-1", "SKU-2", "SKU-3"))


def test_a_release_gives_all_back_and_is_no_movement(depot):
    whs = depot.stocked("SKU-1", 20)
    held = depot.place("ord_1", Demand("SKU-1", whs, 15))

    writes.commit(*facade.release(held, NOW))

    assert (20, 0) == level(depot)
    assert [] == depot.movements_of("ord_1")
    assert facade.Status.RELEASED is depot.reservation("ord_1").status


@pytest.mark.parametrize("first", [facade.sell, facade.release])
@pytest.mark.parametrize("second", [facade.sell, facade.release])
def test_what_is_held_moves_once_whoever_comes_second(depot, first, second):
    whs = depot.stocked("SKU-1", 9)
    held = depot.place("ord_1", Demand("SKU-1", whs, 4))
    depot.place("ord_2", Demand("SKU-1", whs, 4))
    writes.commit(*first(held, NOW))
    after = level(depot)

    with pytest.raises(facade.ReservationChanged):
        writes.commit(*second(held, NOW))
    with pytest.raises(facade.IllegalReservationMove):
        second(depot.reservation("ord_1"), NOW)

    assert after == level(depot)


def test_an_order_reserves_once(depot):
    whs = depot.stocked("SKU-1", 9)
    depot.place("ord_1", Demand("SKU-1", whs, 4))

    with pytest.raises(facade.ReservationExists):
        depot.place("ord_1", Demand("SKU-1", whs, 4))
    assert (5, 4) == level(depot)


def test_restocked_units_can_be_bought_again_and_come_back_once(depot):
    whs = depot.stocked("SKU-1", 10)
    writes.commit(*facade.sell(depot.place("ord_1", Demand("SKU-1", whs, 5)), NOW))
    sold = depot.reservation("ord_1")

    after, act = facade.restock(sold, [Demand("SKU-1", whs, 2)], NOW)
    writes.commit(*act)
    with pytest.raises(facade.ReservationChanged):
        writes.commit(*act)

    assert (7, 0) == level(depot)
    assert after == depot.reservation("ord_1")
    with pytest.raises(facade.ExceedsReserved):
        facade.restock(after, [Demand("SKU-1", whs, 4)], NOW)
    _, rest = facade.restock(after, [Demand("SKU-1", whs, 3)], NOW)
    writes.commit(*rest)
    assert (10, 0) == level(depot)
    assert {("cancellation", 2), ("cancellation", 3), ("sale", -5)} == {
        (cause, units["SKU-1"]) for cause, _, units in depot.movements_of("ord_1")
    }
    assert facade.audit("SKU-1", ["ord_1"]).balanced


def test_lines_of_a_held_order_go_back_before_the_rest_is_sold(depot):
    whs = depot.stocked("SKU-1", 30)
    held = depot.place("ord_1", Demand("SKU-1", whs, 20))

    after, act = facade.release_part(held, [Demand("SKU-1", whs, 13)], NOW)
    writes.commit(*act)
    assert (23, 7) == level(depot)
    writes.commit(*facade.sell(after, NOW))

    assert (23, 0) == level(depot)
    assert [("sale", whs, {"SKU-1": -7})] == depot.movements_of("ord_1")
    with pytest.raises(facade.ExceedsReserved):
        facade.restock(depot.reservation("ord_1"), [Demand("SKU-1", whs, 8)], NOW)


def test_with_its_last_line_a_held_order_is_released(depot):
    whs = depot.stocked("SKU-1", 5)
    held = depot.place("ord_1", Demand("SKU-1", whs, 5))

    after, act = facade.release_part(held, [Demand("SKU-1", whs, 5)], NOW)
    writes.commit(*act)

    assert facade.Status.RELEASED is after.status
    assert (5, 0) == level(depot)
    with pytest.raises(facade.IllegalReservationMove):
        facade.release(after, NOW)


@pytest.mark.parametrize("act", [facade.restock, facade.release_part])
def test_a_released_order_gives_nothing_back(depot, act):
    whs = depot.stocked("SKU-1", 5)
    writes.commit(*facade.release(depot.place("ord_1", Demand("SKU-1", whs, 5)), NOW))

    with pytest.raises(facade.IllegalReservationMove):
        act(depot.reservation("ord_1"), [Demand("SKU-1", whs, 1)], NOW)


def test_what_was_sold_cannot_be_released_in_part_nor_what_is_held_restocked(depot):
    whs = depot.stocked("SKU-1", 5)
    held = depot.place("ord_1", Demand("SKU-1", whs, 2))
    with pytest.raises(facade.IllegalReservationMove):
        facade.restock(held, [Demand("SKU-1", whs, 1)], NOW)
    writes.commit(*facade.sell(held, NOW))

    with pytest.raises(facade.IllegalReservationMove):
        facade.release_part(depot.reservation("ord_1"), [Demand("SKU-1", whs, 1)], NOW)


def test_shown_stock_is_enough_or_the_whole_truth_in_one_request_where_its_shelf_is_known(depot, monkeypatch):
    first, second = depot.stocked("SKU-1", 100), depot.stocked("SKU-2", 2)
    fetches: list[int] = []
    fetch = reads.fetch

    def counting(*given, **options) -> list[Any]:
        fetches.append(len(given))
        return fetch(*given, **options)

    monkeypatch.setattr(reads, "fetch", counting)

    few = depot.shown({"SKU-1": 2, "SKU-2": 2})

    assert few["SKU-1"][first] >= 2
    assert 2 == few["SKU-2"][second]
    assert [2, 4] == fetches
    assert few.keys() == depot.shown({"SKU-1": 2, "SKU-2": 2}).keys()
    assert [2, 4, 6] == fetches
    assert {"SKU-1": {first: 100}} == depot.shown({"SKU-1": 99})
    assert [2, 4, 6, 4, 13] == fetches
    assert {} == depot.shown({})


def test_on_hand_is_the_sum_of_the_movements_after_anything(depot):
    rng = Random(20261122)
    depot.rng = rng
    near = depot.stocked("SKU-1", 40)
    far = depot.warehouse(country="DE")
    depot.move("SKU-1", far, 9)
    orders: list[str] = []
    for turn in range(60):
        whs = rng.choice([near, far])
        with suppress(*REFUSED):
            step(depot, rng, whs, orders, turn)
        found = facade.audit("SKU-1", orders)
        assert found.balanced, turn
        assert all(available >= 0 and reserved >= 0 for available, reserved in depot.buckets("SKU-1"))

    held = [depot.reservation(order) for order in orders]
    assert found.reserved == sum(
        pick.left for each in held if each.status is facade.Status.HELD for pick in each.picks
    )
    assert {"held", "sold", "released"} == {each.status.value for each in held}


def step(depot: Depot, rng: Random, whs: str, orders: list[str], turn: int) -> None:
    act = rng.choice(["place", "place", "sell", "release", "part", "restock", "receipt", "damage", "count"])
    if act == "place":
        depot.place(f"ord_{turn}", Demand("SKU-1", whs, rng.randint(1, 9)))
        orders.append(f"ord_{turn}")
    elif act in ("receipt", "damage"):
        depot.move("SKU-1", whs, rng.randint(1, 12), act)
    elif act == "count":
        depot.move("SKU-1", whs, rng.randint(5, 60), act)
    elif orders:
        reservation = depot.reservation(rng.choice(orders))
        lines = [Demand("SKU-1", reservation.picks[0].warehouse_id, rng.randint(1, 3))]
        acts = {
            "sell": lambda: facade.sell(reservation, NOW),
            "release": lambda: facade.release(reservation, NOW),
            "part": lambda: facade.release_part(reservation, lines, NOW)[1],
            "restock": lambda: facade.restock(reservation, lines, NOW)[1],
        }
        writes.commit(*acts[act]())


def test_a_bucket_that_is_not_there_is_short(depot):
    whs = depot.stocked("SKU-1", 1)
    pick = facade.Pick("SKU-1", whs, 9, 1)

    with pytest.raises(facade.BucketShort) as short:
        writes.commit(store.hold(pick))

    assert ("SKU-1", whs, 9, 1) == (
        short.value.sku,
        short.value.warehouse_id,
        short.value.bucket,
        short.value.wanted,
    )
    assert 1 == len(depot.buckets("SKU-1"))
