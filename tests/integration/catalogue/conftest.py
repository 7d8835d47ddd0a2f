"""The market that each test of the catalogue starts from."""

from collections.abc import Iterator
from typing import Any

import pytest

from entrepot.cloud import dynamo
from functions.catalogue import ports
from tests.integration.catalogue.market import Market, Shelves


@pytest.fixture
def market(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Market]:
    """An empty catalogue; `requests` are what the last call cost at DynamoDB."""
    held = Market(Shelves())
    monkeypatch.setattr(ports._Connections, "shelves", held.shelves)

    def observe(operation: str, arguments: dict[str, Any], answer: dict[str, Any]) -> None:
        held.requests.append(operation)

    dynamo.observers.append(observe)
    yield held
    dynamo.observers.remove(observe)
