"""Use cases of the catalogue: refuse, decide, commit once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeVar

from entrepot.cloud import outbox, telemetry
from entrepot.cloud.call import Stale
from entrepot.cloud.reads import fetch_one
from entrepot.cloud.writes import MOST_ITEMS, Write, commit
from entrepot.contracts.catalogue import (
    ProductChanged,
    ProductCreated,
    ProductEvent,
    ProductPublished,
    ProductUnpublished,
)
from entrepot.contracts.inventory import AvailabilityChanged
from entrepot.kernel.ids import is_id, new_id
from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import NotFound
from functions.catalogue import ports, store
from functions.catalogue.domain import (
    Card,
    Change,
    Details,
    Editor,
    Entry,
    Presence,
    Product,
    Revision,
    Status,
    TooManyChanges,
    UnsupportedFilter,
    amended,
    drafted,
    moved,
    reported,
)

T = TypeVar("T")

_TRIES: Final = 5
_PREFIX: Final = "prd"


def create(details: Details, editor: Editor, now: datetime) -> Entry:
    """A new draft.

    Raises: SkuTaken, DuplicateSku, PriceNotPositive.
    """
    product = drafted(new_id(_PREFIX, now), details, editor, now)
    commit(*store.create(product), _announced(ProductCreated, product, now))
    return Entry(product, {}, 1)


def amend(product_id: str, given: Mapping[str, Any], seen: int, editor: Editor, now: datetime) -> Entry:
    """The product with those details that are `given` (fields of Details) replaced.

    Raises: NotFound, Stale, SkuTaken, DuplicateSku, PriceNotPositive, NotReadyForSale, TooManyChanges; and
    what the shelves say where a removed variant still has stock.
    """

    def decide(product: Product) -> Product:
        _same(_alive(product), seen)
        return amended(product, replace(product.details, **given), editor, now)

    return _changed(product_id, decide, Change.CHANGED, editor, now)


def publish(product_id: str, editor: Editor, now: datetime) -> Entry:
    """The product on sale; published before, it stays as it is. Raises: NotFound, NotReadyForSale."""

    def decide(product: Product) -> Product:
        return moved(_alive(product), Status.PUBLISHED, editor, now)

    return _changed(product_id, decide, Change.PUBLISHED, editor, now)


def unpublish(product_id: str, editor: Editor, now: datetime) -> Entry:
    """The product off sale; a draft stays as it is. Raises: NotFound."""

    def decide(product: Product) -> Product:
        return moved(_alive(product), Status.DRAFT, editor, now)

    return _changed(product_id, decide, Change.UNPUBLISHED, editor, now)


def delete(product_id: str, seen: int, editor: Editor, now: datetime) -> None:
    """The product gone from sale and sight, its SKUs still claimed, so that it can be restored.

    Raises: NotFound, Stale.
    """

    def decide(product: Product) -> Product:
        _same(_alive(product), seen)
        return moved(product, Status.DELETED, editor, now)

    _changed(product_id, decide, Change.DELETED, editor, now)


def restore(product_id: str, editor: Editor, now: datetime) -> Entry:
    """A deleted product as a draft; one that is not deleted stays as it is. Raises: NotFound."""

    def decide(product: Product) -> Product:
        if product.status is not Status.DELETED:
            return product
        return moved(product, Status.DRAFT, editor, now)

    return _changed(product_id, decide, Change.RESTORED, editor, now)


def seen_by(product_id: str, merchant_id: str | None) -> Entry:
    """A product: published for everyone, a draft for its own merchant, a deleted one for nobody.

    A merchant's staff read what they have just written; others may see it a moment later. Raises: NotFound.
    """
    entry = _found(product_id, consistent=merchant_id is not None)
    _alive(entry.product)
    if not entry.product.on_sale and entry.product.merchant_id != merchant_id:
        raise NotFound
    return entry


def list_key(category: str | None, tag: str | None, merchant: str | None) -> str:
    """The list that a filter means. Raises: UnsupportedFilter."""
    keys = [
        *([store.category_list(category)] if category else []),
        *([store.tag_list(tag)] if tag else []),
        *([store.merchant_list(merchant)] if merchant else []),
    ]
    if len(keys) > 1:
        raise UnsupportedFilter
    return keys[0] if keys else store.EVERYTHING


def listed(key: str, limit: int, after: Mapping[str, str] | None) -> Page[Card]:
    """Published products of a list, newest first."""
    return store.cards(key, limit, after)


def history(product_id: str, editor: Editor, limit: int, after: Mapping[str, str] | None) -> Page[Revision]:
    """What was changed in a product, when and by whom, newest first; of a deleted product too.

    Raises: NotFound: no such product, or another merchant's.
    """
    if not is_id(product_id, _PREFIX):
        raise NotFound
    page = store.revisions(product_id, limit, after)
    # Every revision names its merchant, so the list itself shows whose it is, and one request is enough.
    if any(revision.product.merchant_id != editor.merchant_id for revision in page.items):
        raise NotFound
    if not page.items and after is None:
        raise NotFound
    return page


def on_availability_changed(event: AvailabilityChanged, handled: Write, now: datetime) -> None:
    """Show in product and cards what inventory says; a report older than the last one changes nothing."""
    presence = Presence(event.available, event.sequence)
    _persistently(lambda: commit(handled, *_report(event.sku, presence)))


def _report(sku: str, presence: Presence) -> list[Write]:
    offer = fetch_one(store.offer_read(sku), consistent=True)
    entry = fetch_one(store.entry_read(offer.product_id), consistent=True) if offer else None
    if entry is None:
        telemetry.log("availability_of_unknown_sku", level="warning", sku=sku)
        return []
    availability = reported(entry, sku, presence)
    return [] if availability is None else store.report(entry, availability)


def _changed(
    product_id: str, decide: Callable[[Product], Product], what: Change, editor: Editor, now: datetime
) -> Entry:
    def attempt() -> Entry:
        before = _found(product_id, consistent=True)
        if before.product.merchant_id != editor.merchant_id:
            raise NotFound
        after = decide(before.product)
        if after is before.product:
            return before
        entry, writes = store.change(before, after, what)
        event = _announced(_event(before.product, after), after, now)
        _commit([*writes, event, *_closing(before.product, after)])
        return entry

    return _persistently(attempt)


def _persistently(attempt: Callable[[], T]) -> T:
    """Read, decide and write again where another write came between: a projection, or a colleague's."""
    for _ in range(_TRIES - 1):
        try:
            return attempt()
        except store.Moved:
            continue
    return attempt()


