"""How much of some SKUs there is and where, in as few requests as can be.

In which buckets a SKU lies hardly ever changes, and their number never shrinks. So this process remembers it and asks
for buckets in the very request that reads the shelves. What is remembered only guides: the shelf that comes with it
says where the SKU lies, and what it names beyond what was asked for is read in a second request.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from entrepot.cloud import reads
from functions.inventory import store
from functions.inventory.domain.stock import Bucket, Shelf

Key = tuple[str, str]
"""A SKU and a warehouse."""
Levels = dict[str, dict[str, int]]
"""Units available per SKU and warehouse."""

_GLIMPSE: Final = 3
_ONE_REQUEST: Final = 100
_MOST_REMEMBERED: Final = 4096
_chance: Final = Random()
_layouts: dict[str, Shelf] = {}


@dataclass(frozen=True, slots=True)
class Glance:
    """Reads of the shelves of `wanted` (units by SKU) and of some buckets, to be fetched with whatever else is read."""

    wanted: Mapping[str, int]
    buckets: tuple[tuple[str, str, int], ...]

    @property
    def reads(self) -> list[reads.Read[Any]]:
        shelves = [store.shelf_read(sku) for sku in self.wanted]
        return [*shelves, *(store.bucket_read(*bucket) for bucket in self.buckets)]

    def seen(self, answers: Sequence[Any], *, consistent: bool) -> tuple[dict[str, Shelf | None], Levels]:
        """What the reads were answered: each SKU's shelf, and units available per SKU and warehouse.

        The units may be fewer than there are, yet no fewer than wanted where that many are there: a few buckets of each
        place are read first, and the rest only of places that showed too few. Whoever refuses a buyer for what this
        says asks for it strongly `consistent`.
        """
        shelves: dict[str, Shelf | None] = dict(zip(self.wanted, answers, strict=False))
        found: dict[Key, int] = {}
        asked: dict[Key, set[int]] = {}
        counted: Sequence[Bucket | None] = answers[len(self.wanted) :]
        for (sku, warehouse_id, number), bucket in zip(self.buckets, counted, strict=True):
            key = sku, warehouse_id
            found[key] = found.get(key, 0) + (bucket.available if bucket else 0)
            asked.setdefault(key, set()).add(number)
        known = [shelf for shelf in shelves.values() if shelf is not None]
        _remember(known)
        return shelves, _completed(known, self.wanted, found, asked, consistent)


def glance(wanted: Mapping[str, int], beside: int) -> Glance:
    """A look at the stock of some SKUs, in one request with `beside` other items where their layout is known."""
    known = [shelf for sku in wanted if (shelf := _layouts.get(sku)) is not None]
    places = sum(len(shelf.places) for shelf in known)
    most = _glimpse(places, _ONE_REQUEST - beside - len(wanted))
    buckets = [
        (shelf.sku, place.warehouse_id, number)
        for shelf in known
        for place in shelf.places
        for number in _some(place.buckets, most)
    ]
    return Glance(wanted, tuple(buckets))


def forget() -> None:
    """Drop what is remembered: for tests that start a new AWS."""
    _layouts.clear()


def _completed(
    shelves: Sequence[Shelf],
    wanted: Mapping[str, int],
    found: dict[Key, int],
    asked: Mapping[Key, set[int]],
    consistent: bool,
) -> Levels:
    """The levels of all places, after looking further where what was `found` is too little."""
    buckets = {(shelf.sku, place.warehouse_id): place.buckets for shelf in shelves for place in shelf.places}
    unseen = [key for key in buckets if key not in asked]
    most = _glimpse(len(unseen), _ONE_REQUEST)
    first = {key: _some(buckets[key], most) for key in unseen}
    _add(found, first, consistent)
    rest = {
        key: _others(held, first.get(key) or asked[key])
        for key, held in buckets.items()
        if found.get(key, 0) < wanted[key[0]]
    }
    _add(found, rest, consistent)
    levels: Levels = {shelf.sku: {} for shelf in shelves}
    for sku, warehouse_id in buckets:
        levels[sku][warehouse_id] = found.get((sku, warehouse_id), 0)
    return levels


def _add(found: dict[Key, int], numbers: Mapping[Key, Sequence[int]], consistent: bool) -> None:
    """Add to `found` what these buckets have available, all in one read."""
    keys = [(key, number) for key, wanted in numbers.items() for number in wanted]
    if not keys:
        return
    buckets = reads.fetch(*(store.bucket_read(*key, number) for key, number in keys), consistent=consistent)
    for (key, _), bucket in zip(keys, buckets, strict=True):
        found[key] = found.get(key, 0) + (bucket.available if bucket else 0)


def _glimpse(places: int, room: int) -> int:
    """How many buckets of each place are looked at first: as many as fit, at least one, at most three."""
    return max(1, min(_GLIMPSE, room // max(1, places)))


def _some(buckets: int, most: int) -> list[int]:
    """At most so many of a place's buckets, any of them."""
    return _chance.sample(range(buckets), min(buckets, most))


def _others(buckets: int, seen: Collection[int]) -> list[int]:
    return [number for number in _some(buckets, buckets) if number not in seen]


def _remember(shelves: Sequence[Shelf]) -> None:
    if len(_layouts) > _MOST_REMEMBERED:
        _layouts.clear()
    _layouts.update((shelf.sku, shelf) for shelf in shelves)
