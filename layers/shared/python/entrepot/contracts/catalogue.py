"""Events of the catalogue."""

from typing import ClassVar

from entrepot.contracts.events import Event


class ProductEvent(Event, frozen=True, kw_only=True):
    product_id: str
    merchant_id: str
    revision: int
    skus: tuple[str, ...]


class ProductCreated(ProductEvent, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "catalogue.product_created"


class ProductChanged(ProductEvent, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "catalogue.product_changed"


class ProductPublished(ProductEvent, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "catalogue.product_published"


class ProductUnpublished(ProductEvent, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "catalogue.product_unpublished"
