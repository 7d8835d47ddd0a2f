"""What the catalogue's routes take and give.

The bounds keep the largest product that they allow, at four bytes a character, within DynamoDB's 400 KB an item.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, UnsetType, field

from entrepot.cloud.wire import Body, CountryCode, CurrencyCode, IdText, MoneyBody, SkuText, View
from entrepot.kernel.money import Money
from functions.catalogue.domain import (
    MOST_PRICES,
    MOST_TAGS,
    MOST_VARIANTS,
    Card,
    Details,
    Dimensions,
    Entry,
    FixedPrice,
    LocalText,
    Revision,
    Variant,
)

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}\Z")]
TaxCategory = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}\Z")]
"""As the rows of customs spell them, such as `childrens_clothing`."""
Tag = Annotated[str, Meta(pattern=r"^[^\W_](?:[\w -]{0,48}\w)?\Z")]
Name = Annotated[str, Meta(max_length=100, pattern=r"^(?=.*\S)[^\x00-\x1f\x7f-\x9f]+\Z")]
Title = Annotated[str, Meta(max_length=200, pattern=r"^(?=.*\S)[^\x00-\x1f\x7f-\x9f]+\Z")]
Prose = Annotated[str, Meta(max_length=5000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*\Z")]
HsCode = Annotated[str, Meta(pattern=r"^[0-9]{6,10}\Z")]
Locale = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?\Z")]
Grams = Annotated[int, Meta(gt=0, le=10_000_000)]
Millimetres = Annotated[int, Meta(gt=0, le=100_000)]
Tags = Annotated[list[Tag], Meta(max_length=MOST_TAGS)]
OptionName = Annotated[str, Meta(max_length=40, pattern=r"^(?=.*\S)[^\x00-\x1f\x7f-\x9f]+\Z")]
OptionValue = Annotated[str, Meta(max_length=60, pattern=r"^(?=.*\S)[^\x00-\x1f\x7f-\x9f]+\Z")]
Options = Annotated[dict[OptionName, OptionValue], Meta(max_length=6)]
Moment = Annotated[datetime, Meta(tz=True)]
Hazard = Literal["battery", "liquid", "magnet"]
Hazards = Annotated[list[Hazard], Meta(max_length=3)]
Held = Annotated[str, Meta(pattern=r"^(?!0+(\.0+)?\Z)[0-9]{1,6}(\.[0-9]{1,6})?\Z")]
Material = Annotated[str, Meta(max_length=40, pattern=r"^(?=.*\S)[^\x00-\x1f\x7f-\x9f]+\Z")]
Materials = Annotated[list[Material], Meta(max_length=6)]
UnitsOfOneBuyer = Annotated[int, Meta(ge=1, le=9_999)]
Limit = Annotated[int, Meta(ge=1, le=100)]
Cursor = Annotated[str, Meta(min_length=1, max_length=1000)]

PAGE: Final = 24


class DimensionsBody(Body, frozen=True):
    length: Millimetres
    width: Millimetres
    height: Millimetres


class LocalTextBody(Body, frozen=True):
    title: Title
    description: Prose | None = None


class FixedPriceBody(Body, frozen=True):
    """A price in a currency that wins over conversion: in one market or all, from a time, until just before one."""

    currency: CurrencyCode
    amount: Annotated[int, Meta(ge=1, le=10**12)]
    market: CountryCode | None = None
    starts: Moment | None = field(default=None, name="from")
    until: Moment | None = None

    def __post_init__(self) -> None:
        self.value  # noqa: B018  the currency is checked while the field's place is still known

    @property
    def value(self) -> FixedPrice:
        amount = MoneyBody(amount=self.amount, currency=self.currency).value
        return FixedPrice(amount, self.market, self.starts, self.until)


FixedPrices = Annotated[list[FixedPriceBody], Meta(max_length=MOST_PRICES)]


class MeasuresBody(Body, frozen=True):
    """How much of a customs unit one unit holds, where a tariff charges by it: a bottle has 0.75 `litre`."""

    piece: Held | None = None
    pair: Held | None = None
    litre: Held | None = None
    litre_alcohol: Held | None = None
    metre: Held | None = None
    m2: Held | None = None
    m3: Held | None = None

    @property
    def value(self) -> dict[str, str]:
        told = {unit: getattr(self, unit) for unit in self.__struct_fields__}
        return {unit: held for unit, held in told.items() if held is not None}


class VariantBody(Body, frozen=True):
    """What a variant leaves out of `hs_code`, `origin_country` and `hazards` is the product's.

    One buyer may have at most `purchase_limit` units, over all of their orders that were not cancelled.
    """

    sku: SkuText
    price: MoneyBody
    weight_grams: Grams
    dimensions_mm: DimensionsBody | None = None
    options: Options | None = None
    prices: FixedPrices | None = None
    hs_code: HsCode | None = None
    origin_country: CountryCode | None = None
    hazards: Hazards | None = None
    measures: MeasuresBody | None = None
    purchase_limit: UnitsOfOneBuyer | None = None

    @property
    def value(self) -> Variant:
        size = self.dimensions_mm
        return Variant(
            sku=self.sku,
            price=self.price.value,
            weight_grams=self.weight_grams,
            dimensions_mm=Dimensions(size.length, size.width, size.height) if size else None,
            options=self.options or {},
            prices=tuple(price.value for price in self.prices or ()),
            hs_code=self.hs_code,
            origin_country=self.origin_country,
            hazards=None if self.hazards is None else _hazards(self.hazards),
            measures=self.measures.value if self.measures else {},
            purchase_limit=self.purchase_limit,
        )


Texts = Annotated[dict[Locale, LocalTextBody], Meta(max_length=10)]
Variants = Annotated[list[VariantBody], Meta(min_length=1, max_length=MOST_VARIANTS)]


class ProductBody(Body, frozen=True, kw_only=True):
    title: Title
    description: Prose | None = None
    texts: Texts | None = None
    category_id: Slug | None = None
    tags: Tags | None = None
    brand: Name | None = None
    origin_country: CountryCode
    hs_code: HsCode | None = None
    tax_category: TaxCategory | None = None
    materials: Materials | None = None
    hazards: Hazards | None = None
    variants: Variants

    @property
    def value(self) -> Details:
        return Details(**_given(self))


class ProductPatch(Body, frozen=True, kw_only=True):
    """What is left out stays; null clears what may be absent; a list or a map replaces the whole one."""

    title: Title | UnsetType = UNSET
    description: Prose | UnsetType | None = UNSET
    texts: Texts | UnsetType | None = UNSET
    category_id: Slug | UnsetType | None = UNSET
    tags: Tags | UnsetType | None = UNSET
    brand: Name | UnsetType | None = UNSET
    origin_country: CountryCode | UnsetType = UNSET
    hs_code: HsCode | UnsetType | None = UNSET
    tax_category: TaxCategory | UnsetType | None = UNSET
    materials: Materials | UnsetType | None = UNSET
    hazards: Hazards | UnsetType | None = UNSET
    variants: Variants | UnsetType = UNSET

    @property
    def value(self) -> dict[str, Any]:
        return _given(self)


class ProductsQuery(Body, frozen=True):
    category: Slug | None = None
    tag: Tag | None = None
    merchant: IdText | None = None
    limit: Limit = PAGE
    cursor: Cursor | None = None


class RevisionsQuery(Body, frozen=True):
    limit: Limit = PAGE
    cursor: Cursor | None = None


class FixedPriceView(View, frozen=True):
    currency: str
    amount: int
    market: str | None
    starts: datetime | None = field(name="from")
    until: datetime | None


class VariantView(View, frozen=True):
    """`hs_code`, `origin_country` and `hazards` are null where the product's hold."""

    sku: str
    price: Money
    weight_grams: int
    dimensions_mm: Dimensions | None
    options: Mapping[str, str]
    available: bool
    prices: list[FixedPriceView]
    hs_code: str | None
    origin_country: str | None
    hazards: tuple[str, ...] | None
    measures: Mapping[str, str]
    purchase_limit: int | None


