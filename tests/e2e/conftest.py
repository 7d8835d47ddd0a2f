"""What end-to-end tests share: one stand-in for AWS, one deployed stack, both made once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import e2e_cloud


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("e2e")


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a stand-in for AWS on which nothing is deployed: each test takes an account of its own."""
    with e2e_cloud.ministack(tmp_path_factory.mktemp("ministack")) as endpoint:
        yield endpoint
