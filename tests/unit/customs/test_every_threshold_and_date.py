"""No limit and no date of the rule book without a worked case on each side of it."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import pytest

from entrepot.kernel.money import Money
from functions.customs.book import packaged_book
from functions.customs.domain.case import Case, Lookups
from functions.customs.domain.consignment import ConsignmentLine
from functions.customs.domain.regime import chosen_regime
from functions.customs.domain.rulebook import Band, Method, Rule
from tests.unit.customs import (
    test_worked_cases,
    test_worked_cases_more,
    test_worked_dates,
    test_worked_thresholds,
)
from tests.unit.customs.consignments import RATES
from tests.unit.customs.worked import REFUSED, Worked

BOOK = packaged_book()
RULES = [rule for rules in BOOK.rules.values() for rule in rules]
CASES = [
    *test_worked_cases.CASES,
    *test_worked_cases_more.CASES,
    *test_worked_dates.CASES,
    *test_worked_thresholds.CASES,
]
CHARGING = (Method.TARIFF, Method.FLAT_RATE, Method.CONSUMPTION, Method.VAT)
A_DAY = timedelta(days=1)


def test_both_sides_of_every_limit_are_worked() -> None:
    assert [] == list(unworked_limits(CASES))


def test_both_sides_of_every_date_are_worked() -> None:
    assert [] == list(unworked_dates(CASES))


def test_without_cases_every_limit_and_date_is_missed() -> None:
    limits, dates = set(unworked_limits([])), set(unworked_dates([]))

    banded = {rule.rule_id for rule in RULES if limit(rule)}
    assert {(name, side) for name in banded for side in ("up to", "above")} == limits
    assert {rule.rule_id for rule in RULES} == {name for name, _ in dates}


@pytest.mark.parametrize(
    ("dropped", "missed"),
    [
        ("exactly GBP 135", ("gb-at-sale", "up to")),
        ("a penny above GBP 135", ("gb-at-sale", "above")),
        ("a fen above CNY 5,000", ("cn-full-duty", "above")),
    ],
)
def test_a_case_that_is_dropped_is_missed(dropped: str, missed: tuple[str, str]) -> None:
    kept = [one for one in CASES if one.name != dropped]

    assert len(kept) == len(CASES) - 1
    assert missed in set(unworked_limits(kept))


def test_a_date_whose_case_is_dropped_is_missed() -> None:
    kept = [one for one in CASES if one.on != date(2026, 6, 30)]

    assert ("eu-three-euro", "2026-06-30") in set(unworked_dates(kept))


def limit(rule: Rule) -> Band | None:
    """What a rule measures, and against what; a year's limit is one for a buyer who has bought nothing yet."""
    if rule.method is Method.YEAR_LIMIT and rule.amount is not None:
        return Band("up_to", rule.amount, rule.basis)
    return rule.band


def unworked_limits(cases: Iterable[Worked]) -> Iterator[tuple[str, str]]:
    """Rules with a limit, and the side of it that has no case: exactly the limit, or one minor unit more.

    Where the rule would charge, a case that is refused shows nothing.
    """
    many = list(cases)
    for rule in RULES:
        band = limit(rule)
        if band is None:
            continue
        measured = [(value(one, band), one.regime) for one in many if concerns(one, rule)]
        one_more = Money(band.limit.amount + 1, band.limit.currency)
        for side, wanted in (("up_to", band.limit), ("above", one_more)):
            charged = side == band.side and rule.method in CHARGING
            if not any(found == wanted and not (charged and regime == REFUSED) for found, regime in measured):
                yield rule.rule_id, side.replace("_", " ")


def unworked_dates(cases: Iterable[Worked]) -> Iterator[tuple[str, str]]:
    """Rules, and the day on which they begin or end, or the day before, that has no case of the same goods."""
    many = list(cases)
    for rule in RULES:
        for turn in (rule.effective_from, rule.effective_to):
            if turn is None:
                continue
            inside, outside = (turn, turn - A_DAY) if turn == rule.effective_from else (turn - A_DAY, turn)
            held = {what(one) for one in many if one.on == inside and concerns(one, rule)}
            not_held = {what(one) for one in many if one.on == outside}
            if not held:
                yield rule.rule_id, inside.isoformat()
            if not held & not_held:
                yield rule.rule_id, outside.isoformat()


def what(one: Worked) -> tuple[str, tuple[ConsignmentLine, ...], str]:
    return one.route, one.lines, repr(sorted(one.more.items()))


def concerns(one: Worked, rule: Rule) -> bool:
    """Whether a rule may hold for a case: its place, day, way of travel and regime, whatever the value."""
    goods = one.goods
    case = Case(goods, goods.lines, one.on, RATES, BOOK, allow_unverified=True, lookups=Lookups())
    if rule not in case.rules:
        return False
    if rule.lane is not None and not rule.lane.takes(goods.dispatch_country, goods.conveyance):
        return False
    regime = chosen_regime(case)[0]
    if rule.method is Method.GATE:
        return regime.value in (*rule.regimes, "import_at_border")
    return regime in rule.regimes and any(
        rule.takes(line.hs_code) and (not rule.origins or line.origin_country in rule.origins)
        for line in goods.lines
    )


def value(one: Worked, band: Band) -> Money:
    goods = one.goods
    if band.per == "item":
        alone = [line for line in goods.lines if line.quantity == 1]
        return max((RATES.convert(line.goods, band.limit.currency) for line in alone), default=band.limit * 0)
    case = Case(goods, goods.lines, one.on, RATES, BOOK, allow_unverified=True, lookups=Lookups())
    return RATES.convert(case.parts(band.of), band.limit.currency)
