"""Stock of a SKU, in whole units: its shelf, its buckets, the movements that change what is on hand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from entrepot.kernel.refusals import Kind, Malformed, Refusal
from functions.inventory.domain.warehouse import Mode, Warehouse

MOST_BUCKETS: Final = 16
_UNITS_PER_BUCKET: Final = 6


class Cause(StrEnum):
    """Why a person moves stock. Orders cause movements of their own: "sale" and "cancellation"."""

    RECEIPT = "receipt"
    ADJUSTMENT = "adjustment"
    DAMAGE = "damage"
    COUNT = "count"


class WrongUnits(Malformed):
    code = "invalid_request"
    title = "`units` does not fit the cause."


class BelowZero(Refusal):
    code = "below_zero"
    kind = Kind.CONFLICT
    title = "There are fewer units on hand than this would take away."


class BelowReserved(Refusal):
    code = "below_reserved"
    kind = Kind.CONFLICT
    title = "Orders hold some of these units; they cannot be taken away."


class SkuClosed(Refusal):
    code = "sku_closed"
    kind = Kind.CONFLICT
    title = "This SKU was removed from its product; its stock moves no more."


class StockLeft(Refusal):
    code = "stock_left"
    kind = Kind.CONFLICT
    title = "This SKU still has stock, or orders hold some of it."


@dataclass(frozen=True, slots=True)
class Place:
    """A warehouse that holds a SKU, or once did, in buckets numbered from 0."""

    warehouse_id: str
    country: str
    mode: Mode
    buckets: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a SKU is kept; `places` by warehouse id. A closed shelf takes no movement ever again."""

    sku: str
    merchant_id: str
    places: tuple[Place, ...]
    revision: int = 1
    closed: bool = False

    def place(self, warehouse_id: str) -> Place | None:
        return next((place for place in self.places if place.warehouse_id == warehouse_id), None)

    def with_buckets(self, warehouse: Warehouse, buckets: int) -> "Shelf":
        """The next revision, with at least `buckets` in the warehouse: their number never shrinks."""
        known = self.place(warehouse.warehouse_id)
        most = max(buckets, known.buckets if known else 0)
        place = Place(warehouse.warehouse_id, warehouse.country, warehouse.mode, most)
        others = [other for other in self.places if other.warehouse_id != place.warehouse_id]
        places = tuple(sorted([*others, place], key=lambda each: each.warehouse_id))
        return replace(self, places=places, revision=self.revision + 1)

    def as_closed(self) -> "Shelf":
        return replace(self, closed=True, revision=self.revision + 1)


@dataclass(frozen=True, slots=True)
class Bucket:
    warehouse_id: str
    number: int
    available: int
    reserved: int

    @property
    def on_hand(self) -> int:
        return self.available + self.reserved


@dataclass(frozen=True, slots=True)
class Level:
    """The stock of a SKU in a warehouse, over all its buckets."""

    warehouse_id: str
    available: int
    reserved: int

    @property
    def on_hand(self) -> int:
        return self.available + self.reserved


@dataclass(frozen=True, slots=True)
class Movement:
    """What a person did to stock in a warehouse: `units` as given, `change` what that did to on hand."""

    movement_id: str
    sku: str
    warehouse_id: str
    cause: Cause
    units: int
    change: int
    note: str
    member_id: str
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class SkuUnits:
    sku: str
    units: int


@dataclass(frozen=True, slots=True)
class OrderMovement:
    """What an order did to the stock of one warehouse; units below zero left it."""

    order_id: str
    warehouse_id: str
    cause: str
    lines: tuple[SkuUnits, ...]
    moved_at: datetime


def level(warehouse_id: str, buckets: Iterable[Bucket]) -> Level:
    """The sum of those of `buckets` that are in the warehouse."""
    mine = [bucket for bucket in buckets if bucket.warehouse_id == warehouse_id]
    return Level(warehouse_id, sum(b.available for b in mine), sum(b.reserved for b in mine))


def change(cause: Cause, units: int, present: Level) -> int:
    """By how much a movement changes what is on hand.

    Raises:
        WrongUnits: a receipt or damage not above zero, an adjustment of zero, a count below zero.
        BelowZero: more would be taken away than is on hand.
        BelowReserved: less would remain than orders hold.
    """
    _check_sign(cause, units)
    delta = {Cause.DAMAGE: -units, Cause.COUNT: units - present.on_hand}.get(cause, units)
    if present.on_hand + delta < 0:
        raise BelowZero(field="units", on_hand=present.on_hand)
    if present.on_hand + delta < present.reserved:
        raise BelowReserved(field="units", on_hand=present.on_hand, reserved=present.reserved)
    return delta


def bucket_count(on_hand: int) -> int:
    """How many buckets so many units are kept in: one for every six, at least 1, at most 16."""
    return min(MOST_BUCKETS, max(1, on_hand // _UNITS_PER_BUCKET))


def poured(levels: Mapping[int, int], units: int) -> dict[int, int]:
    """How many of `units` go into each bucket so that the fullest and the emptiest end as close as they can.

    Args: levels: units available per bucket number, at least one bucket.
    Returns: units per bucket number above zero; they sum to `units`.
    """
    by_level = sorted(levels, key=lambda number: (levels[number], number))
    filled = 1
    height = levels[by_level[0]]
    rest = units
    while filled < len(by_level) and (step := levels[by_level[filled]] - height) * filled <= rest:
        rest -= step * filled
        height += step
        filled += 1
    share, odd = divmod(rest, filled)
    target = {number: height + share + (index < odd) for index, number in enumerate(by_level[:filled])}
    return {number: top - levels[number] for number, top in target.items() if top > levels[number]}


def drained(levels: Mapping[int, int], units: int) -> dict[int, int]:
    """How many of `units` to take from each bucket, the fullest first, so that few are touched.

    Args: levels: units available per bucket number; they hold `units` together.
    """
    taken: dict[int, int] = {}
    for number in sorted(levels, key=lambda each: (-levels[each], each)):
        if units == 0:
            break
        taken[number] = min(units, levels[number])
        units -= taken[number]
    assert units == 0, "the buckets hold less than is taken"
    return taken


def _check_sign(cause: Cause, units: int) -> None:
    if cause in (Cause.RECEIPT, Cause.DAMAGE) and units <= 0:
        raise WrongUnits(f"The units of a {cause} are above zero.", field="units")
    if cause is Cause.ADJUSTMENT and units == 0:
        raise WrongUnits("An adjustment changes something: its units are not zero.", field="units")
    if cause is Cause.COUNT and units < 0:
        raise WrongUnits("A count is what stands there: zero or more.", field="units")
