"""A plugin of pytest: `-p tests.privileges.plugin --record-calls FOLDER` leaves a file of calls for each process."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

_HELD = pytest.StashKey[tuple[ExitStack, Any]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    said = "write down which function called what of AWS, one file a process"
    parser.addoption("--record-calls", metavar="FOLDER", type=Path, help=said)


def pytest_configure(config: pytest.Config) -> None:
    """After the conftest that says which stage this is, and before any trigger is imported."""
    folder = config.getoption("--record-calls")
    if folder is None:
        return
    if _worker(config) == "":
        for stale in folder.glob("*.json"):
            stale.unlink()
    if _distributes(config):
        return
    from tests.privileges.recording import recording

    held = ExitStack()
    config.stash[_HELD] = (held, held.enter_context(recording()))


def pytest_unconfigure(config: pytest.Config) -> None:
    if _HELD in config.stash:
        held, made = config.stash[_HELD]
        made.save(config.getoption("--record-calls") / f"{_worker(config) or 'alone'}.json")
        held.close()


def _worker(config: pytest.Config) -> str:
    """The name of this process among those of pytest-xdist; empty for the one that hands out the tests."""
    given: dict[str, Any] = getattr(config, "workerinput", {})
    return str(given.get("workerid", ""))


def _distributes(config: pytest.Config) -> bool:
    return _worker(config) == "" and bool(config.getoption("numprocesses", None))
