"""What the catalogue's routes take and give.

The bounds keep the largest product that they allow, at four bytes a character, within DynamoDB's 400 KB an item.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, UnsetType

from entrepot.cloud.wire import Body, CountryCode, IdText, MoneyBody, SkuText, View
from entrepot.kernel.money import Money
from functions.catalogue.domain import (
    MOST_TAGS,
    MOST_VARIANTS,
    Card,
    Details,
    Dimensions,
    Entry,
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


class VariantBody(Body, frozen=True):
    sku: SkuText
    price: MoneyBody
    weight_grams: Grams
    dimensions_mm: DimensionsBody | None = None
    options: Options | None = None

    @property
    def value(self) -> Variant:
        size = self.dimensions_mm
        return Variant(
            sku=self.sku,
            price=self.price.value,
            weight_grams=self.weight_grams,
            dimensions_mm=Dimensions(size.length, size.width, size.height) if size else None,
            options=self.options or {},
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


class VariantView(View, frozen=True):
    sku: str
    price: Money
    weight_grams: int
    dimensions_mm: Dimensions | None
    options: Mapping[str, str]
    available: bool


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
    )


def _given(body: ProductBody | ProductPatch) -> dict[str, Any]:
    """The fields of Details that a body gives, as the domain has them."""
    fields = {name: getattr(body, name) for name in body.__struct_fields__}
    given = {name: value for name, value in fields.items() if value is not UNSET}
    if "variants" in given:
        given["variants"] = tuple(variant.value for variant in given["variants"])
    if "tags" in given:
        given["tags"] = tuple(dict.fromkeys(given["tags"] or ()))
    if "texts" in given:
        texts: dict[str, LocalTextBody] = given["texts"] or {}
        given["texts"] = {locale: LocalText(text.title, text.description) for locale, text in texts.items()}
    return given
