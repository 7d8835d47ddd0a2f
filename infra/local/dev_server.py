"""Serves the application in this process on an inherited socket: `python -m infra.local.dev_server <file number>`."""

import base64
import socket
import sys
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import waitress
from chalice.config import Config
from chalice.local import ForbiddenError, LocalGateway

from infra.local.dev import problem

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


class Gateway:
    """Chalice's local gateway behind WSGI; one request at a time, as one copy of the function has them."""

    def __init__(self, app: Any) -> None:
        self._gateway = LocalGateway(
            app, Config(chalice_stage="dev", config_from_disk={"lambda_timeout": 29})
        )

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"] + (f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else "")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            answer = self._gateway.handle_request(environ["REQUEST_METHOD"], path, _headers(environ), body)
        except ForbiddenError:
            answer = problem(404, "not_found", "There is no such path.")
        headers = [(name, str(value)) for name, value in answer.get("headers", {}).items()]
        for name, values in answer.get("multiValueHeaders", {}).items():
            headers += [(name, str(value)) for value in values]
        start_response(f"{answer['statusCode']} {HTTPStatus(answer['statusCode']).phrase}", headers)
        return [_body(answer)]


def _headers(environ: Environ) -> dict[str, str]:
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    return headers


def _body(answer: dict[str, Any]) -> bytes:
    body = answer.get("body") or ""
    if answer.get("isBase64Encoded"):
        return base64.b64decode(body)
    return body if isinstance(body, bytes) else str(body).encode()


def main() -> None:
    from app import app

    listener = socket.socket(fileno=int(sys.argv[1]))
    waitress.serve(
        Gateway(app), sockets=[listener], threads=1, ident=None, clear_untrusted_proxy_headers=True
    )


if __name__ == "__main__":
    main()
