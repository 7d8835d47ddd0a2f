"""Which buckets an order takes its units from, and where it turns when others were faster.

A plan begins blind, with one bucket at random for each demand, so that buyers of one SKU spread over its
buckets and an order with stock to spare reads nothing. When a bucket proves short, the plan reads all buckets
of that demand, strongly consistent, and only where together they hold too few is the order refused.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Final

from entrepot.cloud import writes
from entrepot.cloud.writes import Write
from entrepot.kernel.refusals import Busy
from functions.inventory import store
from functions.inventory.domain.reservation import (
    BucketShort,
    Demand,
    Pick,
    Reservation,
    Status,
    picked,
    summed,
)
from functions.inventory.domain.stock import Shelf

MOST_WRITES: Final = 50
"""What a reservation may touch in any transaction of its order, unless its demands alone are more than that:
its own item, a bucket for each pick, and at the sale a movement for each warehouse."""

_ROUNDS: Final = 6
_GATHERINGS: Final = 3
_chance: Final = Random()


@dataclass(frozen=True, slots=True)
class Taking:
    """How one demand is to be met; `blind` while its buckets were never looked at."""

    demand: Demand
    picks: tuple[Pick, ...]
    blind: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Which buckets meet an order's demands. Its writes stand in the transaction that places the order."""

    takings: tuple[Taking, ...]
    rounds: int = 0
    rng: Random = field(default=_chance, repr=False, compare=False)

    @property
    def picks(self) -> tuple[Pick, ...]:
        return tuple(pick for taking in self.takings for pick in taking.picks)

    def writes(self, order_id: str, now: datetime) -> list[Write]:
        """available → reserved in each bucket, and the reservation.

        Raises, at commit: BucketShort: go on with `after`. ReservationExists.
        """
        reservation = Reservation(order_id, Status.HELD, self.picks, now)
        return [store.put_reservation(reservation), *(store.hold(pick) for pick in self.picks)]

    def after(self, short: BucketShort) -> "Plan":
        """The plan to try next, once a bucket was short.

        The second time it looks at the buckets of every demand, so that an order of many lines is not refused
        line by line.
        Raises:
            OutOfStock: all buckets of a demand, read strongly consistent, hold too few.
            Busy: others were faster through all rounds.
        """
        if self.rounds == _ROUNDS:
            raise Busy
        takings = tuple(
            _seen(taking.demand, self.rng) if self._is_stale(taking, short) else taking
            for taking in self.takings
        )
        return replace(self, takings=_fitted(takings, self.rng), rounds=self.rounds + 1)

    def _is_stale(self, taking: Taking, short: BucketShort) -> bool:
        return taking.demand.key == (short.sku, short.warehouse_id) or (self.rounds > 0 and taking.blind)


def plan(demands: Iterable[Demand], shelves: Sequence[Shelf], rng: Random | None = None) -> Plan:
    """A first plan for an order; demands are summed per SKU and warehouse.

    Args: shelves: those of the SKUs demanded, as they were read; a newer layout does no harm.
    Raises: OutOfStock: no such place on the shelf, and no units there either.
    """
    chance = rng or _chance
    buckets = {(shelf.sku, place.warehouse_id): place.buckets for shelf in shelves for place in shelf.places}
    takings = tuple(_begun(demand, buckets.get(demand.key, 0), chance) for demand in summed(demands))
    return Plan(_fitted(takings, chance), rng=chance)


def _begun(demand: Demand, buckets: int, rng: Random) -> Taking:
    if buckets == 0:
        return _seen(demand, rng)
    pick = Pick(demand.sku, demand.warehouse_id, rng.randrange(buckets), demand.units)
    return Taking(demand, (pick,), blind=True)


def _seen(demand: Demand, rng: Random) -> Taking:
    """How to meet a demand from what its buckets really hold. Raises: OutOfStock."""
    buckets = store.buckets(demand.sku, demand.warehouse_id)
    levels = {bucket.number: bucket.available for bucket in buckets}
    return Taking(demand, picked(demand, levels, rng), blind=False)


def _fitted(takings: tuple[Taking, ...], rng: Random) -> tuple[Taking, ...]:
    """The same takings within the size of a transaction.

    Where too many buckets would be touched, the widest demands have their units brought together first.
    """
    warehouses = {taking.demand.warehouse_id for taking in takings}
    most = max(len(takings), MOST_WRITES - 1 - len(warehouses))
    fitted = list(takings)
    while sum(len(taking.picks) for taking in fitted) > most:
        widest = max(range(len(fitted)), key=lambda index: len(fitted[index].picks))
        fitted[widest] = _gathered(fitted[widest], rng)
    return tuple(fitted)


def _gathered(taking: Taking, rng: Random) -> Taking:
    """Bring the units of a demand into one bucket, in a transaction of its own that changes no sum.

    They go to the last of the buckets: who reads these meanwhile, in the order of their keys, may see a unit
    twice, which the next condition puts right, but never misses one and refuses a buyer for it.
    Raises: Busy, OutOfStock.
    """
    for _ in range(_GATHERINGS):
        if len(taking.picks) == 1:
            return taking
        *others, last = sorted(taking.picks, key=lambda pick: pick.bucket)
        moved = sum(pick.units for pick in others)
        try:
            writes.commit(
                store.move_across(last, moved), *(store.move_across(pick, -pick.units) for pick in others)
            )
        except BucketShort:
            taking = _seen(taking.demand, rng)
            continue
        return replace(taking, picks=(replace(last, units=taking.demand.units),))
    raise Busy
