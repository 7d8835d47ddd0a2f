"""The packaged rule book is whole: cited, dated, without overlap, without a gap where it matters."""

from datetime import date
from fractions import Fraction
from typing import Any

import eu_vat_rates_data
import pytest

from functions.customs.book import packaged_book
from functions.customs.domain.consistency import faults, gaps, overlaps, uncharged
from functions.customs.domain.rulebook import Method, RateRow, Rule, RuleBook, rule_book

BOOK = packaged_book()
RULES = [rule for rules in BOOK.rules.values() for rule in rules]
ROWS = [row for rows in BOOK.rates.values() for row in rows]
CHARGING = set(Method) - {
    Method.GATE,
    Method.IDENTITY,
    Method.SINGLE_ITEM,
    Method.YEAR_LIMIT,
    Method.NOTICE,
}
MEMBERS = sorted(BOOK.unions)


def test_no_two_rows_of_one_scheme_hold_on_one_day() -> None:
    assert [] == overlaps(BOOK)


def changed(rule_id: str, **fields: Any) -> RuleBook:
    """The packaged rules with one changed, or without it where no field is told."""
    kept = [rule for rule in RULES if rule.rule_id != rule_id]
    others = [rule._replace(**fields) for rule in RULES if rule.rule_id == rule_id and fields]
    return rule_book("test", BOOK.unions, BOOK.excise_hs, [*kept, *others], ROWS)


def test_the_packaged_book_is_without_fault() -> None:
    assert [] == faults(BOOK)


def test_the_check_for_gaps_finds_a_day_between_two_rules() -> None:
    found = gaps(changed("eu-low-value-relief", effective_to=date(2026, 6, 30)))

    assert 1 == len(found)
    assert "2026-06-30 to 2026-07-01, between eu-low-value-relief and eu-three-euro" in found[0]


def test_the_check_for_gaps_finds_a_rule_that_ends_in_silence() -> None:
    found = gaps(changed("gb-low-value-after-2029"))

    assert ["GB/gb.import_at_sale.duty ends on 2029-03-01 with gb-low-value-relief; no row follows."] == found


def test_the_check_for_gaps_finds_a_day_between_two_rates() -> None:
    row = next(row for row in ROWS if row.row_id == "eu-duty-610910")
    rows = [
        row._replace(effective_to=date(2026, 3, 1)),
        row._replace(row_id="later", effective_from=date(2026, 3, 2)),
    ]

    found = gaps(rule_book("test", BOOK.unions, BOOK.excise_hs, RULES, rows))

    assert ["No rate holds from 2026-03-01 to 2026-03-02, between eu-duty-610910 and later."] == found


def test_the_check_finds_a_regime_without_its_tax() -> None:
    found = uncharged(changed("nz-sale-gst"))

    assert "NZ has no rule for import_tax of import_at_sale on 2019-12-01." in found


def test_the_check_for_overlaps_finds_a_rule_that_starts_too_early() -> None:
    three = next(rule for rule in RULES if rule.rule_id == "eu-three-euro")
    early = three._replace(rule_id="too-early", effective_from=date(2026, 6, 30), effective_to=None)

    found = overlaps(rule_book("test", BOOK.unions, BOOK.excise_hs, [*RULES, early], ROWS))

    assert ("eu-low-value-relief", "too-early") in found


def test_the_check_for_overlaps_finds_a_second_rate_for_the_same_goods() -> None:
    row = next(row for row in ROWS if row.row_id == "eu-duty-610910")
    second = row._replace(row_id="second", origins=frozenset({"CN"}), effective_from=date(2026, 5, 1))

    found = overlaps(rule_book("test", BOOK.unions, BOOK.excise_hs, RULES, [*ROWS, second]))

    assert [("eu-duty-610910", "second")] == found


def test_every_row_has_a_name_of_its_own_a_source_and_a_day_of_retrieval() -> None:
    names = [rule.rule_id for rule in RULES] + [row.row_id for row in ROWS]

    assert len(names) == len(set(names))
    assert all(rule.source and rule.retrieved for rule in RULES)
    assert all(row.source and row.retrieved for row in ROWS)
    assert {"confirmed", "unverified", "unconfirmed"} == {rule.confidence for rule in RULES}
    assert {"confirmed", "unverified"} == {row.confidence for row in ROWS}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule_id)
