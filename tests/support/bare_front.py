"""An address of this machine behind which functions run bare: the API in front, workers at Lambda's own address."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

_WORKERS: Final = "/2015-03-31/functions/"

Api = Callable[[str, str, Mapping[str, str], bytes], Mapping[str, Any] | None]
"""Takes method, target, headers and body; returns what the function answers, None for a path that nobody has."""
Ask = Callable[[str, Any], tuple[Any, bool]]
"""Takes a function's name and an event; returns its answer, and whether it failed."""


@contextmanager
def served(api: Api, ask: Ask) -> Iterator[int]:
    """Yields the port."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.api, server.ask = api, ask
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    api: Api
    ask: Ask


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith(_WORKERS):
            name = self.path.removeprefix(_WORKERS).partition("/")[0]
            answer, failed = self.server.ask(name, json.loads(body))
            headers = {"X-Amz-Function-Error": "Unhandled"} if failed else {}
            self._send(200, {**headers, "Content-Type": "application/json"}, json.dumps(answer))
            return
        said = self.server.api(self.command, self.path, dict(self.headers.items()), body)
        if said is None:
            self._send(404, {}, "")
        else:
            several = {name: values[-1] for name, values in said.get("multiValueHeaders", {}).items()}
            self._send(said["statusCode"], {**said["headers"], **several}, said["body"])

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815  as the base class looks for them

    def _send(self, status: int, headers: Mapping[str, str], text: str) -> None:
        body = text.encode("utf-8", "surrogateescape")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  as the base class names it
        """The functions log for themselves."""
