"""Idempotency-Key at the stand-in, as Stripe documents it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from tests.unit.standins.conftest import Provider

HEADERS = {
    "Authorization": "Bearer sk_test_entrepot",
    "Content-Type": "application/x-www-form-urlencoded",
    "Idempotency-Key": "key-1",
}
CARD = "&allowed_payment_method_types[]=card"


def intents(provider: Provider) -> list[stripe.PaymentIntent]:
    return provider.sdk.v1.payment_intents.list({"limit": 100}).data


def test_the_same_key_and_parameters_give_the_first_answer_again(provider):
    first = provider.sdk.v1.payment_intents.create(
        {"amount": 1000, "currency": "eur"}, {"idempotency_key": "k"}
    )

    again = provider.sdk.v1.payment_intents.create(
        {"amount": 1000, "currency": "eur"}, {"idempotency_key": "k"}
    )

    assert first.id == again.id
    assert first.last_response is not None
    assert again.last_response is not None
    assert first.last_response.body == again.last_response.body
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert "true" == again.last_response.headers["Idempotent-Replayed"]
    assert [first.id] == [intent.id for intent in intents(provider)]
    assert ["payment_intent.created"] == provider.event_types()


def test_the_order_of_parameters_does_not_matter(provider):
    _, first = provider.raw("POST", "/v1/payment_intents", b"amount=1000&currency=eur", HEADERS)
    status, again = provider.raw("POST", "/v1/payment_intents", b"currency=eur&amount=1000", HEADERS)

    assert (200, first["id"]) == (status, again["id"])


def test_other_parameters_under_the_key_are_refused(provider):
    provider.sdk.v1.payment_intents.create({"amount": 1000, "currency": "eur"}, {"idempotency_key": "k"})

    with pytest.raises(stripe.IdempotencyError, match="same parameters") as refusal:
        provider.sdk.v1.payment_intents.create({"amount": 1001, "currency": "eur"}, {"idempotency_key": "k"})

    assert 400 == refusal.value.http_status
    assert [1000] == [intent.amount for intent in intents(provider)]


def test_another_endpoint_under_the_key_is_refused(provider):
    intent = provider.paid()
    provider.sdk.v1.refunds.create({"payment_intent": intent.id, "amount": 1}, {"idempotency_key": "k"})

    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        provider.sdk.v1.payment_intents.cancel(intent.id, {}, {"idempotency_key": "k"})


def test_a_declined_card_is_replayed_as_declined(provider):
    body = f"amount=1000&currency=eur&confirm=true&payment_method=pm_card_chargeDeclined{CARD}".encode()

    first = provider.raw("POST", "/v1/payment_intents", body, HEADERS)
    again = provider.raw("POST", "/v1/payment_intents", body, HEADERS)

    assert 402 == first[0]
    assert first == again
    assert 1 == len(intents(provider))


def test_a_request_refused_for_its_parameters_leaves_the_key_free(provider):
    assert 400 == provider.raw("POST", "/v1/payment_intents", b"amount=1000", HEADERS)[0]

    status, intent = provider.raw("POST", "/v1/payment_intents", b"amount=1000&currency=eur", HEADERS)

    assert (200, 1000) == (status, intent["amount"])


def test_a_key_in_flight_is_a_conflict_and_nothing_happens_twice(provider):
    provider.control("faults", mode="slow", times=1)
    answers: list[tuple[int, dict[str, Any]]] = []
    first = threading.Thread(
        target=lambda: answers.append(
            provider.raw("POST", "/v1/payment_intents", b"amount=1000&currency=eur", HEADERS)
        )
    )
    first.start()
    assert {"reached": True} == provider.control("faults/wait", count=1, seconds=5)

    status, conflict = provider.raw("POST", "/v1/payment_intents", b"amount=1000&currency=eur", HEADERS)
    assert 200 == provider.call("DELETE", "/test/faults")[0]
    first.join(5)

    assert (409, "idempotency_key_in_use") == (status, conflict["error"]["code"])
    assert 200 == answers[0][0]
    replay = provider.raw("POST", "/v1/payment_intents", b"amount=1000&currency=eur", HEADERS)
    assert (200, answers[0][1]["id"]) == (replay[0], replay[1]["id"])
    assert 1 == len(intents(provider))


def test_twenty_at_once_under_one_key_create_one_intent(provider):
    def create(_: int) -> int:
        status: int = provider.raw("POST", "/v1/payment_intents", b"amount=1000&currency=eur", HEADERS)[0]
        return status

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(create, range(20)))

    assert {200} <= set(statuses) <= {200, 409}
    assert 1 == len(intents(provider))


def test_without_a_key_each_request_is_its_own(provider):
    provider.intent()
    provider.intent()

    assert 2 == len(intents(provider))


def test_a_key_of_more_than_255_characters_is_refused(provider):
    headers = HEADERS | {"Idempotency-Key": "k" * 256}

    assert 400 == provider.raw("POST", "/v1/payment_intents", b"amount=1000&currency=eur", headers)[0]
    assert [] == intents(provider)