def test_a_rule_holds_what_its_method_needs(rule: Rule) -> None:
    assert (rule.confidence == "unconfirmed") == (rule.if_unconfirmed is not None)
    assert (rule.confidence == "unconfirmed") == (rule.method is Method.NOTICE)
    if rule.method in CHARGING:
        assert rule.authority
        assert bool(rule.basis) != (rule.method is Method.PER_SUBHEADING)
    assert (rule.rate is not None) == (rule.method is Method.FLAT_RATE)
    assert (rule.amount is not None) == (rule.method in (Method.PER_SUBHEADING, Method.YEAR_LIMIT))
    assert rule.effective_to is None or rule.effective_from < rule.effective_to


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.row_id)
def test_a_rate_is_a_share_of_a_price(row: RateRow) -> None:
    assert 0 <= row.rate < 1
    assert row.hs_prefix.isdigit() or not row.hs_prefix
    assert row.kind in ("duty", "additional", "consumption", "excise", "vat")


def test_every_member_of_the_union_has_a_confirmed_standard_rate() -> None:
    rates = {country: BOOK.rate("vat", country, "", "", None, date(2026, 11, 22)) for country in MEMBERS}

    assert all(row is not None and row.confidence == "confirmed" for row in rates.values())
    assert 27 == len(rates)
    expected = {
        "DE": Fraction("0.19"),
        "EE": Fraction("0.24"),
        "FI": Fraction("0.255"),
        "HU": Fraction("0.27"),
    }
    assert expected == {country: row.rate for country, row in rates.items() if row and country in expected}


@pytest.mark.parametrize("on", [date(2026, 3, 1), date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 24)])
@pytest.mark.parametrize(
    ("country", "regimes"),
    [
        ("DE", "domestic intra_eu import_at_sale import_at_border"),
        ("GB", "domestic import_at_sale import_at_border"),
        ("AU", "domestic import_at_sale import_at_border"),
        ("CN", "domestic cn_cbec"),
        ("NZ", "domestic import_at_sale import_at_border"),
        ("NO", "domestic import_at_sale import_at_border"),
        ("CA", "domestic import_at_border"),
        ("JP", "domestic import_at_border"),
        ("TH", "domestic import_at_border"),
    ],
)
def test_no_regime_has_a_day_without_its_tax_or_its_duty(country: str, regimes: str, on: date) -> None:
    rules = BOOK.rules_for(country, on)

    for regime in regimes.split():
        charges = {rule.charge for rule in rules if regime in rule.regimes and rule.method in CHARGING}
        imports = regime not in ("domestic", "intra_eu")
        assert {"import_tax", "duty"} - (set() if imports else {"duty"}) <= charges, regime


def test_the_longest_prefix_wins_and_a_tax_category_before_it() -> None:
    def vat(hs_code: str, category: str | None) -> str:
        row = BOOK.rate("vat", "CN", hs_code, "CN", category, date(2026, 11, 22))
        return row.row_id if row else ""

    assert "cn-vat-standard" == vat("851830", None)
    assert "cn-vat-0902" == vat("09021090", None)
    assert "cn-vat-0902" == vat("09021090", "a category without a row")
    row = BOOK.rate("vat", "DE", "0902", "CN", "food", date(2026, 11, 22))
    assert row is not None
    assert "de-vat-standard-food" == row.row_id


def test_a_reduced_rate_of_a_member_is_one_that_the_member_has() -> None:
    reduced = [row for row in ROWS if row.kind == "vat" and row.territory in MEMBERS and row.category]

    assert 20 <= len(reduced)
    for row in reduced:
        known = eu_vat_rates_data.get_rate(row.territory)
        assert known is not None
        assert float(row.rate * 100) in [*known["reduced"], known["super_reduced"]], row.row_id


def test_the_standard_rates_of_the_members_are_those_of_the_package() -> None:
    for country in MEMBERS:
        row = BOOK.rate("vat", country, "", "", None, date(2026, 11, 22))
        assert row is not None
        assert eu_vat_rates_data.get_standard_rate(country) == float(row.rate * 100), country


def test_a_rate_holds_from_its_first_day() -> None:
    assert BOOK.rate("vat", "DE", "", "", None, date(2025, 12, 31)) is None
