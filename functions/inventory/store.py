"""The table `inventory`: its rows, what is read of them, and every write that may touch them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.pynamo import Action, Condition
from entrepot.cloud.rows import Document, Number, Row
from entrepot.cloud.writes import Write
from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import Busy, Kind, Refusal
from functions.inventory.domain.reservation import (
    BucketShort,
    Pick,
    PurchaseLimitReached,
    Reservation,
    ReservationChanged,
    ReservationExists,
)
from functions.inventory.domain.stock import Bucket, Movement, OrderMovement, Shelf, SkuUnits
from functions.inventory.domain.warehouse import Warehouse

_TABLE = aws.name("inventory")


class StockChanged(Refusal):
    """Somebody moved this stock since it was read: read it again and decide anew."""

    code = "stock_changed"
    kind = Kind.BUSY
    title = "The stock changed while it was moved; the same request may be sent again."


class WarehouseRow(Row):
    """A warehouse: pk `warehouse#<id>`, sk "warehouse"; and on a list: pk `warehouses#<owner>`, sk its id.

    Reached by its id, and by its owner: a merchant, or "platform".
    """

    class Meta:
        table_name = _TABLE

    warehouse = Document[Warehouse](Warehouse)


class ShelfRow(Row):
    """The layout of a SKU: pk `shelf#<sku>`, sk "shelf". Reached by SKU. No order writes it."""

    class Meta:
        table_name = _TABLE

    shelf = Document[Shelf](Shelf)
    revision = Number()


class BucketRow(Row):
    """A part of a SKU's stock: pk `stock#<sku>`, sk `<warehouse>#<two digits>`.

    Reached by its key, by SKU, and by SKU and warehouse. Units are whole; neither number is ever below zero.
    """

    class Meta:
        table_name = _TABLE

    available = Number()  # units
    reserved = Number()  # units


class ReservationRow(Row):
    """What an order took: pk `reservation#<order>`, sk "reservation". Reached by the order's id."""

    class Meta:
        table_name = _TABLE

    reservation = Document[Reservation](Reservation)
    revision = Number()


class AllowanceRow(Row):
    """What one buyer has taken of a SKU of which each may have so many: pk `allowance#<sku>#<buyer>`, sk "allowance".

    Reached by its key. `buyer` is a keyed hash, `units` whole and never below zero.
    """

    class Meta:
        table_name = _TABLE

    units = Number()


class MovementRow(Row):
    """A person's movement: pk `movements#<sku>`, sk its id. Reached by SKU, in the order of time."""

    class Meta:
        table_name = _TABLE

    movement = Document[Movement](Movement)


