"""Rate cards: a carrier's tariff as data, where each counts, and what would be wrong with a set of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import Final, Literal, TypeVar

T = TypeVar("T")
Conveyance = Literal["courier", "mail"]


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
class Surcharge:
    """A fixed amount on top of the base price of a piece, in minor units of the card's currency."""

    name: str
    amount: int


@dataclass(frozen=True, slots=True)
class Zone:
    """Destinations that share a price; amounts in minor units of the card's currency.

    A zone with postal prefixes holds only the places whose postal code begins with one of them.
    transit_days: within how many of the carrier's working days half of the parcels arrive, and nine of ten.
    """

    name: str
    countries: tuple[str, ...]
    base_amount: int
    per_kg_amount: int
    transit_days: tuple[int, int]
    postal_prefixes: tuple[str, ...] = ()
    surcharges: tuple[Surcharge, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteArea:
    """Places that cost more whatever their zone; `amount` for each piece, in minor units of the card's currency."""

    name: str
    countries: tuple[str, ...]
    postal_prefixes: tuple[str, ...]
    amount: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest piece a carrier takes. None: no limit of that sort.

    max_girth_mm: of length plus girth, the longest side and twice the sum of the two others.
    """

    max_grams: int
    max_side_mm: int | None = None
    max_girth_mm: int | None = None


@dataclass(frozen=True, slots=True)
class RateCard:
    """A carrier's tariff for one service, valid on `valid_from`, `valid_to` and every day between.

    divisor: cm³ per kg. volumetric_trigger: volume counts from this multiple of the actual weight on.
    modes: fulfilment modes it serves, all where empty. max_*: see Limits.
    conveyance: as what customs takes its parcels; None where the carrier does not say.
    insurance_rate: what cover costs, as a share of the goods' price; zero where the carrier sells none.
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
    max_side_mm: int | None = None
    max_girth_mm: int | None = None
    remote_areas: tuple[RemoteArea, ...] = ()
    conveyance: Conveyance | None = None
    insurance_rate: Fraction = Fraction(0)

    @property
    def limits(self) -> Limits:
        return Limits(self.max_grams, self.max_side_mm, self.max_girth_mm)


@dataclass(frozen=True, slots=True)
class Serving:
    """What a card has for one country, found by postal code without going through its rows."""

    card: RateCard
    whole: Zone | None = None
    by_prefix: Mapping[str, Zone] = field(default_factory=dict)
    remote: Mapping[str, RemoteArea] = field(default_factory=dict)

    @property
    def asks_for_postal_code(self) -> bool:
        return bool(self.by_prefix or self.remote)

    def zone(self, postal_code: str) -> Zone | None:
        """The zone of a plain postal code: by its longest known prefix, else the country's."""
        return _longest(self.by_prefix, postal_code) or self.whole

    def remote_area(self, postal_code: str) -> RemoteArea | None:
        return _longest(self.remote, postal_code)


class RateBook:
    """Rate cards by lane, so that a price costs the same however many rows there are. `version` counts imports."""

    def __init__(self, cards: Iterable[RateCard], version: int = 0) -> None:
        self.cards: Final = tuple(cards)
        self.version: Final = version
        self._lanes: dict[tuple[str, str], list[Serving]] = {}
        for card in self.cards:
            for country, serving in _by_country(card).items():
                for origin in card.origin_countries:
                    self._lanes.setdefault((origin, country), []).append(serving)

    def serving(self, origin: str, destination: str) -> Sequence[Serving]:
        """The cards of a lane, valid or not."""
        return self._lanes.get((origin, destination), ())


def plain_postal_code(postal_code: str | None) -> str:
    """A postal code as prefixes are compared with it: capitals and digits only."""
    return "".join(letter for letter in (postal_code or "").upper() if letter.isalnum())


def card_faults(cards: Sequence[RateCard]) -> list[str]:
    """What is wrong with a set of rate cards, in words; empty for a sound one.

    Two cards of one service may not hold on the same lane on one day, a card names a place once, and all
    cards of an origin share a currency (else options could not be compared without a rate).
    """
    faults = [f"{one.card_id} and {other.card_id} overlap" for one, other in overlaps(cards)]
    currencies: dict[str, str] = {}
    for card in cards:
        faults += faults_of(card)
        for origin in card.origin_countries:
            if currencies.setdefault(origin, card.currency) != card.currency:
                faults.append(f"{card.card_id} prices {origin} in a second currency")
    return faults


def overlaps(cards: Iterable[RateCard]) -> Iterator[tuple[RateCard, RateCard]]:
    """Pairs of cards of one service that both hold on some lane on some day."""
    services: dict[tuple[str, str], list[RateCard]] = {}
    for card in cards:
        alike = services.setdefault((card.carrier, card.service), [])
        yield from ((other, card) for other in alike if _overlap(other, card))
        alike.append(card)


def faults_of(card: RateCard) -> list[str]:
    """What is wrong with a card by itself."""
    faults = [
        f"{card.card_id} names {place} twice"
        for named in (_named_places(card), _named_remote(card))
        for place, times in sorted(Counter(named).items())
        if times > 1
    ]
    limits = (card.max_side_mm or 1, card.max_girth_mm or 1)
    if min(card.divisor, card.weight_step_grams, card.minimum_grams, card.max_grams, *limits) <= 0:
        faults.append(f"{card.card_id} has a measure that is not positive")
    if any(zone.transit_days[0] > zone.transit_days[1] for zone in card.zones):
        faults.append(f"{card.card_id} has nine of ten parcels arrive before half of them")
    if card.valid_from > card.valid_to:
        faults.append(f"{card.card_id} ends before it begins")
    return faults


def _by_country(card: RateCard) -> dict[str, Serving]:
    whole: dict[str, Zone] = {}
    prefixes: dict[str, dict[str, Zone]] = {}
    for zone in card.zones:
        for country in zone.countries:
            if zone.postal_prefixes:
                prefixes.setdefault(country, {}).update(dict.fromkeys(zone.postal_prefixes, zone))
            else:
                whole[country] = zone
    remote: dict[str, dict[str, RemoteArea]] = {}
    for area in card.remote_areas:
        for country in area.countries:
            remote.setdefault(country, {}).update(dict.fromkeys(area.postal_prefixes, area))
    return {
        country: Serving(card, whole.get(country), prefixes.get(country, {}), remote.get(country, {}))
        for country in whole.keys() | prefixes.keys()
    }


def _longest(by_prefix: Mapping[str, T], code: str) -> T | None:
    for length in range(len(code) if by_prefix else 0, 0, -1):
        found = by_prefix.get(code[:length])
        if found is not None:
            return found
    return None


def _overlap(one: RateCard, other: RateCard) -> bool:
    shared_days = one.valid_from <= other.valid_to and other.valid_from <= one.valid_to
    shared_modes = not one.modes or not other.modes or bool(set(one.modes) & set(other.modes))
    return shared_days and shared_modes and bool(
        set(one.origin_countries) & set(other.origin_countries)
        and set(_named_places(one)) & set(_named_places(other))
    )  # fmt: skip


def _named_places(card: RateCard) -> list[tuple[str, str]]:
    return [
        (country, prefix)
        for zone in card.zones
        for country in zone.countries
        for prefix in zone.postal_prefixes or ("",)
    ]


def _named_remote(card: RateCard) -> list[tuple[str, str]]:
    return [
        (country, prefix)
        for area in card.remote_areas
        for country in area.countries
        for prefix in area.postal_prefixes
    ]
