"""A running stand-in, the SDK pointed at it, and an endpoint that receives its webhooks."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import stripe

from infra.local.stripe.serving import LocalServer, Reply, Request
from infra.local.stripe.standin import StripeStandIn

SECRET = "whsec_for_tests"


@dataclass
class Endpoint:
    """Receives webhooks; `refusals` are the statuses of its first answers, then it answers 200."""

    refusals: list[int] = field(default_factory=list)
    received: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    def __call__(self, request: Request) -> Reply:
        with self.lock:
            self.received.append(request)
            status = self.refusals.pop(0) if self.refusals else 200
        return Reply.json(status, {})

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.received]

    def types(self) -> list[str]:
        return [event["type"] for event in self.events()]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    application = Endpoint()
    server = LocalServer(0, application)
    server.start()
    application.url = server.url
    yield application
    server.stop()


@dataclass
class Provider:
    """The stand-in as a test sees it: the SDK beside the controls."""

    standin: StripeStandIn
    sdk: stripe.StripeClient

    def call(
        self, method: str, path: str, document: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """A test control, or any call without the SDK."""
        return self.raw(
            method, path, json.dumps(document or {}).encode(), {"Content-Type": "application/json"}
        )

    def control(self, path: str, /, **document: Any) -> dict[str, Any]:
        """A test control that must succeed."""
        status, answer = self.call("POST", f"/test/{path}", document)
        assert status == 200, answer
        return answer

    def raw(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.standin.server.port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def delivered(self) -> None:
        """Wait until every event is delivered."""
        assert self.control("webhooks/wait", seconds=10) == {"idle": True}

    def paid(self, amount: int = 10_000, **more: Any) -> stripe.PaymentIntent:
        """An intent paid by card, captured unless `capture_method` says otherwise."""
        return self.intent(amount, payment_method="pm_card_visa", confirm=True, **more)

    def intent(self, amount: int = 10_000, **more: Any) -> stripe.PaymentIntent:
        params: Any = {"amount": amount, "currency": "eur", "allowed_payment_method_types": ["card"], **more}
        return self.sdk.v1.payment_intents.create(params)

    def event_types(self) -> list[str]:
        """All events so far, oldest first."""
        return [str(event.type) for event in self.sdk.v1.events.list({"limit": 100}).data][::-1]


@pytest.fixture
def provider(endpoint: Endpoint) -> Iterator[Provider]:
    url = f"{endpoint.url}/v1/webhooks/stripe"
    http_client: Any = stripe.RequestsClient()  # its `close` is untyped
    with StripeStandIn(webhook_url=url, webhook_secret=SECRET) as standin:
        sdk = stripe.StripeClient(
            "sk_test_entrepot",
            base_addresses={"api": standin.url},
            http_client=http_client,
            max_network_retries=0,
        )
        yield Provider(standin, sdk)
    http_client.close()
