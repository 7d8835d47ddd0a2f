"""Of whole quotes: a dearer price costs less only where another rule takes over, and the order of lines is nothing."""

from collections.abc import Mapping, Sequence
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.kernel.money import Money, total
from functions.orders.domain.quote import Option
from tests.unit.orders.desks import Shop, card, offer

LIMITS: Final[Mapping[str, tuple[str, int]]] = {
    "AU": ("AUD", 100_000),
    "CA": ("CAD", 2_000),
    "CN": ("CNY", 500_000),
    "DE": ("EUR", 15_000),
    "GB": ("GBP", 13_500),
    "JP": ("JPY", 10_000),
    "NO": ("NOK", 300_000),
    "NZ": ("NZD", 100_000),
    "TH": ("THB", 150_000),
    "US": ("USD", 80_000),
}
"""Each destination's currency, and its lowest limit in minor units; the United States have none."""
DOMESTIC_TOO: Final = [*((country, "IT") for country in LIMITS), ("DE", "DE"), ("GB", "GB"), ("AU", "AU")]
GOODS: Final = ("610910", "847130")
"""Goods that every destination has a rate for, one with duty and one without."""
QUOTA: Final = 2_600_000


def quoted(country: str, sent_from: str, prices: Sequence[int], order: Sequence[int] = ()) -> Option:
    currency = LIMITS[country][0]
    offers = {
        f"SKU-{index}": offer(f"SKU-{index}", GOODS[index % 2], Money(price, currency))
        for index, price in enumerate(prices)
    }
    wanted = {f"SKU-{index}": 1 for index in (order or range(len(prices)))}
    # Freight and cover in the buyer's currency, so that no rounding of a rate lies between two prices.
    cards = (card("saver", "courier", 700, sent_from, insurance="0.012", currency=currency),)
    (option,) = Shop(sent_from, cards, offers).options(wanted, country, currency)
    return option


def landed(option: Option) -> int:
    return option.borne.amount


def rules(option: Option) -> set[str]:
    """The rows that made the price: documented thresholds are where they change."""
    return {entry.rule for entry in option.explain if entry.charge not in ("goods", "freight", "insurance")}


@pytest.mark.parametrize(("country", "sent_from"), DOMESTIC_TOO)
@given(share=st.floats(0.01, 2.5), more=st.floats(0, 1))
@settings(max_examples=8, deadline=None)
def test_a_dearer_price_costs_less_only_where_another_rule_takes_over(
    country: str, sent_from: str, share: float, more: float
) -> None:
    limit = LIMITS[country][1]
    cheap, dear = (quoted(country, sent_from, [int(limit * part) + 60]) for part in (share, share + more))

    if landed(dear) < landed(cheap):
        assert rules(dear) != rules(cheap)


@pytest.mark.parametrize("country", [country for country in LIMITS if country not in ("CN", "US")])
@given(
    prices=st.lists(st.integers(1_500, 4_500), min_size=2, max_size=4),
    raised=st.integers(0, 3),
    more=st.integers(0, 500),
)
@settings(max_examples=6, deadline=None)
def test_raising_one_of_several_lines_never_lowers_the_total_under_one_set_of_rules(
    country: str, prices: list[int], raised: int, more: int
) -> None:
    dearer = list(prices)
    dearer[raised % len(prices)] += more

    before, after = quoted(country, "IT", prices), quoted(country, "IT", dearer)

    if rules(before) == rules(after):
        # Each line and each charge is rounded by itself: a shift of freight between lines may move each by half a unit.
        slack = len(prices) * 3
        assert landed(before) <= landed(after) + (slack if more else 0)


@pytest.mark.parametrize("country", [country for country in LIMITS if country != "CN"])
@given(
    prices=st.lists(st.integers(1_500, 40_000), min_size=2, max_size=5),
    chance=st.randoms(use_true_random=False),
)
@settings(max_examples=6, deadline=None)
def test_the_order_of_lines_changes_nothing_within_a_consignment(
    country: str, prices: list[int], chance: object
) -> None:
    order = list(range(len(prices)))
    chance.shuffle(order)  # type: ignore[attr-defined]

    one, other = quoted(country, "IT", prices), quoted(country, "IT", prices, order)

    assert one.total == other.total
    charges = ("goods", "freight", "insurance", "duty", "import_tax", "fees")
    assert {charge: one.sum_of(charge) for charge in charges} == {
        charge: other.sum_of(charge) for charge in charges
    }
    taxed = ("goods", "duty", "import_tax", "fees")
    assert {line.sku: [getattr(line, charge) for charge in taxed] for line in one.lines} == {
        line.sku: [getattr(line, charge) for charge in taxed] for line in other.lines
    }


@pytest.mark.parametrize("country", [country for country in LIMITS if country != "CN"])
@given(prices=st.lists(st.integers(1_500, 40_000), min_size=1, max_size=5))
@settings(max_examples=6, deadline=None)
def test_lines_reasons_and_total_are_one_sum(country: str, prices: list[int]) -> None:
    option = quoted(country, "IT", prices)

    currency = option.currency
    assert option.total == total((line.total for line in option.lines), currency)
    assert option.total == total((entry.amount for entry in option.explain), currency)
    owed = total((debt.amount for parcel in option.parcels for debt in parcel.owed), currency)
    taxes = option.sum_of("duty") + option.sum_of("import_tax") + option.sum_of("fees")
    assert taxes == owed
