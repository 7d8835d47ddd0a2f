"""What it costs to send a parcel: how a rate card measures and prices its pieces, in whole numbers and fractions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from entrepot.kernel.money import Money, rounded
from entrepot.kernel.refusals import Kind, Refusal
from functions.logistics.domain.cards import (
    Conveyance,
    DimensionRounding,
    FuelBase,
    RateBook,
    RateCard,
    RemoteArea,
    Serving,
    Zone,
    plain_postal_code,
)
from functions.logistics.domain.packing import Item, ParcelTooLarge, TooManyPieces, fits_alone, packed
from functions.logistics.domain.postal import UnknownPostalCode, checked_postal_code
from functions.logistics.domain.promise import ALWAYS, EVERY_DAY, Calendar, Handling, Promise, promised

_MM_PER_CM: Final = 10
_GRAMS_PER_KG: Final = 1000


class NoCarrier(Refusal):
    code = "no_carrier"
    kind = Kind.RULE
    title = "No carrier takes this parcel on this lane."


@dataclass(frozen=True, slots=True)
class Piece:
    """One physical parcel of a consignment. units: SKU and quantity."""

    actual_grams: int
    chargeable_grams: int
    units: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class FreightOption:
    """One way to send a consignment. `rule` names the rate card and zone, `source` where its rules come from.

    chargeable_grams: of all pieces together. conveyance, insurance_rate: those of the rate card.
    """

    carrier: str
    service: str
    price: Money
    chargeable_grams: int
    promise: Promise
    rule: str
    source: str
    pieces: tuple[Piece, ...] = ()
    conveyance: Conveyance | None = None
    insurance_rate: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Lane:
    """From where, how and to where; the postal code as the buyer wrote it."""

    dispatch_country: str
    mode: str
    destination_country: str
    postal_code: str | None

    def __str__(self) -> str:
        return f"{self.dispatch_country}-{self.destination_country}"


@dataclass(frozen=True, slots=True)
class Network:
    """What prices and promises need beside rate cards. delivers_on: days of the week by carrier, Monday is 0.

    postal_forms: regular expressions of plain postal codes, by country.
    """

    handling: Mapping[str, Handling]
    calendars: Mapping[str, Calendar]
    delivers_on: Mapping[str, frozenset[int]]
    postal_forms: Mapping[str, str]

    def promise(self, lane: Lane, carrier: str, transit_days: tuple[int, int], at: datetime) -> Promise:
        return promised(
            at,
            self.handling[lane.mode],
            self.calendars.get(lane.dispatch_country, ALWAYS),
            self.calendars.get(lane.destination_country, ALWAYS),
            transit_days,
            self.delivers_on.get(carrier, EVERY_DAY),
        )


def chargeable_grams(card: RateCard, items: Sequence[Item]) -> int:
    """The weight that is paid for, in grams, of one piece.

    The volume of a piece is the sum of its units' volumes, every side measured by the card's rule (and at
    least one centimetre where it measures in those). An item of unknown size adds weight and no volume, so
    that a piece of which nothing is known but the weight goes by its actual weight.
    Source: the carriers' measuring rules, named in each card's `source`.
    """
    actual, step = actual_grams(items), card.weight_step_grams
    steps = -(-max(actual, card.minimum_grams) // step)
    # Every way of a quote asks for it, so it is reckoned in whole numbers: by volume it is `cubic` / `divisor` grams.
    cubic = _volume_mm3(card.dimension_rounding, items) * _GRAMS_PER_KG
    divisor = _MM_PER_CM**3 * card.divisor
    if cubic >= card.volumetric_trigger * actual * divisor:
        steps = max(steps, -(-cubic // (divisor * step)))
    return steps * step


def actual_grams(items: Iterable[Item]) -> int:
    return sum(item.weight_grams * item.quantity for item in items)


def price(card: RateCard, zone: Zone, grams: int, remote: RemoteArea | None = None) -> Money:
    """Of one piece: base price by chargeable weight, surcharges and fuel, rounded half up once at the end."""
    base = zone.base_amount + Fraction(zone.per_kg_amount * grams, _GRAMS_PER_KG)
    surcharges = sum(surcharge.amount for surcharge in zone.surcharges) + (remote.amount if remote else 0)
    fuelled = base + surcharges if card.fuel_base is FuelBase.BASE_PLUS_SURCHARGES else base
    return Money(rounded(base + surcharges + card.fuel_rate * fuelled), card.currency)


def options(
    book: RateBook, network: Network, lane: Lane, items: Sequence[Item], at: datetime
) -> tuple[FreightOption, ...]:
    """Every way to send `items` in one shipment ordered at `at`, in as many pieces as it takes, the cheapest first.

    Raises: NoCarrier: no card serves the lane on that day. UnknownPostalCode: every card needs the postal code and
    this is none. ParcelTooLarge: one unit is more than any carrier there takes. TooManyPieces: for every carrier.
    """
    if not items:
        raise ValueError("a parcel holds something")
    serving = _serving(book, network, lane, at.date())
    taking = [
        (offer, zone) for offer, zone in serving if all(fits_alone(i, offer.card.limits) for i in items)
    ]
    if not taking:
        raise _too_large([offer.card for offer, _ in serving], lane, items)
    found, refused = [], []
    for offer, zone in taking:
        try:
            found.append(_option(offer, zone, network, lane, tuple(items), at))
        except TooManyPieces as refusal:
            refused.append(refusal)
    if not found:
        raise refused[0]
    return tuple(sorted(found, key=lambda o: (o.price.currency, o.price.amount, o.carrier, o.service)))


def _serving(book: RateBook, network: Network, lane: Lane, on: date) -> list[tuple[Serving, Zone]]:
    valid = [
        offer
        for offer in book.serving(lane.dispatch_country, lane.destination_country)
        if offer.card.valid_from <= on <= offer.card.valid_to
        and (not offer.card.modes or lane.mode in offer.card.modes)
    ]
    if any(offer.asks_for_postal_code for offer in valid):
        valid = _with_postal_code(valid, network, lane)
    code = plain_postal_code(lane.postal_code)
    serving = [(offer, zone) for offer in valid if (zone := offer.zone(code)) is not None]
    if not serving:
        raise NoCarrier(
            f"No carrier serves {lane} on {on}.", field="ship_to", lane=str(lane), reason="lane", date=str(on)
        )
    return serving


def _with_postal_code(valid: list[Serving], network: Network, lane: Lane) -> list[Serving]:
    """Those whose price can be told; one that needs no postal code is not refused for it."""
    try:
        checked_postal_code(lane.destination_country, lane.postal_code, network.postal_forms)
    except UnknownPostalCode:
        plain = [offer for offer in valid if not offer.asks_for_postal_code]
        if not plain:
            raise
        return plain
    return valid


def _too_large(cards: Sequence[RateCard], lane: Lane, items: Sequence[Item]) -> ParcelTooLarge:
    """Names the first unit that no carrier takes, or the largest where each is taken, but not by one carrier."""
    refused = [item for item in items if not any(fits_alone(item, card.limits) for card in cards)]
    worst = (refused or sorted(items, key=lambda i: (i.volume_mm3, i.weight_grams), reverse=True))[0]
    sides = [card.max_side_mm for card in cards]
    girths = [card.max_girth_mm for card in cards]
    heaviest = max(card.max_grams for card in cards)
    return ParcelTooLarge(
        f"One unit of {worst.sku or 'a line'} is more than a carrier on {lane} takes (up to {heaviest} g). "
        "Order it without this line, or ask the seller for freight.",
        field="lines",
        sku=worst.sku or None,
        lane=str(lane),
        weight_grams=worst.weight_grams,
        sides_mm=list(worst.sorted_sides) if worst.dimensions_mm else None,
        max_grams=heaviest,
        max_side_mm=None if None in sides else max(side for side in sides if side),
        max_length_plus_girth_mm=None if None in girths else max(girth for girth in girths if girth),
    )


def _option(
    offer: Serving, zone: Zone, network: Network, lane: Lane, items: tuple[Item, ...], at: datetime
) -> FreightOption:
    card, remote = offer.card, offer.remote_area(plain_postal_code(lane.postal_code))
    pieces = tuple(_piece(card, piece) for piece in packed(items, card.limits))
    amount = sum(price(card, zone, piece.chargeable_grams, remote).amount for piece in pieces)
    return FreightOption(
        carrier=card.carrier,
        service=card.service,
        price=Money(amount, card.currency),
        chargeable_grams=sum(piece.chargeable_grams for piece in pieces),
        promise=network.promise(lane, card.carrier, zone.transit_days, at),
        rule=f"{card.card_id}/{zone.name}" + (f"+{remote.name}" if remote else ""),
        source=card.source,
        pieces=pieces,
        conveyance=card.conveyance,
        insurance_rate=card.insurance_rate,
    )


def _piece(card: RateCard, items: Sequence[Item]) -> Piece:
    units: dict[str, int] = {}
    for item in items:
        units[item.sku] = units.get(item.sku, 0) + item.quantity
    return Piece(actual_grams(items), chargeable_grams(card, items), tuple(sorted(units.items())))


def _volume_mm3(rounding: DimensionRounding, items: Iterable[Item]) -> int:
    measured, volume = _MEASURED[rounding], 0
    for item in items:
        if item.dimensions_mm is not None:
            length, width, height = map(measured, item.dimensions_mm)
            volume += length * width * height * item.quantity
    return volume


def _up(side_mm: int) -> int:
    return -(-side_mm // _MM_PER_CM) * _MM_PER_CM


def _nearest(side_mm: int) -> int:
    return max(1, (side_mm + _MM_PER_CM // 2) // _MM_PER_CM) * _MM_PER_CM


_MEASURED: Final[dict[DimensionRounding, Callable[[int], int]]] = {
    DimensionRounding.NONE: int,
    DimensionRounding.UP: _up,
    DimensionRounding.NEAREST: _nearest,
}
"""A side in millimetres, as a card measures it."""
