"""The stand-in for Stripe in this process; its webhooks are handed over when a test says so."""

import json
import os
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from entrepot.kernel.clock import utc_now
from infra.local.stripe.signing import signature_header
from infra.local.stripe.standin import StripeStandIn
from tests.support.aws import SECRETS
from tests.support.http import Answer, call


class Provider:
    """Stripe as a test sees it."""

    def __init__(self, standin: StripeStandIn) -> None:
        self.standin = standin
        self.url = standin.url
        self._delivered: set[str] = set()

    def pay(self, placed: Any, payment_method: str = "pm_card_visa") -> None:
        """What the buyer's browser does with the client secret."""
        self.control(f"payment_intents/{intent_id(placed)}/pay", payment_method=payment_method)

    def control(self, path: str, /, **fields: str) -> Any:
        """A test control of the stand-in."""
        return self._request("POST", f"/test/{path}", fields)

    def intent(self, placed: Any) -> Any:
        return self._request("GET", f"/v1/payment_intents/{intent_id(placed)}")

    def events(self) -> list[dict[str, Any]]:
        """What Stripe has to tell, oldest first."""
        newest_first: list[dict[str, Any]] = self._request("GET", "/v1/events?limit=100")["data"]
        return newest_first[::-1]

    def listed(self, kind: str) -> list[dict[str, Any]]:
        """All "payment_intents" or "refunds" there are, up to a hundred."""
        found: list[dict[str, Any]] = self._request("GET", f"/v1/{kind}?limit=100")["data"]
        return found

    def new_events(self) -> list[dict[str, Any]]:
        """Those not yet handed over."""
        return [event for event in self.events() if event["id"] not in self._delivered]

    def deliver(self, events: Sequence[dict[str, Any]] | None = None) -> None:
        """Hand over events as signed webhooks; all new ones unless told which."""
        for event in self.new_events() if events is None else events:
            answer = webhook(event)
            assert 200 == answer.status, answer.text
            self._delivered.add(event["id"])

    def _request(self, method: str, path: str, fields: dict[str, str] | None = None) -> Any:
        request = urllib.request.Request(
            self.url + path,
            data=urlencode(fields).encode() if fields is not None else None,
            method=method,
            headers={"Authorization": f"Bearer {SECRETS['stripe_secret_key']}"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)


def intent_id(placed: Any) -> str:
    return str(placed["payment"]["client_secret"]).partition("_secret")[0]


def webhook(
    event: dict[str, Any], age_seconds: int = 0, secret: str = SECRETS["stripe_webhook_secret"]
) -> Answer:
    """One webhook, signed as Stripe signs it."""
    payload = json.dumps(event).encode()
    header = signature_header(payload, secret, int(utc_now().timestamp()) - age_seconds)
    return call("POST", "/v1/webhooks/stripe", raw=payload, headers={"Stripe-Signature": header})


@contextmanager
def running() -> Iterator[Provider]:
    standin = StripeStandIn(secret_key=SECRETS["stripe_secret_key"])
    with standin:
        os.environ["ENTREPOT_STRIPE_URL"] = standin.url
        try:
            yield Provider(standin)
        finally:
            del os.environ["ENTREPOT_STRIPE_URL"]
