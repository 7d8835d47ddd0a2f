"""Fixtures of inventory: a depot, and who calls its routes."""

from collections.abc import Iterator

import pytest

from functions.inventory import ports
from tests.integration.inventory.depot import Client, Depot, Owners


@pytest.fixture
def depot(aws: None) -> Iterator[Depot]:
    before = list(ports._connected)
    ports.connect(Owners())
    yield Depot()
    ports._connected[:] = before


@pytest.fixture
def merchant(depot: Depot) -> Client:
    return Client("merchant", "mrc_1")


@pytest.fixture
def rival(depot: Depot) -> Client:
    return Client("merchant", "mrc_2")


@pytest.fixture
def operator(depot: Depot) -> Client:
    return Client("operator", None)
