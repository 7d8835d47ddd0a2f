"""Shares as tests write them."""

from collections.abc import Iterable

from functions.settlement.domain.shares import CompletedShare, Liable, Tax

Owed = Iterable[tuple[str, int, str]]
"""Authority, amount and who owes it."""

MERCHANT = "mrc_01JD0000000000000000000001"
ORDER = "ord_01JD0000000000000000000001"


def share(
    goods: int,
    freight: int = 0,
    taxes: Owed = (),
    refunded: int = 0,
    currency: str = "EUR",
    paid: int | None = None,
) -> CompletedShare:
    """`paid` follows unless it is said to be something else."""
    made = tuple(Tax(authority, amount, Liable(liable)) for authority, amount, liable in taxes)
    follows = goods + freight + sum(tax.amount for tax in made)
    return CompletedShare(
        order_id=ORDER,
        merchant_id=MERCHANT,
        currency=currency,
        goods=goods,
        freight=freight,
        taxes=made,
        refunded=refunded,
        paid=follows if paid is None else paid,
    )
