"""Which warehouse sends which line, and which ways of delivery are offered together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from entrepot.kernel.money import Money
from functions.inventory import facade as inventory
from functions.logistics import facade as logistics

MOST_CANDIDATES: Final = 4
"""For each merchant: they are compared by what each costs all in, which is most of a quote's work."""
MOST_SOURCES: Final = 38
"""Of an order: its lines, and one more for each further warehouse of a line; their stock is one transaction."""


@dataclass(frozen=True, slots=True)
class Source:
    """One line and the warehouse it comes from."""

    sku: str
    units: int
    merchant_id: str
    place: inventory.Place

    def __hash__(self) -> int:
        # Plans are keys of all that is worked out for them; a quote asks for some thousand of these.
        return hash(self.sku)


Plan = tuple[Source, ...]
"""From where lines come; a line stands in it once for each warehouse that sends some of it."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A merchant's plan, what it costs all in (minor units), the last day of its arrival, and its parcels."""

    plan: Plan
    cost: int
    latest: date
    parcels: int


def joined(chosen: Iterable[Weighed]) -> Plan:
    return tuple(source for one in chosen for source in one.plan)


def fits(plan: Plan, most_parcels: int) -> bool:
    return len(plan) <= MOST_SOURCES and len(consignments(plan)) <= most_parcels


def candidates(
    wanted: Mapping[str, int],
    shelves: Mapping[str, inventory.Shelf | None],
    stock: Mapping[str, Mapping[str, int]],
    country: str,
) -> list[list[tuple[Source, ...]]]:
    """For each merchant at most MOST_CANDIDATES ways to take its lines from warehouses; the first is the plainest.

    A candidate prefers one warehouse, which sends every line it has whole; each other line comes whole from the first
    warehouse that has it: those in the buyer's country before others, then by id. A line is split only where no
    warehouse has all of it: then the fullest give first, so that few parcels go.

    Raises: OutOfStock: all warehouses together hold too few of a line.
    """
    merchants: dict[str, dict[str, list[tuple[inventory.Place, int]]]] = {}
    for sku, units in wanted.items():
        shelf, held = shelves.get(sku), stock.get(sku, {})
        if shelf is None or sum(held.values()) < units:
            raise inventory.OutOfStock(sku=sku, wanted=units, available=sum(held.values()))
        places = [(place, held[place.warehouse_id]) for place in shelf.places if held.get(place.warehouse_id)]
        ordered = sorted(places, key=lambda each: (each[0].country != country, each[0].warehouse_id))
        merchants.setdefault(shelf.merchant_id, {})[sku] = ordered
    return [_of_merchant(merchant_id, lines, wanted) for merchant_id, lines in merchants.items()]


def _of_merchant(
    merchant_id: str, lines: Mapping[str, Sequence[tuple[inventory.Place, int]]], wanted: Mapping[str, int]
) -> list[tuple[Source, ...]]:
    first = [places[0][0].warehouse_id for places in lines.values()]
    others = [place.warehouse_id for places in lines.values() for place, _ in places[1:]]
    found: dict[tuple[Source, ...], None] = {}
    for preferred in [None, *dict.fromkeys([*first, *others])][: MOST_CANDIDATES + 1]:
        plan = tuple(
            Source(sku, units, merchant_id, place)
            for sku, places in lines.items()
            for place, units in _taken(places, wanted[sku], preferred)
        )
        found[plan] = None
    return list(found)[:MOST_CANDIDATES]


def _taken(
    places: Sequence[tuple[inventory.Place, int]], units: int, preferred: str | None
) -> list[tuple[inventory.Place, int]]:
    """From where one line comes: as a whole, or split."""
    whole = [place for place, held in places if held >= units]
    if whole:
        return [(next((place for place in whole if place.warehouse_id == preferred), whole[0]), units)]
    taken = []
    for place, held in sorted(places, key=lambda each: -each[1]):
        part = min(held, units)
        if part:
            taken.append((place, part))
            units -= part
    return taken


def consignments(sources: Sequence[Source]) -> list[tuple[Source, ...]]:
    """The lines that travel together: one merchant's, from one warehouse."""
    together: dict[tuple[str, str], list[Source]] = {}
    for source in sources:
        together.setdefault((source.merchant_id, source.place.warehouse_id), []).append(source)
    return [tuple(group) for group in together.values()]


def combinations(
    ways: Sequence[Sequence[logistics.FreightOption]], in_currency: Callable[[Money], Money], most: int
) -> list[tuple[logistics.FreightOption, ...]]:
    """Ways of delivery for all consignments together: the cheapest of each, the fastest of each, and those of
    one service throughout; the cheapest first, at most `most`.

    Args: ways: for each consignment its ways. in_currency: makes prices of several carriers comparable.
    """

    def price(way: logistics.FreightOption) -> int:
        return in_currency(way.price).amount

    found = [tuple(min(each, key=price) for each in ways)]
    found.append(tuple(min(each, key=lambda way: (way.promise.latest, price(way))) for each in ways))
    by_service = [{(way.carrier, way.service): way for way in each} for each in ways]
    common = [service for service in by_service[0] if all(service in each for each in by_service)]
    found += [tuple(each[service] for each in by_service) for service in common]
    distinct = {tuple((way.carrier, way.service) for way in chosen): chosen for chosen in found}
    return sorted(distinct.values(), key=lambda chosen: sum(map(price, chosen)))[:most]
