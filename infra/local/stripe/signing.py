"""The signature of a webhook: https://docs.stripe.com/webhooks#verify-manually."""

from __future__ import annotations

import hashlib
import hmac


def signature_header(payload: bytes, secret: str, timestamp: int) -> str:
    """The value of `Stripe-Signature`: HMAC-SHA256 over `{timestamp}.{payload}`, in hex."""
    signed = str(timestamp).encode() + b"." + payload
    return f"t={timestamp},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
