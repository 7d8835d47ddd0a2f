"""What every test starts from: a stage called test, credentials that open nothing, and an AWS where asked for."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

import tests.environment  # noqa: F401  first of all
from tests.support import aws as stand_in
from tests.support import passwords

if TYPE_CHECKING:
    from tests.support.provider import Provider
    from tests.support.shop import Shop

passwords.make_cheap()

# How long an example takes depends on what else the machine does; a slow one is no wrong one.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture
def aws() -> Iterator[None]:
    """An empty AWS in this process, with every table, queue, key and secret of the template."""
    with stand_in.in_process():
        yield


@pytest.fixture
def aws_of_moto() -> Iterator[None]:
    """The same with tables of moto: for what holds the store in memory to it."""
    with stand_in.in_process("moto"):
        yield


@pytest.fixture
def provider(aws: None) -> Iterator["Provider"]:
    """Stripe's stand-in, to which the payments of this test go."""
    from tests.support.provider import running

    with running() as provider:
        yield provider


@pytest.fixture
def shop(provider: "Provider") -> "Shop":
    """The whole API in this process, with an operator signed in."""
    from tests.support.shop import Shop

    return Shop()
