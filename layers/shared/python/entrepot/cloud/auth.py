"""Tokens: signed by a key in KMS, verified here without a request once the public keys are known.

A token is a JWT (RFC 7519) signed with ES256. Its `typ` header says what it is for, so that a refresh token
is never taken for an access token. Algorithm, issuer, audience and key id are ours or the token is refused.

Two keys are accepted: the one that signs, and the one that signed before it or will sign after it (ADR 55).
"""

import base64
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from entrepot.cloud import aws
from entrepot.contracts import permissions
from entrepot.kernel.refusals import Kind, Refusal

ACCESS: Final = "at+jwt"
REFRESH: Final = "rt+jwt"
IDENTITY: Final = "JWT"
"""The `typ` of an ID token: for the application that a member signs in to, and good for nothing here."""

ISSUER: Final = os.environ.get("ENTREPOT_PUBLIC_URL") or f"https://{aws.STAGE}.entrepot.example"
"""Where the API is reached from outside; the discovery document stands below it."""

AUDIENCE: Final = "entrepot-api"

_KEY_SECONDS: Final = 3600.0
_AGAIN_SECONDS: Final = 60.0  # how soon a key id that is not known makes us look for new keys
_HALF: Final = 32  # bytes of r and of s in a P-256 signature
_SIGNS: Final = "tokens"
_ACCEPTED: Final = (_SIGNS, "tokens-other")
_rings: "dict[str, _Ring]" = {}


@dataclass(frozen=True, slots=True)
class _Key:
    key_id: str
    arn: str
    public: Any  # joserfc's ECKey


@dataclass(frozen=True, slots=True)
class _Ring:
    """The keys that are accepted, the one that signs first; as they were at `read_at` (monotonic seconds)."""

    read_at: float
    keys: tuple[_Key, ...]


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


KeyHolder = Callable[[str, datetime], Principal]
_KEY_START: Final = "ek."
_holders: list[KeyHolder] = []


def connect_keys(holder: KeyHolder) -> None:
    """Name who knows API keys: membership, which the edge may not import."""
    _holders[:] = [holder]


def is_key(text: str) -> bool:
    """Whether it is an API key that is sent in a token's place."""
    return text.startswith(_KEY_START)


def key_holder(text: str, now: datetime) -> Principal:
    """Who an API key speaks for. Raises: BadToken."""
    if not _holders:
        raise BadToken
    return _holders[0](text, now)


def sign(claims: Mapping[str, Any], kind: str) -> str:
    """A token over `claims`, issuer and audience added; one request to KMS."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    key = _ring().keys[0]
    body = {"iss": ISSUER, "aud": AUDIENCE, **claims}
    signed = f"{_header(kind, key.key_id)}.{_encoded(body)}"
    answer = aws.client("kms").sign(
        KeyId=key.arn, Message=signed.encode(), MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256"
    )
    r, s = decode_dss_signature(answer["Signature"])
    return f"{signed}.{_base64(r.to_bytes(_HALF) + s.to_bytes(_HALF))}"


def verified(token: str, kind: str, now: datetime, audience: str = AUDIENCE) -> dict[str, Any]:
    """The claims of a token that we signed, for this use and audience, and still valid.

    Raises: BadToken.
    """
    from joserfc import jws
    from joserfc.errors import JoseError

    key = _key_of(token.partition(".")[0], kind)
    try:
        opened = jws.deserialize_compact(token, key, algorithms=["ES256"])
        claims: dict[str, Any] = json.loads(opened.payload)
    except (JoseError, ValueError):
        raise BadToken from None
    for_us = claims.get("iss") == ISSUER and claims.get("aud") == audience
    if not (for_us and _in_time(claims, now) and isinstance(claims.get("sub"), str)):
        raise BadToken
    return claims


def published_keys() -> list[dict[str, Any]]:
    """The public keys that are accepted, as a JSON Web Key Set lists them (RFC 7517)."""
    return [
        {**key.public.as_dict(private=False), "kid": key.key_id, "alg": "ES256", "use": "sig"}
        for key in _ring().keys
    ]


def forget_keys() -> None:
    _rings.clear()


def _in_time(claims: Mapping[str, Any], now: datetime) -> bool:
    expires, begins = claims.get("exp"), claims.get("nbf", 0)
    if type(expires) is not int or type(begins) is not int:
        return False
    return begins <= now.timestamp() < expires


def _key_of(header: str, kind: str) -> Any:
    """The public key of a token with this header. Raises: BadToken: it is none that a token of this kind has.

    After a rotation a token may come before the hour is over in which we believe what we know: so for a header that
    fits no key we look again, but not more than once a minute, whatever is sent.
    """
    for look_again in (False, True):
        for key in _ring(_AGAIN_SECONDS if look_again else _KEY_SECONDS).keys:
            if header == _header(kind, key.key_id):
                return key.public
    raise BadToken


def _ring(oldest: float = _KEY_SECONDS) -> _Ring:
    held = _rings.get("held")
    if held is None or held.read_at + oldest < time.monotonic():
        read = (_public_key(alias) for alias in _ACCEPTED)
        held = _Ring(time.monotonic(), tuple(key for key in read if key is not None))
        assert held.keys, "a stage has a key that signs"
        _rings["held"] = held
    return held


def _public_key(alias: str = _SIGNS) -> _Key | None:
    """The key behind an alias; None where there is no other."""
    from joserfc.jwk import ECKey

    try:
        answer = aws.client("kms").get_public_key(KeyId=f"alias/{aws.name(alias)}")
    except ClientError as error:
        if alias == _SIGNS or error.response["Error"]["Code"] != "NotFoundException":
            raise
        return None
    arn = answer["KeyId"]
    return _Key(arn.rpartition("/")[2], arn, ECKey.import_key(_pem(answer["PublicKey"])))


def _pem(der: bytes) -> str:
    return f"-----BEGIN PUBLIC KEY-----\n{base64.encodebytes(der).decode()}-----END PUBLIC KEY-----\n"


def _header(kind: str, key_id: str) -> str:
    """The one header a token of this kind has; any other (`none`, another key, `crit`) is refused unread."""
    return _encoded({"alg": "ES256", "typ": kind, "kid": key_id})


def _encoded(part: Mapping[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