class OrderMovementRow(Row):
    """An order's movement: pk `movements@<order>`, sk `<act>#<warehouse>`. Reached by order."""

    class Meta:
        table_name = _TABLE

    movement = Document[OrderMovement](OrderMovement)


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a SKU can be had in any warehouse, as it was last announced; `sequence` 0: never."""

    sku: str
    available: bool
    sequence: int


class AvailabilityRow(Row):
    """What was last announced of a SKU: pk `availability#<sku>`, sk "availability". Reached by SKU."""

    class Meta:
        table_name = _TABLE

    availability = Document[Availability](Availability)
    sequence = Number()


# Warehouses


def warehouse_read(warehouse_id: str) -> reads.Read[Warehouse]:
    return reads.Read(WarehouseRow, f"warehouse#{warehouse_id}", "warehouse", _warehouse)


def warehouses(owner: str, limit: int, after: Mapping[str, str] | None) -> Page[Warehouse]:
    return reads.query(WarehouseRow, list_key(owner), _warehouse, limit=limit, after=after)


def list_key(owner: str) -> str:
    return f"warehouses#{owner}"


def create_warehouse(warehouse: Warehouse) -> list[Write]:
    by_id = WarehouseRow(f"warehouse#{warehouse.warehouse_id}", "warehouse", warehouse=warehouse)
    listed = WarehouseRow(list_key(warehouse.list_name), warehouse.warehouse_id, warehouse=warehouse)
    return [writes.create(by_id, Busy()), writes.create(listed, Busy())]


# Shelves


def shelf_read(sku: str) -> reads.Read[Shelf]:
    return reads.Read(ShelfRow, f"shelf#{sku}", "shelf", lambda row: row.shelf)


def put_shelf(shelf: Shelf, refusal: Refusal) -> Write:
    """The shelf where its last revision still stands; a first revision where there is none."""
    row = ShelfRow(f"shelf#{shelf.sku}", "shelf", shelf=shelf, revision=shelf.revision)
    if shelf.revision == 1:
        return writes.create(row, refusal)
    return writes.put(row, ShelfRow.revision == shelf.revision - 1, refusal)


# Buckets


def bucket_read(sku: str, warehouse_id: str, number: int) -> reads.Read[Bucket]:
    return reads.Read(BucketRow, f"stock#{sku}", _bucket_key(warehouse_id, number), _bucket)


def buckets(sku: str, warehouse_id: str | None = None) -> list[Bucket]:
    """Every bucket of a SKU, or those in one warehouse, strongly consistent, in the order of their keys."""
    where = BucketRow.sk.startswith(f"{warehouse_id}#") if warehouse_id else None
    return reads.query_all(BucketRow, f"stock#{sku}", _bucket, where=where, consistent=True)


def hold(pick: Pick) -> Write:
    """available → reserved. Raises, at commit: BucketShort, also where others kept the bucket busy."""
    short = BucketShort(pick.sku, pick.warehouse_id, pick.bucket, pick.units)
    enough = BucketRow.available >= pick.units
    return _moved(pick, -pick.units, pick.units, enough, short).on_contention(short)


def give_back(pick: Pick) -> Write:
    """reserved → available. The reservation knows that the units are reserved; if not, it is a bug."""
    return _moved(pick, pick.units, -pick.units, BucketRow.reserved >= pick.units)


def hand_over(pick: Pick) -> Write:
    """Reserved units leave the warehouse."""
    return _moved(pick, 0, -pick.units, BucketRow.reserved >= pick.units)


def take_in(pick: Pick) -> Write:
    """Sold units are back in the bucket they came from."""
    return _moved(pick, pick.units, 0, BucketRow.pk.exists())


def move_across(pick: Pick, units: int) -> Write:
    """Units into (above zero) or out of a bucket on their way between two of the same warehouse."""
    short = BucketShort(pick.sku, pick.warehouse_id, pick.bucket, abs(units))
    return _moved(pick, units, 0, BucketRow.available >= max(0, -units), short)


def new_bucket(sku: str, warehouse_id: str, number: int, units: int) -> Write:
    row = BucketRow(f"stock#{sku}", _bucket_key(warehouse_id, number), available=units, reserved=0)
    return writes.create(row, StockChanged())


def pour(sku: str, bucket: Bucket, units: int) -> Write:
    """Units into (above zero) or out of a bucket by a person's movement."""
    enough = BucketRow.available >= max(0, -units)
    return writes.update(_bucket_row(sku, bucket), [BucketRow.available.add(units)], enough, StockChanged())


def pour_exactly(sku: str, bucket: Bucket, units: int) -> Write:
    """The same where the bucket must still be as it was seen; no units: only that is held."""
    as_seen = (BucketRow.available == bucket.available) & (BucketRow.reserved == bucket.reserved)
    row = _bucket_row(sku, bucket)
    if units == 0:
        return writes.check(row, as_seen, StockChanged())
    return writes.update(row, [BucketRow.available.add(units)], as_seen, StockChanged())


# Reservations


def reservation_read(order_id: str) -> reads.Read[Reservation]:
    return reads.Read(ReservationRow, f"reservation#{order_id}", "reservation", lambda row: row.reservation)


def put_reservation(reservation: Reservation) -> Write:
    """The reservation where its last revision still stands; a first revision where there is none."""
    row = ReservationRow(
        f"reservation#{reservation.order_id}",
        "reservation",
        reservation=reservation,
        revision=reservation.revision,
    )
    if reservation.revision == 1:
        return writes.create(row, ReservationExists())
    return writes.put(row, ReservationRow.revision == reservation.revision - 1, ReservationChanged())


