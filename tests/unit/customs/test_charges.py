"""Charges reckoned in whole numbers, many lines at once, are those of exact fractions, line by line."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from functions.customs.book import packaged_book
from functions.customs.domain import Consignment
from functions.customs.domain.case import Case, Lookups
from functions.customs.domain.charges import charge_all
from functions.customs.domain.guards import admitted_rules
from functions.customs.domain.regime import chosen_regime
from functions.customs.domain.rulebook import RuleBook, Specific, rule_book
from tests.unit.customs.consignments import ON, RATES
from tests.unit.customs.plain_charges import Plain, plainly_charged
from tests.unit.customs.test_assessment import consignments

PACKAGED = packaged_book()
UNITS = [Specific(Fraction("1.47"), "GBP", "kg"), Specific(Fraction("0.333"), "EUR", "piece")]


def compared(goods: Consignment, book: RuleBook) -> tuple[Plain, Plain]:
    lines = tuple(sorted(goods.lines, key=lambda line: line.key))
    case = Case(goods, lines, ON, RATES, book, allow_unverified=True, lookups=Lookups())
    rules = admitted_rules(case, chosen_regime(case)[0])
    found: Plain = {}
    for one in charge_all(case, rules):
        amounts = found.setdefault((one.rule.rule_id, one.row.row_id if one.row else None), [0] * len(lines))
        for index, amount in one.shares:
            amounts[index] = amount
        assert sum(amounts) == one.total.amount
    return plainly_charged(case, rules), found


@given(consignments())
def test_every_row_charges_what_exact_fractions_charge(goods: Consignment) -> None:
    plain, found = compared(goods, PACKAGED)

    assert plain == found


@given(
    consignments(),
    st.lists(st.sampled_from(UNITS), max_size=2),
    st.integers(1, 40_000),
    st.fractions(0, 1, max_denominator=1_000),
    st.sampled_from(["half_up", "down"]),
)
def test_so_do_duties_by_quantity_of_any_rate_share_and_rounding(
    goods: Consignment, specifics: list[Specific], grams: int, share: Fraction, rounding: str
) -> None:
    country = goods.destination_country
    rows = [
        row
        for rows in PACKAGED.rates.values()
        for row in rows
        if row.territory in (country, PACKAGED.union(country))
    ]
    rules = [
        rule._replace(share=share, rounding=rounding)  # type: ignore[arg-type]
        for territory in dict.fromkeys((country, PACKAGED.union(country)))
        for rule in PACKAGED.rules.get(territory, ())
    ]
    book = rule_book(
        "test",
        PACKAGED.unions,
        PACKAGED.excise_hs,
        rules,
        [row if row.kind == "consumption" else row._replace(specifics=tuple(specifics)) for row in rows],
    )
    weighed = replace(goods, lines=tuple(replace(line, weight_grams=grams) for line in goods.lines))

    plain, found = compared(weighed, book)

    assert plain == found
