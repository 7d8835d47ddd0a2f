"""The refusals of a regime, before anything is charged."""

import re
from collections.abc import Sequence
from typing import Final

from entrepot.kernel.money import Money, zero
from functions.customs.domain.case import Case
from functions.customs.domain.refusals import (
    DestinationNotSupported,
    HsCodeMissing,
    HsCodeUnknown,
    IdentityRequired,
    OriginMissing,
    QuotaExceeded,
)
from functions.customs.domain.restrictions import refuse_barred_goods
from functions.customs.domain.rulebook import Method, Regime, Rule

_HS_CODE: Final = re.compile(r"\d{6,10}", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_DECIDING: Final = (Method.GATE, Method.IDENTITY, Method.SINGLE_ITEM, Method.YEAR_LIMIT)
_IMPORTS: Final = (Regime.IMPORT_AT_SALE, Regime.IMPORT_AT_BORDER, Regime.CN_CBEC)


def admitted_rules(case: Case, regime: Regime) -> tuple[Rule, ...]:
    """The rules of the regime that apply to the consignment, once none of them refuses it.

    Raises: DestinationNotSupported, HsCodeMissing, HsCodeUnknown, OriginMissing, GoodsProhibited, GoodsRestricted,
        IdentityRequired, QuotaExceeded.
    """
    consignment = case.consignment
    rules = tuple(rule for rule in case.rules if regime in rule.regimes and case.applies(rule))
    for rule in rules:
        if rule.blocks:
            raise DestinationNotSupported(
                f"{rule.title}. {rule.note}".strip(),
                destination=consignment.destination_country,
                row=rule.rule_id,
                source=rule.source,
            )
    if not _needed(regime) <= {rule.charge for rule in rules if rule.method not in _DECIDING}:
        raise DestinationNotSupported(destination=consignment.destination_country, row=None)
    if regime in _IMPORTS:
        case.lookups.once("named", lambda: _refuse_unnamed_goods(case))
        case.lookups.once(("let in", consignment.conveyance), lambda: refuse_barred_goods(case))
    for rule in rules:
        _hold(case, rule)
    return rules


def _needed(regime: Regime) -> set[str]:
    """What a rule has to charge, or give notice of, before a price can be honest."""
    return {"duty", "import_tax"} if regime in _IMPORTS else {"import_tax"}


def quota_value(case: Case, rules: Sequence[Rule]) -> Money | None:
    """What counts against the consignee's yearly quota, in the quota's currency; None without a quota."""
    for rule in rules:
        if rule.method is Method.YEAR_LIMIT:
            assert rule.amount is not None, rule.rule_id
            return case.rates.convert(case.parts(rule.basis), rule.amount.currency)
    return None


def _refuse_unnamed_goods(case: Case) -> None:
    for line in case.lines:
        if _HS_CODE.fullmatch(line.hs_code) is None:
            raise HsCodeMissing(line=line.key, field="hs_code")
        if not case.book.knows_hs(line.hs_code):
            raise HsCodeUnknown(line=line.key, field="hs_code", hs_code=line.hs_code)
        if _COUNTRY.fullmatch(line.origin_country) is None:
            raise OriginMissing(line=line.key, field="origin_country")


def _hold(case: Case, rule: Rule) -> None:
    consignment = case.consignment
    known = consignment.has_importer_identity and consignment.importer in (rule.importers or ("person",))
    if rule.method is Method.IDENTITY and not known:
        raise IdentityRequired(row=rule.rule_id, field="importer_identity")
    if rule.method is Method.SINGLE_ITEM and consignment.units_in_order != 1:
        assert rule.band is not None, rule.rule_id
        value = case.rates.convert(case.parts(rule.band.of), rule.band.limit.currency)
        detail = f"{rule.title}. {rule.note}"
        raise QuotaExceeded(
            detail, field="lines", row=rule.rule_id, limit=str(rule.band.limit), value=str(value)
        )
    if rule.method is Method.YEAR_LIMIT:
        assert rule.amount is not None, rule.rule_id
        value = case.rates.convert(case.parts(rule.basis), rule.amount.currency)
        if (consignment.cn_year_used or zero(rule.amount.currency)) + value > rule.amount:
            detail = f"{rule.title}. {rule.note}"
            raise QuotaExceeded(
                detail, field="lines", row=rule.rule_id, limit=str(rule.amount), value=str(value)
            )
