"""The HTTP edge: a route parses, calls one use case, renders; everything around that is here.

Chalice's middleware never sees an exception of the domain, so the edge is a decorator around each view (ADR 0005).
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from chalice.app import Blueprint, MultiDict, Response

from entrepot.cloud import audit, auth, problems, telemetry, wire
from entrepot.cloud.call import Call, Reply
from entrepot.contracts.permissions import ANY, GRANTS, PUBLIC, SET_UP, UNENROLLED, permitted
from entrepot.kernel.clock import utc_now
from entrepot.kernel.refusals import Kind, Malformed, NotFound, Refusal

BODY_BYTES: Final = 256 * 1024
WEBHOOK_BYTES: Final = 1024 * 1024
PATH_BYTES: Final = 256
"""The longest part of a path that may name a thing: none of ours is as long, and no key of a table much longer."""

_SECURITY: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}
_FORM: Final = "application/x-www-form-urlencoded"
_FIELDS: Final = 40
_CORRELATION: Final = re.compile(r"[A-Za-z0-9-]{8,64}")
_IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


class Forbidden(Refusal):
    code = "forbidden"
    kind = Kind.FORBIDDEN
    title = "Your role does not allow this."


class InsufficientScope(Refusal):
    code = "insufficient_scope"
    kind = Kind.FORBIDDEN
    title = "Your role might, but this token's scopes do not allow this."


class IdempotencyKeyRequired(Refusal):
    code = "idempotency_key_required"
    kind = Kind.MALFORMED
    title = "This request needs an Idempotency-Key of 1 to 255 visible ASCII characters."


class BodyTooLarge(Refusal):
    code = "body_too_large"
    kind = Kind.TOO_LARGE
    title = "The body is larger than this route takes."


class UnsupportedMediaType(Refusal):
    code = "unsupported_media_type"
    kind = Kind.MEDIA_TYPE
    title = "The body must be application/json."


@dataclass(frozen=True)
class Route:
    """What a route declares: who may call it and what it takes and gives. The OpenAPI document is made of these."""

    method: str
    path: str
    allow: str
    handler: Callable[..., Any]
    scope: str | None = None
    status: int = 200
    refuses: tuple[int, ...] = ()
    query: type[msgspec.Struct] | None = None
    idempotent: bool = False
    if_match: bool = False
    webhook: bool = False
    body: type[msgspec.Struct] | None = None
    form: type[msgspec.Struct] | None = None
    returns: Any = None
    decoder: "msgspec.json.Decoder[Any] | None" = field(default=None, compare=False)


class Api:
    """The routes of one context, registered on a Chalice blueprint.

    Args of each verb: path; `allow`, an action of the permission table, PUBLIC or ANY; `scope`, where `allow` is one
    of these two: what a token narrowed to scopes needs in order to be known here; `status` of success; `refuses`, the
    statuses that its use case refuses with, beside what the edge does (`infra/openapi_answers.py`); `query`, a struct
    of query parameters; `idempotent`: the Idempotency-Key is required; `if_match`: the route reads If-Match;
    `webhook`: the handler takes the raw body, up to 1 MB. The handler takes the Call, then its body's struct as
    `body` where it annotates one, then the path's parameters by name. One that annotates `form` is for clients of
    OAuth: it takes a form, which is described by that struct and handed over as the dict that it is, and the
    Authorization header is the handler's to read.
    """

    def __init__(self, import_name: str) -> None:
        self.blueprint = Blueprint(import_name)
        self.routes: list[Route] = []

    def get(self, path: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return self._route("GET", path, **options)

    def post(self, path: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return self._route("POST", path, **options)

    def put(self, path: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return self._route("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return self._route("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return self._route("DELETE", path, **options)

    def _route(
        self, method: str, path: str, *, allow: str, **options: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        assert allow in (PUBLIC, ANY) or allow in GRANTS, (
            f"{method} {path} declares no known permission: {allow}"
        )

        def register(handler: Callable[..., Any]) -> Callable[..., Any]:
            body, form = (handler.__annotations__.get(name) for name in ("body", "form"))
            route = Route(
                method,
                path,
                allow,
                handler,
                body=body,
                form=form,
                returns=handler.__annotations__.get("return"),
                decoder=msgspec.json.Decoder(body) if body else None,
                **options,
            )
            self.routes.append(route)

            def view(**parameters: str) -> Response:
                return _answer(route, self.blueprint.current_request, parameters)

            self.blueprint.route(path, methods=[method], name=handler.__name__, content_types=[])(view)
            return handler

        return register


def _answer(route: Route, request: Any, parameters: dict[str, str]) -> Response:
    began = time.perf_counter()
    headers = _lower(request.headers)
    telemetry.correlation_id.set(_correlation(headers, request.context))
    try:
        reply = _served(route, request, headers, parameters)
    except Refusal as refusal:
        reply = problems.reply(refusal)
    except Exception as error:  # noqa: BLE001  nothing of ours may reach a caller as it is
        telemetry.log_failure("request_failed", error, route=f"{route.method} {route.path}")
        reply = problems.outage(error)
    spent = round((time.perf_counter() - began) * 1000)
    telemetry.metric(
        "RequestTime", spent, "Milliseconds", {"status": reply.status}, Route=f"{route.method} {route.path}"
    )
    return rendered(reply)


def rendered(reply: Reply) -> Response:
    """The reply with the headers that every answer carries."""
    headers: dict[str, Any] = {
        **_SECURITY,
        "X-Correlation-Id": telemetry.correlation_id.get(),
        **reply.headers,
    }
    body = (
        "" if reply.body is None else reply.body if isinstance(reply.body, str) else wire.encoded(reply.body)
    )
    headers.setdefault("Content-Type", "application/json")
    return Response(body=body, status_code=reply.status or 200, headers=headers)


def _served(route: Route, request: Any, headers: Mapping[str, str], parameters: dict[str, str]) -> Reply:
    now = utc_now()
    principal = None if route.form else _admitted(route, _principal(headers, now))
    if any(len(value.encode(errors="replace")) > PATH_BYTES for value in parameters.values()):
        raise NotFound
    raw = _raw(request)
    _check_size(raw, route)
    call = Call(
        principal=principal,
        now=now,
        headers=headers,
        route=f"{route.method} {route.path}",
        path=parameters,
        query=wire.converted(_query(request), route.query) if route.query else None,
        raw=raw,
        body=_body(route, raw, headers),
        form=_form(raw, headers) if route.form else {},
        address=str((request.context.get("identity") or {}).get("sourceIp") or ""),
    )
    if route.idempotent and not _IDEMPOTENCY_KEY.fullmatch(headers.get("idempotency-key", "")):
        raise IdempotencyKeyRequired(field="Idempotency-Key")
    arguments: dict[str, Any] = {**parameters}
    if route.body:
        arguments["body"] = call.body
    if route.form:
        arguments["form"] = call.form
    with audit.by_staff(principal, route.allow, call.route, parameters):
        result = route.handler(call, **arguments)
    reply = result if isinstance(result, Reply) else Reply(result)
    return reply.with_status(route.status)


def _admitted(route: Route, principal: auth.Principal | None) -> auth.Principal | None:
    """Who calls, as far as this route may know.

    Where all are let in, a token without the scope for it is nobody's, and so is that of staff without a second factor.

    Raises: Unauthenticated, Forbidden, InsufficientScope.
    """
    if principal is None:
        if route.allow != PUBLIC:
            raise auth.Unauthenticated
        return None
    scoped = principal.scoped(route.scope or route.allow)
    if route.allow == PUBLIC:
        return principal if scoped and principal.role != UNENROLLED else None
    of_nobody = principal.side == "none" and route.allow not in (ANY, SET_UP)
    if of_nobody or not permitted(principal.role, route.allow):
        raise Forbidden
    if not scoped:
        raise InsufficientScope
    return principal


def _principal(headers: Mapping[str, str], now: datetime) -> auth.Principal | None:
    given = headers.get("authorization")
    if given is None:
        return None
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > 4096:
        raise auth.BadToken
    return auth.principal(token.strip(), now) if not auth.is_key(token) else auth.key_holder(token, now)


def _body(route: Route, raw: bytes, headers: Mapping[str, str]) -> Any:
    if route.decoder is None:
        return None
    media_type = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMediaType(field="Content-Type")
    return wire.decoded(raw or b"{}", route.decoder)


def _form(raw: bytes, headers: Mapping[str, str]) -> dict[str, str]:
    """Raises: UnsupportedMediaType. Malformed: no form in UTF-8, or a name is given more than once (RFC 6749, 3.2)."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise UnsupportedMediaType("The body must be a form.", field="Content-Type")
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
    except ValueError:
        raise Malformed("The body is no form in UTF-8.") from None
    if len(dict(pairs)) < len(pairs):
        raise Malformed("A parameter is given more than once.")
    return {name: value for name, value in pairs if value}


def _raw(request: Any) -> bytes:
    """The body's bytes. Raises: Malformed: a gateway has handed over what no bytes in UTF-8 or base64 make."""
    try:
        return request.raw_body or b""
    except ValueError:
        raise Malformed("The body is no JSON in UTF-8.") from None


def _check_size(raw: bytes, route: Route) -> None:
    most = WEBHOOK_BYTES if route.webhook else BODY_BYTES
    if len(raw) > most:
        raise BodyTooLarge(limit_bytes=most)


def _query(request: Any) -> dict[str, str]:
    """Raises: InvalidRequest: a parameter is given more than once, so which is meant?"""
    given = request.query_params
    repeated = [name for name in given or () if isinstance(given, MultiDict) and len(given.getlist(name)) > 1]
    if repeated:
        raise wire.InvalidRequest("It is given more than once.", field=repeated[0])
    return {name: given[name] for name in given} if given else {}


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _correlation(headers: Mapping[str, str], context: Mapping[str, Any]) -> str:
    given = headers.get("x-correlation-id", "")
    return given if _CORRELATION.fullmatch(given) else str(context.get("requestId", "-"))
