"""Receipt of webhooks: signed a moment ago by Stripe, or refused; queued as they came, with who sent them."""

import pytest

from entrepot.kernel.refusals import Malformed
from functions.payments import webhooks
from tests.integration.payments.conftest import SECRET, Provider, later, now, queued, sent, signature, started
from tests.support import http

pytestmark = pytest.mark.usefixtures("provider")


def test_a_signed_webhook_is_queued_as_it_came_and_answered_at_once(provider: Provider) -> None:
    started()
    (body,) = provider.events()

    answer = sent(body.encode(), signature(body.encode(), now()))

    assert (200, {"received": True}) == (answer.status, answer.json)
    assert [f"stripe {body}"] == queued()


@pytest.mark.parametrize(
    ("secret", "seconds", "spoilt"),
    [(SECRET, 0, b" "), ("whsec_other", 0, b""), (SECRET, -301, b""), (SECRET, 302, b"")],
    ids=["other bytes", "other secret", "replayed later", "from the future"],
)
def test_a_webhook_that_stripe_did_not_just_sign_is_refused(
    provider: Provider, secret: str, seconds: int, spoilt: bytes
) -> None:
    started()
    body = provider.events()[0].encode()

    answer = sent(body + spoilt, signature(body, later(seconds=seconds), secret))

    assert (400, "bad_signature") == (answer.status, answer.code)
    assert [] == queued()


def test_a_webhook_without_signature_is_refused() -> None:
    answer = http.call("POST", "/v1/webhooks/stripe", raw=b"{}")

    assert (400, "bad_signature") == (answer.status, answer.code)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"id": 7, "type": "x"}'])
def test_a_signed_body_that_is_no_event_is_malformed(body: bytes) -> None:
    answer = sent(body, signature(body, now()))

    assert (400, "malformed") == (answer.status, answer.code)
    assert [] == queued()


def test_signed_bytes_that_are_no_text_are_malformed() -> None:
    body = b"\xff\xfe"

    with pytest.raises(Malformed):
        webhooks.receive("stripe", body, {"stripe-signature": signature(body, now())}, now())

    assert [] == queued()
