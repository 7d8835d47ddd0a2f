"""Which warehouse sends which line, and which ways of delivery are offered together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from entrepot.kernel.money import Money
from functions.inventory import facade as inventory
from functions.logistics import facade as logistics


@dataclass(frozen=True, slots=True)
class Source:
    """One line and the warehouse it comes from."""

    sku: str
    units: int
    merchant_id: str
    place: inventory.Place


def chosen(
    wanted: Mapping[str, int],
    shelves: Mapping[str, inventory.Shelf | None],
    stock: Mapping[str, Mapping[str, int]],
    country: str,
) -> list[Source]:
    """For each line the warehouse in the buyer's country that has all of it, else the first by id; never a split.

    Raises: OutOfStock: no warehouse has the whole quantity.
    """
    sources = []
    for sku, units in wanted.items():
        shelf = shelves.get(sku)
        held = stock.get(sku, {})
        places = [
            place for place in (shelf.places if shelf else ()) if held.get(place.warehouse_id, 0) >= units
        ]
        if shelf is None or not places:
            raise inventory.OutOfStock(sku=sku, wanted=units, available=max(held.values(), default=0))
        place = min(places, key=lambda place: (place.country != country, place.warehouse_id))
        sources.append(Source(sku, units, shelf.merchant_id, place))
    return sources


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
