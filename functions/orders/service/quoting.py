"""Quotes: the one place where goods, freight, duty, tax and currency are composed into one price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

from entrepot.cloud import aws, writes
from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money, allocate, zero
from entrepot.kernel.refusals import Kind, NotFound, Refusal
from functions.catalogue import facade as catalogue
from functions.customs import facade as customs
from functions.inventory import facade as inventory
from functions.logistics import facade as logistics
from functions.orders import store
from functions.orders.domain.quote import (
    MOST_PARCELS,
    VALID,
    Address,
    Explanation,
    NotIncluded,
    NotOnSale,
    Option,
    Owed,
    Parcel,
    ParcelLine,
    Promise,
    Quote,
    QuoteLine,
    Shelving,
    TooManyParcels,
    UsedRate,
)
from functions.orders.service import finding, identity, merchants, people, sourcing
from functions.orders.service.carts import Caller
from functions.payments import facade as payments
from functions.rates import facade as rates

_UNVERIFIED_STAGES: Final = frozenset({"local", "test", "dev"})
_MOST_OPTIONS: Final = 6


class UnknownCurrency(Refusal):
    code = "unknown_currency"
    kind = Kind.RULE
    title = "This is no currency of ISO 4217."


@dataclass(frozen=True, slots=True)
class Wish:
    """What a buyer asks a quote for: a cart, or lines; to where; in which currency and on which terms."""

    cart_id: str | None
    lines: tuple[tuple[str, int], ...]
    ship_to: Address
    currency: str
    incoterm: str
    importer: customs.ImporterIdentity | None


def quote(wish: Wish, caller: Caller, now: datetime) -> Quote:
    """A firm quote with at most six options.

    Raises: NotFound, EmptyCart, TooManyLines, NotOnSale, OutOfStock, UnknownCurrency, TooManyParcels; what
        customs, logistics, rates and payments refuse; nothing is written then.
    """
    if wish.currency not in EXPONENTS:
        raise UnknownCurrency(field="currency", currency=wish.currency)
    importer, quota = identity.checked(wish.importer, wish.ship_to.country, now)
    wanted = finding.wanted_units(wish.cart_id, wish.lines, caller)
    try:
        found = finding.found(wanted, wish.ship_to.country, quota, consistent=False)
    except (NotFound, NotOnSale, inventory.OutOfStock):
        # Nobody is refused for what an eventually consistent read has not seen yet.
        found = finding.found(wanted, wish.ship_to.country, quota, consistent=True)
    desk = _Desk(
        wish,
        found,
        importer is not None,
        sum(wanted.values()),
        rates.book(now.date(), wish.ship_to.country),
        now,
    )
    options = desk.options(wanted)
    quote_id = new_id("quo", now)
    made = Quote(
        quote_id=quote_id,
        member_id=caller.member_id,
        created_at=now,
        expires_at=now + VALID,
        currency=wish.currency,
        ship_to=people.sealed_address(wish.ship_to, quote_id),
        country=wish.ship_to.country,
        region=wish.ship_to.region,
        options=options,
        shelving=tuple(map(_shelving, desk.sources(options))),
        rates=desk.rates.citation,
        importer=importer,
        used_rates=tuple(map(_used, desk.rates.locks)),
    )
    writes.commit(store.create_quote(made))
    return made


@dataclass(frozen=True, slots=True)
class _Choice:
    """A consignment and one way to send it."""

    sources: tuple[sourcing.Source, ...]
    freight: logistics.FreightOption


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where one quote is worked out: what was asked, and all that was read for it."""

    wish: Wish
    found: finding.Found
    has_importer: bool
    units: int
    rates: rates.RateBook
    now: datetime
    _found_ways: dict[sourcing.Plan, tuple[logistics.FreightOption, ...]] = field(default_factory=dict)
    _worked_out: "dict[tuple[_Choice, int], _Part]" = field(default_factory=dict)

    def options(self, wanted: Mapping[str, int]) -> tuple[Option, ...]:
        combined: dict[tuple[_Choice, ...], None] = {}
        for plan in self._plans():
            consignments = sourcing.consignments(plan)
            ways = [self._ways(consignment) for consignment in consignments]
            for chosen in sourcing.combinations(ways, self._in_currency, _MOST_OPTIONS):
                choices = (_Choice(parcel, way) for parcel, way in zip(consignments, chosen, strict=True))
                combined[tuple(choices)] = None
        options = [self._option(choices, wanted) for choices in combined]
        for option in options:
            payments.chargeable(option.total)
        return _shown(self._labelled(options))

    def _labelled(self, options: Sequence[Option]) -> list[Option]:
        """What each option is the best for, by what the buyer bears in all and by when it arrives."""
        offers = [logistics.Offer(o.borne.amount, o.promise.earliest, o.promise.latest) for o in options]
        labels = logistics.ranked(offers, self.now.date())
        return [replace(option, recommended=named) for option, named in zip(options, labels, strict=True)]

    def sources(self, options: Sequence[Option]) -> list[sourcing.Source]:
        """Where the lines of these options may come from, each place once."""
        used = {
            (line.sku, parcel.warehouse_id)
            for option in options
            for parcel in option.parcels
            for line in parcel.lines
        }
        found: dict[tuple[str, str], sourcing.Source] = {}
        for merchant in self.found.candidates:
            for plan in merchant:
                for source in plan:
                    found.setdefault((source.sku, source.place.warehouse_id), source)
        return [source for key, source in found.items() if key in used]

    def _plans(self) -> list[sourcing.Plan]:
        """From where the lines come: the plan that costs least all in, and the one that arrives first.

        Raises: TooManyParcels. What logistics and customs refuse, where they refuse every candidate of a merchant.
        """
        weighed = [self._weighed(merchant) for merchant in self.found.candidates]
        cheapest = sourcing.joined(min(each, key=lambda one: one.cost) for each in weighed)
        fastest = sourcing.joined(min(each, key=lambda one: (one.latest, one.cost)) for each in weighed)
        fewest = sourcing.joined(min(each, key=lambda one: (one.parcels, one.cost)) for each in weighed)
        fitting = [plan for plan in (cheapest, fastest) if sourcing.fits(plan, MOST_PARCELS)] or [fewest]
        if not sourcing.fits(fitting[0], MOST_PARCELS):
            raise TooManyParcels(field="lines", limit=MOST_PARCELS)
        return list(dict.fromkeys(fitting))

    def _weighed(self, candidates: Sequence[sourcing.Plan]) -> list[sourcing.Weighed]:
        """Candidates by what they cost sent the cheapest way, and by when they arrive sent the fastest."""
        if len(candidates) == 1:
            return [sourcing.Weighed(candidates[0], 0, date.max, 0)]
        found, refused = [], []
        for plan in candidates:
            try:
                found.append(self._weighed_one(plan))
            except Refusal as refusal:
                if refusal.kind is not Kind.RULE:
                    raise
                refused.append(refusal)
        if not found:
            raise refused[0]
        return found

    def _weighed_one(self, plan: sourcing.Plan) -> sourcing.Weighed:
        consignments = sourcing.consignments(plan)
        latest, cost = date.min, 0
        for consignment in consignments:
            ways = self._ways(consignment)
            latest = max(latest, min(way.promise.latest for way in ways))
            cheapest = min(ways, key=lambda way: self._in_currency(way.price).amount)
            part = self._consigned(_Choice(consignment, cheapest), 0)
            cost += sum(line.total.amount for line in part.lines)
            cost += sum(left.amount.amount for left in part.not_included if left.amount is not None)
        return sourcing.Weighed(plan, cost, latest, len(consignments))

    def _ways(self, consignment: sourcing.Plan) -> tuple[logistics.FreightOption, ...]:
        if consignment not in self._found_ways:
            self._found_ways[consignment] = self._asked_ways(consignment)
        return self._found_ways[consignment]

    def _asked_ways(self, consignment: sourcing.Plan) -> tuple[logistics.FreightOption, ...]:
        place = consignment[0].place
        items = tuple(
            logistics.Item(offer.weight_grams, _sides(offer.dimensions_mm), source.units, source.sku)
            for source in consignment
            for offer in [self.found.offers[source.sku]]
        )
        to = self.wish.ship_to
        return logistics.options(
            place.country,
            place.mode.value,
            to.country,
            to.postal_code,
            items,
            self.now.date(),
            at=self.now,
            version=self.found.rate_version,
        )

    def _option(self, choices: Sequence[_Choice], wanted: Mapping[str, int]) -> Option:
        parts: list[_Part] = []
        for choice in choices:
            # What the parcels before use of the importer's quota is used up for the next one.
            parts.append(self._consigned(choice, sum(part.quota_fen for part in parts)))
        lines: dict[str, QuoteLine] = {}
        for line in (line for part in parts for line in part.lines):
            lines[line.sku] = lines[line.sku].joined(line) if line.sku in lines else line
        # A notice that holds for several parcels is said once.
        notices = dict.fromkeys(notice for part in parts for notice in part.not_included)
        return Option(
            option_id=new_id("opt", self.now),
            parcels=tuple(part.parcel for part in parts),
            lines=tuple(lines[sku] for sku in wanted),
            not_included=tuple(notices),
            explain=tuple(entry for part in parts for entry in part.explain),
            quota_fen=sum(part.quota_fen for part in parts),
        )

    def _consigned(self, choice: _Choice, quota_fen: int) -> "_Part":
        key = choice, quota_fen
        if key not in self._worked_out:
            self._worked_out[key] = self._worked(choice, quota_fen)
        return self._worked_out[key]

    def _worked(self, choice: _Choice, quota_fen: int) -> "_Part":
        freight = self._in_currency(choice.freight.price)
        prices = {
            source.sku: self.rates.presented(self._asked(offer), self.wish.currency, offer.merchant_id)
            for source in choice.sources
            for offer in [self.found.offers[source.sku]]
        }
        goods = {source.sku: prices[source.sku] * source.units for source in choice.sources}
        assessed = customs.assess(
            self._consignment(choice, goods, freight, quota_fen),
            on=self.now.date(),
            rates=self.rates,
            allow_unverified=aws.STAGE in _UNVERIFIED_STAGES,
        )
        shares = allocate(freight, _weights([goods[source.sku].amount for source in choice.sources]))
        charges = {line.key: line for line in assessed.lines}
        lines = tuple(
            self._line(source, prices[source.sku], share, charges[source.sku])
            for source, share in zip(choice.sources, shares, strict=True)
        )
        return _Part(
            parcel=_parcel(choice, freight, assessed),
            lines=lines,
            not_included=tuple(
                NotIncluded(n.charge, n.reason, n.source, n.amount) for n in assessed.not_included
            ),
            explain=(
                *self._goods_explained(choice, prices),
                self._freight_explained(choice, freight),
                *(Explanation(e.charge, e.amount, e.rule, e.source, e.note) for e in assessed.explain),
            ),
            quota_fen=assessed.quota_value.amount if assessed.quota_value else 0,
        )

    def _consignment(
        self, choice: _Choice, goods: Mapping[str, Money], freight: Money, quota_fen: int
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
            lines=tuple(
                customs.ConsignmentLine(
                    key=source.sku,
                    hs_code=offer.hs_code or "",
                    origin_country=offer.origin_country,
                    quantity=source.units,
                    goods=goods[source.sku],
                    tax_category=offer.tax_category,
                    weight_grams=offer.weight_grams,
                    hazards=offer.hazards,
                )
                for source in choice.sources
                for offer in [self.found.offers[source.sku]]
            ),
            freight=freight,
            insurance=zero(self.wish.currency),
            incoterm="dap" if self.wish.incoterm == "dap" else "ddp",
            has_importer_identity=self.has_importer,
            units_in_order=self.units,
            cn_year_used=(self.found.quota_used or zero("CNY")) + Money(quota_fen, "CNY"),
        )

    def _line(
        self, source: sourcing.Source, price: Money, freight: Money, charges: customs.LineCharges
    ) -> QuoteLine:
        offer = self.found.offers[source.sku]
        return QuoteLine(
            sku=source.sku,
            merchant_id=offer.merchant_id,
            warehouse_id=source.place.warehouse_id,
            title=offer.title,
            quantity=source.units,
            unit_price=price,
            goods=price * source.units,
            discount=zero(self.wish.currency),
            freight=freight,
            duty=charges.duty,
            import_tax=charges.import_tax,
            fees=charges.fees,
            hs_code=offer.hs_code,
            origin_country=offer.origin_country,
            weight_grams=offer.weight_grams,
        )

    def _goods_explained(self, choice: _Choice, prices: Mapping[str, Money]) -> tuple[Explanation, ...]:
        return tuple(
            Explanation(
                "goods",
                prices[source.sku] * source.units,
                f"{source.sku} at {asked}",
                self.rates.citation if asked.currency != self.wish.currency else "the merchant's own price",
                self._conversion(asked.currency, offer.merchant_id),
            )
            for source in choice.sources
            for offer in [self.found.offers[source.sku]]
            for asked in [self._asked(offer)]
        )

    def _asked(self, offer: catalogue.Offer) -> Money:
        """What the merchant asks for a unit here and now, in whichever currency."""
        return offer.price_in(self.wish.currency, self.wish.ship_to.country, self.now)

    def _conversion(self, currency: str, merchant_id: str) -> str:
        """How a unit price came from its own currency: rate, spread, the rate's age where unusual, ending."""
        if currency == self.wish.currency:
            return ""
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

    def _freight_explained(self, choice: _Choice, freight: Money) -> Explanation:
        way = choice.freight
        note = f"{way.carrier} {way.service}, {way.chargeable_grams} g chargeable"
        if len(way.pieces) > 1:
            note += f" in {len(way.pieces)} pieces"
        if way.price.currency != self.wish.currency:
            note += f", {way.price} at the {self.rates.citation}"
        return Explanation("freight", freight, way.rule, way.source, note)

    def _in_currency(self, money: Money) -> Money:
        return self.rates.convert(money, self.wish.currency)


