"""From which warehouses an order may come: whole lines where one has them, split only where none has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.inventory.facade import Mode, OutOfStock, Place, Shelf
from functions.orders.service import sourcing
from functions.orders.service.sourcing import Plan

COUNTRIES = {"whs_a": "CN", "whs_b": "DE", "whs_c": "FR"}


def planned(
    wanted: dict[str, int], stock: dict[str, dict[str, int]], owners: dict[str, str] | None = None
) -> list[list[Plan]]:
    shelves = {
        sku: Shelf(
            sku,
            (owners or {}).get(sku, "mrc_1"),
            tuple(Place(each, COUNTRIES[each], Mode.DIRECT_MAIL, 1) for each in sorted(held)),
        )
        for sku, held in stock.items()
    }
    return sourcing.candidates(wanted, shelves, stock, "DE")


def shown(plan: Plan) -> list[tuple[str, str, int]]:
    return [(source.sku, source.place.warehouse_id, source.units) for source in plan]


def test_the_plainest_takes_each_line_from_the_buyers_country_else_from_the_first_by_id() -> None:
    ((first, *_),) = planned({"A": 1, "B": 1}, {"A": {"whs_a": 5, "whs_b": 5}, "B": {"whs_a": 5, "whs_c": 5}})

    assert [("A", "whs_b", 1), ("B", "whs_a", 1)] == shown(first)


def test_each_warehouse_is_tried_for_all_that_it_has_whole() -> None:
    ((_, *others),) = planned({"A": 1, "B": 1}, {"A": {"whs_a": 5, "whs_b": 5}, "B": {"whs_a": 5}})

    assert [[("A", "whs_a", 1), ("B", "whs_a", 1)]] == [shown(plan) for plan in others]


def test_a_line_is_split_only_where_no_warehouse_has_all_of_it_and_the_fullest_gives_first() -> None:
    ((split,),) = planned({"A": 7}, {"A": {"whs_a": 5, "whs_b": 2, "whs_c": 1}})
    assert [("A", "whs_a", 5), ("A", "whs_b", 2)] == shown(split)

    ((whole,),) = planned({"A": 5}, {"A": {"whs_a": 5, "whs_b": 2}})
    assert [("A", "whs_a", 5)] == shown(whole)


def test_more_than_all_warehouses_have_is_out_of_stock() -> None:
    with pytest.raises(OutOfStock) as refused:
        planned({"A": 9}, {"A": {"whs_a": 5, "whs_b": 3}})

    assert {"sku": "A", "wanted": 9, "available": 8} == refused.value.facts


def test_merchants_are_planned_apart() -> None:
    stock = {"A": {"whs_a": 1}, "B": {"whs_a": 1}}

    found = planned({"A": 1, "B": 1}, stock, {"B": "mrc_2"})

    assert [[[("A", "whs_a", 1)]], [[("B", "whs_a", 1)]]] == [
        [shown(plan) for plan in each] for each in found
    ]


held = st.dictionaries(st.sampled_from(sorted(COUNTRIES)), st.integers(0, 9), min_size=1)


@given(st.dictionaries(st.sampled_from("ABCDE"), st.tuples(st.integers(1, 9), held), min_size=1))
def test_every_candidate_sends_what_is_wanted_from_what_is_there(
    goods: dict[str, tuple[int, dict[str, int]]],
) -> None:
    wanted = {sku: units for sku, (units, _) in goods.items()}
    stock = {sku: levels for sku, (_, levels) in goods.items()}
    if any(sum(stock[sku].values()) < units for sku, units in wanted.items()):
        with pytest.raises(OutOfStock):
            planned(wanted, stock)
        return

    (candidates,) = planned(wanted, stock)

    assert 1 <= len(candidates) <= sourcing.MOST_CANDIDATES
    for plan in candidates:
        for sku, units in wanted.items():
            parts = [source for source in plan if source.sku == sku]
            assert units == sum(source.units for source in parts)
            assert all(0 < source.units <= stock[sku][source.place.warehouse_id] for source in parts)
            assert 1 == len(parts) or max(stock[sku].values()) < units