# Allowances


def take_allowed(sku: str, buyer: str, units: int, limit: int) -> Write:
    """More units for a buyer, while they stay within the limit. Raises, at commit: PurchaseLimitReached."""
    taken = AllowanceRow.units
    fits = taken.does_not_exist() | (taken <= limit - units)
    refusal = PurchaseLimitReached(sku=sku, limit=limit, wanted=units)
    return writes.update(
        AllowanceRow(f"allowance#{sku}#{buyer}", "allowance"), [taken.add(units)], fits, refusal
    )


def give_back_allowed(sku: str, buyer: str, units: int) -> Write:
    """Units that a buyer has taken may be taken again. That they were is known; if not, it is a bug."""
    row = AllowanceRow(f"allowance#{sku}#{buyer}", "allowance")
    return writes.update(row, [AllowanceRow.units.add(-units)], AllowanceRow.units >= units)


# Movements


def movement_read(sku: str, movement_id: str) -> reads.Read[Movement]:
    return reads.Read(MovementRow, f"movements#{sku}", movement_id, lambda row: row.movement)


def create_movement(movement: Movement) -> Write:
    row = MovementRow(f"movements#{movement.sku}", movement.movement_id, movement=movement)
    return writes.create(row, StockChanged())


def movements(sku: str) -> list[Movement]:
    return reads.query_all(MovementRow, f"movements#{sku}", lambda row: row.movement, consistent=True)


def create_order_movements(
    order_id: str, cause: str, act: str, lines: Mapping[str, Sequence[SkuUnits]], now: datetime
) -> list[Write]:
    """One movement per warehouse in `lines`; an order does an act (such as "sale") once in a warehouse."""
    found = []
    for warehouse_id, units in lines.items():
        movement = OrderMovement(order_id, warehouse_id, cause, tuple(units), now)
        row = OrderMovementRow(f"movements@{order_id}", f"{act}#{warehouse_id}", movement=movement)
        found.append(writes.create(row, ReservationChanged()))
    return found


def order_movements(order_id: str) -> list[OrderMovement]:
    return reads.query_all(
        OrderMovementRow, f"movements@{order_id}", lambda row: row.movement, consistent=True
    )


# Availability


def availability_read(sku: str) -> reads.Read[Availability]:
    return reads.Read(AvailabilityRow, f"availability#{sku}", "availability", lambda row: row.availability)


def put_availability(availability: Availability) -> Write:
    """What is announced next of a SKU, unless something was since. Raises, at commit: StockChanged."""
    row = AvailabilityRow(
        f"availability#{availability.sku}",
        "availability",
        availability=availability,
        sequence=availability.sequence,
    )
    if availability.sequence == 1:
        return writes.create(row, StockChanged())
    return writes.put(row, AvailabilityRow.sequence == availability.sequence - 1, StockChanged())


def _moved(
    pick: Pick, available: int, reserved: int, condition: Condition, refusal: Refusal | None = None
) -> Write:
    row = BucketRow(f"stock#{pick.sku}", _bucket_key(pick.warehouse_id, pick.bucket))
    actions: list[Action] = []
    if available:
        actions.append(BucketRow.available.add(available))
    if reserved:
        actions.append(BucketRow.reserved.add(reserved))
    return writes.update(row, actions, condition, refusal)


def _bucket_key(warehouse_id: str, number: int) -> str:
    return f"{warehouse_id}#{number:02d}"


def _bucket_row(sku: str, bucket: Bucket) -> BucketRow:
    return BucketRow(f"stock#{sku}", _bucket_key(bucket.warehouse_id, bucket.number))


def _bucket(row: BucketRow) -> Bucket:
    warehouse_id, _, number = row.sk.rpartition("#")
    return Bucket(warehouse_id, int(number), int(row.available), int(row.reserved))


def _warehouse(row: WarehouseRow) -> Warehouse:
    found: Warehouse = row.warehouse
    return found
