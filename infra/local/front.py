"""The front door of one machine: HTTP on 127.0.0.1, handed to the API's stage, a few requests at a time.

Lambda answers a burst with as many copies of a function as there are requests; two processor cores do not. So the
front holds any number of connections and lets as many requests through as the API may have copies; the others wait.
"""

import argparse
import asyncio
import http.client
import json
import select
import signal
import threading
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

HEAD_BYTES: Final = 16 * 1024
BODY_BYTES: Final = 10 * 1024 * 1024  # API Gateway's own limit
IDLE_SECONDS: Final = 75.0
UPSTREAM_SECONDS: Final = 120.0
_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "host",
        "expect",
    }
)
_REASONS: Final = {400: "Bad Request", 413: "Content Too Large", 431: "Request Header Fields Too Large"}
_REASONS_LATER: Final = {501: "Not Implemented", 502: "Bad Gateway", 505: "HTTP Version Not Supported"}

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    headers: Headers
    body: bytes
    keep: bool


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    reason: str
    headers: Headers
    body: bytes


class Refused(Exception):
    """A request that is not passed on."""

    def __init__(self, status: int, code: str, title: str) -> None:
        super().__init__(title)
        self.status, self.code, self.title = status, code, title


class Front:
    """Passes requests on to `upstream` (host and port) under `prefix`, at most `at_once` at a time."""

    def __init__(self, upstream: tuple[str, int], prefix: str, at_once: int) -> None:
        self._upstream, self._prefix = upstream, prefix
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="front")
        self._local = threading.local()

    async def serve(self, port: int) -> None:
        server = await asyncio.start_server(
            self._connection, "127.0.0.1", port, backlog=1024, limit=HEAD_BYTES
        )
        ended = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, ended.set)
        async with server:
            await ended.wait()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            keep = True
            while keep:
                keep = await self._exchange(reader, writer)
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer. Returns: whether another may follow on this connection."""
        keep = False
        try:
            request = await _read(reader, writer)
            if request is None:
                return False
            keep = request.keep
            passed: Awaitable[Answer] = asyncio.get_running_loop().run_in_executor(
                self._pool, self._pass_on, request
            )
            answer = await passed
            bodyless = request.method == "HEAD"
        except Refused as refused:
            answer, bodyless = _problem(refused), False
        writer.write(_written(answer, keep=keep, bodyless=bodyless))
        await writer.drain()
        return keep

    def _pass_on(self, request: Request) -> Answer:
        try:
            return self._ask(request)
        except (http.client.HTTPException, OSError):
            self._drop()
            raise Refused(502, "unavailable", "The API cannot be reached; ask again in a moment.") from None

    def _ask(self, request: Request) -> Answer:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None or _was_closed(connection):
            self._drop()
            connection = http.client.HTTPConnection(*self._upstream, timeout=UPSTREAM_SECONDS)
            self._local.connection = connection
        connection.putrequest(request.method, self._prefix + request.target, skip_accept_encoding=True)
        for name, value in request.headers:
            connection.putheader(name, value)
        if request.body or request.method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body or None)
        response = connection.getresponse()
        body = response.read()
        headers = [(name, value) for name, value in response.getheaders() if _passes(name)]
        if response.will_close:
            self._drop()
        return Answer(response.status, response.reason, headers, body)

    def _drop(self) -> None:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None


def _was_closed(connection: http.client.HTTPConnection) -> bool:
    """Whether the upstream ended a kept connection while it was idle: it says so by something to read."""
    if connection.sock is None:
        return True
    watch = select.poll()
    watch.register(connection.sock, select.POLLIN | select.POLLHUP)
    return bool(watch.poll(0))


def _passes(name: str) -> bool:
    return name.lower() not in _HOP and name.lower() != "content-length"


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    """The next request of a connection, or None at its end. Raises: Refused."""
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), IDLE_SECONDS)
    except asyncio.IncompleteReadError as end:
        if end.partial.strip():
            raise Refused(400, "malformed", "The request ends in its head.") from None
        return None
    except asyncio.LimitOverrunError:
        raise Refused(431, "headers_too_large", "The head of the request is too large.") from None
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[1].startswith("/") or not words[0].isalpha():
        raise Refused(400, "malformed", "The first line is none of HTTP/1.1.")
    if words[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise Refused(505, "http_version", "Speak HTTP/1.1.")
    headers = _headers(lines[1:-2])
    values = {name.lower(): value for name, value in headers}
    if values.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await _body(reader, values)
    keep = words[2] == "HTTP/1.1" and values.get("connection", "").lower() != "close"
    return Request(words[0], words[1], [pair for pair in headers if _passes(pair[0])], body, keep)


def _headers(lines: list[str]) -> Headers:
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Refused(400, "malformed", "A header is malformed.")
        headers.append((name, value.strip()))
    return headers


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "transfer-encoding" in headers:
        return await _chunked(reader)
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise Refused(400, "malformed", "Content-Length is no number.")
    if int(length) > BODY_BYTES:
        raise Refused(413, "body_too_large", "The body is too large.")
    return await reader.readexactly(int(length))


async def _chunked(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    total = 0
    while True:
        line = await reader.readline()
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            raise Refused(400, "malformed", "A chunk of the body is malformed.") from None
        total += size
        if size < 0 or total > BODY_BYTES:
            raise Refused(413, "body_too_large", "The body is too large.")
        if size == 0:
            while (await reader.readline()).strip():
                pass
            return b"".join(parts)
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)


def _problem(refused: Refused) -> Answer:
    reason = (_REASONS | _REASONS_LATER)[refused.status]
    problem = {
        "type": f"urn:entrepot:problem:{refused.code}",
        "title": reason,
        "status": refused.status,
        "code": refused.code,
        "detail": refused.title,
        "correlation_id": "-",  # it never reached a function
    }
    body = json.dumps(problem).encode()
    return Answer(refused.status, reason, [("Content-Type", "application/problem+json")], body)


def _written(answer: Answer, *, keep: bool, bodyless: bool) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if answer.status != 204 and not bodyless:
        lines.append(f"Content-Length: {len(answer.body)}")
    lines.append(f"Connection: {'keep-alive' if keep else 'close'}")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return head if bodyless or answer.status == 204 else head + answer.body


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.local.front")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream-port", type=int, required=True)
    parser.add_argument("--api", required=True, help="the id of the REST API")
    parser.add_argument("--at-once", type=int, required=True)
    options = parser.parse_args()
    front = Front(
        ("127.0.0.1", options.upstream_port), f"/_aws/execute-api/{options.api}/api", options.at_once
    )
    asyncio.run(front.serve(options.port))


if __name__ == "__main__":
    main()
