"""The catalogue's rows and the writes that keep them at one with each other.

The product's row guards everything that is derived from it: whoever changes an offer, a card or an
availability writes the product's row in the same transaction, under the condition that its edition is the one
that was read. So a card needs no condition of its own.
"""

from collections.abc import Container, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.clock import rfc3339
from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import Busy, NotFound
from functions.catalogue.domain import (
    Availability,
    Card,
    Change,
    Entry,
    Offer,
    Presence,
    Product,
    Revision,
    SkuTaken,
    card,
    kept,
    offers,
)

EVERYTHING: Final = "list#all"
_LIVE: Final = "live"
_REMOVED: Final = "removed"


class Moved(Busy):
    """The product was written between being read and being changed: read it again."""


class ProductRow(Row):
    """One product: pk `product#<id>`, sk "product". Reached by its id. `edition` rises with every write."""

    class Meta:
        table_name = aws.name("catalogue")

    edition = Number()
    product = Document[Product](Product)
    availability = Document[dict[str, Presence]](dict[str, Presence])


class RevisionRow(Row):
    """A product as a change left it: pk `product#<id>`, sk `revision#<six digits>`. Reached newest first."""

    class Meta:
        table_name = aws.name("catalogue")

    content = Document[Revision](Revision)


class OfferRow(Row):
    """The claim of a SKU and its offer: pk `sku#<sku>`, sk "offer". Reached by the SKU, for good.

    `state` is "live", or "removed" where the variant is gone. Prices are minor units, weights grams, measures
    millimetres.
    """

    class Meta:
        table_name = aws.name("catalogue")

    merchant_id = Text()
    product_id = Text()
    state = Text()
    offer = Document[Offer](Offer)


class CardRow(Row):
    """A published product in one list: sk `<first published>#<product id>`. Reached newest first, by list.

    pk is `list#all`, `list#category#<category>`, `list#tag#<tag>` or `list#merchant#<merchant id>`.
    """

    class Meta:
        table_name = aws.name("catalogue")

    card = Document[Card](Card)


def entry_read(product_id: str) -> reads.Read[Entry]:
    return reads.Read(ProductRow, f"product#{product_id}", "product", _entry)


def offer_read(sku: str) -> reads.Read[Offer]:
    return reads.Read(OfferRow, f"sku#{sku}", "offer", lambda row: row.offer)


def cards(pk: str, limit: int, after: Mapping[str, str] | None) -> Page[Card]:
    return reads.query(CardRow, pk, lambda row: row.card, limit=limit, newest_first=True, after=after)


def revisions(product_id: str, limit: int, after: Mapping[str, str] | None) -> Page[Revision]:
    return reads.query(
        RevisionRow,
        f"product#{product_id}",
        lambda row: row.content,
        where=RevisionRow.sk.startswith("revision#"),
        limit=limit,
        newest_first=True,
        after=after,
    )


def owned_by(sku: str, merchant_id: str) -> Write:
    """Holds while the SKU is a variant of the merchant's. Raises, at commit: NotFound."""
    return writes.check(
        OfferRow(f"sku#{sku}", "offer"),
        (OfferRow.merchant_id == merchant_id) & (OfferRow.state != _REMOVED),
        NotFound(field="sku"),
    )


def create(product: Product) -> list[Write]:
    """The writes of a new product. Raises, at commit: SkuTaken."""
    row = _row(Entry(product, {}, 1))
    return [writes.create(row, Moved()), _history(Change.CREATED, product), *_claims(product, ())]


def change(before: Entry, after: Product, what: Change) -> tuple[Entry, list[Write]]:
    """A product after a change, and the writes that bring it there: only of what differs.

    Raises, at commit: Moved; SkuTaken for a new variant.
    """
    entry = Entry(after, kept(before.availability, after.details.skus), before.edition + 1)
    return entry, [
        _head(before, entry),
        _history(what, after),
        *_offers(before.product, after),
        *_cards(before, entry),
    ]


