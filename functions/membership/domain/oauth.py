"""Third applications, what members have granted them, and the keys of partners' machines."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from entrepot.kernel.refusals import Kind, Refusal

CODE_LIFE: Final = timedelta(minutes=1)
GRANT_LIFE: Final = timedelta(days=30)  # after the last refresh
LAST_USED_EVERY: Final = timedelta(minutes=1)
MOST_REDIRECT_URIS: Final = 10
MOST_KEYS: Final = 50

_LOOPBACK: Final = ("127.0.0.1", "[::1]", "localhost")
_URI: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,400}")


class InvalidRedirectUri(Refusal):
    code = "invalid_redirect_uri"
    kind = Kind.MALFORMED
    title = "A redirect URI is https, or http to this machine, with no fragment, user or wildcard."


class UnknownScope(Refusal):
    code = "unknown_scope"
    kind = Kind.MALFORMED
    title = "A scope that may not be given here."


class TooManyKeys(Refusal):
    code = "too_many_keys"
    kind = Kind.RULE
    title = f"A merchant has at most {MOST_KEYS} keys; revoke one first."


class AuthorisationRefused(Refusal):
    """The application or its address is not known: who has signed in must not be sent there."""

    code = "authorisation_refused"
    kind = Kind.RULE
    title = "This application may not ask so; nobody is sent back to it."


@dataclass(frozen=True, slots=True)
class Client:
    """A third application that members sign in to.

    `secret_hash` is None for a public one (on a phone, in a browser), which has PKCE alone. `audience`: for whom its
    access tokens are; ours, or an API of its own, which then verifies them by our key set.
    """

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    audience: str
    created_at: datetime
    secret_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """An authorisation code: what was asked for and granted. `grant_id`: the grant that its exchange begins."""

    member_id: str
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str | None
    challenge: str
    signed_in_at: int  # seconds since 1970
    grant_id: str
    expires_at: int  # seconds since 1970
    used: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """What a member has granted an application, from one code on: the family of its tokens.

    `refresh_id` names the one refresh token that is good; one of the family's that is not ends it.
    """

    grant_id: str
    member_id: str
    client_id: str
    scope: str
    refresh_id: str
    expires_at: int  # seconds since 1970
    ended: bool = False

    def alive(self, now: datetime) -> bool:
        return not self.ended and self.expires_at > now.timestamp()


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What a partner's machine shows: it acts for one merchant, within its scopes."""

    key_id: str
    merchant_id: str
    name: str
    scopes: tuple[str, ...]
    secret_hash: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None

    @property
    def client_id(self) -> str:
        """Under which OAuth's client credentials know it."""
        return f"{self.merchant_id}.{self.key_id}"


@dataclass(frozen=True, slots=True)
class KeyState:
    """A key with what changes about it."""

    key: ApiKey
    last_used_at: datetime | None
    revoked: bool

    def alive(self, now: datetime) -> bool:
        return not self.revoked and (self.key.expires_at is None or now < self.key.expires_at)

    def worth_noting(self, now: datetime) -> bool:
        """Whether its use is written down: not each time, but once a minute."""
        return self.last_used_at is None or now - self.last_used_at >= LAST_USED_EVERY


def redirect_uri(text: str) -> str:
    """An address that an application may be sent back to: compared letter by letter ever after.

    Raises: InvalidRedirectUri.
    """
    if not _URI.fullmatch(text) or "*" in text or "#" in text:
        raise InvalidRedirectUri(field="redirect_uris")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise InvalidRedirectUri(field="redirect_uris") from None
    local = parts.scheme == "http" and (host in _LOOPBACK or host == "::1")
    if not host or "@" in parts.netloc or not (parts.scheme == "https" or local):
        raise InvalidRedirectUri(field="redirect_uris")
    return text


def scopes(asked: tuple[str, ...], allowed: frozenset[str]) -> tuple[str, ...]:
    """Each scope once, in order. Raises: UnknownScope."""
    for scope in asked:
        if scope not in allowed:
            raise UnknownScope(field="scopes")
    return tuple(sorted(set(asked)))
