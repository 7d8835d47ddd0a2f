"""Refusals as problem documents (RFC 9457). One table maps kinds to statuses."""

from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from entrepot.cloud import telemetry, wire
from entrepot.cloud.call import Reply
from entrepot.kernel.refusals import Kind, Refusal

STATUS: Final[dict[Kind, int]] = {
    Kind.MALFORMED: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.STALE: 412,
    Kind.TOO_LARGE: 413,
    Kind.MEDIA_TYPE: 415,
    Kind.RULE: 422,
    Kind.PRECONDITION_MISSING: 428,
    Kind.THROTTLED: 429,
    Kind.BUSY: 503,
}

_TITLES: Final = {
    400: "Malformed request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Stale",
    413: "Too large",
    415: "Unsupported media type",
    422: "Refused by a rule",
    428: "Precondition required",
    429: "Too many requests",
    500: "Internal error",
    503: "Busy",
}

_FACTS: Final = {"status": "current_status", "detail": "further_detail", "code": "further_code"}
"""Facts that bear the name of a member of the document (RFC 9457, section 3.1), and what they are called in it."""


def reply(refusal: Refusal) -> Reply:
    status = STATUS[refusal.kind]
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        headers["Retry-After"] = str(refusal.facts.get("retry_after_seconds", 1))
    facts = {_FACTS.get(name, name): value for name, value in refusal.facts.items()}
    return problem(status, refusal.code, refusal.detail, headers, **facts)


def outage(error: Exception) -> Reply:
    """What a caller sees of an outage (503, try again) or of a bug of ours (500); neither tells its inside."""
    if isinstance(error, ClientError | BotoCoreError):
        return problem(503, "unavailable", "Something we depend on does not answer.", {"Retry-After": "2"})
    return problem(500, "internal_error", "Something went wrong on our side.", {})


def problem(status: int, code: str, detail: str, headers: dict[str, str], **facts: Any) -> Reply:
    document = {
        "type": f"urn:entrepot:problem:{code}",
        "title": _TITLES[status],
        "status": status,
        "code": code,
        "detail": detail,
        "correlation_id": telemetry.correlation_id.get(),
        **facts,
    }
    return Reply(wire.encoded(document), status, {**headers, "Content-Type": "application/problem+json"})
