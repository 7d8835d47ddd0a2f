"""What a quote is made from: what is wanted, what of it is sold, and where it lies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from entrepot.cloud import reads
from entrepot.kernel.money import Money
from entrepot.kernel.refusals import NotFound
from functions.catalogue import facade as catalogue
from functions.inventory import facade as inventory
from functions.logistics import facade as logistics
from functions.orders import store
from functions.orders.domain.cart import MOST_LINES, EmptyCart, TooManyLines
from functions.orders.domain.quote import NotOnSale
from functions.orders.service import sourcing
from functions.orders.service.carts import Caller, owned


def wanted_units(cart_id: str | None, asked: Iterable[tuple[str, int]], caller: Caller) -> dict[str, int]:
    """Units by SKU of a cart, or of what was asked for; demand of one SKU summed.

    Raises: NotFound, EmptyCart, TooManyLines.
    """
    lines = asked
    if cart_id is not None:
        cart = owned(reads.fetch_one(store.cart_read(cart_id), consistent=True), caller)
        lines = [(line.sku, line.quantity) for line in cart.lines]
    wanted: dict[str, int] = {}
    for sku, quantity in lines:
        wanted[sku] = wanted.get(sku, 0) + quantity
    if not wanted:
        raise EmptyCart(field="lines")
    if len(wanted) > MOST_LINES:
        raise TooManyLines(field="lines", limit=MOST_LINES)
    return wanted


@dataclass(frozen=True, slots=True)
class Found:
    """What was read for a quote. `quota_used` is what the importer has used of the year's quota.

    rate_version: of the imported rate cards, None where there are none.
    """

    offers: Mapping[str, catalogue.Offer]
    candidates: Sequence[Sequence[sourcing.Plan]]
    quota_used: Money | None
    rate_version: int | None


def found(
    wanted: Mapping[str, int], country: str, quota: reads.Read[Any] | None, *, consistent: bool
) -> Found:
    """What is sold, where it lies and how much there is of it, in one request where this process knows the shelves."""
    offers = [catalogue.offer_read(sku) for sku in wanted]
    beside = [logistics.rate_version_read(), *([quota] if quota else [])]
    look = inventory.glance(wanted, len(offers) + len(beside))
    answers = reads.fetch(*offers, *beside, *look.reads, consistent=consistent)
    sold = _on_sale(dict(zip(wanted, answers, strict=False)))
    version, *used = answers[len(offers) : len(offers) + len(beside)]
    shelves, stock = look.seen(answers[len(offers) + len(beside) :], consistent=consistent)
    return Found(
        sold, sourcing.candidates(wanted, shelves, stock, country), used[0] if used else None, version
    )


def _on_sale(found: Mapping[str, catalogue.Offer | None]) -> dict[str, catalogue.Offer]:
    offers = {}
    for sku, offer in found.items():
        if offer is None:
            raise NotFound("There is no such SKU.", field="lines", sku=sku)
        if not offer.on_sale:
            raise NotOnSale(field="lines", sku=sku)
        offers[sku] = offer
    return offers
