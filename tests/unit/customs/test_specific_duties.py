"""Duties by weight and by piece, alone and together with a share of the value."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.customs.book import packaged_book
from functions.customs.domain import (
    Assessment,
    DutyFormNotCarried,
    MeasureMissing,
    WeightMissing,
    assess,
)
from functions.customs.domain.rulebook import Bound, RateRow, RuleBook, Specific, Unit, rule_book
from tests.unit.customs.consignments import ON, RATES, amounts, consignment, line

PACKAGED = packaged_book()


def book(rate: str, *specifics: Specific, **more: Any) -> RuleBook:
    """The packaged rules, and one rate of duty in Great Britain beside its VAT."""
    (vat,) = (row for row in PACKAGED.rates["vat", "GB", ""] if row.category is None)
    duty: RateRow = vat._replace(
        row_id="gb-duty-0402",
        kind="duty",
        hs_prefix="0402",
        rate=Fraction(rate),
        specifics=specifics,
        **more,
    )
    rules = [rule for rules in PACKAGED.rules.values() for rule in rules]
    return rule_book("test", PACKAGED.unions, PACKAGED.excise_hs, rules, [vat, duty])


def per(amount: str, currency: str, unit: Unit) -> Specific:
    return Specific(Fraction(amount), currency, unit)


def charged(
    rates: RuleBook,
    price: str = "GBP 200.00",
    quantity: int = 1,
    weight_grams: int | None = None,
    **measures: str,
) -> Assessment:
    held = {unit: Fraction(amount) for unit, amount in measures.items()}
    goods = replace(
        line(f"040210 NZ {price}", quantity, key="SKU-1"), weight_grams=weight_grams, measures=held
    )
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


def test_wine_is_charged_by_the_litre_of_its_bottles() -> None:
    """UK Global Tariff, still wine: GBP 26.00 for each hl; twelve bottles of 0.75 l are 9 l."""
    found = charged(book("0", per("0.26", "GBP", "litre")), quantity=12, litre="0.75")

    assert ("GBP 2.34", "GBP 40.47") == amounts(found)
    note = next(one.note for one in found.explain if one.charge == "duty")
    assert note.startswith("GBP 0.26 for each litre of 9 litre, and 0 % of goods")


def test_spirits_are_charged_by_the_pure_alcohol_in_them() -> None:
    """A bottle of 0.7 l at 40 % holds 0.28 l of pure alcohol."""
    found = charged(book("0", per("1", "GBP", "litre_alcohol")), quantity=3, litre_alcohol="0.28")

    assert "GBP 0.84" == amounts(found)[0]
    assert any("for each litre of pure alcohol of 0.84" in one.note for one in found.explain)


def test_shoes_are_charged_by_the_pair_and_by_value() -> None:
    """USITC, HTS 6402.99.70: 90 cents a pair and 37.5 %."""
    found = charged(book("0.375", per("0.90", "GBP", "pair")), "GBP 200.00", quantity=40, pair="1")

    assert "GBP 111.00" == amounts(found)[0]  # 75.00 and 36.00


def test_a_pack_of_several_pieces_counts_them_all() -> None:
    found = charged(book("0", per("0.20", "GBP", "piece")), quantity=3, piece="6")

    assert "GBP 3.60" == amounts(found)[0]


@pytest.mark.parametrize(
    ("price", "duty"),
    [
        ("GBP 140.00", "GBP 3.20"),  # 2 % is 2.80, and less than the least
        ("GBP 160.00", "GBP 3.20"),  # 2 % is the least itself
        ("GBP 160.50", "GBP 3.21"),
        ("GBP 400.00", "GBP 8.00"),  # the most itself
        ("GBP 400.50", "GBP 8.00"),  # 2 % is 8.01, and more than the most
    ],
)
def test_a_duty_is_kept_between_its_least_and_its_most(price: str, duty: str) -> None:
    """TARIC's form of a compound duty: 2 % MIN 0.40 / l MAX 1.00 / l, here of 8 l."""
    rates = book(
        "0.02",
        at_least=Bound(Fraction(0), (per("0.40", "GBP", "litre"),)),
        at_most=Bound(Fraction(0), (per("1.00", "GBP", "litre"),)),
    )

    assert duty == amounts(charged(rates, price, quantity=8, litre="1"))[0]


def test_the_bounds_of_a_duty_are_told() -> None:
    rates = book(
        "0.02",
        at_least=Bound(Fraction(0), (per("0.40", "GBP", "litre"),)),
        at_most=Bound(Fraction("0.18"), (per("0.10", "GBP", "kg"),)),
    )

    found = charged(rates, quantity=2, litre="1", weight_grams=500)

    (note,) = (one.note for one in found.explain if one.charge == "duty")
    assert note.startswith(
        "At least GBP 0.4 for each litre, At most 18 % and GBP 0.1 for each kg, 2 % of goods"
    )


