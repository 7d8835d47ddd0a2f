"""An attempt to pay that nobody can finish is counted, so that a person looks at it."""

from datetime import timedelta
from typing import Any

import pytest

from functions.orders.service import clock
from functions.orders.service.left_over import PATIENCE
from tests.integration.orders.bazaar import Bazaar
from tests.integration.orders.test_attempts import another


def counted(capsys: pytest.CaptureFixture[str]) -> int:
    """How often the alarm was given since this was asked last."""
    return capsys.readouterr().out.count('"AttemptsLeftOver":1')


def test_an_attempt_that_keeps_its_order_from_expiring_for_weeks_is_counted_at_each_look(
    bazaar: Bazaar, capsys: pytest.CaptureFixture[str]
) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    bazaar.provider.control(f"payment_intents/{bazaar.intents()[0]['id']}/process")
    due = bazaar.clock.now() + timedelta(minutes=31)
    clock.run(due)
    clock.run(due + PATIENCE - timedelta(hours=1))
    assert 0 == counted(capsys)

    clock.run(due + PATIENCE)
    clock.run(due + PATIENCE + timedelta(minutes=6))

    assert 2 == counted(capsys)
    assert "awaiting_payment" == bazaar.order(placed)["status"]


def test_a_second_payment_that_cannot_be_given_back_is_counted(
    bazaar: Bazaar, capsys: pytest.CaptureFixture[str]
) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    both: list[Any] = [placed, another(bazaar, placed)]
    for each in both:
        bazaar.provider.pay(each)
    bazaar.hear()
    bazaar.hear()
    (refund,) = bazaar.provider.standin.account.store.objects["refund"].values()
    assert 0 == counted(capsys)

    bazaar.provider.control(f"refunds/{refund['id']}/finish", outcome="fail")
    bazaar.hear()

    assert 1 == counted(capsys)
    assert ("paid", "captured") == bazaar.status(placed)
    assert 1 == bazaar.timeline(placed).count("refund_failed")
