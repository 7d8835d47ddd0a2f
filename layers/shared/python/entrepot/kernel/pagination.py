"""Cursors: where a list goes on, signed and bound to caller and filter, opaque to both."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from entrepot.kernel.refusals import Kind, Refusal

T = TypeVar("T")

_SIGNATURE_BYTES: Final = 16


class BadCursor(Refusal):
    code = "bad_cursor"
    kind = Kind.MALFORMED
    title = "This cursor was not given out for this list."


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a list. It may be short; only a `next_key` of None ends the list."""

    items: tuple[T, ...]
    next_key: Mapping[str, str] | None


def sealed_cursor(key: Mapping[str, str], binding: str, secret: bytes) -> str:
    """`key` (where to go on) as a cursor that only the same caller and filter (`binding`) can use."""
    body = json.dumps(key, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_signature(body, binding, secret) + body).decode().rstrip("=")


def opened_cursor(cursor: str, binding: str, secret: bytes) -> dict[str, str]:
    """The key inside `cursor`.

    Raises: BadCursor: it was altered, or given out for another caller or filter.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        raise BadCursor(field="cursor") from None
    signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(body, binding, secret)):
        raise BadCursor(field="cursor")
    key: dict[str, str] = json.loads(body)
    return key


def _signature(body: bytes, binding: str, secret: bytes) -> bytes:
    message = binding.encode() + b"\0" + body
    return hmac.new(secret, message, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
