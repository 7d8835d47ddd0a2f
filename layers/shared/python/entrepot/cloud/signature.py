"""Version 4 of AWS's signature, for the one kind of request that its JSON protocols have: a POST to "/".

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


class Credentials(NamedTuple):
    access_key: str
    secret_key: str
    session_token: str | None


def signed(
    headers: Mapping[str, str], body: bytes, service: str, region: str, credentials: Credentials, at: datetime
) -> dict[str, str]:
    """`headers` with the date, the token and the signature beside.

    Args: headers: all that are to be signed, in lower case, with "host". at: UTC.
    """
    moment = at.strftime("%Y%m%dT%H%M%SZ")
    day = moment[:8]
    every = {**headers, "x-amz-date": moment}
    if credentials.session_token:
        every["x-amz-security-token"] = credentials.session_token
    names = sorted(every)
    listed = ";".join(names)
    lines = "".join(f"{name}:{every[name]}\n" for name in names)
    request = f"POST\n/\n\n{lines}\n{listed}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{region}/{service}/aws4_request"
    text = f"{_ALGORITHM}\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(_key(credentials.secret_key, day, region, service), text.encode(), "sha256").hex()
    every["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={listed}, Signature={signature}"
    )
    return every


@lru_cache(maxsize=8)
def _key(secret_key: str, day: str, region: str, service: str) -> bytes:
    """The key of a day, which only the day and the place make: four hashes saved with each request."""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
