"""Delivers webhooks as the stand-in for Stripe does, signed as a BTCPay Server signs them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

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

    def signed(self, event: Json, age: int, secret: str) -> tuple[bytes, dict[str, str]]:
        """The signature of a BTCPay Server has no age."""
        payload = json.dumps(event["body"]).encode()
        return payload, {
            "Content-Type": "application/json; charset=utf-8",
            "BTCPay-Sig": signature_header(payload, secret),
        }
