"""The files of `infra/local/demo`: two merchants, four warehouses of the three modes, what each sells and has in stock.

Names, brands and prices are invented; HS codes, weights and measures are those of such goods.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).resolve().parents[1] / "demo"


@dataclass(frozen=True, slots=True)
class DemoMerchant:
    """A merchant under an id of the demo's own; `account` is the role whose account is its staff."""

    account: str
    id: str
    name: str
    country: str
    payout_currency: str
    commission_rate: str


@dataclass(frozen=True, slots=True)
class DemoWarehouse:
    """A warehouse as its merchant opens it; `key` is how stock in these files names it."""

    key: str
    account: str
    name: str
    country: str
    mode: str


@dataclass(frozen=True, slots=True)
class DemoProduct:
    """`product` is the body of POST /v1/products, `stock` holds units by SKU and warehouse key."""

    account: str
    product: Mapping[str, Any]
    stock: Mapping[str, Mapping[str, int]]

    @property
    def skus(self) -> tuple[str, ...]:
        return tuple(variant["sku"] for variant in self.product["variants"])


@dataclass(frozen=True, slots=True)
class Demo:
    merchants: tuple[DemoMerchant, ...]
    warehouses: tuple[DemoWarehouse, ...]
    products: tuple[DemoProduct, ...]


@cache
def load() -> Demo:
    """The demo, read once."""
    return Demo(
        merchants=tuple(DemoMerchant(**row) for row in _read("merchants.json")),
        warehouses=tuple(DemoWarehouse(**row) for row in _read("warehouses.json")),
        products=tuple(
            DemoProduct(file["account"], row["product"], row["stock"])
            for file in (_read("products_shenzhen.json"), _read("products_milan.json"))
            for row in file["products"]
        ),
    )


def _read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))
