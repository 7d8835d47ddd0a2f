"""One market for a whole module: to fill it takes seconds."""

from collections.abc import Iterator

import pytest

from infra.local.story import buying, comparing
from tests.unit.local import market
from tests.unit.local.market import Market


@pytest.fixture(scope="module")
def empty_market() -> Iterator[Market]:
    with market.serving() as served:
        yield served


@pytest.fixture(scope="module")
def full_market(empty_market: Market) -> Market:
    """With all that the story and the closing words are about."""
    told_of = (buying.PHONES, buying.BAG, *(sku for _, sku, *_ in comparing.ROUTES))
    market.bring_in(empty_market, market.demo_of(*told_of, "YL-BUDS", "LS-SCARF", "TL-CUPS-6"))
    return empty_market
