"""What may not be in the logs of functions: a line that is no object, one that belongs to no call, and a secret."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

_SECRET_FIELDS: Final = frozenset(
    {"access_token", "refresh_token", "client_secret", "order_token", "cart_token", "code", "password"}
)
_SECRET_HEADERS: Final = frozenset({"authorization", "order-token", "cart-token", "stripe-signature"})
_SHORTEST: Final = 6


def malformed(lines: Iterable[str]) -> list[str]:
    """Lines that are not one JSON object each, with what they belong to."""
    return [line for line in lines if not _belongs(line)]


def _belongs(line: str) -> bool:
    try:
        said = json.loads(line)
    except ValueError:
        return False
    if not isinstance(said, dict):
        return False
    known = said.get("correlation_id") or said.get("requestId")
    return isinstance(known, str) and known not in ("", "-")


def leaks(lines: Iterable[str], secrets: Iterable[str]) -> list[tuple[str, str]]:
    """Each secret that stands in a line, with that line."""
    kept = {secret for secret in secrets if len(secret) >= _SHORTEST}
    return [(secret, line) for line in lines for secret in kept if secret in line]


def told_to(event: Any) -> Iterator[str]:
    """The secrets that a request brings: in its headers, and in fields of its body."""
    for name, value in (event.get("headers") or {}).items():
        if name.lower() in _SECRET_HEADERS:
            yield value.removeprefix("Bearer ")
    yield from fields(_parsed(event.get("body")))


def fields(document: Any) -> Iterator[str]:
    """The values of all fields that are secret by their name."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            if isinstance(value, str) and name in _SECRET_FIELDS:
                yield value
            yield from fields(value)
    elif isinstance(document, list):
        for each in document:
            yield from fields(each)


def answered(answer: Any) -> Iterator[str]:
    """The secrets that an answer of the API hands out."""
    yield from fields(_parsed((answer or {}).get("body")))


def _parsed(text: Any) -> Any:
    try:
        return json.loads(text or "null")
    except ValueError:
        return None
