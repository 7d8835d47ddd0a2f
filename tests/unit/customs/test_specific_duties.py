"""Duties by weight and by piece, alone and together with a share of the value."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.customs.book import packaged_book
from functions.customs.domain import Assessment, WeightMissing, assess
from functions.customs.domain.rulebook import RateRow, RuleBook, Specific, rule_book
from tests.unit.customs.consignments import ON, RATES, amounts, consignment, line

PACKAGED = packaged_book()


def book(rate: str, *specifics: Specific) -> RuleBook:
    """The packaged rules, and one rate of duty in Great Britain beside its VAT."""
    (vat,) = (row for row in PACKAGED.rates["vat", "GB", ""] if row.category is None)
    duty: RateRow = vat._replace(
        row_id="gb-duty-0402",
        kind="duty",
        hs_prefix="0402",
        rate=Fraction(rate),
        specifics=specifics,
    )
    rules = [rule for rules in PACKAGED.rules.values() for rule in rules]
    return rule_book("test", PACKAGED.unions, PACKAGED.excise_hs, rules, [vat, duty])


def per(amount: str, currency: str, unit: str) -> Specific:
    return Specific(Fraction(amount), currency, "kg" if unit == "kg" else "piece")


def charged(
    rates: RuleBook, price: str = "GBP 200.00", quantity: int = 1, weight_grams: int | None = None
) -> Assessment:
    goods = replace(line(f"040210 NZ {price}", quantity, key="SKU-1"), weight_grams=weight_grams)
    return assess(consignment("NZ-GB", goods), ON, RATES, rates, allow_unverified=True)


def test_a_duty_by_weight_counts_every_unit_and_enters_the_base_of_vat() -> None:
    found = charged(book("0", per("0.83", "GBP", "kg")), quantity=3, weight_grams=1_500)

    assert ("GBP 3.74", "GBP 40.75") == amounts(found)  # 3.735, and 20 % of 203.74


def test_a_duty_by_piece_needs_no_weight() -> None:
    assert "GBP 0.60" == amounts(charged(book("0", per("0.20", "GBP", "piece")), quantity=3))[0]


def test_a_compound_duty_is_the_share_and_the_quantity_rounded_once() -> None:
    found = charged(book("0.08", per("1.47", "GBP", "kg")), "GBP 200.06", weight_grams=250)

    assert "GBP 16.37" == amounts(found)[0]  # 16.0048 and 0.3675
    note = next(one.note for one in found.explain if one.charge == "duty")
    assert note.startswith("GBP 1.47 for each kg of 0.25 kg, and 8 % of goods")


def test_a_duty_in_another_currency_is_converted_at_the_rate_that_is_cited() -> None:
    found = charged(book("0", per("1", "EUR", "kg")), weight_grams=10_000)

    exact = 10 * RATES.rate("EUR", "GBP")
    assert abs(found.duty.amount - 100 * exact) <= Fraction(1, 2)
    assert any("1 GBP =" in one.note and "European Central Bank" in one.note for one in found.explain)


def test_goods_without_a_weight_are_refused_where_a_duty_is_by_weight() -> None:
    with pytest.raises(WeightMissing) as refused:
        charged(book("0.08", per("1.47", "GBP", "kg")))

    assert {"line": "SKU-1", "field": "weight_grams", "row": "gb-duty-0402"} == refused.value.facts


@given(st.integers(1, 50), st.integers(1, 5_000), st.integers(0, 20_000))
def test_more_weight_is_never_charged_less(quantity: int, grams: int, more: int) -> None:
    rates = book("0.08", per("1.47", "GBP", "kg"))

    light, heavy = (charged(rates, "GBP 140.00", quantity, g).duty for g in (grams, grams + more))

    assert light <= heavy
