"""Fees and spreads are dated data; rates are used as they are written down."""

from datetime import date
from fractions import Fraction

import pytest

from entrepot.kernel.money import Money
from functions.settlement.domain.terms import (
    FeeRow,
    NoTerms,
    SpreadRow,
    Terms,
    Tier,
    TiersRow,
    WithholdingRow,
    fee_in_force,
    off_for,
    recorded_rate,
    spread_in_force,
    tiers_in_force,
    withheld_in,
)
from functions.settlement.prices import prices

FIXED = Money(25, "EUR")


def fee(points: int, effective: str = "2026-01-01", stage: str = "*") -> FeeRow:
    return FeeRow(stage, date.fromisoformat(effective), points, FIXED, "prices")


def spread(points: int, merchant: str = "*", effective: str = "2026-01-01") -> SpreadRow:
    return SpreadRow("*", merchant, date.fromisoformat(effective), points, "prices")


def test_the_newest_fee_in_force_holds():
    rows = [fee(150), fee(140, "2026-06-01"), fee(130, "2027-01-01")]

    assert 150 == fee_in_force(rows, "prod", date(2026, 5, 31)).basis_points
    assert 140 == fee_in_force(rows, "prod", date(2026, 6, 1)).basis_points


def test_a_stages_own_fee_holds_before_everybodys():
    rows = [fee(0, "2026-01-01", "local"), fee(150, "2026-06-01")]

    assert 0 == fee_in_force(rows, "local", date(2026, 11, 22)).basis_points
    assert 150 == fee_in_force(rows, "prod", date(2026, 11, 22)).basis_points


def test_no_fee_in_force_is_a_refusal_not_a_zero():
    with pytest.raises(NoTerms):
        fee_in_force([fee(150)], "prod", date(2025, 12, 31))


def test_a_spread_is_the_merchants_own_else_everybodys_else_nothing():
    rows = [spread(20), spread(50, "mrc_1"), spread(70, "mrc_1", "2027-01-01")]

    assert 50 == spread_in_force(rows, "prod", "mrc_1", date(2026, 11, 22))
    assert 70 == spread_in_force(rows, "prod", "mrc_1", date(2027, 1, 1))
    assert 20 == spread_in_force(rows, "prod", "mrc_2", date(2026, 11, 22))
    assert 0 == spread_in_force(rows, "prod", "mrc_2", date(2025, 11, 22))


def test_a_rate_is_written_to_twelve_places_half_up():
    by = Terms("EUR", 0, 0, 0, 0, date(2026, 10, 2), "ECB")

    assert "0.132874473485" == recorded_rate("CNY", 1 / Fraction("7.5259"), by).applied
    assert "1" == recorded_rate("EUR", Fraction(1), by).applied
    assert "2000" == recorded_rate("XAF", Fraction(2000), by).applied


def test_the_data_file_has_a_fee_for_today_and_every_row_says_where_it_comes_from():
    held = prices()

    assert 0 < fee_in_force(held.payment_fees, "prod", date(2026, 11, 22)).basis_points
    assert 0 == spread_in_force(held.fx_spreads, "prod", "mrc_1", date(2026, 11, 22))
    assert all(row.source for row in held.payment_fees)
    assert all(row.source for row in held.fx_spreads)


def test_a_tier_is_earned_by_turnover_and_the_highest_reached_holds():
    tiers = [(100_00, 50), (500_00, 100)]

    assert [0, 50, 50, 100] == [off_for(tiers, turnover) for turnover in (99_99, 100_00, 499_99, 500_00)]


def test_the_newest_tiers_of_the_stage_hold_before_everybodys():
    def row(off: int, effective: str, stage: str = "*") -> TiersRow:
        tier = Tier(Money(1, "EUR"), off)
        return TiersRow(stage, date.fromisoformat(effective), (tier,), "prices")

    rows = [row(10, "2026-01-01"), row(20, "2026-06-01"), row(30, "2026-01-01", "local")]

    assert [10, 20, 30] == [
        tiers_in_force(rows, stage, date.fromisoformat(on))[0].off_basis_points
        for stage, on in (("prod", "2026-05-31"), ("prod", "2026-06-01"), ("local", "2026-06-01"))
    ]
    assert () == tiers_in_force(rows, "prod", date(2025, 12, 31))


def test_tax_is_withheld_only_where_a_row_of_the_country_and_day_says_so():
    rows = [
        WithholdingRow("*", "IN", date(2018, 10, 1), 100, "IN-GST", "section 52"),
        WithholdingRow("*", "IN", date(2024, 7, 10), 50, "IN-GST", "notification 15/2024"),
    ]

    found = [withheld_in(rows, "prod", country, on) for country, on in (
        ("IN", date(2024, 7, 9)), ("IN", date(2024, 7, 10)), ("CN", date(2024, 7, 10)), ("IN", date(2018, 9, 30)),
    )]  # fmt: skip

    assert [100, 50, None, None] == [row and row.basis_points for row in found]
