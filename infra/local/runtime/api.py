"""The side of Lambda's Runtime API that Lambda itself has: hands one process its events and takes the answers.

Source: "Using the Lambda runtime API for custom runtimes" in the AWS Lambda developer guide (version 2018-06-01).
"""

import json
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

RESPONSE_BYTES: Final = 6 * 1024 * 1024
_PREFIX: Final = "/2018-06-01/runtime"


@dataclass(frozen=True, slots=True)
class Said:
    """What the process tells. `kind`: "next" (it wants an event), "response", "error", or "init" (it cannot start)."""

    kind: str
    request_id: str = ""
    body: bytes = b""


class RuntimeApi:
    """For one process, which has one event at a time."""

    def __init__(self) -> None:
        self.said: queue.SimpleQueue[Said] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[tuple[Mapping[str, str], bytes] | None] = queue.SimpleQueue()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def hand_over(self, headers: Mapping[str, str], body: bytes) -> None:
        """The process's next event."""
        self._events.put((headers, body))

    def next_event(self) -> tuple[Mapping[str, str], bytes] | None:
        """Waits for one; None when there will be none."""
        self.said.put(Said("next"))
        return self._events.get()

    def close(self) -> None:
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    api: RuntimeApi


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = (
        -1
    )  # an answer is one packet: written piece by piece, each call would wait 90 ms for the client's ACK
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        if self.path != f"{_PREFIX}/invocation/next":
            self._answer(404, {"errorType": "NotFound"})
            return
        event = self.server.api.next_event()
        if event is None:
            self.close_connection = True
            return
        headers, body = event
        self._send(200, body, {"Content-Type": "application/json", **headers})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        parts = self.path.removeprefix(f"{_PREFIX}/").split("/")
        if parts == ["init", "error"]:
            said = Said("init", body=body)
        elif len(parts) == 3 and parts[0] == "invocation" and parts[2] in ("response", "error"):
            said = Said(parts[2], parts[1], body)
        else:
            self._answer(404, {"errorType": "NotFound"})
            return
        if said.kind == "response" and len(body) > RESPONSE_BYTES:
            reason = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes)."
            error = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": reason}
            said = Said("error", said.request_id, json.dumps(error).encode())
        self._answer(202, {"status": "OK"})
        self.server.api.said.put(said)

    def _answer(self, status: int, content: Mapping[str, Any]) -> None:
        self._send(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Nothing: the process's own log says what matters."""
