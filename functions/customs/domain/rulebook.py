"""Dated rules and dated rates, and how the one that holds is found.

Rows are named tuples, not dataclasses: at every cold start a class of twenty fields is made in a tenth of the time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from entrepot.kernel.money import Money


class Regime(StrEnum):
    DOMESTIC = "domestic"
    INTRA_EU = "intra_eu"
    IMPORT_AT_SALE = "import_at_sale"
    IMPORT_AT_BORDER = "import_at_border"
    CN_CBEC = "cn_cbec"


class Method(StrEnum):
    """What a rule does. The first four decide, the rest charge, `notice` only speaks."""

    GATE = "gate"  # opens its regime for consignments within its band
    IDENTITY = "identity"  # asks for the importer's identity
    SINGLE_ITEM = "single_item"  # within its band the order must be one unit
    YEAR_LIMIT = "year_limit"  # a person's limit for a year
    TARIFF = "tariff"  # the tariff's duty on the goods
    ADDITIONAL = "additional"  # additional duty on goods of the rule's origins
    FLAT_RATE = "flat_rate"  # the rule's own rate
    PER_SUBHEADING = "per_subheading"  # the rule's amount for each distinct six-digit subheading
    EXCISE = "excise"  # excise of the destination, on excise goods only
    CONSUMPTION = "consumption"  # a tax inside its own base: base / (1 - rate) x rate
    VAT = "vat"  # value added tax or its like
    NOTICE = "notice"  # never charged: the row is not confirmed


Confidence = Literal["confirmed", "unverified", "unconfirmed"]
Liable = Literal["platform", "seller", "platform_if_foreign"]
Charge = Literal["duty", "import_tax", "fees"]


class Band(NamedTuple):
    """On which side of a limit a rule holds, and what is measured against it; the limit itself is `up_to`.

    `per` `item`: every single unit of the goods is measured by itself, and the dearest one decides.
    """

    side: Literal["up_to", "above"]
    limit: Money
    of: tuple[str, ...]
    per: Literal["consignment", "item"] = "consignment"


class Lane(NamedTuple):
    """How goods travel: sent from one of some countries, by one of some conveyances; empty is any.

    `side` `off`: the rule holds for all that does not travel so.
    """

    dispatches: tuple[str, ...]
    conveyances: tuple[str, ...]
    side: Literal["on", "off"] = "on"

    def takes(self, dispatch_country: str, conveyance: str | None) -> bool:
        sent = not self.dispatches or dispatch_country in self.dispatches
        carried = not self.conveyances or conveyance in self.conveyances
        return (sent and carried) == (self.side == "on")


Unit = Literal["kg", "piece", "pair", "litre", "litre_alcohol", "metre", "m2", "m3"]
"""What a duty by quantity counts: net weight, pieces, pairs, content, pure alcohol, length, area, volume."""


class Specific(NamedTuple):
    """A duty by quantity: whole units of a currency, for one unit of the goods."""

    amount: Fraction
    currency: str
    per: Unit


class Bound(NamedTuple):
    """The least or the most that a duty comes to: a share of the rule's basis and amounts for quantities."""

    rate: Fraction
    specifics: tuple[Specific, ...]


