"""`Stripe-Signature`, checked without Stripe's library: a webhook needs an HMAC, not its quarter of a second.

Source: https://docs.stripe.com/webhooks#verify-manually. The header is `t=<seconds>,v1=<hex>[,v1=<hex>…]`; v1 is
HMAC-SHA256(secret, "<t>." + body). There are several v1 while a secret is being rolled.
"""

import hashlib
import hmac
import re
from datetime import datetime
from typing import Final

from functions.payments.gateway import BadSignature

TOLERANCE_SECONDS: Final = 300
_TIME: Final = re.compile(r"[0-9]{1,12}")


def check(body: bytes, header: str, secrets: tuple[str, ...], now: datetime) -> None:
    """Refuse a body that Stripe did not sign by any of these secrets, or signed more than 300 s from now.

    Raises: BadSignature.
    """
    pairs = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    given = [value.encode() for name, _, value in pairs if name == "v1"]
    if len(times) != 1 or not _TIME.fullmatch(times[0]):
        raise BadSignature
    signed = times[0].encode() + b"." + body
    expected = [hmac.new(each.encode(), signed, hashlib.sha256).hexdigest().encode() for each in secrets]
    # Each is compared in constant time, and all of them are.
    matches = [hmac.compare_digest(one, each) for one in expected for each in given]
    if not any(matches) or abs(now.timestamp() - int(times[0])) > TOLERANCE_SECONDS:
        raise BadSignature
