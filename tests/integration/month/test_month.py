"""A small month comes out even, the same for the same seed; and not with a defect in it."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.integration.month import mutations
from tests.integration.month.books import Reckoning, reckon
from tests.integration.month.run import Month
from tests.integration.month.world import open_for

pytestmark = pytest.mark.slow


def lived(orders: int, seed: int = 1) -> tuple[Month, Reckoning]:
    with open_for(seed) as world:
        month = Month(world, orders)
        month.live()
        return month, reckon(month)


def test_a_month_comes_out_even() -> None:
    month, found = lived(120)

    assert [] == [each for each in found.held if each.unexplained]
    assert found.right
    assert {"card", "held", "secure", "declined", "alipay", "bank", "nothing"} == {
        each.paid_by for each in month.orders
    }
    assert min(month.world.post.unheard.values()) > 0
    assert {each.currency for each in found.held if each.what == "held by Stripe" and each.truth} == set(
        found.unexplained
    )


def test_the_same_seed_gives_the_same_books() -> None:
    assert lived(12, seed=7)[1].digest == lived(12, seed=7)[1].digest != lived(12, seed=8)[1].digest


@pytest.mark.parametrize("mutation", mutations.MUTATIONS, ids=lambda each: each.__name__)
def test_a_defect_turns_it_red(mutation: Callable[[], AbstractContextManager[Any]]) -> None:
    with mutation():
        _, found = lived(30)

    assert sum(found.unexplained.values()) > 0
    assert not found.right


def test_the_command_prints_what_is_unexplained_and_exits_by_it() -> None:
    command = [sys.executable, "-m", "tests.integration.month", "--orders", "12", "--seed", "7"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "unexplained: EUR 0, USD 0, GBP 0, JPY 0, CNY 0" in done.stdout
    assert "trial balance: balanced" in done.stdout