@dataclass(frozen=True, slots=True)
class _Part:
    """One consignment, worked out."""

    parcel: Parcel
    lines: tuple[QuoteLine, ...]
    not_included: tuple[NotIncluded, ...]
    explain: tuple[Explanation, ...]
    quota_fen: int


def _parcel(choice: _Choice, freight: Money, assessed: Any) -> Parcel:
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


def _shown(options: Sequence[Option]) -> tuple[Option, ...]:
    """The recommended options and the cheapest of the others, at most as many as are shown; the cheapest first."""
    best_first = sorted(options, key=lambda option: (not option.recommended, option.total.amount))
    return tuple(
        sorted(best_first[:_MOST_OPTIONS], key=lambda option: (option.total.amount, option.promise.latest))
    )


def _used(lock: rates.RateLock) -> UsedRate:
    return UsedRate(
        lock.currency,
        lock.into,
        lock.reference,
        lock.applied,
        lock.spread_basis_points,
        lock.source,
        lock.date,
    )


def _sides(size: catalogue.Dimensions | None) -> tuple[int, int, int] | None:
    return (size.length, size.width, size.height) if size else None


def _shelving(source: sourcing.Source) -> Shelving:
    place = source.place
    return Shelving(
        source.sku, source.merchant_id, place.warehouse_id, place.country, place.mode.value, place.buckets
    )


def _weights(amounts: Sequence[int]) -> Sequence[int]:
    """Freight is shared by goods value; goods that cost nothing share it equally."""
    return amounts if any(amounts) else [1] * len(amounts)
