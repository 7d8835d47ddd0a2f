"""Products, their variants and offers, and what must hold before one goes on sale."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Final

from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Kind, NotFound, Refusal

MOST_VARIANTS: Final = 40
MOST_TAGS: Final = 20
MOST_PRICES: Final = 6


class SkuTaken(Refusal):
    code = "sku_taken"
    kind = Kind.CONFLICT
    title = "This SKU is or was in use on the platform; a SKU is never given out twice."


class DuplicateSku(Refusal):
    code = "duplicate_sku"
    kind = Kind.RULE
    title = "Two variants have the same SKU."


class PriceNotPositive(Refusal):
    code = "price_not_positive"
    kind = Kind.RULE
    title = "A variant's price is above zero."


class PricesOverlap(Refusal):
    code = "prices_overlap"
    kind = Kind.RULE
    title = "Two prices of a variant would hold in the same currency and market at the same time."


class PriceNeverHolds(Refusal):
    code = "price_never_holds"
    kind = Kind.RULE
    title = "A price ends after it begins."


class NotReadyForSale(Refusal):
    code = "not_ready_for_sale"
    kind = Kind.RULE
    title = "A sale across borders needs this field before the product is published."


class TooManyChanges(Refusal):
    code = "too_many_changes"
    kind = Kind.RULE
    title = "This changes more at once than one transaction can hold; change variants or tags in two steps."


class UnsupportedFilter(Refusal):
    code = "unsupported_filter"
    kind = Kind.RULE
    title = "Products are listed by at most one of category, tag and merchant."


class Status(Enum):
    DRAFT = "draft"
    PUBLISHED = "published"
    DELETED = "deleted"


MOVES: Final = {
    Status.DRAFT: {Status.PUBLISHED, Status.DELETED},
    Status.PUBLISHED: {Status.DRAFT, Status.DELETED},
    Status.DELETED: {Status.DRAFT},
}


class Change(Enum):
    """What a revision did."""

    CREATED = "created"
    CHANGED = "changed"
    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"
    DELETED = "deleted"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Dimensions:
    """Outer measures of a packed unit, in millimetres."""

    length: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class FixedPrice:
    """What a variant costs in a currency, in one market or in all that have none of their own, for a while.

    It holds from `starts` up to, and not at, `ends`; None: for ever. It wins over a conversion.
    """

    amount: Money  # net of any tax of the destination
    market: str | None = None
    starts: datetime | None = None
    ends: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return (self.starts is None or self.starts <= at) and (self.ends is None or at < self.ends)

    def meets(self, other: "FixedPrice") -> bool:
        """Whether both would hold at some time for one buyer."""
        same = (self.amount.currency, self.market) == (other.amount.currency, other.market)
        first = self.starts is None or other.ends is None or self.starts < other.ends
        second = other.starts is None or self.ends is None or other.starts < self.ends
        return same and first and second


@dataclass(frozen=True, slots=True)
class Variant:
    """`hs_code`, `origin_country` and `hazards` are those of the product where they are None.

    `measures`: how much of a customs unit one unit holds, decimals such as {"litre": "0.75"}.
    `purchase_limit`: units that one buyer may have, None for any number.
    """

    sku: str
    price: Money  # net of any tax of the destination
    weight_grams: int
    dimensions_mm: Dimensions | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    prices: tuple[FixedPrice, ...] = ()
    hs_code: str | None = None
    origin_country: str | None = None
    hazards: tuple[str, ...] | None = None
    measures: Mapping[str, str] = field(default_factory=dict)
    purchase_limit: int | None = None


@dataclass(frozen=True, slots=True)
class LocalText:
    title: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """What a merchant writes about a product. `hazards` are such as "battery"; `texts` are by locale ("zh-CN")."""

    title: str
    origin_country: str
    variants: tuple[Variant, ...]
    description: str | None = None
    texts: Mapping[str, LocalText] = field(default_factory=dict)
    category_id: str | None = None
    tags: tuple[str, ...] = ()
    brand: str | None = None
    hs_code: str | None = None
    tax_category: str | None = None
    materials: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()

    @property
    def skus(self) -> tuple[str, ...]:
        return tuple(variant.sku for variant in self.variants)


@dataclass(frozen=True, slots=True)
class Editor:
    """Who changes a product: a member, for their merchant."""

    member_id: str
    merchant_id: str


@dataclass(frozen=True, slots=True)
class Product:
    product_id: str
    merchant_id: str
    details: Details
    status: Status
    revision: int
    created_at: datetime
    updated_at: datetime
    updated_by: str
    published_at: datetime | None = None  # the first time; publishing again does not make a product new

    @property
    def on_sale(self) -> bool:
        return self.status is Status.PUBLISHED


@dataclass(frozen=True, slots=True)
class Presence:
    """What inventory last said of a SKU; of two reports the one with the higher sequence holds."""

    available: bool
    sequence: int


Availability = Mapping[str, Presence]


@dataclass(frozen=True, slots=True)
class Entry:
    """A product as the catalogue holds it: with the availability of its SKUs, in some edition."""

    product: Product
    availability: Availability
    edition: int

    def available(self, sku: str) -> bool:
        return sku in self.availability and self.availability[sku].available


@dataclass(frozen=True, slots=True)
class Revision:
    change: Change
    product: Product  # as the change left it


@dataclass(frozen=True, slots=True)
class Offer:
    """A variant as it is sold: what carts, quotes and customs ask of a SKU. A removed one is not on sale."""

    sku: str
    product_id: str
    merchant_id: str
    title: str
    price: Money
    weight_grams: int
    dimensions_mm: Dimensions | None
    origin_country: str
    hs_code: str | None
    tax_category: str | None
    category_id: str | None
    on_sale: bool
    prices: tuple[FixedPrice, ...] = ()
    materials: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    measures: Mapping[str, str] = field(default_factory=dict)
    purchase_limit: int | None = None

    def price_in(self, currency: str, market: str, at: datetime) -> Money:
        """What a unit costs a buyer of a market: fixed in their currency, else what is to be converted.

        A price for the market goes before one for all; a scheduled price in the own currency before the plain one.
        """
        for wanted in dict.fromkeys((currency, self.price.currency)):
            for place in (market, None):
                for price in self.prices:
                    if (price.amount.currency, price.market) == (wanted, place) and price.holds(at):
                        return price.amount
        return self.price


@dataclass(frozen=True, slots=True)
class CardVariant:
    sku: str
    price: Money
    available: bool


@dataclass(frozen=True, slots=True)
class Card:
    """What a list shows of a product."""

    id: str
    merchant_id: str
    title: str
    brand: str | None
    variants: tuple[CardVariant, ...]


def drafted(product_id: str, details: Details, editor: Editor, now: datetime) -> Product:
    """A new product, not yet on sale. Raises: DuplicateSku, PriceNotPositive."""
    return Product(
        product_id=product_id,
        merchant_id=editor.merchant_id,
        details=_sound(details),
        status=Status.DRAFT,
        revision=1,
        created_at=now,
        updated_at=now,
        updated_by=editor.member_id,
    )


def amended(product: Product, details: Details, editor: Editor, now: datetime) -> Product:
    """The product with other details; the very same one where they do not differ.

    Raises: DuplicateSku, PriceNotPositive; NotReadyForSale where it is on sale and lacks what that needs.
    """
    if _sound(details) == product.details:
        return product
    if product.on_sale:
        _ready(details)
    return _revised(replace(product, details=details), editor, now)


def moved(product: Product, to: Status, editor: Editor, now: datetime) -> Product:
    """The product in another status; the very same one where it is in it already.

    Raises: NotReadyForSale. NotFound: there is no such way, which only a deleted product meets.
    """
    if product.status is to:
        return product
    if to not in MOVES[product.status]:
        raise NotFound
    if to is Status.PUBLISHED:
        _ready(product.details)
        product = replace(product, published_at=product.published_at or now)
    return _revised(replace(product, status=to), editor, now)


def reported(entry: Entry, sku: str, presence: Presence) -> Availability | None:
    """The availability after a report of inventory; None where it tells nothing new.

    A report is passed over when one of its sequence or a higher one was seen, or the SKU is no variant now.
    """
    if sku not in entry.product.details.skus:
        return None
    known = entry.availability.get(sku)
    if known is not None and known.sequence >= presence.sequence:
        return None
    return {**entry.availability, sku: presence}


def kept(availability: Availability, skus: Iterable[str]) -> Availability:
    """What is known of those SKUs that are still there."""
    return {sku: availability[sku] for sku in skus if sku in availability}


def offers(product: Product) -> dict[str, Offer]:
    """The offers of a product by their SKUs."""
    details = product.details
    return {
        variant.sku: Offer(
            sku=variant.sku,
            product_id=product.product_id,
            merchant_id=product.merchant_id,
            title=details.title,
            price=variant.price,
            weight_grams=variant.weight_grams,
            dimensions_mm=variant.dimensions_mm,
            origin_country=variant.origin_country or details.origin_country,
            hs_code=variant.hs_code or details.hs_code,
            tax_category=details.tax_category,
            category_id=details.category_id,
            on_sale=product.on_sale,
            prices=variant.prices,
            materials=details.materials,
            hazards=details.hazards if variant.hazards is None else variant.hazards,
            measures=variant.measures,
            purchase_limit=variant.purchase_limit,
        )
        for variant in details.variants
    }


def card(entry: Entry) -> Card:
    details = entry.product.details
    return Card(
        id=entry.product.product_id,
        merchant_id=entry.product.merchant_id,
        title=details.title,
        brand=details.brand,
        variants=tuple(
            CardVariant(variant.sku, variant.price, entry.available(variant.sku))
            for variant in details.variants
        ),
    )


def _sound(details: Details) -> Details:
    seen: set[str] = set()
    for index, variant in enumerate(details.variants):
        if variant.sku in seen:
            raise DuplicateSku(field=f"variants[{index}].sku", sku=variant.sku)
        if variant.price.amount <= 0:
            raise PriceNotPositive(field=f"variants[{index}].price.amount", sku=variant.sku)
        _sound_prices(variant, f"variants[{index}].prices")
        seen.add(variant.sku)
    return details


def _sound_prices(variant: Variant, field: str) -> None:
    for index, price in enumerate(variant.prices):
        if price.amount.amount <= 0:
            raise PriceNotPositive(field=f"{field}[{index}].amount", sku=variant.sku)
        if price.starts is not None and price.ends is not None and price.ends <= price.starts:
            raise PriceNeverHolds(field=f"{field}[{index}].until", sku=variant.sku)
        if any(price.meets(other) for other in variant.prices[:index]):
            raise PricesOverlap(field=f"{field}[{index}]", sku=variant.sku)


def _ready(details: Details) -> None:
    # Origin and weight are part of every product from the start; the HS code may be found later.
    if details.hs_code is None and any(variant.hs_code is None for variant in details.variants):
        raise NotReadyForSale(
            "Give the product an `hs_code`, or each of its variants one of its own.", field="hs_code"
        )


def _revised(product: Product, editor: Editor, now: datetime) -> Product:
    return replace(product, revision=product.revision + 1, updated_at=now, updated_by=editor.member_id)