class Rule(NamedTuple):
    """One row of the rule book. `effective_to` is the first day on which it no longer holds.

    `bonded_inside`: a gate also open to goods that lie in a bonded warehouse of the destination.
    `only_hs`, `excluded_hs`: HS prefixes of the goods that a charge is for, or not for; a gate is shut by one such
    line for the whole consignment. `importers`: who may import so, `person` or `enterprise`; anybody where empty.
    """

    rule_id: str
    scheme: str
    territory: str
    regimes: tuple[Regime, ...]
    method: Method
    charge: Charge
    effective_from: date
    effective_to: date | None
    title: str
    source: str
    retrieved: date
    confidence: Confidence
    if_unconfirmed: Literal["block", "notice"] | None = None
    basis: tuple[str, ...] = ()
    rate: Fraction | None = None
    share: Fraction = Fraction(1)
    amount: Money | None = None
    band: Band | None = None
    only_hs: tuple[str, ...] = ()
    excluded_hs: tuple[str, ...] = ()
    lane: Lane | None = None
    regions: tuple[str, ...] = ()
    postal_prefixes: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    importers: tuple[str, ...] = ()
    registered: bool = True
    bonded_inside: bool = False
    authority: str = ""
    liable: Liable = "seller"
    rounding: Literal["half_up", "down"] = "half_up"
    note: str = ""

    def __hash__(self) -> int:
        # Of some thirty fields one tells it from the others: rules are keys of what is remembered of them.
        return hash(self.rule_id)

    def holds(self, on: date) -> bool:
        return _holds(self, on)

    def covers(self, region: str, postal_code: str) -> bool:
        """Whether it holds at a place: everywhere, unless it names regions or postal areas."""
        if not self.regions and not self.postal_prefixes:
            return True
        return region in self.regions or postal_code.startswith(self.postal_prefixes)

    def takes(self, hs_code: str) -> bool:
        """Whether goods of this code are the rule's: all, unless it names prefixes."""
        return (not self.only_hs or hs_code.startswith(self.only_hs)) and not (
            self.excluded_hs and hs_code.startswith(self.excluded_hs)
        )

    @property
    def blocks(self) -> bool:
        return self.confidence == "unconfirmed" and self.if_unconfirmed == "block"


class RateRow(NamedTuple):
    """One rate. `origins` is empty where the origin does not matter; `category` None where none is needed.

    What it charges is `rate` of the rule's basis and every one of `specifics`, not below `at_least`, and not above
    `at_most`. A `form` is the tariff's own words for a duty of another form, which cannot be charged.
    """

    row_id: str
    territory: str
    kind: str
    hs_prefix: str
    origins: frozenset[str]
    category: str | None
    rate: Fraction
    effective_from: date
    effective_to: date | None
    source: str
    retrieved: date
    confidence: Confidence
    note: str = ""
    excluded_origins: frozenset[str] = frozenset()
    specifics: tuple[Specific, ...] = ()
    at_least: Bound | None = None
    at_most: Bound | None = None
    form: str = ""

    @property
    def plain(self) -> bool:
        """Whether it charges its rate, and nothing by quantity."""
        return not self.specifics and self.at_least is None and self.at_most is None

    def __hash__(self) -> int:
        return hash(self.row_id)

    def holds(self, on: date) -> bool:
        return _holds(self, on)

    def covers(self, origin: str) -> bool:
        return (not self.origins or origin in self.origins) and origin not in self.excluded_origins


RateKey = tuple[str, str, str]
"""Kind, territory, HS prefix."""

_MOST_FOUND: Final = 20_000


