"""Bytes on the wire: the bodies of HTTP requests and answers, as the sockets of this process send and receive them.

Taken below every client, so that they are the same thing whichever of them sends a request.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

_END_OF_HEAD: Final = b"\r\n\r\n"


class Wire:
    """What passed the sockets while it listened."""

    def __init__(self) -> None:
        self._sent = bytearray()
        self._received = bytearray()

    @property
    def sent(self) -> int:
        """Bytes of request bodies."""
        return body_bytes(bytes(self._sent))

    @property
    def received(self) -> int:
        """Bytes of answer bodies."""
        return body_bytes(bytes(self._received))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note what every socket of Python sends and receives meanwhile, by this thread."""
        ours = threading.get_ident()
        held = {name: getattr(socket.socket, name) for name in ("send", "sendall", "recv", "recv_into")}

        def sending(real: Any) -> Any:
            def send(own: socket.socket, data: Any, *more: Any) -> Any:
                answer = real(own, data, *more)
                if threading.get_ident() == ours:
                    view = memoryview(data)
                    self._sent += view[:answer] if isinstance(answer, int) else view
                return answer

            return send

        def receive(own: socket.socket, *more: Any) -> Any:
            data = held["recv"](own, *more)
            if threading.get_ident() == ours:
                self._received += data
            return data

        def receive_into(own: socket.socket, buffer: Any, *more: Any) -> Any:
            count = held["recv_into"](own, buffer, *more)
            if threading.get_ident() == ours:
                self._received += memoryview(buffer)[:count]
            return count

        noted = {
            "send": sending(held["send"]),
            "sendall": sending(held["sendall"]),
            "recv": receive,
            "recv_into": receive_into,
        }
        for name, method in noted.items():
            setattr(socket.socket, name, method)
        try:
            yield
        finally:
            for name in held:
                # They are inherited from the socket of C, so that what was set is taken away.
                delattr(socket.socket, name)


def body_bytes(stream: bytes) -> int:
    """The bytes of the bodies in a stream of HTTP/1.1 messages, whole or in chunks.

    Raises: AssertionError: a body is not there in full, so that what was counted would be wrong.
    """
    total = 0
    while stream:
        head, end, rest = stream.partition(_END_OF_HEAD)
        assert end, f"no message begins with {stream[:40]!r}"
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
        }
        if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
            size, stream = _chunks(rest)
        else:
            size = int(headers.get(b"content-length", b"0"))
            assert len(rest) >= size, f"{len(rest)} bytes of a body of {size}"
            stream = rest[size:]
        total += size
    return total


def _chunks(rest: bytes) -> tuple[int, bytes]:
    """The bytes of a body in chunks, and what follows it."""
    total = 0
    while True:
        line, _, rest = rest.partition(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        if size == 0:
            return total, rest.partition(b"\r\n")[2]
        total += size
        rest = rest[size + 2 :]