def test_a_least_by_value_holds_for_a_duty_by_quantity() -> None:
    """Japan, leather shoes: 30 % or JPY 4,300 a pair, whichever is the greater: one is the other's least."""
    by_pair = book("0", per("20", "GBP", "pair"), at_least=Bound(Fraction("0.30"), ()))
    by_value = book("0.30", at_least=Bound(Fraction(0), (per("20", "GBP", "pair"),)))

    for price, duty in (("GBP 150.00", "GBP 45.00"), ("GBP 136.00", "GBP 40.80")):
        for rates in (by_pair, by_value):
            assert duty == amounts(charged(rates, price, quantity=2, pair="1"))[0]


@pytest.mark.parametrize("unit", ["litre", "litre_alcohol", "pair", "metre", "m2", "m3"])
def test_goods_that_do_not_tell_the_measure_are_refused_by_its_name(unit: Unit) -> None:
    with pytest.raises(MeasureMissing) as refused:
        charged(book("0.08", per("1", "GBP", unit)), weight_grams=500)

    assert {"line": "SKU-1", "field": f"measures.{unit}", "row": "gb-duty-0402"} == refused.value.facts


def test_a_bound_by_a_measure_that_is_not_told_is_refused_too() -> None:
    rates = book("0.08", at_least=Bound(Fraction(0), (per("1", "GBP", "litre"),)))

    with pytest.raises(MeasureMissing):
        charged(rates)


def test_a_form_that_cannot_be_charged_is_refused_by_the_tariffs_own_words() -> None:
    with pytest.raises(DutyFormNotCarried) as refused:
        charged(book("0", form="33.90 GBP / 100 kg std qual"))

    facts = refused.value.facts
    assert ("SKU-1", "gb-duty-0402", "33.90 GBP / 100 kg std qual") == (
        facts["line"],
        facts["row"],
        facts["form"],
    )


@given(st.integers(14_000, 100_000), st.integers(0, 50_000), st.integers(1, 30))
def test_a_dearer_price_never_lowers_a_bounded_duty(price: int, more: int, quantity: int) -> None:
    rates = book(
        "0.02",
        at_least=Bound(Fraction(0), (per("0.40", "GBP", "litre"),)),
        at_most=Bound(Fraction(0), (per("1.00", "GBP", "litre"),)),
    )

    cheap, dear = (
        charged(rates, f"GBP {cents / 100:.2f}", quantity, litre="1").duty for cents in (price, price + more)
    )

    assert cheap <= dear


@given(st.integers(1, 50), st.integers(1, 5_000), st.integers(0, 20_000))
def test_more_weight_is_never_charged_less(quantity: int, grams: int, more: int) -> None:
    rates = book("0.08", per("1.47", "GBP", "kg"))

    light, heavy = (charged(rates, "GBP 140.00", quantity, g).duty for g in (grams, grams + more))

    assert light <= heavy


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"specifics": (per("240", "CNY", "litre"),)}, "15 % and CNY 240 for each litre"),
        ({"at_least": Bound(Fraction(1, 5), ())}, "15 %, at least 20 %"),
        ({"at_most": Bound(Fraction(0), (per("3", "CNY", "piece"),))}, "15 %, at most CNY 3 for each piece"),
    ],
    ids=["by quantity", "a least", "a most"],
)
def test_a_consumption_tax_that_is_no_plain_share_is_refused_by_its_form(
    more: dict[str, Any], said: str
) -> None:
    """It is part of its own base, so that a quantity would enter the base of VAT too: nobody has worked that out."""
    rules = [rule for rules in PACKAGED.rules.values() for rule in rules]
    rows = [
        row._replace(**more) if row.kind == "consumption" else row
        for rows in PACKAGED.rates.values()
        for row in rows
    ]
    rates = rule_book("test", PACKAGED.unions, PACKAGED.excise_hs, rules, rows)
    cream = replace(line("330499 KR CNY 900.00", key="CREAM"), measures={"litre": Fraction(1, 20)})
    parcel = consignment("KR-CN", cream, has_importer_identity=True)

    with pytest.raises(DutyFormNotCarried) as refused:
        assess(parcel, ON, RATES, rates, allow_unverified=True)

    facts = refused.value.facts
    assert ("CREAM", "cn-consumption-330499", said) == (facts["line"], facts["row"], facts["form"])
