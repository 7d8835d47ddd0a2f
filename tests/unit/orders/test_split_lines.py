"""What a buyer bears, and from where the units of a split line come."""

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.money import Money, zero
from functions.orders.domain.order import OrderLine
from functions.orders.domain.quote import (
    NotIncluded,
    Option,
    Origin,
    Parcel,
    ParcelLine,
    Promise,
    QuoteLine,
)

DAY = date(2026, 11, 25)
NOTHING = zero("EUR")


def line(goods: int = 1000, quantity: int = 1, warehouse: str = "whs_a") -> QuoteLine:
    money = Money(goods, "EUR")
    unit = Money(goods // quantity, "EUR")
    return QuoteLine(
        "A", "mrc_1", warehouse, "A", quantity, unit, money, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING
    )


def option(name: str, price: int, left: tuple[NotIncluded, ...]) -> Option:
    parcel = Parcel(
        "mrc_1", "whs_a", "c", name, "domestic", "ddp", (ParcelLine("A", 1),), NOTHING, Promise(DAY, DAY), ()
    )
    return Option(name, (parcel,), (line(price),), left, ())


def test_what_is_paid_at_the_door_is_borne_as_well() -> None:
    left = NotIncluded("duty", "delivered at place", "a source", Money(500, "EUR"))
    unknown = NotIncluded("fees", "nobody says how much", "a source")

    assert Money(1500, "EUR") == option("bare", 1000, (left, unknown)).borne
    assert Money(1200, "EUR") == option("all in", 1200, ()).borne


def test_parts_of_a_line_from_two_warehouses_are_one_line() -> None:
    joined = line(3000, 3).joined(line(2000, 2, "whs_b"))

    assert (5, Money(5000, "EUR"), Money(1000, "EUR")) == (joined.quantity, joined.total, joined.unit_price)
    assert (Origin("whs_a", 3), Origin("whs_b", 2)) == joined.origins
    assert (Origin("whs_a", 3),) == line(3000, 3).origins


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.lists(st.integers(1, 5), max_size=12))
def test_units_that_go_back_part_by_part_go_back_each_to_where_it_came_from(
    origins: list[int], parts: list[int]
) -> None:
    whole = sum(origins)
    split = tuple(Origin(f"whs_{number}", units) for number, units in enumerate(origins))
    held = OrderLine(replace(line(1000 * whole, whole), split=split))
    back: dict[str, int] = {}
    gone = 0
    for part in parts:
        units = min(part, whole - gone)
        for origin in held.origins(units, gone):
            back[origin.warehouse_id] = back.get(origin.warehouse_id, 0) + origin.units
        gone += units

    assert gone == sum(back.values())
    assert all(back.get(each.warehouse_id, 0) <= each.units for each in split)
