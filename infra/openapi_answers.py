"""The answers of each route in the OpenAPI document: its success, and every status that it may refuse with.

What the edge refuses by itself follows from what a route takes. What its use case refuses beside that it declares, as
`refuses`. There is no `default`: an answer that is not written down is a defect, and `make fuzz` finds it.
"""

import types
import typing
from http import HTTPStatus
from typing import Any, Final

from entrepot.cloud.call import Reply, Tagged
from entrepot.cloud.http import Route
from entrepot.cloud.problems import STATUS
from entrepot.contracts.permissions import PUBLIC
from infra.openapi_links import links

_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_TEXT: Final = {"type": "string"}
_SECONDS: Final = {"type": "integer", "minimum": 1}

PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "correlation_id"],
    "properties": {
        "type": {"type": "string", "pattern": "^urn:entrepot:problem:[a-z0-9_]+$"},
        "title": _TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "pattern": "^[a-z0-9_]+$", "description": "stable; never renamed"},
        "detail": _TEXT,
        "field": {"type": "string", "description": "which field of the request is at fault"},
        "correlation_id": _TEXT,
    },
}
OAUTH_PROBLEM: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": _TEXT, "error_description": _TEXT, "error_uri": _TEXT},
}
HEADERS: Final[dict[str, Any]] = {
    "X-Correlation-Id": {
        "description": "names this request in our logs; the caller's own where it sent one",
        "required": True,
        "schema": _TEXT,
    },
    "ETag": {
        "description": "the revision, for If-Match",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
    },
    "Location": {"description": "where to go next", "required": True, "schema": _TEXT},
    "Retry-After": {"description": "seconds", "required": True, "schema": _SECONDS},
    "WWW-Authenticate": {"description": "the scheme that is wanted", "required": True, "schema": _TEXT},
}
_NAMES: Final = {
    400: "Malformed",
    401: "NotSignedIn",
    403: "NotAllowed",
    404: "NotFound",
    409: "Conflict",
    412: "Stale",
    413: "TooLarge",
    415: "UnsupportedMediaType",
    422: "RefusedByRule",
    428: "PreconditionRequired",
    429: "TooManyRequests",
    503: "Busy",
}
_BESIDE: Final = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
"""The header that a refusal brings beside its document."""


def components() -> dict[str, Any]:
    """The refusals, one for each status that a kind of refusal maps to."""
    return {_NAMES[status]: _refusal(status) for status in sorted(set(STATUS.values()))}


def responses(route: Route, schema: dict[str, Any] | None) -> dict[str, Any]:
    """Every answer of a route. Args: schema: of the body of its success; None where that has none."""
    refused = {
        str(status): {"$ref": f"#/components/responses/{_NAMES[status]}"}
        for status in sorted(refusals(route))
    }
    if is_oauth(route):
        refused |= {str(status): _oauth_refusal(status) for status in (400, 401)}
    followed = links(route.handler.__name__)
    success = {**_success(route, schema), **({"links": followed} if followed else {})}
    return {str(route.status): success, **refused}


def refusals(route: Route) -> set[int]:
    """The statuses that a route may refuse with."""
    found = {503, *route.refuses}
    found |= set() if route.form else {401}
    found |= set() if route.allow == PUBLIC else {403}
    if route.body or route.form or route.webhook:
        found |= {400, 413}
    if route.body or route.form:
        found.add(415)
    if route.query or route.idempotent:
        found.add(400)
    if route.if_match:
        found |= {412, 428}
    if "{" in route.path:
        found.add(404)
    return found


def is_oauth(route: Route) -> bool:
    """Whether its clients are told of errors as OAuth has it (RFC 6749, section 5.2)."""
    return route.form is not None and route.path.startswith("/v1/oauth/")


def answered(route: Route) -> Any:
    """The struct a route answers with; None for no body or one that is not ours to describe."""
    shown = route.returns
    if typing.get_origin(shown) is Tagged:
        (shown,) = typing.get_args(shown)
    if isinstance(shown, types.UnionType) or typing.get_origin(shown) is typing.Union:
        kinds = [kind for kind in typing.get_args(shown) if kind is not Reply]
        shown = kinds[0] if len(kinds) == 1 else None
    return None if shown in (None, Reply) else shown


def _success(route: Route, schema: dict[str, Any] | None) -> dict[str, Any]:
    headers = ["X-Correlation-Id"]
    if route.status == HTTPStatus.SEE_OTHER:
        return {"description": "sent on", "headers": _headers(*headers, "Location")}
    if typing.get_origin(route.returns) is Tagged:
        headers.append("ETag")
    said: dict[str, Any] = {"description": "done", "headers": _headers(*headers)}
    if schema is not None and route.status != HTTPStatus.NO_CONTENT:
        said["content"] = {"application/json": {"schema": schema}}
    return said


def _refusal(status: int) -> dict[str, Any]:
    beside = [_BESIDE[status]] if status in _BESIDE else []
    return {
        "description": "a refusal, as RFC 9457 writes it",
        "headers": _headers("X-Correlation-Id", *beside),
        "content": {"application/problem+json": {"schema": _PROBLEM}},
    }


def _oauth_refusal(status: int) -> dict[str, Any]:
    oauth = {"schema": {"$ref": "#/components/schemas/OAuthProblem"}}
    said = _refusal(status)
    return {**said, "content": {"application/json": oauth, **said["content"]}}


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
