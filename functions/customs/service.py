"""Use cases of customs: assess by the packaged book, name goods, and keep a person's yearly quota."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from entrepot.cloud.reads import Read
from entrepot.cloud.writes import Write
from entrepot.kernel.money import Money, zero
from entrepot.kernel.refusals import Kind, NotFound, Refusal
from functions.customs import nomenclature, search_gateway, store
from functions.customs.book import packaged_book
from functions.customs.domain import Assessment, Consignment, Lookups, QuotaExceeded, RateLookup, assess
from functions.customs.domain.rulebook import Method, Rule

_QUOTA_CURRENCY: Final = "CNY"
_WAIT_SECONDS: Final = 5


class SuggestionsUnavailable(Refusal):
    code = "suggestions_unavailable"
    kind = Kind.BUSY
    title = (
        "No code can be suggested right now. Ask again in some seconds, or give a code that you know; "
        "GET /v1/hs-codes/{hs_code} says what it means."
    )


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A subheading with the headings above it, and the words of the text that stand in them."""

    hs_code: str
    path: tuple[nomenclature.Entry, ...]
    matched: tuple[str, ...]


def assess_by_packaged_book(
    consignment: Consignment, on: date, rates: RateLookup, allow_unverified: bool, lookups: Lookups | None
) -> Assessment:
    return assess(consignment, on, rates, packaged_book(), allow_unverified, lookups)


def described(hs_code: str) -> tuple[nomenclature.Entry, ...]:
    """Chapter, heading and subheading of a code of two, four, or six to ten digits.

    Raises: NotFound: the nomenclature has no such code.
    """
    path = nomenclature.path(hs_code)
    if not path:
        raise NotFound("The Harmonized System of 2022 has no such code.", field="hs_code")
    return path


def suggested(text: str, most: int) -> tuple[Suggestion, ...]:
    """The subheadings that fit a text best. Raises: SuggestionsUnavailable: the search worker does not answer."""
    try:
        found = search_gateway.search(text, most)
    except search_gateway.SearchFailed:
        raise SuggestionsUnavailable(retry_after_seconds=_WAIT_SECONDS) from None
    return tuple(Suggestion(one.hs_code, nomenclature.path(one.hs_code), one.matched) for one in found)


def quota_read(person: str, year: int) -> Read[Money]:
    return store.quota_read(person, year)


def reserve_quota(person: str, year: int, order_id: str, amount_fen: int) -> list[Write]:
    """Raises: QuotaExceeded: the amount alone exceeds the limit; no commit could succeed."""
    rule = year_limit(year)
    amount, limit = Money(amount_fen, _QUOTA_CURRENCY), _limit(rule)
    detail = f"{rule.title}. {rule.note}"
    refusal = QuotaExceeded(detail, field="lines", row=rule.rule_id, limit=str(limit), value=str(amount))
    if amount <= zero(_QUOTA_CURRENCY):
        raise ValueError("a purchase that counts against a quota has a value")
    if amount > limit:
        raise refusal
    return store.reserve(person, year, order_id, amount, limit, refusal)


def release_quota(person: str, year: int, order_id: str, amount_fen: int) -> list[Write]:
    return store.release(person, year, order_id, Money(amount_fen, _QUOTA_CURRENCY))


def forget_order(person: str, year: int, order_id: str, amount_fen: int) -> Write:
    return store.forget_order(person, year, order_id, Money(amount_fen, _QUOTA_CURRENCY))


def year_limit(year: int) -> Rule:
    """The rule that limits what a person may import in a year: the one in force on its last day."""
    rules = packaged_book().rules_for("CN", date(year, 12, 31))
    return next(rule for rule in rules if rule.method is Method.YEAR_LIMIT)


def _limit(rule: Rule) -> Money:
    assert rule.amount is not None, rule.rule_id
    return rule.amount
