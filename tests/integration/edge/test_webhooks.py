"""Webhooks: only what was signed, lately and over these very bytes, gets onto a queue."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from entrepot.kernel.clock import utc_now
from infra.local.carriers.payloads import Parcel, Scan, signature
from infra.local.carriers.payloads import webhook as signed_webhook
from infra.local.stripe.signing import signature_header
from tests.integration.edge.scene import Scene
from tests.support import pump
from tests.support.aws import SECRETS
from tests.support.http import Answer, call

SECRET = SECRETS["stripe_webhook_secret"]
EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "payment_intent.succeeded",
    "created": 1,
    "data": {"object": {}},
}
CARRIERS = {"aftership": "aftership_secret", "easypost": "easypost_secret", "17track": "seventeentrack_key"}


def stripe(payload: bytes, header: str | None) -> Answer:
    headers = {} if header is None else {"Stripe-Signature": header}
    return call("POST", "/v1/webhooks/stripe", raw=payload, headers=headers)


def signed(payload: bytes, age: int = 0, secret: str = SECRET) -> str:
    return signature_header(payload, secret, int(utc_now().timestamp()) - age)


def test_a_signed_event_is_queued(scene: Scene) -> None:
    payload = json.dumps(EVENT).encode()

    assert 200 == stripe(payload, signed(payload)).status

    assert [("payments-webhooks", f"stripe {payload.decode()}")] == pump._waiting()


FORGED: dict[str, Callable[[bytes], str | None]] = {
    "no signature": lambda payload: None,
    "empty": lambda payload: "",
    "another secret": lambda payload: signed(payload, secret="whsec_other"),
    "over other bytes": lambda payload: signed(payload + b" "),
    "of 301 seconds ago": lambda payload: signed(payload, age=302),
    "of next hour": lambda payload: signed(payload, age=-3600),
    "of last year": lambda payload: signed(payload, age=365 * 86400),
    "without its time": lambda payload: signed(payload).partition(",")[2],
    "with two times": lambda payload: f"t=1,{signed(payload)}",
    "with a new time": lambda payload: (
        f"t={int(utc_now().timestamp())}," + signed(payload, 600).partition(",")[2]
    ),
    "of another scheme": lambda payload: signed(payload).replace("v1=", "v0="),
    "no number": lambda payload: "t=soon,v1=00",
    "a huge time": lambda payload: "t=" + "9" * 5000 + ",v1=00",
    "not ASCII": lambda payload: signed(payload).replace("v1=", "v1=é"),
    "cut short": lambda payload: signed(payload)[:-1],
    "nonsense": lambda payload: "nonsense;;;===,,,",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_a_forged_or_replayed_event_of_stripe_is_refused(
    scene: Scene, forge: Callable[[bytes], str | None]
) -> None:
    payload = json.dumps(EVENT).encode()

    answer = stripe(payload, forge(payload))

    scene.assert_refused(answer, "bad_signature")
    assert 400 == answer.status


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"{}",
        b'{"id": 7}',
        b"\xff\xfe",
        b'{"id": "evt_1", "type": "\xff"}',
        b"[" * 5000,
    ],
)
def test_what_stripe_signed_must_be_an_event(scene: Scene, payload: bytes) -> None:
    scene.assert_refused(stripe(payload, signed(payload)), 400)


def test_a_webhook_over_a_megabyte_is_too_large(scene: Scene) -> None:
    payload = json.dumps({**EVENT, "padding": "x" * 1024 * 1024}).encode()

    scene.assert_refused(stripe(payload, signed(payload)), 413)


@pytest.mark.parametrize("extra", [300_000, 900_000])
def test_a_webhook_larger_than_a_message_is_still_taken(scene: Scene, extra: int) -> None:
    (event, *_) = scene.bazaar.provider.events()
    payload = json.dumps({**event, "padding": "x" * extra}).encode()

    assert 200 == stripe(payload, signed(payload)).status

    ((_, body),) = pump._waiting()
    assert event["id"] == json.loads(body.removeprefix("stripe "))["id"]
    assert [] == pump.deliver("payments-webhooks", body)


def carrier(source: str, secret: str) -> Any:
    scans = [Scan(utc_now(), "in_transit", "InTransit", "Leipzig, DE")]
    return signed_webhook(source, Parcel("ups", "1Z999AA10123456784"), scans, secret, utc_now())


@pytest.mark.parametrize("source", CARRIERS)
def test_a_carriers_webhook_needs_its_signature_over_its_bytes(scene: Scene, source: str) -> None:
    path = f"/v1/webhooks/carriers/{source}"
    good = carrier(source, SECRETS[CARRIERS[source]])
    names = [name for name in good.headers if name.lower() != "content-type"]

    tampered = call("POST", path, raw=good.body + b" ", headers=dict(good.headers))
    forged = call(
        "POST", path, raw=good.body, headers=dict(carrier(source, "another-secret-of-some-length").headers)
    )
    bare = call("POST", path, raw=good.body)
    blank = call("POST", path, raw=good.body, headers=dict.fromkeys(names, ""))
    odd = call("POST", path, raw=good.body, headers=dict.fromkeys(names, "é" * 64))

    for answer in (tampered, forged, bare, blank, odd):
        scene.assert_refused(answer, 401)


def test_a_carrier_that_is_none_of_ours_is_not_found(scene: Scene) -> None:
    good = carrier("aftership", SECRETS["aftership_secret"])

    answer = call("POST", "/v1/webhooks/carriers/pigeon", raw=good.body, headers=dict(good.headers))

    scene.assert_refused(answer, 404)


def test_a_carriers_webhook_over_a_megabyte_is_too_large(scene: Scene) -> None:
    answer = call("POST", "/v1/webhooks/carriers/aftership", raw=b"x" * (1024 * 1024 + 1))

    scene.assert_refused(answer, 413)


@pytest.mark.parametrize("source", CARRIERS)
@pytest.mark.parametrize(
    "body", [b"", b"null", b"{", b"[]", b'{"msg": 7}', b"\xff", b'{"data": {"track_info": 7}}']
)
def test_what_a_carrier_signed_must_be_its_webhook(scene: Scene, source: str, body: bytes) -> None:
    """However wrong it is, it is no outage, and nothing of it is queued."""
    name, value = signature(source, body, SECRETS[CARRIERS[source]])

    answer = call("POST", f"/v1/webhooks/carriers/{source}", raw=body, headers={name: value})

    assert answer.status in (200, 400), answer.text
    scene.assert_untouched()
