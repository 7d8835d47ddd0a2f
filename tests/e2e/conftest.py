"""What end-to-end tests share: one stand-in for AWS, one deployed stack, both made once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import stack
from tests.support import e2e_cloud
from tests.support.e2e_market import Market

_FIGURES = pytest.StashKey[list[str]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these tests, and let the quick ones go first."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("e2e")
    items.sort(key=lambda item: here in item.path.parents)


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a stand-in for AWS on which nothing is deployed: each test takes an account of its own."""
    with e2e_cloud.ministack(tmp_path_factory.mktemp("ministack")) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """The packaged artefact, deployed with its stand-ins and the demo's data, on ports and in a folder of its own."""
    with stack.running("test", folder=tmp_path_factory.mktemp("entrepot")) as up:
        market = Market(up)
        yield market
        market.close()


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> list[str]:
    """What was measured on the way: printed at the end."""
    return pytestconfig.stash.setdefault(_FIGURES, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    measured = config.stash.get(_FIGURES, [])
    if measured:
        terminalreporter.section("figures")
        for line in measured:
            terminalreporter.write_line(line)
