"""What each method of charging does. All amounts are in the consignment's currency.

Charges on lines are rounded per line; a charge on the consignment is rounded once and allocated. Amounts are whole
minor units until they leave, and a rate is a fraction only once for all lines that bear it: a quote works out several
hundred of them.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from operator import add
from typing import Final, NamedTuple

from entrepot.kernel.money import Money, divided
from functions.customs.domain.case import (
    UNVERIFIED,
    Case,
    bound,
    form,
    limits_of,
    percent,
    quantity,
    sentences,
)
from functions.customs.domain.consignment import ConsignmentLine
from functions.customs.domain.refusals import DutyFormNotCarried
from functions.customs.domain.rulebook import Method, RateRow, Rule

Bases = dict[str, list[int | Fraction]]
"""The parts of the price, of each line in minor units: goods, freight, insurance, then duty and consumption."""

Shares = tuple[tuple[int, int], ...]
"""Where in the case's lines each line stands that bears a charge, and what it bears in minor units."""

_ORDER: Final = {
    Method.TARIFF: 0,
    Method.ADDITIONAL: 0,
    Method.FLAT_RATE: 0,
    Method.PER_SUBHEADING: 0,
    Method.EXCISE: 1,
    Method.CONSUMPTION: 1,
    Method.VAT: 2,
}


_WHOLE: Final = {Method.TARIFF, Method.FLAT_RATE, Method.PER_SUBHEADING, Method.VAT}
"""Methods that charge all goods of their rule; the others only goods of some origin or kind."""


class Charged(NamedTuple):
    """What one rule, by one rate row where it has one, charges on those of the case's lines that it is for."""

    rule: Rule
    row: RateRow | None
    shares: Shares
    total: Money
    note: str


def charge_all(case: Case, rules: Sequence[Rule]) -> list[Charged]:
    """Every charging rule applied, duties before consumption tax before VAT, each on its basis."""
    _refuse_unruled_goods(case, rules)
    bases = _bases(case)
    charged: list[Charged] = []
    for rule in sorted((rule for rule in rules if rule.method in _ORDER), key=_place):
        if any(_concerns(rule, case, line) for line in case.lines):
            case.admit(rule.rule_id, rule.confidence, rule.source)
        charged += _METHODS[rule.method](rule, case, bases)
    return charged


def _concerns(rule: Rule, case: Case, line: ConsignmentLine) -> bool:
    """Whether a rule may charge a line: whether it is verified matters to no other."""
    if rule.method is Method.EXCISE:
        return case.book.is_excise(line.hs_code)
    return rule.takes(line.hs_code) and (not rule.origins or line.origin_country in rule.origins)


def _refuse_unruled_goods(case: Case, rules: Sequence[Rule]) -> None:
    """Of the duty and the tax that a regime has, each line bears one, or a notice speaks of it: never a silent zero.

    Raises: DutyRateMissing: goods that every rule leaves out.
    """
    for charge in ("duty", "import_tax"):
        of_charge = [rule for rule in rules if rule.charge == charge]
        partial = [rule for rule in of_charge if rule.method in _ORDER and (rule.only_hs or rule.excluded_hs)]
        if not partial or any(rule.method is Method.NOTICE for rule in of_charge):
            continue
        charging = [rule for rule in of_charge if rule.method in _WHOLE]
        for line in case.lines:
            if not any(rule.takes(line.hs_code) for rule in charging):
                raise case.no_rate(charge, line)


def _place(rule: Rule) -> tuple[int, str]:
    return _ORDER[rule.method], rule.rule_id


def _bases(case: Case) -> Bases:
    return {
        "goods": [line.goods.amount for line in case.lines],
        "freight": [part.amount for part in case.spread(case.consignment.freight)],
        "insurance": [part.amount for part in case.spread(case.consignment.insurance)],
        "duty": [0] * len(case.lines),
        "consumption": [0] * len(case.lines),
    }


