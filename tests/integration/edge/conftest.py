"""One scene for each module: nothing that is refused may change it."""

from collections.abc import Iterator

import pytest

from tests.integration.edge.scene import Scene
from tests.integration.orders.bazaar import furnished


@pytest.fixture(scope="module")
def set_scene() -> Iterator[Scene]:
    with furnished() as world:
        yield Scene(world.bazaar)


@pytest.fixture
def scene(set_scene: Scene) -> Iterator[Scene]:
    yield set_scene
    set_scene.repaired()
