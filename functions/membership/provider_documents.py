"""What providers publish: discovery documents and keys. Read over the net with limits, and kept for a while.

A document that could not be read is not asked for again at once, so that a provider that is down does not hold up
everybody who tries.
"""

import json
import time
from dataclasses import dataclass
from typing import Any, Final

import requests
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from entrepot.cloud import aws, telemetry
from functions.membership.domain.social import Provider, ProviderUnavailable, discovered, may_call

CONNECTION: Final[dict[str, Any]] = {
    "timeout": (3.05, 5.0),  # seconds to connect, and between two pieces of an answer
    "allow_redirects": False,
    "stream": True,
}
SECONDS: Final = 8.0  # for an answer in all, however slowly its pieces come
MOST_BYTES: Final = 256 * 1024
MOST_KEYS: Final = 50
MOST_KEPT: Final = 64
KEPT_SECONDS: Final = 3600.0
AGAIN_SECONDS: Final = 60.0  # how soon a key that is not known makes us look for new ones
FAILED_SECONDS: Final = 15.0  # for how long a provider that failed is left alone

_PIECE: Final = 16 * 1024
_KINDS: Final = ("RSA", "EC", "OKP")  # of keys: never `oct`, which would be one that everybody has


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was read whole, within the limit: what Authlib's client asks of one."""

    status_code: int
    body: bytes

    def json(self) -> Any:
        """Raises: ValueError: it is no JSON, or nested deeper than anybody means."""
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deeply") from None

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise ValueError(f"answered {self.status_code}")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A document, and when it was read (monotonic seconds); None for one that could not be."""

    read_at: float
    value: Any


_documents: dict[str, _Kept] = {}


def one_machine() -> bool:
    return aws.STAGE in ("local", "test")


def check(url: str, provider: Provider) -> None:
    """Raises: ProviderUnavailable: the provider's configuration does not let it be called."""
    if not may_call(url, provider.hosts, one_machine()):
        telemetry.log("provider_address_refused", level="error", provider=provider.provider_id)
        raise ProviderUnavailable


def unavailable(provider: Provider, error: Exception) -> ProviderUnavailable:
    """What a failed call is for the caller; the log learns its kind, never its text, which may hold a secret."""
    telemetry.log(
        "provider_unavailable", level="warning", provider=provider.provider_id, error=type(error).__name__
    )
    return ProviderUnavailable()


def limited(response: requests.Response) -> Answer:
    """An answer, read up to the limits. Raises: ValueError: it is longer, or too slow; requests.RequestException."""
    content, ends = bytearray(), time.monotonic() + SECONDS
    with response:
        for piece in response.iter_content(_PIECE):
            content += piece
            if len(content) > MOST_BYTES or time.monotonic() > ends:
                raise ValueError("longer or slower than an answer may be")
    return Answer(response.status_code, bytes(content))


def discover(bare: Provider, issuer: str) -> Provider:
    """A provider with what its discovery document says. Raises: ProviderUnavailable."""
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    document = _document(url, bare)
    found = discovered(bare, issuer, document, one_machine()) if isinstance(document, dict) else None
    if found is None:
        telemetry.log("provider_discovery_refused", level="error", provider=bare.provider_id)
        raise ProviderUnavailable
    return found


def keys(provider: Provider, *, again: bool = False) -> list[Any]:
    """The keys that a provider signs with. `again`: look for new ones, but not more than once a minute.

    Raises: ProviderUnavailable.
    """
    assert provider.jwks_uri is not None, "who signs by keys publishes them"
    document = _document(provider.jwks_uri, provider, AGAIN_SECONDS if again else KEPT_SECONDS)
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise ProviderUnavailable
    found = []
    for given in listed:
        if isinstance(given, dict) and given.get("kty") in _KINDS and given.get("use") in (None, "sig"):
            try:
                found.append(import_key(given))
            except (JoseError, ValueError, TypeError, KeyError):  # a key of a kind that is not known here
                continue
    return found


def forget() -> None:
    """Drop what is kept: for tests that start a new provider."""
    _documents.clear()


def _document(url: str, provider: Provider, oldest: float = KEPT_SECONDS) -> Any:
    held, moment = _documents.get(url), time.monotonic()
    if held is not None:
        age = moment - held.read_at
        if held.value is None and age < FAILED_SECONDS:
            raise ProviderUnavailable
        if held.value is not None and age < oldest:
            return held.value
    value = _read(url, provider, moment)
    while len(_documents) >= MOST_KEPT:
        _documents.pop(next(iter(_documents)))
    _documents[url] = _Kept(moment, value)
    return value


def _read(url: str, provider: Provider, moment: float) -> Any:
    check(url, provider)
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = limited(session.get(url, headers={"Accept": "application/json"}, **CONNECTION))
        if answer.status_code != 200:
            raise ValueError(f"answered {answer.status_code}")
        value = answer.json()
        if not isinstance(value, dict):
            raise ValueError("no document")
    except (requests.RequestException, ValueError) as error:
        _documents[url] = _Kept(moment, None)
        raise unavailable(provider, error) from None
    return value