class Borne(NamedTuple):
    """A rate row of a rule, where in the case's lines those stand that bear it, and what is said of it.

    `top` / `bottom` is the rule's whole factor, for a plain row.
    """

    row: RateRow
    plain: bool
    indices: tuple[int, ...]
    top: int
    bottom: int
    note: str


def _by_kind(kind: str) -> Callable[[Rule, Case, Bases], list[Charged]]:
    """The method that charges every line of its rule by the line's row of a kind."""

    def charge(rule: Rule, case: Case, bases: Bases) -> list[Charged]:
        borne = case.lookups.once(rule.rule_id, lambda: _borne(rule, case, _rows(rule, case, kind)))
        return _by_row(rule, case, bases, borne)

    return charge


def _rows(rule: Rule, case: Case, kind: str) -> list[RateRow | None]:
    return [case.row(kind, line) if _concerns(rule, case, line) else None for line in case.lines]


def _consumption(rule: Rule, case: Case, bases: Bases) -> list[Charged]:
    """A tax that is part of its own base.

    The unrounded full tax enters the base of VAT, whatever the share that is due, so that both together are
    (CT + VAT) / (1 - CT) of the value.

    Raises: DutyFormNotCarried: one by quantity, or with a least or a most, for which this does not hold.
    """
    rows = [case.row("consumption", line) for line in case.lines]
    for row, line in zip(rows, case.lines, strict=True):
        if not row.plain:
            raise DutyFormNotCarried(
                line=line.key, field="hs_code", row=row.row_id, form=form(row), source=row.source
            )
    charged = _by_row(rule, case, bases, _borne(rule, case, rows))
    full = [base * _inside(row.rate) for base, row in zip(_basis(rule, bases), rows, strict=True)]
    bases["consumption"] = [held + tax for held, tax in zip(bases["consumption"], full, strict=True)]
    return charged


def _flat_rate(rule: Rule, case: Case, bases: Bases) -> list[Charged]:
    assert rule.rate is not None, rule.rule_id
    basis = _basis(rule, bases)
    shares = tuple(
        (index, _amount(rule, basis[index], rule.rate))
        for index, line in enumerate(case.lines)
        if rule.takes(line.hs_code)
    )
    return [_charged(rule, None, case, bases, shares, _note(rule, None, rule.rate))]


def _per_subheading(rule: Rule, case: Case, bases: Bases) -> list[Charged]:
    assert rule.amount is not None, rule.rule_id
    subheadings = {line.hs_code[:6] for line in case.lines}
    whole = case.rates.convert(rule.amount * len(subheadings), case.currency)
    shares = tuple((index, part.amount) for index, part in enumerate(case.spread(whole)))
    note = sentences(
        f"{len(subheadings)} x {rule.amount}, one for each subheading: {', '.join(sorted(subheadings))}.",
        case.conversion(rule.amount.currency),
        rule.note,
    )
    return [_charged(rule, None, case, bases, shares, note)]


def _by_row(
    rule: Rule,
    case: Case,
    bases: Bases,
    borne: Sequence[Borne],
) -> list[Charged]:
    """One Charged for each distinct row, of the lines that it holds for."""
    basis = _basis(rule, bases)
    found = []
    for row, plain, indices, top, bottom, note in borne:
        if plain:
            shares = tuple([(index, _whole(rule, basis[index], top, bottom)) for index in indices])
        else:
            shares = tuple([(index, _by_quantity(rule, case, index, row, basis[index])) for index in indices])
        found.append(_charged(rule, row, case, bases, shares, note))
    return found


def _borne(rule: Rule, case: Case, rows: Sequence[RateRow | None]) -> list[Borne]:
    found = []
    for row, indices in _together(rows):
        rate, note = _terms(rule, row)
        lines = [case.lines[index] for index in indices]
        note = sentences(_goods(case, lines), _specific(case, lines, row), note)
        found.append(Borne(row, row.plain, tuple(indices), rate.numerator, rate.denominator, note))
    return found


