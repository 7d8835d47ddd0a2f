"""A refusal is a named fact with a stable code. A bug is an assertion; an outage propagates."""

from enum import Enum
from typing import Any, ClassVar


class Kind(Enum):
    """What sort of no it is; the HTTP edge maps each to one status."""

    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    STALE = "stale"
    TOO_LARGE = "too_large"
    MEDIA_TYPE = "media_type"
    RULE = "rule"
    PRECONDITION_MISSING = "precondition_missing"
    THROTTLED = "throttled"
    BUSY = "busy"


class Refusal(Exception):
    """Base of every refusal. `code` is public and never renamed; `facts` are shown to the caller.

    Facts hold no personal data. A fact named `field` says which field of the request is at fault.
    """

    code: ClassVar[str]
    kind: ClassVar[Kind]
    title: ClassVar[str] = ""

    def __init__(self, detail: str = "", **facts: Any) -> None:
        super().__init__(detail or self.title or self.code)
        self.detail = detail or self.title
        self.facts = facts


class NotFound(Refusal):
    code = "not_found"
    kind = Kind.NOT_FOUND
    title = "There is no such thing, or not for you."


class Malformed(Refusal):
    code = "malformed"
    kind = Kind.MALFORMED
    title = "The request cannot be read."


class Busy(Refusal):
    code = "busy"
    kind = Kind.BUSY
    title = "Too much happens here at once; the same request may be sent again."
