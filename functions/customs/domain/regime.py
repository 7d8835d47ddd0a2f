"""Choosing the regime from the two territories, the warehouse's mode, the value and the day."""

from entrepot.kernel.money import zero
from functions.customs.domain.case import UNVERIFIED, Case, sentences
from functions.customs.domain.consignment import Explanation
from functions.customs.domain.rulebook import Method, Regime, Rule


def chosen_regime(case: Case) -> tuple[Regime, Explanation]:
    """The regime, and why."""
    consignment, book = case.consignment, case.book
    origin, destination = consignment.dispatch_country, consignment.destination_country
    inside = book.union(origin) == book.union(destination) and consignment.mode != "bonded"
    if inside and origin == destination:
        return Regime.DOMESTIC, _reason(case, "domestic", f"The goods are in free circulation in {origin}.")
    if inside:
        note = f"The goods move inside the {book.union(origin)}, from {origin} to {destination}: no duty."
        return Regime.INTRA_EU, _reason(case, "intra_eu", note)
    bonded = book.union(origin) == book.union(destination)
    for rule in case.rules:
        if rule.method is Method.GATE and (rule.bonded_inside or not bonded):
            case.admit(rule.rule_id, rule.confidence, rule.source)
            return _through(case, rule)
    return Regime.IMPORT_AT_BORDER, _reason(case, "import_at_border", f"An import into {destination}.")


def _through(case: Case, gate: Rule) -> tuple[Regime, Explanation]:
    shut = _why_shut(case, gate)
    note = sentences(
        shut or _measured(case, gate, "is within"),
        gate.note,
        UNVERIFIED if gate.confidence == "unverified" else "",
    )
    regime = Regime.IMPORT_AT_BORDER if shut else gate.regimes[0]
    return regime, Explanation("regime", zero(case.currency), gate.rule_id, gate.source, note)


def _why_shut(case: Case, gate: Rule) -> str:
    excluded = [line.key for line in case.lines if not gate.takes(line.hs_code)]
    if excluded:
        return f"Goods that this scheme excludes: {', '.join(excluded)}."
    if gate.importers and case.consignment.importer not in gate.importers:
        return f"This scheme is for a {' or '.join(gate.importers)}; the importer is an enterprise."
    if not gate.registered:
        return "The platform is not registered for this scheme."
    if gate.band is not None and not case.within(gate.band):
        return _measured(case, gate, "exceeds")
    return ""


def _measured(case: Case, gate: Rule, verb: str) -> str:
    if gate.band is None:
        return ""
    limit = gate.band.limit
    if gate.band.per == "item":
        fits = "No single item" if verb == "is within" else "A single item"
        return sentences(f"{fits} is above {limit}.", case.conversion(limit.currency))
    value = case.rates.convert(case.parts(gate.band.of), limit.currency)
    parts = ", ".join(gate.band.of)
    return sentences(f"The value ({parts}) of {value} {verb} {limit}.", case.conversion(limit.currency))


def _reason(case: Case, rule: str, note: str) -> Explanation:
    source = "territories of dispatch and destination, and mode of the warehouse"
    return Explanation("regime", zero(case.currency), rule, source, note)
