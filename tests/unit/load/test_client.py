"""The client of the load: connections that are kept, answers that are lost, and asking again as the API asks."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import pytest

from tests.load.buyer import Buyer
from tests.load.client import UNANSWERED, Connection
from tests.load.recorder import Recorder

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(status: int, body: str = "{}", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join(lines) + f"\r\n\r\n{body}").encode()


class Server:
    """Gives the answers in their order, one for each request; an empty one cuts the connection instead."""

    def __init__(self, *answers: bytes) -> None:
        self.left = list(answers)
        self.requests: list[str] = []
        self.connections = 0
        self.ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self.left:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")),
                    b":0",
                )
                body = await reader.readexactly(int(length.partition(b":")[2]))
                self.requests.append((head + body).decode())
                given = self.left.pop(0)
                if not given:
                    break
                writer.write(given)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()
            self.ended.set()

    def run(self, act: Callable[[str], Awaitable[None]]) -> None:
        async def whole() -> None:
            async with await asyncio.start_server(self.serve, "127.0.0.1", 0) as server:
                port = server.sockets[0].getsockname()[1]
                await act(f"http://127.0.0.1:{port}")

        asyncio.run(whole())


def test_a_connection_is_kept_for_the_next_request() -> None:
    server = Server(answer(200, '{"a":1}', "Retry-After: 7"), answer(422, '{"code":"refused"}'))

    async def act(url: str) -> None:
        one = Connection(url)
        first, second = (
            await one.call("GET", "/a"),
            await one.call("POST", "/b", {"x": "ü"}, headers={"K": "v"}),
        )
        one.close()
        assert (200, {"a": 1}, None, 7.0) == (first.status, first.json, first.code, first.retry_after)
        assert (422, "refused", None) == (second.status, second.code, second.retry_after)
        assert first.seconds > 0

    server.run(act)
    assert 1 == server.connections
    assert server.requests[0].startswith("GET /a HTTP/1.1\r\nHost: 127.0.0.1:")
    assert "\r\nK: v\r\n" in server.requests[1]
    assert server.requests[1].endswith('\r\n\r\n{"x": "\\u00fc"}')


def test_a_kept_connection_that_was_closed_meanwhile_is_opened_again() -> None:
    server = Server(answer(200))

    async def act(url: str) -> None:
        one = Connection(url)
        first = await one.call("GET", "/")
        await asyncio.wait_for(server.ended.wait(), 5)
        server.left.append(answer(200))
        assert [200, 200] == [first.status, (await one.call("GET", "/")).status]
        one.close()

    server.run(act)
    assert 2 == server.connections


def test_a_connection_that_is_cut_under_a_request_is_not_passed_over() -> None:
    server = Server(answer(200), b"", answer(200))

    async def act(url: str) -> None:
        one = Connection(url)
        assert [200, UNANSWERED, 200] == [(await one.call("GET", "/")).status for _ in range(3)]
        one.close()

    server.run(act)


def test_a_request_without_an_answer_is_unanswered_and_the_next_one_is_not() -> None:
    server = Server(b"", b"what is this\r\n\r\n", answer(200))

    async def act(url: str) -> None:
        one = Connection(url)
        assert [UNANSWERED, UNANSWERED, 200] == [(await one.call("GET", "/")).status for _ in range(3)]
        one.close()

    server.run(act)


def test_whoever_is_told_to_asks_again_with_the_same_key_after_as_long_as_the_api_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server(answer(503, "{}", "Retry-After: 3"), b"", answer(503), answer(201, '{"id":"ord_1"}'))
    waited: list[float] = []
    recorder = Recorder()

    async def pass_over(seconds: float) -> None:
        waited.append(seconds)

    async def act(url: str) -> None:
        who = Buyer(Connection(url), Connection(url), recorder, Random(1), "a@example.com")
        with monkeypatch.context() as patch:
            patch.setattr("tests.load.buyer.asyncio.sleep", pass_over)
            told = await who.ordered({"id": "quo_1", "options": [{"id": "opt_1"}]})
        who.close()
        assert (201, 3) == (told.status, who.asked_again)

    server.run(act)
    assert 3.0 <= waited[0] <= 4.5
    assert all(1.0 <= each <= 1.5 for each in waited[1:])
    keys = {
        line for request in server.requests for line in request.split("\r\n") if "Idempotency-Key" in line
    }
    assert 1 == len(keys)
    assert {"order 503": 2, "order unanswered": 1} == recorder.failures()
