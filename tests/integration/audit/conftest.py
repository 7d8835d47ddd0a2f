"""The command that checks the log reads whole tables page by page, as only moto's answer."""

from collections.abc import Iterator

import pytest

from tests.support import aws as stand_in


@pytest.fixture
def aws() -> Iterator[None]:
    with stand_in.in_process("moto"):
        yield
