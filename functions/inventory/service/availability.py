"""Whether a SKU can be had anywhere, said once each time it changes.

An event only says that something moved; what counts is the stock as it stands. The flag is read before the
stock, and after it was changed both are read again. So of two consumers at work on one SKU the one that
wrote last has seen the stock after all that moved before, and the flag ends as the stock does, in whatever
order the events came.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from entrepot.cloud import reads, writes
from entrepot.cloud.outbox import announce
from entrepot.cloud.writes import Write
from entrepot.contracts.inventory import AvailabilityChanged, StockMoved
from entrepot.contracts.orders import OrderCancelled, OrderExpired, OrderPlaced
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Busy
from functions.inventory import store
from functions.inventory.store import Availability

_TRIES: Final = 6


def on_stock_moved(event: StockMoved, handled: Write, now: datetime) -> None:
    _settle((event.sku,), handled, now)


def on_order_stock(event: OrderPlaced | OrderCancelled | OrderExpired, handled: Write, now: datetime) -> None:
    _settle(sorted({line.sku for line in event.lines}), handled, now)


def _settle(skus: Sequence[str], handled: Write, now: datetime) -> None:
    """Announce what changed until nothing differs, then mark the event as handled.

    Raises: AlreadyHandled. Busy: other consumers changed the same flags through all tries.
    """
    for _ in range(_TRIES):
        changed = _changed(skus)
        if not changed:
            writes.commit(handled)
            return
        try:
            writes.commit(*_announcements(changed, now))
        except store.StockChanged:
            continue  # another consumer was faster; look again
    raise Busy


def _changed(skus: Iterable[str]) -> list[Availability]:
    """What is to be announced: the SKUs whose stock says otherwise than what was announced last."""
    asked = list(skus)
    known = reads.fetch(*(store.availability_read(sku) for sku in asked), consistent=True)
    changed = []
    for sku, seen in zip(asked, known, strict=True):
        before = seen or Availability(sku, False, 0)
        available = any(bucket.available for bucket in store.buckets(sku))
        if available != before.available:
            changed.append(Availability(sku, available, before.sequence + 1))
    return changed


def _announcements(changed: Iterable[Availability], now: datetime) -> list[Write]:
    found = []
    for each in changed:
        event = AvailabilityChanged(
            event_id=new_id("evt", now),
            occurred_at=now,
            sku=each.sku,
            available=each.available,
            sequence=each.sequence,
        )
        found += [store.put_availability(each), announce(event)]
    return found
