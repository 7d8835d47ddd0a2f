"""One market for a whole module: to fill it takes seconds."""

from collections.abc import Iterator

import pytest

from tests.unit.local import market
from tests.unit.local.market import Market


@pytest.fixture(scope="module")
def empty_market() -> Iterator[Market]:
    with market.serving() as served:
        yield served


@pytest.fixture(scope="module")
def full_market(empty_market: Market) -> Market:
    market.bring_in(empty_market)
    return empty_market
