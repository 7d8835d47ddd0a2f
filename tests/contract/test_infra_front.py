"""The front door of one machine: it passes on, it queues, and it refuses in our words."""

import http.client
import http.server
import json
import socket
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.local.processes import child, free_ports, listening, module, wait_for
from infra.local.setup import child_environment

AT_ONCE = 2
CROWD = 60


@dataclass
class Api:
    """A gateway behind the front that records what reaches it and holds each request a moment."""

    port: int = 0
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    inside: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    everybody_waits: threading.Event = field(default_factory=threading.Event)
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


@pytest.fixture
def api() -> Iterator[Api]:
    recorded = Api()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            with recorded.lock:
                recorded.seen.append((self.command, self.path, dict(self.headers), body))
                recorded.inside += 1
                recorded.most = max(recorded.most, recorded.inside)
            if self.path.endswith("/slow"):
                recorded.everybody_waits.wait(0.02)
            with recorded.lock:
                recorded.inside -= 1
            answer = json.dumps({"path": self.path, "bytes": len(body)}).encode()
            self.send_response(201 if body else 200)
            self.send_header("Content-Length", str(len(answer)))
            self.send_header("ETag", '"7"')
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)
            self.close_connection = self.path.endswith("/tired")

        do_POST = do_GET  # noqa: N815 - the base class asks for these names
        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        def shutdown_request(self, request: object) -> None:
            super().shutdown_request(request)  # type: ignore[arg-type]
            recorded.ended.release()

    server = Server(("127.0.0.1", 0), Handler)
    recorded.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield recorded
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def front(api: Api, tmp_path: Path) -> Iterator[int]:
    [port] = free_ports(1)
    command = module("infra.local.front", "--port", str(port), "--upstream-port", str(api.port))
    command += ["--api", "abc", "--at-once", str(AT_ONCE)]
    with child("the front", command, child_environment(), tmp_path / "front.log") as started:
        wait_for(lambda: listening(port), started)
        yield port


def ask(
    port: int, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def say(port: int, raw: bytes) -> tuple[bytes, dict[str, object]]:
    """Send bytes as they are. Returns: the status line and the problem in the body."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(raw)
        said = b""
        while part := line.recv(65_536):
            said += part
    head, _, body = said.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0], json.loads(body)


def test_a_request_reaches_the_stage_with_its_query_headers_and_bytes(front, api):
    status, headers, body = ask(
        front, "POST", "/v1/orders?x=1&y=%20", b'{"a": 1}', **{"Idempotency-Key": "k1"}
    )

    method, path, sent, received = api.seen[0]
    assert (201, '"7"') == (status, headers["ETag"])
    assert ("POST", "/_aws/execute-api/abc/api/v1/orders?x=1&y=%20", b'{"a": 1}') == (method, path, received)
    assert "k1" == sent["Idempotency-Key"]
    assert 8 == json.loads(body)["bytes"]


def test_a_crowd_is_answered_in_turns(front, api):
    with ThreadPoolExecutor(CROWD) as pool:
        statuses = Counter(pool.map(lambda _: ask(front, "GET", "/slow")[0], range(CROWD)))

    assert {200: CROWD} == statuses
    assert AT_ONCE == api.most


def test_a_connection_serves_again(front, api):
    connection = http.client.HTTPConnection("127.0.0.1", front, timeout=30)
    for _ in range(3):
        connection.request("GET", "/health")
        assert 200 == connection.getresponse().read().count(b"/health") * 200
    connection.close()

    assert 3 == len(api.seen)


def test_a_body_in_chunks_arrives_whole(front, api):
    head = b"POST /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"

    first, answer = say(front, head + b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")

    assert b"HTTP/1.1 201 Created" == first
    assert (7, b"abcdefg") == (answer["bytes"], api.seen[0][3])


def test_an_answer_to_head_has_no_body(front, api):
    status, headers, body = ask(front, "HEAD", "/health")

    assert (200, b"") == (status, body)
    assert "Content-Length" not in headers


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"NONSENSE\r\n\r\n", 400, "malformed"),
        (b"GET http://elsewhere/ HTTP/1.1\r\n\r\n", 400, "malformed"),
        (b"GET / HTTP/1.1\r\nbroken header\r\n\r\n", 400, "malformed"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, "malformed"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 413, "body_too_large"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, "malformed"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/2.0\r\n\r\n", 505, "http_version"),
    ],
)
def test_what_is_no_request_is_refused_and_goes_no_further(front, api, raw, status, code):
    first, problem = say(front, raw)

    assert first.startswith(f"HTTP/1.1 {status} ".encode())
    assert (status, code) == (problem["status"], problem["code"])
    assert [] == api.seen


def test_an_api_out_of_reach_is_a_problem_too(tmp_path):
    port, nobody = free_ports(2)
    command = [sys.executable, "-m", "infra.local.front", "--port", str(port), "--upstream-port", str(nobody)]
    with child(
        "the front", [*command, "--api", "abc", "--at-once", "1"], child_environment(), tmp_path / "log"
    ) as started:
        wait_for(lambda: listening(port), started)
        status, headers, body = ask(port, "GET", "/health")

    assert (502, "application/problem+json") == (status, headers["Content-Type"])
    assert "unavailable" == json.loads(body)["code"]


def test_a_connection_that_the_gateway_ended_while_it_was_idle_costs_no_request(front: int, api: Api) -> None:
    answers = []
    for _ in range(AT_ONCE + 2):
        answers.append(ask(front, "GET", "/tired")[0])
        assert api.ended.acquire(timeout=10)

    assert [200] * (AT_ONCE + 2) == answers