def _commit(writes: list[Write]) -> None:
    if len(writes) > MOST_ITEMS:
        raise TooManyChanges(changes=len(writes), most=MOST_ITEMS)
    commit(*writes)


def _found(product_id: str, consistent: bool) -> Entry:
    entry = fetch_one(store.entry_read(product_id), consistent) if is_id(product_id, _PREFIX) else None
    if entry is None:
        raise NotFound
    return entry


def _alive(product: Product) -> Product:
    if product.status is Status.DELETED:
        raise NotFound
    return product


def _same(product: Product, seen: int) -> None:
    if product.revision != seen:
        raise Stale(field="If-Match")


def _closing(before: Product, after: Product) -> list[Write]:
    removed = [sku for sku in before.details.skus if sku not in after.details.skus]
    return [write for sku in removed for write in ports.shelves().close_writes(sku)]


def _event(before: Product, after: Product) -> type[ProductEvent]:
    if before.on_sale == after.on_sale:
        return ProductChanged
    return ProductPublished if after.on_sale else ProductUnpublished


def _announced(kind: type[ProductEvent], product: Product, now: datetime) -> Write:
    return outbox.announce(
        kind(
            event_id=new_id("evt", now),
            occurred_at=now,
            product_id=product.product_id,
            merchant_id=product.merchant_id,
            revision=product.revision,
            skus=product.details.skus,
        )
    )
