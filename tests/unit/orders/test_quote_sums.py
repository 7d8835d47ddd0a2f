"""The sums of a quote: a total is the sum of its lines, in whatever order, and a line split in two loses nothing."""

from dataclasses import replace
from functools import reduce
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.money import Money, allocate, total, zero
from functions.orders.domain.quote import Option, QuoteLine

CHARGES = ("goods", "freight", "duty", "import_tax", "fees")
AMOUNTS = st.integers(0, 10**7)


@st.composite
def quote_lines(draw: st.DrawFn) -> QuoteLine:
    price, units = draw(st.integers(1, 10**5)), draw(st.integers(1, 999))
    goods = price * units
    freight, duty, import_tax, fees, premium = (Money(draw(AMOUNTS), "EUR") for _ in range(5))
    return QuoteLine(
        sku=f"SKU-{draw(st.integers(0, 10**9))}",
        merchant_id="mrc_1",
        warehouse_id="wh_1",
        title="Bag",
        quantity=units,
        unit_price=Money(price, "EUR"),
        goods=Money(goods, "EUR"),
        discount=Money(draw(st.integers(0, goods)), "EUR"),
        freight=freight,
        duty=duty,
        import_tax=import_tax,
        fees=fees,
        premium=premium or None,
    )


LINES = st.lists(quote_lines(), min_size=1, max_size=30)


def option(lines: list[QuoteLine]) -> Option:
    return Option("opt_1", (), tuple(lines), (), ())


@given(LINES)
def test_a_total_is_the_sum_of_its_lines_and_of_its_charges(lines: list[QuoteLine]) -> None:
    whole = option(lines)

    by_line = sum(
        line.goods.amount
        - line.discount.amount
        + line.freight.amount
        + (line.premium.amount if line.premium else 0)
        + line.duty.amount
        + line.import_tax.amount
        + line.fees.amount
        for line in lines
    )
    assert Money(by_line, "EUR") == whole.total
    assert whole.total == total((line.total for line in lines), "EUR")


@given(LINES, st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter_to_any_sum(lines: list[QuoteLine], chance: object) -> None:
    shuffled = list(lines)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = option(lines), option(shuffled)

    assert one.total == other.total
    assert [one.sum_of(charge) for charge in CHARGES] == [other.sum_of(charge) for charge in CHARGES]


@given(quote_lines(), st.lists(st.integers(1, 300), min_size=2, max_size=5))
def test_a_line_split_over_warehouses_and_joined_again_loses_no_minor_unit(
    line: QuoteLine, units: list[int]
) -> None:
    shares: dict[str, Any] = {
        charge: allocate(getattr(line, charge), units) for charge in (*CHARGES, "discount")
    }
    parts = [
        replace(
            line,
            warehouse_id=f"wh_{number}",
            quantity=units[number],
            premium=None if number else line.premium,
            **{charge: amounts[number] for charge, amounts in shares.items()},
        )
        for number in range(len(units))
    ]

    joined = reduce(QuoteLine.joined, parts)

    assert line.total == joined.total == total((part.total for part in parts), "EUR")
    assert sum(units) == joined.quantity
    assert units == [origin.units for origin in joined.origins]
    assert (joined.premium or zero("EUR")) == (line.premium or zero("EUR"))
