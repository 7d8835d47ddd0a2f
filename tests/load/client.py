"""A small asyncio client: one kept connection for each buyer, each answer with the time it took."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

SECONDS: Final = 600.0
"""For how long a buyer waits for an answer: as long as a thousand others before them take."""
UNANSWERED: Final = 0
"""The status of a request that had no answer: a connection cut, or none in time."""

_HEAD_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """`seconds` are from the request to the last byte; headers have names in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str | None:
        """The stable code of a problem; None of what is no problem."""
        if self.status < 400 or not self.text.startswith("{"):
            return None
        code: str | None = self.json.get("code")
        return code

    @property
    def retry_after(self) -> float | None:
        """Seconds after which the API asks to be asked again."""
        given = self.headers.get("retry-after", "")
        return float(given) if given.isdigit() else None


@dataclass(slots=True)
class Connection:
    """One client's connection to an address, opened when first used and again after it was closed."""

    url: str
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None, init=False)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request. `body` is sent as JSON, `form` as a form. What has no answer has the status UNANSWERED."""
        began = time.perf_counter()
        sent = self._written(method, path, body, form, headers or {})
        try:
            async with asyncio.timeout(SECONDS):
                status, found, text = await self._exchanged(sent, method)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, IndexError):
            self.close()
            return Answer(UNANSWERED, {}, "", time.perf_counter() - began)
        if found.get("connection") == "close":
            self.close()
        return Answer(status, found, text, time.perf_counter() - began)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _exchanged(self, sent: bytes, method: str) -> tuple[int, dict[str, str], str]:
        if self._streams is not None and self._streams[0].at_eof():
            self.close()  # by the other side, while it was idle
        if self._streams is None:
            address = urlsplit(self.url)
            self._streams = await asyncio.open_connection(address.hostname, address.port, limit=_HEAD_BYTES)
        reader, writer = self._streams
        writer.write(sent)
        await writer.drain()
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = 0 if method == "HEAD" else int(headers.get("content-length", "0"))
        return int(first.split(" ")[1]), headers, (await reader.readexactly(length)).decode()

    def _written(
        self, method: str, path: str, body: Any, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> bytes:
        given = {"Host": urlsplit(self.url).netloc, "Accept": "application/json", **headers}
        content = b""
        if form is not None:
            content, given["Content-Type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
        elif body is not None:
            content, given["Content-Type"] = json.dumps(body).encode(), "application/json"
        if content or method != "GET":
            given["Content-Length"] = str(len(content))
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content
