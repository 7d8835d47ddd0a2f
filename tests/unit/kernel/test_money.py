"""Money is exact, and rounded in one place."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency

from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.money import Money, allocate, converted, divided, major_units, rounded, scaled, total

CURRENCIES = st.sampled_from(sorted(EXPONENTS))


def test_the_exponents_are_those_of_iso_4217() -> None:
    published = {currency.code: currency.exponent for currency in Currency if currency.exponent is not None}
    assert published == EXPONENTS
    # Where CLDR says otherwise, ISO 4217 holds.
    assert (3, 2, 2) == (EXPONENTS["IQD"], EXPONENTS["LBP"], EXPONENTS["RSD"])


@pytest.mark.parametrize("amount", [19.99, 1.0, True, "1", Decimal(1)])
def test_an_amount_is_a_whole_number(amount: object) -> None:
    with pytest.raises(ValueError, match="whole number"):
        Money(amount, "EUR")  # type: ignore[arg-type]


def test_a_currency_is_one_of_iso_4217() -> None:
    with pytest.raises(ValueError, match="EURO"):
        Money(1, "EURO")


def test_two_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="do not mix"):
        Money(1, "EUR") + Money(1, "USD")


@pytest.mark.parametrize(
    ("value", "whole"),
    [("0.5", 1), ("-0.5", -1), ("1.4999", 1), ("2.5", 3), ("-2.5", -3), ("2.4", 2), ("0", 0)],
)
def test_a_half_is_rounded_away_from_zero(value: str, whole: int) -> None:
    assert whole == rounded(Decimal(value))


@pytest.mark.parametrize(
    ("amount", "percent", "tax"), [(1000, "0.19", 190), (1, "0.19", 0), (3, "0.19", 1), (50, "0.19", 10)]
)
def test_a_rate_is_applied_and_rounded_once(amount: int, percent: str, tax: int) -> None:
    assert Money(tax, "EUR") == scaled(Money(amount, "EUR"), Fraction(percent))


def test_conversion_heeds_both_exponents() -> None:
    assert Money(625, "EUR") == converted(Money(1000, "JPY"), Fraction(1, 160), "EUR")
    assert Money(160, "JPY") == converted(Money(100, "EUR"), Fraction(160), "JPY")
    assert Money(1000, "KWD") == converted(Money(325, "USD"), Fraction(100, 325), "KWD")


def test_money_is_written_with_its_own_number_of_places() -> None:
    assert ["EUR 1,234.50", "JPY 1,234", "KWD 1.234", "EUR -0.05"] == [
        str(Money(123450, "EUR")),
        str(Money(1234, "JPY")),
        str(Money(1234, "KWD")),
        str(Money(-5, "EUR")),
    ]


def test_an_amount_in_whole_units_has_no_more_places_than_its_currency() -> None:
    assert Money(1999, "EUR") == major_units("19.99", "EUR")
    with pytest.raises(ValueError, match="more decimal places"):
        major_units("19.999", "EUR")


@given(
    st.integers(-(10**12), 10**12),
    st.lists(st.integers(0, 10**9), min_size=1, max_size=40).filter(any),
    CURRENCIES,
)
def test_a_split_loses_no_minor_unit(amount: int, weights: list[int], currency: str) -> None:
    whole = Money(amount, currency)

    parts = allocate(whole, weights)

    assert whole == total(parts, currency)
    exact = [Fraction(amount * weight, sum(weights)) for weight in weights]
    assert all(abs(part.amount - share) < 1 for part, share in zip(parts, exact, strict=True))
    assert all(part.amount == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


def test_a_tie_goes_to_the_earlier_part() -> None:
    assert [34, 33, 33] == [part.amount for part in allocate(Money(100, "EUR"), [1, 1, 1])]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [2, -1]])
def test_there_is_no_split_over_nothing(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="non-negative"):
        allocate(Money(100, "EUR"), weights)


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6), st.integers(1, 50))
def test_a_ratio_is_rounded_as_its_fraction_in_lowest_terms_or_not(top: int, bottom: int, times: int) -> None:
    assert rounded(Fraction(top, bottom)) == divided(top * times, bottom * times)