class ProductView(View, frozen=True):
    id: str
    merchant_id: str
    status: str
    title: str
    description: str | None
    texts: Mapping[str, LocalText]
    category_id: str | None
    tags: tuple[str, ...]
    brand: str | None
    origin_country: str
    hs_code: str | None
    tax_category: str | None
    materials: tuple[str, ...]
    hazards: tuple[str, ...]
    variants: list[VariantView]
    published_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ProductsView(View, frozen=True):
    data: tuple[Card, ...]
    next_cursor: str | None


class RevisionView(View, frozen=True):
    """A product as a change left it, with who changed it and when."""

    revision: int
    change: str
    changed_at: datetime
    changed_by: str
    status: str
    product: Details


class RevisionsView(View, frozen=True):
    data: list[RevisionView]
    next_cursor: str | None


def product_view(entry: Entry) -> ProductView:
    product, details = entry.product, entry.product.details
    return ProductView(
        id=product.product_id,
        merchant_id=product.merchant_id,
        status=product.status.value,
        title=details.title,
        description=details.description,
        texts=details.texts,
        category_id=details.category_id,
        tags=details.tags,
        brand=details.brand,
        origin_country=details.origin_country,
        hs_code=details.hs_code,
        tax_category=details.tax_category,
        materials=details.materials,
        hazards=details.hazards,
        variants=[_variant_view(variant, entry) for variant in details.variants],
        published_at=product.published_at,
        created_at=product.created_at,
        updated_at=product.updated_at,
    )


def revision_view(revision: Revision) -> RevisionView:
    product = revision.product
    return RevisionView(
        revision=product.revision,
        change=revision.change.value,
        changed_at=product.updated_at,
        changed_by=product.updated_by,
        status=product.status.value,
        product=product.details,
    )


def _variant_view(variant: Variant, entry: Entry) -> VariantView:
    return VariantView(
        sku=variant.sku,
        price=variant.price,
        weight_grams=variant.weight_grams,
        dimensions_mm=variant.dimensions_mm,
        options=variant.options,
        available=entry.available(variant.sku),
        prices=[
            FixedPriceView(p.amount.currency, p.amount.amount, p.market, p.starts, p.ends)
            for p in variant.prices
        ],
        hs_code=variant.hs_code,
        origin_country=variant.origin_country,
        hazards=variant.hazards,
        measures=variant.measures,
        purchase_limit=variant.purchase_limit,
    )


def _hazards(given: list[Hazard]) -> tuple[str, ...]:
    """Each once, in the one order, so that the same set is the same value."""
    return tuple(sorted(set(given)))


def _given(body: ProductBody | ProductPatch) -> dict[str, Any]:
    """The fields of Details that a body gives, as the domain has them."""
    fields = {name: getattr(body, name) for name in body.__struct_fields__}
    given = {name: value for name, value in fields.items() if value is not UNSET}
    if "variants" in given:
        given["variants"] = tuple(variant.value for variant in given["variants"])
    if "tags" in given:
        given["tags"] = tuple(dict.fromkeys(given["tags"] or ()))
    if "materials" in given:
        given["materials"] = tuple(dict.fromkeys(given["materials"] or ()))
    if "hazards" in given:
        given["hazards"] = _hazards(given["hazards"] or [])
    if "texts" in given:
        texts: dict[str, LocalTextBody] = given["texts"] or {}
        given["texts"] = {locale: LocalText(text.title, text.description) for locale, text in texts.items()}
    return given
