"""What it costs to send a parcel: how a rate card measures and prices it, in whole numbers and fractions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from fractions import Fraction
from typing import Final

from entrepot.kernel.money import Money, rounded
from entrepot.kernel.refusals import Kind, Refusal

_MM_PER_CM: Final = 10
_GRAMS_PER_KG: Final = 1000


class NoCarrier(Refusal):
    code = "no_carrier"
    kind = Kind.RULE
    title = "No carrier takes this parcel on this lane."


class DimensionRounding(Enum):
    """How a side is measured, in whole centimetres but for NONE."""

    NEAREST = "nearest"
    UP = "up"
    NONE = "none"


class FuelBase(Enum):
    """What the fuel rate is a share of."""

    BASE = "base"
    BASE_PLUS_SURCHARGES = "base_plus_surcharges"


@dataclass(frozen=True, slots=True)
class Item:
    """Units of one article in a parcel. Sides are those of one packed unit, None where unknown.

    Raises: ValueError: a weight, side or quantity is not positive.
    """

    weight_grams: int
    dimensions_mm: tuple[int, int, int] | None
    quantity: int

    def __post_init__(self) -> None:
        if min(self.weight_grams, self.quantity, *(self.dimensions_mm or (1,))) <= 0:
            raise ValueError("weight, sides and quantity are positive")


@dataclass(frozen=True, slots=True)
class Promise:
    """The first and the last day of arrival."""

    earliest: date
    latest: date


@dataclass(frozen=True, slots=True)
class Surcharge:
    """A fixed amount on top of the base price, in minor units of the card's currency."""

    name: str
    amount: int


@dataclass(frozen=True, slots=True)
class Zone:
    """Destinations that share a price; amounts in minor units of the card's currency.

    A zone with postal prefixes holds only the places whose postal code begins with one of them.
    """

    name: str
    countries: tuple[str, ...]
    base_amount: int
    per_kg_amount: int
    transit_days: tuple[int, int]
    postal_prefixes: tuple[str, ...] = ()
    surcharges: tuple[Surcharge, ...] = ()


@dataclass(frozen=True, slots=True)
class RateCard:
    """A carrier's tariff for one service, valid on `valid_from`, `valid_to` and every day between.

    divisor: cm³ per kg. volumetric_trigger: volume counts from this multiple of the actual weight on.
    modes: fulfilment modes it serves, all where empty. max_grams: the heaviest parcel, by actual weight.
    source: where the measuring rules come from, and what the prices are.
    """

    card_id: str
    carrier: str
    service: str
    currency: str
    origin_countries: tuple[str, ...]
    divisor: int
    dimension_rounding: DimensionRounding
    weight_step_grams: int
    minimum_grams: int
    volumetric_trigger: Fraction
    fuel_rate: Fraction
    fuel_base: FuelBase
    max_grams: int
    valid_from: date
    valid_to: date
    zones: tuple[Zone, ...]
    source: str
    modes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FreightOption:
    """One way to send a parcel. `rule` names the rate card and zone, `source` where its rules come from."""

    carrier: str
    service: str
    price: Money
    chargeable_grams: int
    promise: Promise
    rule: str
    source: str


@dataclass(frozen=True, slots=True)
class Lane:
    """From where, how and to where; the postal code as the buyer wrote it."""

    dispatch_country: str
    mode: str
    destination_country: str
    postal_code: str | None

    def __str__(self) -> str:
        return f"{self.dispatch_country}-{self.destination_country}"


