"""Which of several ways of delivery is the cheapest, the fastest, the best."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

CHEAPEST: Final = "cheapest"
FASTEST: Final = "fastest"
BEST: Final = "best"


@dataclass(frozen=True, slots=True)
class Offer:
    """What ranks a way of delivery. amount: all that the buyer pays, in minor units of one currency for all offers."""

    amount: int
    earliest: date
    latest: date


def ranked(offers: Sequence[Offer], today: date) -> list[tuple[str, ...]]:
    """The labels of each offer, in the order given; each label is given once where there is an offer at all.

    cheapest: the lowest amount, of equal ones the earlier. fastest: the earliest last day, of equal ones the
    cheaper. best: where amount over the lowest amount plus days over the fewest days is least, so that twice the
    price is worth it from half the time on; of equal ones the cheaper.
    """
    if not offers:
        return []
    lowest = max(1, min(offer.amount for offer in offers))
    fewest = min(_days(offer, today) for offer in offers)

    def burden(offer: Offer) -> Fraction:
        return Fraction(offer.amount, lowest) + Fraction(_days(offer, today), fewest)

    order = range(len(offers))
    first = {
        CHEAPEST: min(order, key=lambda i: (offers[i].amount, offers[i].latest, offers[i].earliest, i)),
        FASTEST: min(order, key=lambda i: (offers[i].latest, offers[i].earliest, offers[i].amount, i)),
        BEST: min(order, key=lambda i: (burden(offers[i]), offers[i].amount, offers[i].latest, i)),
    }
    return [tuple(label for label, index in first.items() if index == i) for i in order]


def _days(offer: Offer, today: date) -> int:
    return max(1, (offer.latest - today).days)
