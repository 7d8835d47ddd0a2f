"""Use cases of people's stock: move it, look at it, close a SKU for good."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entrepot.cloud import reads, writes
from entrepot.cloud.idempotency import AlreadyDone, Once
from entrepot.cloud.outbox import announce
from entrepot.cloud.writes import Write
from entrepot.contracts.inventory import StockMoved
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Busy, NotFound
from functions.inventory import ports, store
from functions.inventory.domain import stock
from functions.inventory.domain.stock import Bucket, Cause, Level, Movement, Shelf, SkuClosed, StockLeft
from functions.inventory.domain.warehouse import Warehouse

_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a merchant's member wants done to the stock of a SKU in a warehouse."""

    sku: str
    warehouse_id: str
    cause: Cause
    units: int
    note: str
    merchant_id: str
    member_id: str


def move(wanted: Instruction, once: Once, now: datetime) -> Movement:
    """Change what is on hand, once under its key; sent again, the movement that was made.

    Raises:
        NotFound: no such warehouse or SKU for this merchant.
        SkuClosed, WrongUnits, BelowZero, BelowReserved.
        Busy: orders kept changing this stock through all tries.
    """
    for _ in range(_TRIES):
        try:
            return _moved_once(wanted, once, now)
        except AlreadyDone:
            continue  # the next turn finds what the other request has made
        except store.StockChanged:
            continue
    raise Busy


def levels(sku: str, merchant_id: str | None) -> list[Level]:
    """The stock of a SKU in each warehouse that ever held it, by warehouse id.

    Args: merchant_id: who asks; None for an operator.
    Raises: NotFound: the SKU is not this merchant's, or nobody knows it.
    """
    shelf = reads.fetch_one(store.shelf_read(sku), consistent=True)
    if shelf is None:
        if merchant_id is None:
            raise NotFound
        writes.commit(ports.owners().owned_by(sku, merchant_id))
        return []
    if merchant_id not in (None, shelf.merchant_id):
        raise NotFound
    buckets = store.buckets(sku)
    return [stock.level(place.warehouse_id, buckets) for place in shelf.places]


def close_writes(sku: str) -> list[Write]:
    """The write after which the SKU takes no movement any more; none where it is closed already.

    Raises: StockLeft: there are units, or orders hold some; also at commit, where a movement came between.
    """
    # The shelf is read before the buckets: a movement in between changes its revision, and the write fails.
    shelf: Shelf | None = reads.fetch_one(store.shelf_read(sku), consistent=True)
    if shelf is None:
        return [store.put_shelf(Shelf(sku, "", (), closed=True), StockLeft(sku=sku))]
    if any(bucket.on_hand for bucket in store.buckets(sku)):
        raise StockLeft(sku=sku)
    return [] if shelf.closed else [store.put_shelf(shelf.as_closed(), StockLeft(sku=sku))]


def _moved_once(wanted: Instruction, once: Once, now: datetime) -> Movement:
    record, warehouse, shelf = reads.fetch(
        once.read, store.warehouse_read(wanted.warehouse_id), store.shelf_read(wanted.sku), consistent=True
    )
    made = once.judged(record)
    if made is not None:
        return _made(wanted.sku, made)
    _refuse_strangers(wanted, warehouse, shelf)
    buckets = store.buckets(wanted.sku, wanted.warehouse_id)
    change = stock.change(wanted.cause, wanted.units, stock.level(wanted.warehouse_id, buckets))
    movement = Movement(
        movement_id=new_id("mov", now),
        sku=wanted.sku,
        warehouse_id=wanted.warehouse_id,
        cause=wanted.cause,
        units=wanted.units,
        change=change,
        note=wanted.note,
        member_id=wanted.member_id,
        moved_at=now,
    )
    writes.commit(
        once.claim(movement.movement_id),
        ports.owners().owned_by(wanted.sku, wanted.merchant_id),
        *_stock_writes(wanted, warehouse, shelf, buckets, change),
        store.create_movement(movement),
        announce(_event(movement, now)),
    )
    return movement


def _refuse_strangers(wanted: Instruction, warehouse: Warehouse | None, shelf: Shelf | None) -> None:
    if warehouse is None or not warehouse.usable_by(wanted.merchant_id):
        raise NotFound("There is no such warehouse, or not for you.", field="warehouse_id")
    if shelf is not None and shelf.merchant_id != wanted.merchant_id:
        raise NotFound(field="sku")
    if shelf is not None and shelf.closed:
        raise SkuClosed(field="sku")


def _stock_writes(
    wanted: Instruction, warehouse: Warehouse, shelf: Shelf | None, buckets: list[Bucket], change: int
) -> list[Write]:
    """The shelf's next revision and the buckets that change; a count also holds those that do not.

    The shelf's revision keeps people's movements of a SKU apart, so that only orders can come between.
    """
    on_hand = sum(bucket.on_hand for bucket in buckets) + change
    number = stock.bucket_count(on_hand) if change > 0 else len(buckets)
    first = Shelf(wanted.sku, wanted.merchant_id, (), revision=0)
    after = (shelf or first).with_buckets(warehouse, number)
    fresh = [Bucket(warehouse.warehouse_id, each, 0, 0) for each in range(len(buckets), number)]
    contents = {bucket.number: bucket.available for bucket in (*buckets, *fresh)}
    changes = stock.poured(contents, change) if change > 0 else _negated(stock.drained(contents, -change))
    found = [store.put_shelf(after, store.StockChanged())]
    for bucket in buckets:
        units = changes.get(bucket.number, 0)
        if wanted.cause is Cause.COUNT:
            found.append(store.pour_exactly(wanted.sku, bucket, units))
        elif units:
            found.append(store.pour(wanted.sku, bucket, units))
    for bucket in fresh:
        units = changes.get(bucket.number, 0)
        found.append(store.new_bucket(wanted.sku, warehouse.warehouse_id, bucket.number, units))
    return found


def _negated(units: dict[int, int]) -> dict[int, int]:
    return {number: -taken for number, taken in units.items()}


def _made(sku: str, movement_id: str) -> Movement:
    movement = reads.fetch_one(store.movement_read(sku, movement_id), consistent=True)
    assert movement is not None, "a key names a movement that is not there"
    return movement


def _event(movement: Movement, now: datetime) -> StockMoved:
    return StockMoved(
        event_id=new_id("evt", now),
        occurred_at=now,
        movement_id=movement.movement_id,
        sku=movement.sku,
        warehouse_id=movement.warehouse_id,
        cause=movement.cause.value,
        units=movement.change,
    )