def chargeable_grams(card: RateCard, items: Sequence[Item]) -> int:
    """The weight that is paid for, in grams.

    The volume of a parcel is the sum of its units' volumes, every side measured by the card's rule (and at
    least one centimetre where it measures in those). An item of unknown size adds weight and no volume, so
    that a parcel of which nothing is known but the weight goes by its actual weight.
    Source: the carriers' measuring rules, named in each card's `source`.
    """
    actual = actual_grams(items)
    volumetric = Fraction(
        _volume_mm3(card.dimension_rounding, items) * _GRAMS_PER_KG, _MM_PER_CM**3 * card.divisor
    )
    heavier = volumetric if volumetric >= card.volumetric_trigger * actual else Fraction(actual)
    weight = max(heavier, Fraction(actual), Fraction(card.minimum_grams))
    steps = -(-weight // card.weight_step_grams)
    return int(steps) * card.weight_step_grams


def actual_grams(items: Iterable[Item]) -> int:
    return sum(item.weight_grams * item.quantity for item in items)


def price(card: RateCard, zone: Zone, grams: int) -> Money:
    """Base price by chargeable weight, surcharges and fuel, rounded half up once at the end."""
    base = zone.base_amount + Fraction(zone.per_kg_amount * grams, _GRAMS_PER_KG)
    surcharges = sum(surcharge.amount for surcharge in zone.surcharges)
    fuelled = base + surcharges if card.fuel_base is FuelBase.BASE_PLUS_SURCHARGES else base
    return Money(rounded(base + surcharges + card.fuel_rate * fuelled), card.currency)


def zone_for(card: RateCard, country: str, postal_code: str | None) -> Zone | None:
    """The zone of a destination: by the longest prefix of its postal code, else by its country."""
    plain = _plain_postal_code(postal_code)
    best: tuple[int, Zone] | None = None
    for zone in card.zones:
        if country not in zone.countries:
            continue
        fits = [len(prefix) for prefix in zone.postal_prefixes if plain.startswith(prefix)]
        length = max(fits, default=-1) if zone.postal_prefixes else 0
        if length >= 0 and (best is None or length > best[0]):
            best = (length, zone)
    return best[1] if best else None


def options(
    cards: Iterable[RateCard], lane: Lane, items: Sequence[Item], on: date, handling_days: tuple[int, int]
) -> tuple[FreightOption, ...]:
    """Every way to send `items` as one parcel handed over from `on`, the cheapest first.

    Args: handling_days: fewest and most days from the order to the hand-over; days count by the calendar.
    Raises: NoCarrier: no card serves the lane on that day, or the parcel is too heavy for all that do.
    """
    if not items:
        raise ValueError("a parcel holds something")
    serving = [(card, zone) for card in cards if (zone := _served(card, lane, on)) is not None]
    if not serving:
        raise NoCarrier(f"No carrier serves {lane} on {on}.", lane=str(lane), reason="lane", date=str(on))
    actual = actual_grams(items)
    heaviest = max(card.max_grams for card, _ in serving)
    if actual > heaviest:
        raise NoCarrier(
            f"The parcel weighs {actual} g; carriers on {lane} take up to {heaviest} g.",
            lane=str(lane), reason="weight", weight_grams=actual, max_grams=heaviest,
        )  # fmt: skip
    found = [
        _option(card, zone, items, on, handling_days) for card, zone in serving if actual <= card.max_grams
    ]
    return tuple(sorted(found, key=lambda o: (o.price.currency, o.price.amount, o.carrier, o.service)))


def card_faults(cards: Sequence[RateCard]) -> list[str]:
    """What is wrong with a set of rate cards, in words; empty for a sound one.

    Two cards of one service may not hold on the same lane on one day, a card names a place once, and all
    cards of an origin share a currency (else options could not be compared without a rate).
    """
    faults = [
        f"{one.card_id} and {other.card_id} overlap"
        for index, one in enumerate(cards)
        for other in cards[index + 1 :]
        if _overlap(one, other)
    ]
    currencies: dict[str, str] = {}
    for card in cards:
        faults += _card_faults(card)
        for origin in card.origin_countries:
            if currencies.setdefault(origin, card.currency) != card.currency:
                faults.append(f"{card.card_id} prices {origin} in a second currency")
    return faults


def _served(card: RateCard, lane: Lane, on: date) -> Zone | None:
    if lane.dispatch_country not in card.origin_countries or not card.valid_from <= on <= card.valid_to:
        return None
    if card.modes and lane.mode not in card.modes:
        return None
    return zone_for(card, lane.destination_country, lane.postal_code)


def _option(
    card: RateCard, zone: Zone, items: Sequence[Item], on: date, handling_days: tuple[int, int]
) -> FreightOption:
    grams = chargeable_grams(card, items)
    return FreightOption(
        carrier=card.carrier,
        service=card.service,
        price=price(card, zone, grams),
        chargeable_grams=grams,
        promise=Promise(
            earliest=on + timedelta(days=handling_days[0] + zone.transit_days[0]),
            latest=on + timedelta(days=handling_days[1] + zone.transit_days[1]),
        ),
        rule=f"{card.card_id}/{zone.name}",
        source=card.source,
    )


def _volume_mm3(rounding: DimensionRounding, items: Iterable[Item]) -> int:
    volume = 0
    for item in items:
        if item.dimensions_mm is not None:
            length, width, height = (_measured_mm(side, rounding) for side in item.dimensions_mm)
            volume += length * width * height * item.quantity
    return volume


def _measured_mm(side_mm: int, rounding: DimensionRounding) -> int:
    if rounding is DimensionRounding.NONE:
        return side_mm
    if rounding is DimensionRounding.UP:
        return -(-side_mm // _MM_PER_CM) * _MM_PER_CM
    return max(1, (side_mm + _MM_PER_CM // 2) // _MM_PER_CM) * _MM_PER_CM


def _plain_postal_code(postal_code: str | None) -> str:
    return "".join(letter for letter in (postal_code or "").upper() if letter.isalnum())


def _overlap(one: RateCard, other: RateCard) -> bool:
    same_service = (one.carrier, one.service) == (other.carrier, other.service)
    shared_days = one.valid_from <= other.valid_to and other.valid_from <= one.valid_to
    shared_modes = not one.modes or not other.modes or bool(set(one.modes) & set(other.modes))
    return same_service and shared_days and shared_modes and bool(
        set(one.origin_countries) & set(other.origin_countries) and _places(one) & _places(other)
    )  # fmt: skip


def _places(card: RateCard) -> set[tuple[str, str]]:
    return set(_named_places(card))


def _named_places(card: RateCard) -> list[tuple[str, str]]:
    return [
        (country, prefix)
        for zone in card.zones
        for country in zone.countries
        for prefix in zone.postal_prefixes or ("",)
    ]


def _card_faults(card: RateCard) -> list[str]:
    named = _named_places(card)
    faults = [f"{card.card_id} names {place} twice" for place in sorted(set(named)) if named.count(place) > 1]
    if min(card.divisor, card.weight_step_grams, card.minimum_grams, card.max_grams) <= 0:
        faults.append(f"{card.card_id} has a measure that is not positive")
    if card.valid_from > card.valid_to:
        faults.append(f"{card.card_id} ends before it begins")
    return faults
