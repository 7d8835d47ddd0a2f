"""Which rules hold for a destination on a day, for reading."""

from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction

from functions.customs.domain.rulebook import Band, Method, RateRow, Regime, Restriction, Rule, RuleBook


def explained(book: RuleBook, country: str, on: date) -> str:
    """The rules, rates without HS code, and restrictions of a destination, by regime, each with its source."""
    rules = book.rules_for(country, on)
    local = [
        rule
        for rule in book.rules.get(country, ())
        if rule.holds(on) and (rule.regions or rule.postal_prefixes)
    ]
    union = book.union(country)
    place = country if union == country else f"{country} (a member of the {union})"
    lines = [f"{place} on {on.isoformat()}, rule book of {book.version}"]
    if not rules and not local:
        return "\n".join([*lines, "", "No rule: an order to it is refused, destination_not_supported."])
    for regime in Regime:
        found = [rule for rule in rules if regime in rule.regimes and rule not in local]
        if found:
            lines += ["", regime.value, *_paragraphs(map(_rule, found))]
    if local:
        lines += ["", "Places with rules of their own", *_paragraphs(map(_rule, local))]
    rates = list(_general_rates(book, country, on))
    if rates:
        lines += ["", "Rates for all goods, and for tax categories", *_paragraphs(map(_rate, rates))]
    barred = book.restrictions_for(country, on)
    if barred:
        lines += ["", "Goods that are stopped", *_paragraphs(map(_restriction, barred))]
    return "\n".join(lines)


def _paragraphs(many: Iterable[list[str]]) -> list[str]:
    return [f"    {line}" if index else f"  {line}" for one in many for index, line in enumerate(one)]


def _rule(rule: Rule) -> list[str]:
    until = f" until {rule.effective_to.isoformat()}" if rule.effective_to else ""
    return [
        f"{rule.rule_id}: {rule.title}",
        *filter(None, [_effect(rule), _conditions(rule), rule.note]),
        f"from {rule.effective_from.isoformat()}{until}; {rule.confidence}, read {rule.retrieved.isoformat()}",
        f"source: {rule.source}",
    ]


def _effect(rule: Rule) -> str:
    basis = f" of {' + '.join(rule.basis)}" if rule.basis else ""
    share = f", {_percent(rule.share)} of it due" if rule.share != 1 else ""
    if rule.method is Method.NOTICE:
        return (
            "refuses the order" if rule.blocks else f"says that {rule.charge} may be due, and charges nothing"
        )
    if rule.rate is not None:
        return f"{rule.charge}: {_percent(rule.rate)}{basis}"
    if rule.method is Method.PER_SUBHEADING:
        return f"{rule.charge}: {rule.amount} for each HS subheading"
    if rule.method in (Method.GATE, Method.IDENTITY, Method.SINGLE_ITEM, Method.YEAR_LIMIT):
        return f"{rule.method.value.replace('_', ' ')}{f' of {rule.amount}' if rule.amount else ''}"
    return f"{rule.charge}: the {rule.method.value} rate{basis}{share}"


def _conditions(rule: Rule) -> str:
    parts = [_band(rule.band)] if rule.band else []
    if rule.lane:
        carried = " or ".join(rule.lane.conveyances) or "any way"
        sent = " or ".join(rule.lane.dispatches) or "anywhere"
        parts.append(f"{'' if rule.lane.side == 'on' else 'unless '}sent by {carried} from {sent}")
    if rule.only_hs:
        parts.append(f"for HS {', '.join(rule.only_hs)}")
    if rule.excluded_hs:
        parts.append(f"not for HS {', '.join(rule.excluded_hs)}")
    if rule.origins:
        parts.append(f"for goods of {', '.join(rule.origins)}")
    if rule.importers:
        parts.append(f"imported by a {' or '.join(rule.importers)}")
    if rule.regions or rule.postal_prefixes:
        parts.append(f"in {', '.join((*rule.regions, *(f'{prefix}…' for prefix in rule.postal_prefixes)))}")
    return "; ".join(parts)


def _band(band: Band) -> str:
    side = "up to" if band.side == "up_to" else "above"
    each = "each item: " if band.per == "item" else ""
    return f"{each}{' + '.join(band.of)} {side} {band.limit}"


def _general_rates(book: RuleBook, country: str, on: date) -> Iterator[RateRow]:
    for territory in dict.fromkeys((country, book.union(country))):
        for kind in ("vat", "consumption", "excise"):
            yield from (row for row in book.rates.get((kind, territory, ""), ()) if row.holds(on))


def _rate(row: RateRow) -> list[str]:
    category = f", {row.category}" if row.category else ""
    return [
        f"{row.row_id}: {row.kind}{category} {_percent(row.rate)}; {row.confidence}",
        f"source: {row.source}",
    ]


def _restriction(row: Restriction) -> list[str]:
    named = (
        ("HS", row.hs_prefixes),
        ("of", row.origins),
        ("with", row.hazards),
        ("by", row.conveyances),
    )
    goods = "; ".join(f"{word} {', '.join(values)}" for word, values in named if values)
    return [f"{row.row_id}: {row.title}", f"{row.kind}: {goods}", f"source: {row.source}"]


def _percent(share: Fraction) -> str:
    return f"{float(share * 100):g} %"
