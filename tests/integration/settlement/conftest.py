"""The books that each test of settlement starts from."""

import pytest

from tests.integration.settlement.books import Books


@pytest.fixture
def books(aws: None) -> Books:
    return Books()
