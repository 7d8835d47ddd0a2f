"""Webhooks of the stand-in: signed as Stripe's own check wants them, repeated, held back, reordered."""

from __future__ import annotations

import time

import pytest
import stripe

from infra.local.stripe.serving import Request
from tests.unit.standins.conftest import SECRET


def verified(request: Request, secret: str = SECRET) -> stripe.Event:
    event: stripe.Event = stripe.Webhook.construct_event(
        request.body, request.headers["stripe-signature"], secret
    )
    return event


def test_every_event_is_delivered_and_verifies_with_the_sdk(provider, endpoint):
    intent = provider.paid(metadata={"order": "ord_1"})
    provider.delivered()

    events = [verified(request) for request in endpoint.received]

    assert sorted(provider.event_types()) == sorted(event.type for event in events)
    succeeded = next(event for event in events if event.type == "payment_intent.succeeded")
    assert (intent.id, "ord_1") == (succeeded.data.object["id"], succeeded.data.object["metadata"]["order"])
    assert (False, stripe.api_version) == (succeeded.livemode, succeeded.api_version)
    assert {"/v1/webhooks/stripe"} == {request.path for request in endpoint.received}
    assert {0} == {event.pending_webhooks for event in provider.sdk.v1.events.list().data}


def test_another_secret_does_not_verify(provider, endpoint):
    provider.paid()
    provider.delivered()

    with pytest.raises(stripe.SignatureVerificationError):
        verified(endpoint.received[0], "whsec_other")


def test_an_event_names_the_request_that_caused_it(provider):
    provider.sdk.v1.payment_intents.create({"amount": 1000, "currency": "eur"}, {"idempotency_key": "ord_1"})

    event = provider.sdk.v1.events.list().data[0]

    assert event.request is not None
    assert "ord_1" == event.request.idempotency_key
    assert str(event.request.id).startswith("req_")


def test_an_event_keeps_the_object_as_it_was(provider):
    intent = provider.paid()
    provider.sdk.v1.refunds.create({"payment_intent": intent.id})

    events = provider.sdk.v1.events.list({"type": "charge.succeeded"}).data

    assert [0] == [event.data.object["amount_refunded"] for event in events]


def test_a_refused_delivery_is_repeated_until_it_is_taken(provider, endpoint):
    endpoint.refusals = [500, 302]

    provider.intent()
    provider.delivered()

    assert 3 == len(endpoint.received)
    assert 1 == len({request.body for request in endpoint.received})
    assert "payment_intent.created" == verified(endpoint.received[-1]).type


def test_webhooks_held_back_are_released_in_the_order_asked_for(provider, endpoint):
    provider.control("webhooks/hold")
    provider.paid()
    assert [] == endpoint.received
    waiting = provider.call("GET", "/test/webhooks")[1]["waiting"]
    assert 4 == len(waiting)

    delivered = provider.control("webhooks/release", order="reversed")["delivered"]

    assert provider.event_types()[::-1] == endpoint.types()
    assert waiting[::-1] == [entry["event"] for entry in delivered]
    assert {200} == {entry["status"] for entry in delivered}


def test_only_the_chosen_events_are_released_in_the_given_order(provider, endpoint):
    provider.control("webhooks/hold")
    provider.paid()
    created, charged, succeeded, updated = provider.call("GET", "/test/webhooks")[1]["waiting"]

    provider.control("webhooks/release", events=[succeeded, created])

    assert [succeeded, created] == [event["id"] for event in endpoint.events()]
    assert [charged, updated] == provider.call("GET", "/test/webhooks")[1]["waiting"]
    provider.control("webhooks/release")
    assert [charged, updated] == [event["id"] for event in endpoint.events()][2:]


def test_one_event_is_delivered_twenty_times_at_once(provider, endpoint):
    provider.intent()
    provider.delivered()
    event = provider.sdk.v1.events.list().data[0]

    statuses = provider.control(f"events/{event.id}/deliver", times=20, concurrent=True)["statuses"]

    assert [200] * 20 == statuses
    assert 21 == len(endpoint.received)
    assert {event.id} == {verified(request).id for request in endpoint.received}


def test_an_old_signature_is_outside_the_tolerance(provider, endpoint):
    provider.intent()
    provider.delivered()
    event = provider.sdk.v1.events.list().data[0]

    provider.control(f"events/{event.id}/deliver", age_seconds=301)

    with pytest.raises(stripe.SignatureVerificationError, match="tolerance"):
        verified(endpoint.received[-1])
    signed_at = int(endpoint.received[-1].headers["stripe-signature"].split(",")[0][2:])
    assert 300 < time.time() - signed_at < 330


def test_a_forged_event_does_not_verify(provider, endpoint):
    provider.intent()
    provider.delivered()
    event = provider.sdk.v1.events.list().data[0]

    provider.control(f"events/{event.id}/deliver", forged=True)

    with pytest.raises(stripe.SignatureVerificationError, match="No signatures found matching"):
        verified(endpoint.received[-1])


def test_an_altered_event_is_signed_rightly_and_the_stored_one_is_untouched(provider, endpoint):
    provider.intent(1000)
    provider.delivered()
    event = provider.sdk.v1.events.list().data[0]

    changes = {"livemode": True, "data.object.amount": 1, "data.object.currency": "usd"}
    provider.control(f"events/{event.id}/deliver", set=changes)

    altered = verified(endpoint.received[-1])
    assert (True, 1, "usd") == (
        altered.livemode,
        altered.data.object["amount"],
        altered.data.object["currency"],
    )
    assert 1000 == provider.sdk.v1.events.retrieve(event.id).data.object["amount"]


def test_events_are_listed_by_type(provider):
    provider.paid()

    one = provider.sdk.v1.events.list({"type": "charge.succeeded"}).data
    two = provider.sdk.v1.events.list({"types": ["charge.succeeded", "charge.updated"]}).data

    assert ["charge.succeeded"] == [event.type for event in one]
    assert ["charge.updated", "charge.succeeded"] == [event.type for event in two]
