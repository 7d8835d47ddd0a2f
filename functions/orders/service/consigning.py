"""One consignment of a quote, sent one way: goods, freight, duty, tax and fees in the buyer's currency, explained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Literal

from entrepot.cloud import aws
from entrepot.kernel.money import Money, allocate, scaled, total, zero
from entrepot.kernel.refusals import Kind, Refusal
from functions.catalogue import facade as catalogue
from functions.customs import facade as customs
from functions.logistics import facade as logistics
from functions.orders.domain.quote import (
    Address,
    Explanation,
    NotIncluded,
    Owed,
    Parcel,
    ParcelLine,
    Promise,
    QuoteLine,
)
from functions.orders.service import finding, merchants, sourcing
from functions.rates import facade as rates

_UNVERIFIED_STAGES: Final = frozenset({"local", "test", "dev"})


@dataclass(frozen=True, slots=True)
class Wish:
    """What a buyer asks a quote for: a cart, or lines; to where; in which currency and on which terms."""

    cart_id: str | None
    lines: tuple[tuple[str, int], ...]
    ship_to: Address
    currency: str
    incoterm: str
    importer: customs.ImporterIdentity | None


@dataclass(frozen=True, slots=True)
class Choice:
    """A consignment and one way to send it."""

    sources: tuple[sourcing.Source, ...]
    freight: logistics.FreightOption

    def __hash__(self) -> int:
        # The first line and its warehouse tell consignments apart well enough.
        first = self.sources[0]
        return hash((first.sku, first.place.warehouse_id, self.freight.carrier, self.freight.service))


@dataclass(frozen=True, slots=True)
class Goods:
    """What is the same of a consignment from wherever and whichever way it is sent, by its lines: unit prices, worth,
    what is packed, what is declared. `lookups` is what customs looks up of it.
    """

    unit_prices: tuple[Money, ...]
    worth: tuple[Money, ...]
    packed: tuple[logistics.Item, ...]
    declared: tuple[customs.ConsignmentLine, ...]
    explain: tuple[Explanation, ...]
    lookups: customs.Lookups

    @property
    def weights(self) -> Sequence[int]:
        """Freight is shared by goods value; goods that cost nothing share it equally."""
        amounts = [worth.amount for worth in self.worth]
        return amounts if any(amounts) else [1] * len(amounts)


@dataclass(frozen=True, slots=True)
class Part:
    """One consignment, worked out."""

    parcel: Parcel
    lines: tuple[QuoteLine, ...]
    not_included: tuple[NotIncluded, ...]
    explain: tuple[Explanation, ...]
    quota_fen: int


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one quote is worked out: what was asked, and all that was read for it."""

    wish: Wish
    found: finding.Found
    importer: Literal["person", "enterprise"] | None
    units: int
    rates: rates.RateBook
    now: datetime
    _known_ways: dict[sourcing.Plan, tuple[logistics.FreightOption, ...]] = field(default_factory=dict)
    _priced: dict[tuple[tuple[str, int], ...], Goods] = field(default_factory=dict)
    _said: dict[tuple[str, str], str] = field(default_factory=dict)
    _worked_out: "dict[tuple[Choice, int], Part | Refusal]" = field(default_factory=dict)

    def ways(self, consignment: sourcing.Plan) -> tuple[logistics.FreightOption, ...]:
        """Every way to send a consignment that no rule refuses, the cheapest first.

        Raises: what logistics refuses; what is refused of the first way, where every way is.
        """
        known = self._ways(consignment)
        free = tuple(way for way in known if self._refused(consignment, way) is None)
        if not free:
            self.consigned(Choice(consignment, known[0]), 0)
        return free

    def best_way(
        self, consignment: sourcing.Plan, rank: Callable[[logistics.FreightOption], Any]
    ) -> logistics.FreightOption:
        """The way of the lowest rank among `ways`; those of a higher one are not worked out.

        Raises: as `ways`.
        """
        for way in sorted(self._ways(consignment), key=rank):
            if self._refused(consignment, way) is None:
                return way
        return self.ways(consignment)[0]

    def _refused(self, consignment: sourcing.Plan, way: logistics.FreightOption) -> Refusal | None:
        try:
            self.consigned(Choice(consignment, way), 0)
        except Refusal as refusal:
            if refusal.kind is not Kind.RULE:
                raise
            return refusal
        return None

    def _ways(self, consignment: sourcing.Plan) -> tuple[logistics.FreightOption, ...]:
        if consignment not in self._known_ways:
            self._known_ways[consignment] = self._asked_ways(consignment)
        return self._known_ways[consignment]

    def _asked_ways(self, consignment: sourcing.Plan) -> tuple[logistics.FreightOption, ...]:
        place = consignment[0].place
        to = self.wish.ship_to
        return logistics.options(
            place.country,
            place.mode.value,
            to.country,
            to.postal_code,
            self._goods(consignment).packed,
            self.now.date(),
            at=self.now,
            version=self.found.rate_version,
        )

    def consigned(self, choice: Choice, quota_fen: int) -> "Part":
        """Raises: what rates and customs refuse."""
        key = choice, quota_fen
        if key not in self._worked_out:
            try:
                self._worked_out[key] = self._worked(choice, quota_fen)
            except Refusal as refusal:
                self._worked_out[key] = refusal
        part = self._worked_out[key]
        if isinstance(part, Refusal):
            raise part
        return part

    def _worked(self, choice: Choice, quota_fen: int) -> "Part":
        freight = self.in_currency(choice.freight.price)
        goods = self._goods(choice.sources)
        premium = scaled(total(goods.worth, self.wish.currency), choice.freight.insurance_rate)
        assessed = customs.assess(
            self._consignment(choice, goods, freight, premium, quota_fen),
            on=self.now.date(),
            rates=self.rates,
            allow_unverified=aws.STAGE in _UNVERIFIED_STAGES,
            lookups=goods.lookups,
        )
        shares = zip(allocate(freight, goods.weights), allocate(premium, goods.weights), strict=True)
        lines = tuple(
            self._line(*each)
            for each in zip(
                choice.sources, goods.unit_prices, goods.worth, shares, assessed.lines, strict=True
            )
        )
        return Part(
            parcel=_parcel(choice, freight, assessed),
            lines=lines,
            not_included=tuple(
                NotIncluded(n.charge, n.reason, n.source, n.amount) for n in assessed.not_included
            ),
            explain=(
                *goods.explain,
                self._freight_explained(choice, freight),
                _insurance_explained(choice.freight, premium),
                *(Explanation(e.charge, e.amount, e.rule, e.source, e.note) for e in assessed.explain),
            ),
            quota_fen=assessed.quota_value.amount if assessed.quota_value else 0,
        )

    def _consignment(
        self, choice: Choice, goods: Goods, freight: Money, premium: Money, quota_fen: int
    ) -> customs.Consignment:
        place, to = choice.sources[0].place, self.wish.ship_to
        return customs.Consignment(
            dispatch_country=place.country,
            destination_country=to.country,
            destination_region=to.region,
            destination_postal_code=to.postal_code,
            seller_country=merchants.country(choice.sources[0].merchant_id),
            mode=place.mode.value,
            currency=self.wish.currency,
            lines=goods.declared,
            freight=freight,
            insurance=premium,
            incoterm="dap" if self.wish.incoterm == "dap" else "ddp",
            has_importer_identity=self.importer is not None,
            importer=self.importer or "person",
            units_in_order=self.units,
            cn_year_used=(self.found.quota_used or zero("CNY")) + Money(quota_fen, "CNY"),
            conveyance=choice.freight.conveyance,
        )

    def _goods(self, consignment: sourcing.Plan) -> Goods:
        lines = tuple((source.sku, source.units) for source in consignment)
        if lines not in self._priced:
            self._priced[lines] = self._priced_goods(consignment)
        return self._priced[lines]

    def _priced_goods(self, consignment: sourcing.Plan) -> Goods:
        offers = [self.found.offers[source.sku] for source in consignment]
        asked = [self._asked(offer) for offer in offers]
        prices = tuple(
            self.rates.presented(price, self.wish.currency, offer.merchant_id)
            for price, offer in zip(asked, offers, strict=True)
        )
        worth = tuple(price * source.units for price, source in zip(prices, consignment, strict=True))
        return Goods(
            prices,
            worth,
            tuple(map(_item, consignment, offers)),
            tuple(map(_declared, consignment, offers, worth)),
            tuple(map(self._goods_explained, offers, asked, worth)),
            customs.Lookups(),
        )

    def _line(
        self,
        source: sourcing.Source,
        price: Money,
        worth: Money,
        shares: tuple[Money, Money],
        charges: customs.LineCharges,
    ) -> QuoteLine:
        freight, premium = shares
        offer = self.found.offers[source.sku]
        return QuoteLine(
            sku=source.sku,
            merchant_id=offer.merchant_id,
            warehouse_id=source.place.warehouse_id,
            title=offer.title,
            quantity=source.units,
            unit_price=price,
            goods=worth,
            discount=zero(self.wish.currency),
            freight=freight,
            duty=charges.duty,
            import_tax=charges.import_tax,
            fees=charges.fees,
            hs_code=offer.hs_code,
            origin_country=offer.origin_country,
            weight_grams=offer.weight_grams,
            premium=premium or None,
            purchase_limit=offer.purchase_limit,
        )

    def _goods_explained(self, offer: catalogue.Offer, asked: Money, worth: Money) -> Explanation:
        return Explanation(
            "goods",
            worth,
            f"{offer.sku} at {asked}",
            self.rates.citation if asked.currency != self.wish.currency else "the merchant's own price",
            self._conversion(asked.currency, offer.merchant_id),
        )

    def _asked(self, offer: catalogue.Offer) -> Money:
        """What the merchant asks for a unit here and now, in whichever currency."""
        return offer.price_in(self.wish.currency, self.wish.ship_to.country, self.now)

    def _conversion(self, currency: str, merchant_id: str) -> str:
        """How a unit price came from its own currency: rate, spread, the rate's age where unusual, ending."""
        if currency == self.wish.currency:
            return ""
        key = currency, merchant_id
        if key not in self._said:
            self._said[key] = self._said_of(currency, merchant_id)
        return self._said[key]

    def _said_of(self, currency: str, merchant_id: str) -> str:
        lock = self.rates.applied(currency, self.wish.currency, merchant_id)
        charm = self.rates.charm(self.wish.currency)
        return ", ".join(
            part
            for part in (
                f"1 {lock.currency} = {lock.applied} {lock.into}",
                f"spread {lock.spread_basis_points} basis points" if lock.spread_basis_points else "",
                self.rates.age_note,
                f"each unit ends on {charm.ending} of {charm.step}: {charm.source}" if charm else "",
            )
            if part
        )

    def _freight_explained(self, choice: Choice, freight: Money) -> Explanation:
        way = choice.freight
        note = f"{way.carrier} {way.service}, {way.chargeable_grams} g chargeable"
        if len(way.pieces) > 1:
            note += f" in {len(way.pieces)} pieces"
        if way.price.currency != self.wish.currency:
            note += f", {way.price} at the {self.rates.citation}"
        return Explanation("freight", freight, way.rule, way.source, note)

    def in_currency(self, money: Money) -> Money:
        return self.rates.convert(money, self.wish.currency)


