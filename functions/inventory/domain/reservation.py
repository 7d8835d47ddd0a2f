"""Reservations: which units an order holds, and what may become of them. All numbers are whole units."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from random import Random
from typing import Final

from entrepot.kernel.refusals import Kind, Refusal
from functions.inventory.domain.stock import SkuUnits, drained


class Status(StrEnum):
    HELD = "held"
    SOLD = "sold"
    RELEASED = "released"


MOVES: Final[dict[Status, frozenset[Status]]] = {
    Status.HELD: frozenset({Status.SOLD, Status.RELEASED}),
    Status.SOLD: frozenset(),
    Status.RELEASED: frozenset(),
}


class OutOfStock(Refusal):
    code = "out_of_stock"
    kind = Kind.CONFLICT
    title = "There are not enough units left."


class PurchaseLimitReached(Refusal):
    """Facts: `sku`, the `limit` for each buyer, the units `wanted` beside those that the buyer has."""

    code = "purchase_limit_reached"
    kind = Kind.RULE
    title = "A buyer may have only so many units of this."


class BucketShort(Refusal):
    """A bucket did not have what a plan wanted of it: the caller asks the plan to go on (`Plan.after`)."""

    code = "bucket_short"
    kind = Kind.BUSY
    title = "Others were faster at these units; the same request may be sent again."

    def __init__(self, sku: str, warehouse_id: str, bucket: int, wanted: int) -> None:
        super().__init__(sku=sku, wanted=wanted)
        self.sku = sku
        self.warehouse_id = warehouse_id
        self.bucket = bucket
        self.wanted = wanted


class ReservationExists(Refusal):
    code = "reservation_exists"
    kind = Kind.CONFLICT
    title = "This order has its reservation already."


class ReservationChanged(Refusal):
    code = "reservation_changed"
    kind = Kind.CONFLICT
    title = "The units of this order were moved by another request."


class IllegalReservationMove(Refusal):
    code = "illegal_transition"
    kind = Kind.CONFLICT
    title = "The units of this order are no longer held."


class ExceedsReserved(Refusal):
    code = "exceeds_reserved"
    kind = Kind.CONFLICT
    title = "More units would come back than this order still has."


@dataclass(frozen=True, slots=True)
class Demand:
    sku: str
    warehouse_id: str
    units: int

    @property
    def key(self) -> tuple[str, str]:
        return (self.sku, self.warehouse_id)


@dataclass(frozen=True, slots=True)
class Pick:
    """Units taken from one bucket; `returned` of them went back, before or after the sale."""

    sku: str
    warehouse_id: str
    bucket: int
    units: int
    returned: int = 0

    @property
    def left(self) -> int:
        return self.units - self.returned


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one order took. A bucket stands in it at most once."""

    order_id: str
    status: Status
    picks: tuple[Pick, ...]
    changed_at: datetime
    revision: int = 1

    def moved(self, to: Status, now: datetime) -> "Reservation":
        """Raises: IllegalReservationMove: the pair is not in MOVES."""
        if to not in MOVES[self.status]:
            raise IllegalReservationMove(status=self.status.value)
        return replace(self, status=to, changed_at=now, revision=self.revision + 1)

    def left(self) -> tuple[Pick, ...]:
        """What the order still has, as picks of just that."""
        return tuple(replace(pick, units=pick.left, returned=0) for pick in self.picks if pick.left)

    def returning(self, lines: Iterable[Demand], now: datetime) -> "tuple[Reservation, tuple[Pick, ...]]":
        """The reservation after units went back, and those units as picks.

        Raises: ExceedsReserved: the order has fewer of a line than go back.
        """
        wanted = {line.key: line.units for line in summed(lines)}
        back: list[Pick] = []
        picks: list[Pick] = []
        for pick in self.picks:
            key = (pick.sku, pick.warehouse_id)
            units = min(pick.left, wanted.get(key, 0))
            picks.append(replace(pick, returned=pick.returned + units))
            if units:
                wanted[key] -= units
                back.append(replace(pick, units=units, returned=0))
        if any(wanted.values()):
            raise ExceedsReserved(sku=next(key[0] for key, units in wanted.items() if units))
        after = replace(self, picks=tuple(picks), changed_at=now, revision=self.revision + 1)
        return after, tuple(back)


def summed(demands: Iterable[Demand]) -> tuple[Demand, ...]:
    """One demand per SKU and warehouse, in their order."""
    units: Counter[tuple[str, str]] = Counter()
    for demand in demands:
        assert demand.units > 0, "a demand is for one unit at least"
        units[demand.key] += demand.units
    return tuple(Demand(sku, warehouse_id, units[sku, warehouse_id]) for sku, warehouse_id in sorted(units))


def picked(demand: Demand, levels: Mapping[int, int], rng: Random) -> tuple[Pick, ...]:
    """Which buckets meet a demand: one that holds all of it, the fuller the likelier; else the fullest few.

    Args: levels: units available per bucket number.
    Raises: OutOfStock: all buckets together hold too few.
    """
    available = sum(levels.values())
    if available < demand.units:
        raise OutOfStock(sku=demand.sku, wanted=demand.units, available=available)
    enough = [number for number, units in levels.items() if units >= demand.units]
    if enough:
        number = rng.choices(enough, [levels[each] for each in enough])[0]
        taken = {number: demand.units}
    else:
        taken = drained(levels, demand.units)
    return tuple(Pick(demand.sku, demand.warehouse_id, number, taken[number]) for number in sorted(taken))


def by_warehouse(picks: Sequence[Pick]) -> dict[str, tuple[SkuUnits, ...]]:
    """The units of `picks` per warehouse and SKU."""
    units: Counter[tuple[str, str]] = Counter()
    for pick in picks:
        units[pick.warehouse_id, pick.sku] += pick.units
    lines: dict[str, list[SkuUnits]] = {}
    for (warehouse_id, sku), sum_of_units in sorted(units.items()):
        lines.setdefault(warehouse_id, []).append(SkuUnits(sku, sum_of_units))
    return {warehouse_id: tuple(each) for warehouse_id, each in lines.items()}
