"""Events of the catalogue."""

from dataclasses import dataclass
from typing import ClassVar

from entrepot.contracts.events import Event


@dataclass(frozen=True, kw_only=True, slots=True)
class ProductEvent(Event):
    product_id: str
    merchant_id: str
    revision: int
    skus: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ProductCreated(ProductEvent):
    NAME: ClassVar[str] = "catalogue.product_created"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProductChanged(ProductEvent):
    NAME: ClassVar[str] = "catalogue.product_changed"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProductPublished(ProductEvent):
    NAME: ClassVar[str] = "catalogue.product_published"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProductUnpublished(ProductEvent):
    NAME: ClassVar[str] = "catalogue.product_unpublished"
