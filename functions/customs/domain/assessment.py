"""Assessing a consignment: its regime, the guards of that regime, then every charge with its reason."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Final

from entrepot.kernel.money import Money, zero
from functions.customs.domain.case import Case, Lookups
from functions.customs.domain.charges import Charged, charge_all
from functions.customs.domain.consignment import (
    Assessment,
    ChargeKind,
    Consignment,
    Explanation,
    Liability,
    LiableParty,
    LineCharges,
    NotIncluded,
    RateLookup,
)
from functions.customs.domain.guards import admitted_rules, quota_value
from functions.customs.domain.regime import chosen_regime
from functions.customs.domain.rulebook import Method, RateRow, Regime, Rule, RuleBook

_CHARGES: Final = ("duty", "import_tax", "fees")


def assess(
    consignment: Consignment,
    on: date,
    rates: RateLookup,
    book: RuleBook,
    allow_unverified: bool,
    lookups: Lookups | None = None,
) -> Assessment:
    """What the destination charges on a consignment bought on a day.

    Args: lookups: those of the same lines sent another way.
    Raises:
        DestinationNotSupported: a row blocks the destination, or there is no rule for it on that day.
        DutyRateMissing: no rate for the goods, their origin and the destination.
        HsCodeMissing, OriginMissing: an import lacks one.
        HsCodeUnknown: the nomenclature has no such code.
        GoodsProhibited, GoodsRestricted: the destination does not let a line in, or only with a permit.
        WeightMissing: a duty is by weight, and a line has none.
        IdentityRequired, QuotaExceeded: China asks for the consignee's identity, or limits what one may buy.
        UnverifiedRate: a row is not verified, and `allow_unverified` is false.
        rates.RateMissing: a threshold or an amount is in a currency without a rate.
    """
    lines = tuple(sorted(consignment.lines, key=lambda line: line.key))
    case = Case(consignment, lines, on, rates, book, allow_unverified, lookups or Lookups())
    regime, reason = chosen_regime(case)
    rules = admitted_rules(case, regime)
    charged = charge_all(case, rules)
    at_border = regime is Regime.IMPORT_AT_BORDER
    unpaid = charged if at_border and consignment.incoterm == "dap" else []
    paid = [] if unpaid else charged
    return Assessment(
        regime=regime.value,
        incoterm=consignment.incoterm if at_border else "ddp",
        lines=_line_charges(case, paid),
        explain=(reason, *(_explanation(one) for one in paid)),
        not_included=(*_left_to_the_buyer(unpaid), *_notices(rules)),
        liabilities=_liabilities(case, paid),
        quota_value=quota_value(case, rules),
    )


def _line_charges(case: Case, charged: Sequence[Charged]) -> tuple[LineCharges, ...]:
    """In the order of the consignment's own lines."""
    sums = {charge: [0] * len(case.lines) for charge in _CHARGES}
    for one in charged:
        held = sums[one.rule.charge]
        for index, amount in one.shares:
            held[index] += amount
    nothing = zero(case.currency)
    found = {
        line.key: LineCharges(
            line.key, *[Money(amount, case.currency) if amount else nothing for amount in amounts]
        )
        for line, *amounts in zip(case.lines, *sums.values(), strict=True)
    }
    return tuple(found[line.key] for line in case.consignment.lines)


def _explanation(charged: Charged) -> Explanation:
    rule, source = _named(charged.rule, charged.row)
    return Explanation(charged.rule.charge, charged.total, rule, source, charged.note)


@lru_cache(maxsize=4096)
def _named(rule: Rule, row: RateRow | None) -> tuple[str, str]:
    """The rows that a charge comes from, and where those come from."""
    if row is None:
        return rule.rule_id, rule.source
    return f"{rule.rule_id}/{row.row_id}", f"{rule.source}; {row.source}"


def _left_to_the_buyer(charged: Sequence[Charged]) -> list[NotIncluded]:
    return [
        NotIncluded(
            charge=one.rule.charge,
            amount=one.total,
            reason=f"Delivered at place: the buyer pays it at the border. {one.rule.title}. {one.note}",
            source=_explanation(one).source,
        )
        for one in charged
        if one.total
    ]


def _notices(rules: Sequence[Rule]) -> list[NotIncluded]:
    return [
        NotIncluded(rule.charge, None, f"{rule.title}. {rule.note}".strip(), rule.source)
        for rule in rules
        if rule.method is Method.NOTICE
    ]


def _liabilities(case: Case, charged: Sequence[Charged]) -> tuple[Liability, ...]:
    owed: dict[tuple[str, ChargeKind, LiableParty], int] = {}
    for one in charged:
        authority = one.rule.authority.replace("{destination}", case.consignment.destination_country)
        key = authority, one.rule.charge, _liable(case, one.rule)
        owed[key] = owed.get(key, 0) + one.total.amount
    return tuple(
        Liability(authority, kind, Money(amount, case.currency), liable)
        for (authority, kind, liable), amount in owed.items()
        if amount
    )


def _liable(case: Case, rule: Rule) -> LiableParty:
    if rule.liable != "platform_if_foreign":
        return rule.liable
    seller = case.consignment.seller_country
    union = case.book.union
    foreign = seller is not None and union(seller) != union(case.consignment.destination_country)
    return "platform" if foreign else "seller"
