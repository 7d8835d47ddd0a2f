"""Delivers webhooks as the stand-in for Stripe does, signed as a BTCPay Server signs them."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from infra.local.btcpay.signing import signature_header
from infra.local.btcpay.store import Store
from infra.local.stripe import delivery
from infra.local.stripe.serving import Json

if TYPE_CHECKING:
    from infra.local.stripe.store import Store as StripeStore


class Courier(delivery.Courier):
    """Carries events to one endpoint; of each, its body is what is sent."""

    def __init__(self, store: Store, url: str, secret: str) -> None:
        super().__init__(cast("StripeStore", store), url, secret)
        self._to, self._signs_with = urlsplit(url), secret

    def send(self, event: Json, age: int = 0, secret: str | None = None) -> int:
        """One attempt; the endpoint's status, 0 when it did not answer. The signature has no age."""
        payload = json.dumps(event["body"]).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "BTCPay-Sig": signature_header(payload, secret or self._signs_with),
        }
        kind = http.client.HTTPSConnection if self._to.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._to.hostname or "", self._to.port, timeout=delivery.TIMEOUT_SECONDS)
        try:
            connection.request("POST", self._to.path or "/", payload, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()
