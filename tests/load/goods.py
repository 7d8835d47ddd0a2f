"""What is on sale while the platform is under load, and where its buyers ask."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.support.e2e_market import Market

STOCKED = 12
"""Products that the buyers of the mix choose from; the demo's goods are looked at, not bought."""

UNITS = 20_000
"""Of each: more than any run sells, so that the mix measures sales and not refusals."""


@dataclass(frozen=True, slots=True)
class Shelves:
    """Addresses to ask; units received by the SKUs that may be bought; what lists are read of."""

    api: str
    stripe: str
    units: Mapping[str, int]
    categories: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def skus(self) -> tuple[str, ...]:
        return tuple(self.units)


def filled(market: Market, products: int = STOCKED, units: int = UNITS) -> Shelves:
    """So many products on sale, each with so many units, beside the demo's."""
    made = {market.stocked(units): units for _ in range(products)}
    listed = market.done(200, "GET", "/v1/products?limit=100")["data"]
    whole = [market.done(200, "GET", f"/v1/products/{product['id']}") for product in listed]
    return Shelves(
        market.up.base_url,
        market.up.stripe_url,
        made,
        tuple(sorted({product["category_id"] for product in whole if product["category_id"]})),
        tuple(sorted({tag for product in whole for tag in product["tags"]})),
    )
