"""What is left of an order whose buyer has left: what was sold for how much to which country, and how it came there."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from functions.orders.domain.lifecycle import Status
from functions.orders.domain.order import Entry, Order

ELSEWHERE: Final = "*"
_FREE_TEXT: Final = ("reason", "why")
_OF_THE_PROVIDER: Final = "payment_"  # events whose reason is a code
_WAITING: Final = ("requested", "pending")  # of a refund's statuses


@dataclass(frozen=True, slots=True)
class Retention:
    """For how long the law wants records of a sale to these countries; `begins` is the first day of the rule."""

    countries: frozenset[str]
    years: int
    begins: date
    source: str
    confidence: str


def kept_until(rules: Iterable[Retention], country: str, sold_on: date) -> date:
    """The last day on which a sale is kept: of the latest rule for the country, else of the one for all others.

    Years count from 31 December of the year of the sale.
    """
    known = sorted((rule for rule in rules if rule.begins <= sold_on), key=lambda rule: rule.begins)
    own = [rule for rule in known if country in rule.countries]
    others = [rule for rule in known if ELSEWHERE in rule.countries]
    rule = (own or others)[-1]
    return date(sold_on.year + rule.years, 12, 31)


def is_over(order: Order) -> bool:
    """Whether nothing will be sent, settled or paid back any more for which its buyer must be known."""
    ended = all(share.settled or share.status in (Status.CANCELLED, Status.EXPIRED) for share in order.shares)
    return ended and not any(refund.status in _WAITING for refund in order.refunds)


def forgotten(order: Order, until: date) -> Order:
    """The order without its buyer and without words that somebody typed. Country, region, amounts and parcels stay.

    Doing it twice changes nothing.
    """
    return replace(
        order,
        contact="",
        ship_to="",
        importer=None,
        buyer=None,
        refunds=tuple(replace(refund, reason="") for refund in order.refunds),
        timeline=tuple(map(_wordless, order.timeline)),
        kept_until=until,
    )


def _wordless(entry: Entry) -> Entry:
    if not entry.facts or entry.event.startswith(_OF_THE_PROVIDER):
        return entry
    facts = {name: text for name, text in entry.facts.items() if name not in _FREE_TEXT}
    return replace(entry, facts=facts or None)
