"""What rules charge, worked out the plainest way: line by line, each amount an exact fraction until it is rounded.

The platform groups lines by their rate and reckons in whole numbers; the two have to agree to the minor unit.
"""

from collections.abc import Sequence
from fractions import Fraction

from entrepot.kernel.money import allocate, rounded
from functions.customs.domain.case import Case
from functions.customs.domain.consignment import ConsignmentLine
from functions.customs.domain.rulebook import Method, RateRow, Rule

Plain = dict[tuple[str, str | None], list[int]]
"""By rule and rate row: minor units on each of the case's lines."""

_KINDS = {
    Method.TARIFF: "duty",
    Method.ADDITIONAL: "additional",
    Method.EXCISE: "excise",
    Method.CONSUMPTION: "consumption",
    Method.VAT: "vat",
}
_ORDER = [
    {Method.TARIFF, Method.ADDITIONAL, Method.FLAT_RATE, Method.PER_SUBHEADING},
    {Method.EXCISE, Method.CONSUMPTION},
    {Method.VAT},
]


def plainly_charged(case: Case, rules: Sequence[Rule]) -> Plain:
    weights = [line.goods.amount for line in case.lines]
    if not any(weights):
        weights = [line.quantity for line in case.lines]
    freight, insurance = (
        allocate(amount, weights) for amount in (case.consignment.freight, case.consignment.insurance)
    )
    bases = [
        dict.fromkeys(("duty", "consumption"), Fraction(0))
        | {
            "goods": Fraction(line.goods.amount),
            "freight": Fraction(freight[index].amount),
            "insurance": Fraction(insurance[index].amount),
        }
        for index, line in enumerate(case.lines)
    ]
    found: Plain = {}
    for methods in _ORDER:
        for rule in sorted((one for one in rules if one.method in methods), key=lambda one: one.rule_id):
            _apply(rule, case, bases, weights, found)
    return found


def _apply(
    rule: Rule, case: Case, bases: list[dict[str, Fraction]], weights: list[int], found: Plain
) -> None:
    charges: list[tuple[RateRow | None, Fraction]]
    if rule.method is Method.PER_SUBHEADING:
        assert rule.amount is not None
        subheadings = len({line.hs_code[:6] for line in case.lines})
        whole = case.rates.convert(rule.amount * subheadings, case.currency)
        charges = [(None, Fraction(part.amount)) for part in allocate(whole, weights)]
    else:
        charges = [_on_line(rule, case, *pair) for pair in zip(case.lines, bases, strict=True)]
    for index, (row, exact) in enumerate(charges):
        if row is None and rule.method in _KINDS:
            continue
        amount = int(exact // 1) if rule.rounding == "down" else rounded(exact)
        held = found.setdefault((rule.rule_id, row.row_id if row else None), [0] * len(case.lines))
        held[index] = amount
        if rule.charge == "duty":
            bases[index]["duty"] += amount


def _on_line(
    rule: Rule, case: Case, line: ConsignmentLine, base: dict[str, Fraction]
) -> tuple[RateRow | None, Fraction]:
    basis = sum((base[part] for part in rule.basis), start=Fraction(0))
    if rule.method is Method.FLAT_RATE:
        assert rule.rate is not None
        return None, basis * rule.rate if rule.takes(line.hs_code) else Fraction(0)
    if not _bears(rule, case, line):
        return None, Fraction(0)
    row = case.row(_KINDS[rule.method], line)
    tax = basis * row.rate
    if rule.method is Method.CONSUMPTION:
        tax = basis / (1 - row.rate) * row.rate
        base["consumption"] += tax
    return row, case.duty_of(line, row, basis, tax) * rule.share


def _bears(rule: Rule, case: Case, line: ConsignmentLine) -> bool:
    if rule.method is Method.CONSUMPTION:
        return True
    if rule.method is Method.EXCISE:
        return case.book.is_excise(line.hs_code)
    if rule.method is Method.ADDITIONAL and line.origin_country not in rule.origins:
        return False
    return rule.takes(line.hs_code)