def _insurance_explained(way: logistics.FreightOption, premium: Money) -> Explanation:
    """What cover costs; where nothing is insured that is said, for nothing."""
    if not way.insurance_rate:
        note = "Nothing is insured: this rate card sells no cover."
        return Explanation("insurance", premium, way.rule, way.source, note)
    share = Decimal((way.insurance_rate * 100).numerator) / Decimal((way.insurance_rate * 100).denominator)
    return Explanation("insurance", premium, way.rule, way.source, f"{share.normalize():f} % of the goods")


def _parcel(choice: Choice, freight: Money, assessed: Any) -> Parcel:
    first, way = choice.sources[0], choice.freight
    return Parcel(
        merchant_id=first.merchant_id,
        warehouse_id=first.place.warehouse_id,
        carrier=way.carrier,
        service=way.service,
        regime=str(assessed.regime),
        incoterm=assessed.incoterm,
        lines=tuple(ParcelLine(source.sku, source.units) for source in choice.sources),
        freight=freight,
        promise=Promise(way.promise.earliest, way.promise.latest),
        owed=tuple(Owed(o.authority, o.kind, o.amount, o.liable) for o in assessed.liabilities),
    )


def _declared(source: sourcing.Source, offer: catalogue.Offer, worth: Money) -> customs.ConsignmentLine:
    return customs.ConsignmentLine(
        key=source.sku,
        hs_code=offer.hs_code or "",
        origin_country=offer.origin_country,
        quantity=source.units,
        goods=worth,
        tax_category=offer.tax_category,
        weight_grams=offer.weight_grams,
        hazards=offer.hazards,
        measures={unit: Fraction(held) for unit, held in offer.measures.items()},
    )


def _item(source: sourcing.Source, offer: catalogue.Offer) -> logistics.Item:
    return logistics.Item(offer.weight_grams, _sides(offer.dimensions_mm), source.units, source.sku)


def _sides(size: catalogue.Dimensions | None) -> tuple[int, int, int] | None:
    return (size.length, size.width, size.height) if size else None