class RateRows(Mapping[RateKey, tuple[RateRow, ...]]):
    """The rate rows of a book. Which row some goods have is remembered: a shop sells the same goods again and again.

    A subclass says where the rows lie.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str | date | None, ...], RateRow | None] = {}

    def row(
        self,
        kind: str,
        territories: tuple[str, str],
        hs_code: str,
        origin: str,
        category: str | None,
        on: date,
    ) -> RateRow | None:
        """The row for some goods: a row of their tax category first, then the longest HS prefix."""
        asked = kind, *territories, hs_code, origin, category, on
        if asked not in self._found:
            if len(self._found) >= _MOST_FOUND:
                self._found.clear()
            self._found[asked] = self._longest(kind, territories, hs_code, origin, category, on)
        return self._found[asked]

    def _longest(
        self,
        kind: str,
        territories: tuple[str, str],
        hs_code: str,
        origin: str,
        category: str | None,
        on: date,
    ) -> RateRow | None:
        for wanted in (category, None) if category else (None,):
            for length in range(len(hs_code), -1, -1):
                for territory in territories:
                    for row in self.get((kind, territory, hs_code[:length]), ()):
                        if row.category == wanted and row.covers(origin) and row.holds(on):
                            return row
        return None


class HeldRates(RateRows):
    """Rate rows that are all in memory."""

    def __init__(self, rows: Iterable[RateRow]) -> None:
        super().__init__()
        held: dict[RateKey, list[RateRow]] = {}
        for row in rows:
            held.setdefault((row.kind, row.territory, row.hs_prefix), []).append(row)
        self._rows = {key: tuple(found) for key, found in held.items()}

    def __getitem__(self, key: RateKey) -> tuple[RateRow, ...]:
        return self._rows[key]

    def __iter__(self) -> Iterator[RateKey]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


EVERYWHERE: Final = "*"


class Restriction(NamedTuple):
    """Goods that may not be brought in, or only with a permit. It means goods by all that it names together: HS
    prefixes, origins, hazards, and how they are carried.

    `effective_to` is the first day on which it no longer holds. It holds whatever its confidence: to refuse in doubt
    harms nobody.
    """

    row_id: str
    kind: Literal["prohibited", "restricted"]
    hs_prefixes: tuple[str, ...]
    origins: tuple[str, ...]
    hazards: tuple[str, ...]
    conveyances: tuple[str, ...]
    effective_from: date
    effective_to: date | None
    title: str
    source: str
    retrieved: date
    confidence: Confidence
    remedy: str

    def holds(self, on: date) -> bool:
        return _holds(self, on)


class RuleBook(NamedTuple):
    """All rules and rates of one version, indexed. `unions` names the union of each member country; `knows_hs` tells
    whether the nomenclature has a code, and without one believes every code."""

    version: str
    unions: Mapping[str, str]
    excise_hs: tuple[str, ...]
    rules: Mapping[str, tuple[Rule, ...]]
    rates: RateRows
    restrictions: Mapping[str, Sequence[Restriction]] = MappingProxyType({})
    knows_hs: Callable[[str], bool] = bool

    def union(self, country: str) -> str:
        """The customs territory of a country: its union, or itself."""
        return self.unions.get(country, country)

    def rules_for(
        self, country: str, on: date, region: str | None = None, postal_code: str | None = None
    ) -> tuple[Rule, ...]:
        """The rules of a country and of its union that hold on a day and at a place.

        `region` is the country's own code, with or without the country before it; `postal_code` as people write it.
        """
        union = self.union(country)
        territories = (country,) if union == country else (country, union)
        bare_region = (region or "").upper().removeprefix(f"{country}-")
        bare_code = (postal_code or "").upper().replace(" ", "").removeprefix(f"{country}-")
        return tuple(
            rule
            for territory in territories
            for rule in self.rules.get(territory, ())
            if rule.holds(on) and rule.covers(bare_region, bare_code)
        )

    def restrictions_for(self, country: str, on: date) -> tuple[Restriction, ...]:
        """What may not be brought into a country on a day: rows of its own, of its union, and of everywhere."""
        territories = dict.fromkeys((country, self.union(country), EVERYWHERE))
        return tuple(
            row for territory in territories for row in self.restrictions.get(territory, ()) if row.holds(on)
        )

    def rate(
        self, kind: str, country: str, hs_code: str, origin: str, category: str | None, on: date
    ) -> RateRow | None:
        """The rate row for some goods, of the country or of its union."""
        return self.rates.row(kind, (country, self.union(country)), hs_code, origin, category, on)

    def is_excise(self, hs_code: str) -> bool:
        return hs_code.startswith(self.excise_hs)


def rule_book(
    version: str,
    unions: Mapping[str, str],
    excise_hs: Iterable[str],
    rules: Iterable[Rule],
    rates: Iterable[RateRow],
) -> RuleBook:
    """The rows, indexed for looking up."""
    by_territory: dict[str, list[Rule]] = {}
    for rule in rules:
        by_territory.setdefault(rule.territory, []).append(rule)
    return RuleBook(
        version=version,
        unions=unions,
        excise_hs=tuple(excise_hs),
        rules={territory: tuple(found) for territory, found in by_territory.items()},
        rates=HeldRates(rates),
    )


def _holds(row: Rule | RateRow | Restriction, on: date) -> bool:
    return row.effective_from <= on and (row.effective_to is None or on < row.effective_to)
