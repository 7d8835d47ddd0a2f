"""Whole quotes without a table: what a shop sells, where it lies and what its carriers ask, in one sentence each."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from fractions import Fraction
from typing import Any

from entrepot.kernel.money import Money
from functions.catalogue.facade import Offer
from functions.inventory.facade import Mode, Place, Shelf
from functions.logistics import importing
from functions.logistics.domain.cards import DimensionRounding, FuelBase, RateBook, RateCard, Zone
from functions.orders.domain.quote import Address, Option
from functions.orders.service import consigning, merchants, quoting, sourcing
from functions.orders.service.finding import Found
from functions.rates.domain import RateBook as Rates
from functions.rates.domain import Terms
from functions.rates.service.reading import recorded_tables

ON = date(2026, 11, 24)


def offer(sku: str, hs_code: str, price: Money, origin: str = "CN", **more: Any) -> Offer:
    sold = Offer(sku, f"prd_{sku}", "mrc_1", sku, price, 300, None, origin, hs_code, None, None, True)
    return replace(sold, **more)


def card(
    name: str, conveyance: str | None, price: int, *origins: str, insurance: str = "0", currency: str = "EUR"
) -> RateCard:
    """A card that takes up to 30 kg from some countries to everywhere for one price."""
    everywhere = ("AU", "CA", "CN", "DE", "GB", "IT", "JP", "NO", "NZ", "TH", "US")
    return RateCard(
        card_id=name,
        carrier="ups",
        service=name,
        currency=currency,
        origin_countries=origins,
        divisor=5000,
        dimension_rounding=DimensionRounding.NONE,
        weight_step_grams=1,
        minimum_grams=1,
        volumetric_trigger=Fraction(1),
        fuel_rate=Fraction(0),
        fuel_base=FuelBase.BASE,
        max_grams=30_000,
        valid_from=date(2020, 1, 1),
        valid_to=date(2030, 1, 1),
        zones=(Zone("everywhere", everywhere, price, 0, (2, 4)),),
        source="a card of this test",
        conveyance=conveyance,  # type: ignore[arg-type]
        insurance_rate=Fraction(insurance),
    )


@dataclass
class Shop:
    """Offers that lie in one warehouse, and the only rate cards there are."""

    country: str
    cards: Sequence[RateCard]
    offers: Mapping[str, Offer]
    mode: Mode = Mode.DIRECT_MAIL
    merchant_country: str = "CN"
    on: date = ON
    quota_used: Money | None = None
    importer: Any = "person"
    most_days: int = 1000
    wish: Mapping[str, Any] = field(default_factory=dict)

    def options(
        self, wanted: Mapping[str, int], to: str, currency: str, postal_code: str = ""
    ) -> tuple[Option, ...]:
        """The options of a quote, as a buyer is offered them."""
        place = Place("whs_1", self.country, self.mode, 1)
        shelves = {sku: Shelf(sku, "mrc_1", (place,)) for sku in self.offers}
        stock = {sku: {"whs_1": 1_000} for sku in self.offers}
        found = Found(
            self.offers, sourcing.candidates(wanted, shelves, stock, to), self.quota_used, rate_version=1
        )
        at = datetime.combine(self.on, time(3), UTC)
        table = max((one for one in recorded_tables() if one.date <= self.on), key=lambda one: one.date)
        if (self.on - table.date).days > self.most_days:
            table = replace(table, stale_after=self.most_days)
        address = Address("A", "1", "B", postal_code or _POSTAL_CODES.get(to, "1000"), to)
        asked = {"incoterm": "ddp", "importer": None, **self.wish}
        desk = consigning.Desk(
            consigning.Wish(None, tuple(wanted.items()), address, currency, **asked),
            found,
            self.importer if to == "CN" else None,
            sum(wanted.values()),
            Rates(table, Terms("test", to, self.on, self.most_days)),
            at,
        )
        with self._trading():
            return quoting._options(desk, wanted)

    @contextmanager
    def _trading(self) -> Iterator[None]:
        before = list(importing._held)
        importing._held[:] = [RateBook(self.cards, version=1)]
        merchants._countries["mrc_1"] = (float("inf"), self.merchant_country)
        try:
            yield
        finally:
            importing._held[:] = before
            del merchants._countries["mrc_1"]


_POSTAL_CODES = {"DE": "10115", "GB": "WC1N 3LE", "CA": "K1A 0B1", "US": "97205", "JP": "100-0001"}