def _together(rows: Sequence[RateRow | None]) -> Iterable[tuple[RateRow, list[int]]]:
    """Each distinct row in the order of its first line, with where its lines stand."""
    found: dict[str, tuple[RateRow, list[int]]] = {}
    for index, row in enumerate(rows):
        if row is not None:
            found.setdefault(row.row_id, (row, []))[1].append(index)
    return found.values()


def _basis(rule: Rule, bases: Bases) -> list[int | Fraction]:
    """What the rule charges on, of each line."""
    first, *others = (bases[name] for name in rule.basis)
    for other in others:
        first = list(map(add, first, other))
    return first


def _factor(rule: Rule, rate: Fraction) -> Fraction:
    return _inside(rate) if rule.method is Method.CONSUMPTION else rate


def _inside(rate: Fraction) -> Fraction:
    """The factor of a tax that is part of its own base."""
    return rate / (1 - rate)


@lru_cache(maxsize=4096)
def _terms(rule: Rule, row: RateRow) -> tuple[Fraction, str]:
    """By what the basis is multiplied, and what is said of it: the same for all goods of the row."""
    return _factor(rule, row.rate) * rule.share, _note(rule, row, row.rate)


def _by_quantity(rule: Rule, case: Case, index: int, row: RateRow, base: int | Fraction) -> int:
    exact = case.duty_of(case.lines[index], row, Fraction(base), base * _factor(rule, row.rate))
    return _amount(rule, exact, rule.share)


def _amount(rule: Rule, value: int | Fraction, rate: Fraction) -> int:
    """`value` times `rate` in whole minor units as the rule rounds."""
    return _whole(rule, value, rate.numerator, rate.denominator)


def _whole(rule: Rule, value: int | Fraction, top: int, bottom: int) -> int:
    top, bottom = value.numerator * top, value.denominator * bottom
    return top // bottom if rule.rounding == "down" else divided(top, bottom)


def _charged(rule: Rule, row: RateRow | None, case: Case, bases: Bases, shares: Shares, note: str) -> Charged:
    """What was charged as duty also enters the base of the taxes that follow."""
    if rule.charge == "duty":
        for index, amount in shares:
            bases["duty"][index] += amount
    return Charged(rule, row, shares, Money(sum([amount for _, amount in shares]), case.currency), note)


def _goods(case: Case, lines: Sequence[ConsignmentLine]) -> str:
    return f"{', '.join(line.key for line in lines)}:" if len(lines) < len(case.lines) else ""


def _specific(case: Case, lines: Sequence[ConsignmentLine], row: RateRow) -> str:
    if row.plain:
        return ""
    parts = ", ".join(quantity(specific, lines, row) for specific in row.specifics)
    limits = limits_of(row)
    named = (*row.specifics, *(specific for _, limit in limits for specific in limit.specifics))
    return sentences(
        *(f"{word} {bound(limit)}," for word, limit in limits),
        f"{parts}, and" if parts else "",
        *map(case.conversion, dict.fromkeys(specific.currency for specific in named)),
    )


def _note(rule: Rule, row: RateRow | None, rate: Fraction) -> str:
    inside = " inside its own base" if rule.method is Method.CONSUMPTION else ""
    share = f", of which {percent(rule.share)} is due" if rule.share != 1 else ""
    doubtful = "unverified" in (rule.confidence, row.confidence if row else None)
    return sentences(
        f"{percent(rate)} of {_listed(rule.basis)}{inside}{share}.",
        rule.note,
        row.note if row else "",
        UNVERIFIED if doubtful else "",
    )


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


_METHODS: Final[dict[Method, Callable[[Rule, Case, Bases], list[Charged]]]] = {
    Method.TARIFF: _by_kind("duty"),
    Method.ADDITIONAL: _by_kind("additional"),
    Method.FLAT_RATE: _flat_rate,
    Method.PER_SUBHEADING: _per_subheading,
    Method.EXCISE: _by_kind("excise"),
    Method.CONSUMPTION: _consumption,
    Method.VAT: _by_kind("vat"),
}
