"""A stage's API as far as the check after a deployment asks it: a server that answers as a build, or badly."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Answering:
    """`build`: what it answers as. `failing`: how many requests it still answers with 500."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.build = "none"
        self.failing = 0
        self.asked: list[str] = []

    @classmethod
    @contextmanager
    def serving(cls) -> Iterator["Answering"]:
        """A server on a free port of this machine."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        server.daemon_threads = True
        answering = cls(f"http://127.0.0.1:{server.server_address[1]}")
        server.answering = answering  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield answering
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def answer(self, path: str) -> tuple[int, str, Any]:
        self.asked.append(path)
        if self.failing:
            self.failing -= 1
            return 500, "application/problem+json", {"code": "internal"}
        if path == "/health":
            return 200, "application/json", {"status": "ok", "build": self.build}
        if path == "/openapi.json":
            return 200, "application/json", {"paths": {}}
        if path.startswith("/v1/products"):
            return 200, "application/json", {"data": []}
        return 401, "application/problem+json", {"code": "unauthenticated"}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, kind, document = self.server.answering.answer(self.path)  # type: ignore[attr-defined]
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class names it
        pass
