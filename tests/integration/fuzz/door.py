"""The API as a WSGI application in this process, for a client that knows HTTP: each request is an event of the gateway.

A webhook whose signature is asked to be `signed` is signed here, over the bytes that are really sent.
"""

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final

from infra.local.btcpay import signing as btcpay
from infra.local.carriers.payloads import signature
from infra.local.stripe import signing as stripe
from tests.integration.matrix.world import World
from tests.support.aws import SECRETS
from tests.support.http import exchange

SIGNED: Final = "signed"
"""The value of a signature's header in whose place the right one is sent."""

Signer = Callable[[bytes], tuple[str, str]]


class Door:
    """What goes in is kept as the `last` request, for whoever has to tell what was found."""

    def __init__(self, world: World) -> None:
        self.last: dict[str, Any] = {}
        self.requests = 0
        at = int(world.now.timestamp())
        self._signers: dict[str, Signer] = {
            "/v1/webhooks/stripe": lambda body: (
                "stripe-signature",
                stripe.signature_header(body, SECRETS["stripe_webhook_secret"], at),
            ),
            "/v1/webhooks/btcpay": lambda body: (
                "btcpay-sig",
                btcpay.signature_header(body, SECRETS["btcpay_webhook_secret"]),
            ),
            "/v1/webhooks/carriers/aftership": lambda body: _of_carrier(
                "aftership", body, "aftership_secret"
            ),
            "/v1/webhooks/carriers/easypost": lambda body: _of_carrier("easypost", body, "easypost_secret"),
            "/v1/webhooks/carriers/17track": lambda body: _of_carrier("17track", body, "seventeentrack_key"),
        }

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        path, headers = environ["REQUEST_URI"], _headers(environ)
        path += f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else ""
        signer = self._signers.get(path.partition("?")[0])
        if signer is not None and SIGNED in headers.values():
            headers = {name: value for name, value in headers.items() if value != SIGNED}
            headers |= [signer(body)]
        method = environ["REQUEST_METHOD"]
        self.last = {"method": method, "path": path, "headers": headers, "body": body}
        self.requests += 1
        answer = exchange(method, path, body or None, headers)
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(answer.headers.items()))
        return [answer.text.encode()]


_UNTOLD: Final = (
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "user-agent",
    "x-schemathesis-testcaseid",
)


def _of_carrier(source: str, body: bytes, secret: str) -> tuple[str, str]:
    name, value = signature(source, body, SECRETS[secret])
    return name.lower(), value


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") and not name.startswith("HTTP_HOST")
    }
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    return headers


def told(request: dict[str, Any]) -> str:
    """A request as one can repeat it, without its token."""
    shown = {name: value for name, value in request["headers"].items() if name not in _UNTOLD}
    body = request["body"].decode(errors="backslashreplace")
    return f"{request['method']} {request['path']} {json.dumps(shown)} {body[:1000]}"
