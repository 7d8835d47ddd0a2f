"""A small threaded HTTP server on 127.0.0.1, shared by the stand-ins of this folder.

An application is one function from `Request` to `Reply`; it answers None to drop the connection without a
word, as a provider does whose network fails after it has acted.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from typing import Any, Final

Json = dict[str, Any]

MAX_BODY_BYTES: Final = 1_048_576
HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Request:
    """One call: `headers` have lower-case names, `query` is undecoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; `headers` are sent beside Content-Type and Content-Length."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    @staticmethod
    def json(status: int, document: object, headers: Mapping[str, str] | None = None) -> Reply:
        """The document as JSON, indented as Stripe does."""
        return Reply(status, json.dumps(document, indent=2).encode(), headers or {})


Application = Callable[[Request], "Reply | None"]


class LocalServer:
    """Serves an application on 127.0.0.1 in background threads."""

    def __init__(self, port: int, application: Application) -> None:
        """Bind the port (0: any free one). Raises OSError when it is taken."""
        self._server = _Server((HOST, port), application)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), daemon=True)

    @property
    def port(self) -> int:
        """The port that is really bound."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The base address, without a trailing slash."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Begin to serve; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop accepting and close the port."""
        closing = threading.Thread(target=self._server.shutdown)
        closing.start()
        # The loop looks for its end between connections: one more ends its wait at once.
        with contextlib.suppress(OSError):
            socket.create_connection((HOST, self.port), timeout=1).close()
        closing.join()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Hundreds of buyers may connect in the same instant; the default queue of five would refuse them.
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], application: Application) -> None:
        self.application = application
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        # A client that went away is its own affair; anything else is a bug of ours and is shown.
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "entrepot-standin"
    # One write per answer instead of one per header: unbuffered answers meet delayed acknowledgements.
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 120

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self._send(Reply.json(413, {"error": {"message": "body too large or of unknown length"}}))
            return
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, path, query, headers, self.rfile.read(int(length)))
        server = self.server
        assert isinstance(server, _Server)
        try:
            reply = server.application(request)
        except Exception:  # noqa: BLE001 - the server's edge: a bug must be an answer, not a hanging client
            traceback.print_exc()
            reply = Reply.json(500, {"error": {"type": "api_error", "message": "the stand-in failed"}})
        if reply is None:
            self._drop()
        else:
            self._send(reply)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the base class asks for these names

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()

    def _drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):  # the client may be faster
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing: the stand-ins share a terminal with the story."""


def serve_until_signalled(server: LocalServer, name: str) -> None:
    """Serve until SIGTERM or SIGINT; call it from the main thread."""
    stopped = threading.Event()

    def stop(signum: int, frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.start()
    print(f"{name} on {server.url}", flush=True)
    stopped.wait()
    server.stop()
