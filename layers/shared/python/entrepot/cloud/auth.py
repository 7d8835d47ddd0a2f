"""Tokens: signed by a key in KMS, verified here without a request once the public key is known.

A token is a JWT (RFC 7519) signed with ES256. Its `typ` header says what it is for, so that a refresh token
is never taken for an access token. Algorithm, issuer, audience and key id are ours or the token is refused.
"""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from entrepot.cloud import aws
from entrepot.contracts import permissions
from entrepot.kernel.refusals import Kind, Refusal

ACCESS: Final = "at+jwt"
REFRESH: Final = "rt+jwt"
ISSUER: Final = f"entrepot-{aws.STAGE}"
AUDIENCE: Final = "entrepot-api"

_KEY_SECONDS: Final = 3600.0
_HALF: Final = 32  # bytes of r and of s in a P-256 signature
_keys: dict[str, tuple[float, str, Any]] = {}


class Unauthenticated(Refusal):
    code = "unauthenticated"
    kind = Kind.UNAUTHENTICATED
    title = "Sign in first."


class BadToken(Refusal):
    code = "invalid_token"
    kind = Kind.UNAUTHENTICATED
    title = "This token is not valid, or no longer."


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: a member in one role, a merchant's staff or machine with its merchant.

    `scopes`: the actions that the token is narrowed to, of a third application's or a machine's; None for a member's
    own session, which may do all that the role may. `client_id`: through which of them.
    """

    member_id: str
    role: str
    merchant_id: str | None = None
    session_id: str = ""
    scopes: frozenset[str] | None = None
    client_id: str = ""

    @property
    def side(self) -> str:
        """Whose things it reaches: "shopper", "merchant", "operator" or "none"."""
        return permissions.side(self.role, self.merchant_id)

    def may(self, action: str) -> bool:
        """Whether role and scopes allow an action of the permission table."""
        return permissions.permitted(self.role, action) and self.scoped(action)

    def scoped(self, action: str) -> bool:
        """Whether the scopes, where there are any, name the action."""
        return self.scopes is None or action in self.scopes


def principal(token: str, now: datetime) -> Principal:
    """Who an access token speaks for.

    Raises: BadToken.
    """
    claims = verified(token, ACCESS, now)
    scope = claims.get("scope")
    return Principal(
        claims["sub"],
        claims["role"],
        claims.get("merchant_id"),
        claims.get("sid", ""),
        None if scope is None else frozenset(scope.split()),
        claims.get("client_id", ""),
    )


def sign(claims: Mapping[str, Any], kind: str) -> str:
    """A token over `claims`, issuer and audience added; one request to KMS."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    key_id, _ = _public_key()
    body = {"iss": ISSUER, "aud": AUDIENCE, **claims}
    signed = f"{_header(kind, key_id)}.{_encoded(body)}"
    answer = aws.client("kms").sign(
        KeyId=_alias(), Message=signed.encode(), MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256"
    )
    r, s = decode_dss_signature(answer["Signature"])
    return f"{signed}.{_base64(r.to_bytes(_HALF) + s.to_bytes(_HALF))}"


def verified(token: str, kind: str, now: datetime) -> dict[str, Any]:
    """The claims of a token that we signed, for this use and still valid.

    Raises: BadToken.
    """
    from joserfc import jws
    from joserfc.errors import JoseError

    key_id, key = _public_key()
    if token.partition(".")[0] != _header(kind, key_id):
        raise BadToken
    try:
        opened = jws.deserialize_compact(token, key, algorithms=["ES256"])
        claims: dict[str, Any] = json.loads(opened.payload)
    except (JoseError, ValueError):
        raise BadToken from None
    for_us = claims.get("iss") == ISSUER and claims.get("aud") == AUDIENCE
    if not (for_us and _in_time(claims, now) and isinstance(claims.get("sub"), str)):
        raise BadToken
    return claims


def forget_keys() -> None:
    _keys.clear()


def _in_time(claims: Mapping[str, Any], now: datetime) -> bool:
    expires, begins = claims.get("exp"), claims.get("nbf", 0)
    if type(expires) is not int or type(begins) is not int:
        return False
    return begins <= now.timestamp() < expires


def _public_key() -> tuple[str, Any]:
    from joserfc.jwk import ECKey

    held = _keys.get("current")
    if held is None or held[0] < time.monotonic():
        answer = aws.client("kms").get_public_key(KeyId=_alias())
        key_id = answer["KeyId"].rpartition("/")[2]
        held = (time.monotonic() + _KEY_SECONDS, key_id, ECKey.import_key(_pem(answer["PublicKey"])))
        _keys["current"] = held
    return held[1], held[2]


def _alias() -> str:
    return f"alias/{aws.name('tokens')}"


def _pem(der: bytes) -> str:
    return f"-----BEGIN PUBLIC KEY-----\n{base64.encodebytes(der).decode()}-----END PUBLIC KEY-----\n"


def _header(kind: str, key_id: str) -> str:
    """The one header a token of this kind has; any other (`none`, another key, `crit`) is refused unread."""
    return _encoded({"alg": "ES256", "typ": kind, "kid": key_id})


def _encoded(part: Mapping[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