def report(before: Entry, availability: Availability) -> list[Write]:
    """The writes of a changed availability; the product's revision stays. Raises, at commit: Moved."""
    entry = Entry(before.product, availability, before.edition + 1)
    return [_head(before, entry), *_cards(before, entry)]


def _head(before: Entry, after: Entry) -> Write:
    # A put, not an update of one attribute: it costs the same, and pynamodb's `set` takes a dict whose one key
    # is called as a DynamoDB type ({"B": …}, and "B" is a SKU like any other) for a value already serialised.
    return writes.put(_row(after), ProductRow.edition == before.edition, Moved())


def _offers(before: Product, after: Product) -> list[Write]:
    held, wanted = offers(before), offers(after)
    return [
        *_claims(after, held),
        *(_offer(wanted[sku], _LIVE) for sku in held if sku in wanted and held[sku] != wanted[sku]),
        *(_offer(replace(held[sku], on_sale=False), _REMOVED) for sku in held if sku not in wanted),
    ]


def _claims(product: Product, held: Container[str]) -> list[Write]:
    return [
        writes.create(_offer_row(offer, _LIVE), partial(_taken, sku, product.merchant_id))
        for sku, offer in offers(product).items()
        if sku not in held
    ]


def _taken(sku: str, merchant_id: str, holder: OfferRow | None) -> SkuTaken:
    """A merchant is told by which product of its own: the answer to the first request may never have come."""
    own = holder is not None and holder.merchant_id == merchant_id
    facts = {"product_id": holder.product_id} if holder is not None and own else {}
    return SkuTaken(field="variants", sku=sku, **facts)


def _offer(offer: Offer, state: str) -> Write:
    return writes.put(_offer_row(offer, state), OfferRow.product_id == offer.product_id, Moved())


def _cards(before: Entry, after: Entry) -> list[Write]:
    """The lists' cards: out of the lists that the product leaves, new or changed in those where it stands."""
    left, stands = _lists(before.product), _lists(after.product)
    old, new = card(before), card(after)
    return [
        *(writes.delete(CardRow(pk, _place(before.product))) for pk in left if pk not in stands),
        *(
            writes.put(CardRow(pk, _place(after.product), card=new))
            for pk in stands
            if pk not in left or old != new
        ),
    ]


def _lists(product: Product) -> tuple[str, ...]:
    if not product.on_sale:
        return ()
    details = product.details
    by_category = (category_list(details.category_id),) if details.category_id else ()
    return (EVERYTHING, merchant_list(product.merchant_id), *by_category, *map(tag_list, details.tags))


def category_list(category_id: str) -> str:
    return f"list#category#{category_id}"


def tag_list(tag: str) -> str:
    return f"list#tag#{tag}"


def merchant_list(merchant_id: str) -> str:
    return f"list#merchant#{merchant_id}"


def _place(product: Product) -> str:
    assert product.published_at is not None
    return f"{rfc3339(product.published_at)}#{product.product_id}"


def _history(what: Change, product: Product) -> Write:
    content = Revision(what, product)
    return writes.create(
        RevisionRow(_pk(product), f"revision#{product.revision:06d}", content=content), Moved()
    )


def _row(entry: Entry) -> ProductRow:
    return ProductRow(
        _pk(entry.product),
        "product",
        edition=entry.edition,
        product=entry.product,
        availability=dict(entry.availability),
    )


def _entry(row: ProductRow) -> Entry:
    return Entry(row.product, row.availability, int(row.edition))


def _offer_row(offer: Offer, state: str) -> OfferRow:
    return OfferRow(
        f"sku#{offer.sku}",
        "offer",
        merchant_id=offer.merchant_id,
        product_id=offer.product_id,
        state=state,
        offer=offer,
    )


def _pk(product: Product) -> str:
    return f"product#{product.product_id}"
