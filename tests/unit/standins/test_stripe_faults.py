"""Trouble of the provider, ordered by tests."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import stripe

from tests.unit.standins.conftest import Provider

PARAMS: Any = {"amount": 1000, "currency": "eur"}


def create(provider: Provider, key: str = "k") -> stripe.PaymentIntent:
    return provider.sdk.v1.payment_intents.create(PARAMS, {"idempotency_key": key})


def amounts(provider: Provider) -> list[int]:
    return [intent.amount for intent in provider.sdk.v1.payment_intents.list().data]


def test_while_it_is_down_nothing_happens_and_the_key_stays_free(provider):
    provider.control("faults", mode="unavailable", times=2)

    for _ in range(2):
        with pytest.raises(stripe.APIError) as outage:
            create(provider)
        assert 503 == outage.value.http_status

    assert [] == amounts(provider)
    assert 1000 == create(provider).amount
    assert [1000] == amounts(provider)


def test_another_status_can_be_asked_for(provider):
    provider.control("faults", mode="unavailable", status=429, times=1)

    with pytest.raises(stripe.RateLimitError):
        create(provider)


def test_a_connection_dropped_after_acting_is_healed_by_the_key(provider):
    provider.control("faults", mode="drop_after", times=1)

    with pytest.raises(stripe.APIConnectionError):
        create(provider)
    assert [1000] == amounts(provider)
    again = create(provider)

    assert again.last_response is not None
    assert "true" == again.last_response.headers["Idempotent-Replayed"]
    assert [1000] == amounts(provider)
    assert ["payment_intent.created"] == provider.event_types()


def test_a_connection_dropped_before_acting_leaves_nothing(provider):
    provider.control("faults", mode="drop_before", times=1)

    with pytest.raises(stripe.APIConnectionError):
        create(provider)

    assert [] == amounts(provider)


def test_a_fault_strikes_only_the_calls_it_names(provider):
    provider.control("faults", mode="unavailable", method="post", path="/v1/refunds")
    intent = provider.paid()

    with pytest.raises(stripe.APIError):
        provider.sdk.v1.refunds.create({"payment_intent": intent.id})
    assert [] == provider.sdk.v1.refunds.list().data

    struck = [fault["struck"] for fault in provider.call("GET", "/test/faults")[1]["faults"]]
    provider.call("DELETE", "/test/faults")
    assert [1] == struck
    assert "succeeded" == provider.sdk.v1.refunds.create({"payment_intent": intent.id}).status


def test_a_call_hangs_until_the_fault_is_cleared_and_never_acts(provider):
    provider.control("faults", mode="hang")
    failures: list[Exception] = []

    def attempt() -> None:
        try:
            create(provider)
        except stripe.APIConnectionError as failure:
            failures.append(failure)

    caller = threading.Thread(target=attempt)
    caller.start()
    assert {"reached": True} == provider.control("faults/wait", count=1, seconds=5)
    assert [] == failures
    provider.call("DELETE", "/test/faults")
    caller.join(5)

    assert 1 == len(failures)
    assert [] == amounts(provider)


def test_the_calls_are_on_record(provider):
    provider.control("faults", mode="drop_after", times=1)
    with pytest.raises(stripe.APIConnectionError):
        create(provider, "ord_1")
    create(provider, "ord_1")

    calls = provider.call("GET", "/test/requests")[1]["data"]

    posts = [(call["idempotency_key"], call["status"], call["replayed"]) for call in calls]
    assert [("ord_1", 200, False), ("ord_1", 200, True)] == posts


def test_reset_forgets_everything(provider):
    provider.paid()
    provider.control("faults", mode="unavailable")

    provider.control("reset")

    assert [] == amounts(provider)
    assert [] == provider.event_types()
