"""The signature of a webhook: https://docs.btcpayserver.org/API/Greenfield/v1/#tag/Webhooks."""

from __future__ import annotations

import hashlib
import hmac


def signature_header(payload: bytes, secret: str) -> str:
    """The value of `BTCPay-Sig`: HMAC-SHA256 over the body, in hex."""
    return "sha256=" + hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()
