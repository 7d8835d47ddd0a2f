"""A furnished shop for each module, as new for each test."""

from collections.abc import Iterator

import pytest

from tests.integration.orders.bazaar import Bazaar, World, furnished


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with furnished() as world:
        yield world


@pytest.fixture
def bazaar(world: World) -> Bazaar:
    return world.restored()
