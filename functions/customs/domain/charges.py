"""What each method of charging does. All amounts are in the consignment's currency.

Charges on lines are rounded per line; a charge on the consignment is rounded once and allocated.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from entrepot.kernel.money import Money, zero
from functions.customs.domain.case import UNVERIFIED, Case, floored_or_rounded, percent, quantity, sentences
from functions.customs.domain.consignment import ConsignmentLine
from functions.customs.domain.rulebook import Method, RateRow, Rule

Bases = list[dict[str, Fraction]]
"""Per line, the parts of the price in minor units: goods, freight, insurance, then duty and consumption."""

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
    """What one rule, by one rate row where it has one, charges on each of the case's lines."""

    rule: Rule
    row: RateRow | None
    amounts: tuple[Money, ...]
    note: str

    @property
    def total(self) -> Money:
        return sum(self.amounts[1:], start=self.amounts[0])


def charge_all(case: Case, rules: Sequence[Rule]) -> list[Charged]:
    """Every charging rule applied, duties before consumption tax before VAT, each on its basis."""
    _refuse_unruled_goods(case, rules)
    bases = _bases(case)
    charged: list[Charged] = []
    for rule in sorted((rule for rule in rules if rule.method in _ORDER), key=_place):
        case.admit(rule.rule_id, rule.confidence, rule.source)
        charged += _METHODS[rule.method](rule, case, bases)
    return charged


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
    freight = case.spread(case.consignment.freight)
    insurance = case.spread(case.consignment.insurance)
    return [
        {
            "goods": Fraction(line.goods.amount),
            "freight": Fraction(freight[index].amount),
            "insurance": Fraction(insurance[index].amount),
            "duty": Fraction(0),
            "consumption": Fraction(0),
        }
        for index, line in enumerate(case.lines)
    ]


def _tariff(rule: Rule, case: Case, bases: Bases) -> list[Charged]:
    rows = _rows(rule, case, "duty")
    return _by_row(rule, case, bases, rows, _of_base)


def _additional(rule: Rule, case: Case, bases: Bases) -> list[Charged]:
    rows = [
        case.row("additional", line)
        if rule.takes(line.hs_code) and line.origin_country in rule.origins
        else None
        for line in case.lines
    ]
    return _by_row(rule, case, bases, rows, _of_base)


def _excise(rule: Rule, case: Case, bases: Bases) -> list[Charged]:
    rows = [case.row("excise", line) if case.book.is_excise(line.hs_code) else None for line in case.lines]
    return _by_row(rule, case, bases, rows, _of_base)


def _vat(rule: Rule, case: Case, bases: Bases) -> list[Charged]:
    return _by_row(rule, case, bases, _rows(rule, case, "vat"), _of_base)


def _rows(rule: Rule, case: Case, kind: str) -> list[RateRow | None]:
    return [case.row(kind, line) if rule.takes(line.hs_code) else None for line in case.lines]


def _consumption(rule: Rule, case: Case, bases: Bases) -> list[Charged]:
    """A tax that is part of its own base.

    The unrounded full tax enters the base of VAT, whatever the share that is due, so that both together are
    (CT + VAT) / (1 - CT) of the value.
    """
    rows = [case.row("consumption", line) for line in case.lines]
    charged = _by_row(rule, case, bases, rows, _inside_base)
    for base, row in zip(bases, rows, strict=True):
        base["consumption"] += _inside_base(_basis(rule, base), row.rate)
    return charged


def _flat_rate(rule: Rule, case: Case, bases: Bases) -> list[Charged]:
    assert rule.rate is not None, rule.rule_id
    rate = rule.rate
    amounts = tuple(
        _amount(rule, case, _basis(rule, base) * rate if rule.takes(line.hs_code) else Fraction(0))
        for line, base in zip(case.lines, bases, strict=True)
    )
    _enter(rule, bases, amounts)
    return [Charged(rule, None, amounts, _note(rule, None, rate))]


def _per_subheading(rule: Rule, case: Case, bases: Bases) -> list[Charged]:
    assert rule.amount is not None, rule.rule_id
    subheadings = {line.hs_code[:6] for line in case.lines}
    whole = case.rates.convert(rule.amount * len(subheadings), case.currency)
    amounts = tuple(case.spread(whole))
    _enter(rule, bases, amounts)
    note = sentences(
        f"{len(subheadings)} x {rule.amount}, one for each subheading: {', '.join(sorted(subheadings))}.",
        case.conversion(rule.amount.currency),
        rule.note,
    )
    return [Charged(rule, None, amounts, note)]


def _by_row(
    rule: Rule,
    case: Case,
    bases: Bases,
    rows: Sequence[RateRow | None],
    formula: Callable[[Fraction, Fraction], Fraction],
) -> list[Charged]:
    """One Charged for each distinct row; lines of another row, or of none, have zero in it."""
    nothing = zero(case.currency)
    amounts = [
        _amount(
            rule,
            case,
            (formula(_basis(rule, base), row.rate) + case.by_quantity(line, row)) * rule.share,
        )
        if row
        else nothing
        for line, base, row in zip(case.lines, bases, rows, strict=True)
    ]
    _enter(rule, bases, amounts)
    return [
        Charged(
            rule,
            row,
            tuple(amount if own is row else nothing for amount, own in zip(amounts, rows, strict=True)),
            sentences(_goods(case.lines, rows, row), _specific(case, rows, row), _note(rule, row, row.rate)),
        )
        for row in dict.fromkeys(row for row in rows if row)
    ]


def _basis(rule: Rule, base: dict[str, Fraction]) -> Fraction:
    return sum((base[part] for part in rule.basis), start=Fraction(0))


def _of_base(base: Fraction, rate: Fraction) -> Fraction:
    return base * rate


def _inside_base(base: Fraction, rate: Fraction) -> Fraction:
    return base / (1 - rate) * rate


def _amount(rule: Rule, case: Case, exact: Fraction) -> Money:
    return Money(floored_or_rounded(exact, rule.rounding), case.currency)


def _enter(rule: Rule, bases: Bases, amounts: Sequence[Money]) -> None:
    """What was charged as duty belongs to the base of the taxes that follow."""
    if rule.charge == "duty":
        for base, amount in zip(bases, amounts, strict=True):
            base["duty"] += amount.amount


def _goods(lines: Sequence[ConsignmentLine], rows: Sequence[RateRow | None], row: RateRow) -> str:
    keys = [line.key for line, own in zip(lines, rows, strict=True) if own is row]
    return f"{', '.join(keys)}:" if len(keys) < len(lines) else ""


def _specific(case: Case, rows: Sequence[RateRow | None], row: RateRow) -> str:
    lines = [line for line, own in zip(case.lines, rows, strict=True) if own is row]
    parts = [quantity(specific, lines) for specific in row.specifics]
    currencies = dict.fromkeys(specific.currency for specific in row.specifics)
    return sentences(f"{', '.join(parts)}, and" if parts else "", *map(case.conversion, currencies))


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
    Method.TARIFF: _tariff,
    Method.ADDITIONAL: _additional,
    Method.FLAT_RATE: _flat_rate,
    Method.PER_SUBHEADING: _per_subheading,
    Method.EXCISE: _excise,
    Method.CONSUMPTION: _consumption,
    Method.VAT: _vat,
}
