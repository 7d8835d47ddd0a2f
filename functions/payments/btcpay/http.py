"""BTCPay Server's Greenfield API over the net, with limits, and its errors as ours.

Nothing of its answers is logged but their status and code: they hold where money is claimed.
"""

import json
import time
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from entrepot.cloud import telemetry
from functions.payments.btcpay import wire
from functions.payments.gateway import Declined, ProviderUnavailable

if TYPE_CHECKING:
    from requests import RequestException, Response, Session

_SECONDS: Final = (2.0, 8.0)  # to connect, and between two pieces of the answer: a new invoice asks for rates
_MOST_SECONDS: Final = 12.0  # for an answer in all, however slowly its pieces come
_MOST_BYTES: Final = 4 * 1024 * 1024
_PIECE: Final = 16 * 1024
_REFUSED: Final = (400, 404, 409, 422)
_OF_SERVERS: Final = 500

T = TypeVar("T")


class StillAtWork(ProviderUnavailable):
    """It was asked and has not answered by itself: it, or a proxy before it, may act yet."""


class Client:
    """One store of one server. `url` without a slash at its end."""

    def __init__(self, url: str, store_id: str, key: str) -> None:
        self._url, self._key = url, key
        self.store_id = store_id

    def of_store(
        self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None
    ) -> Any:
        """As `call`, of a path below the store."""
        return self.call(method, f"/stores/{self.store_id}/{path}", body, query)

    def call(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """What is answered, read from JSON; None where that is nothing.

        Raises: Declined: it refuses, and will again; its reason is the server's code. StillAtWork, ProviderUnavailable.
        """
        import requests

        try:
            with _session().request(
                method,
                f"{self._url}/api/v1{path}",
                headers={"Authorization": f"token {self._key}", "Accept": "application/json"},
                params=query,
                json=body,
                timeout=_SECONDS,
                allow_redirects=False,
                stream=True,
            ) as answer:
                content = _read(answer)
        except requests.RequestException as error:
            reached = not _unreached(error)
            raise _away(type(error).__name__, may_act=reached) from None
        return _judged(answer.status_code, content)


def read(document: Any, shape: type[T]) -> T:
    """What was answered, in its shape. Raises: ProviderUnavailable: it has another."""
    try:
        return wire.read(document, shape)
    except msgspec.ValidationError:
        raise unreadable() from None


def unreadable() -> ProviderUnavailable:
    return _away("Unreadable")


def quoted(part: str) -> str:
    """Part of a path."""
    return quote(part, safe="")


def forget() -> None:
    """Close the connections: for tests that start another server."""
    _session().close()
    _session.cache_clear()


@cache
def _session() -> "Session":
    import requests

    session = requests.Session()
    session.trust_env = False
    return session


def _read(answer: "Response") -> bytes:
    content, ends = bytearray(), time.monotonic() + _MOST_SECONDS
    for piece in answer.iter_content(_PIECE):
        content += piece
        if len(content) > _MOST_BYTES or time.monotonic() > ends:
            raise _away("TooLong", may_act=True)
    return bytes(content)


def _judged(status: int, content: bytes) -> Any:
    try:
        document = json.loads(content, parse_float=str) if content else None
    except (ValueError, RecursionError):
        document = None
        if status < 300:
            raise _away("NoJson", status, may_act=True) from None
    if 200 <= status < 300:
        return document
    if status in _REFUSED:
        code = _code(document) or f"http_{status}"
        telemetry.log("btcpay_declined", level="warning", code=code, status=status)
        raise Declined(code)
    # 401 and 403 too: a wrong key of ours is an outage, not a decline. What answers with 5xx may be a proxy.
    raise _away("Status", status, may_act=status >= _OF_SERVERS)


def _code(document: Any) -> str:
    """The code of an error, or what the first of several is about: names of theirs, never a value of ours."""
    if isinstance(document, list) and document and isinstance(document[0], dict):
        return str(document[0].get("path") or "")[:60]
    return str(document.get("code") or "")[:60] if isinstance(document, dict) else ""


def _unreached(error: "RequestException") -> bool:
    """Whether there was no connection over which anything could be asked."""
    import requests
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    if isinstance(error, requests.ConnectTimeout):
        return True
    why = error.args[0] if error.args else None
    return isinstance(why, MaxRetryError) and isinstance(why.reason, NewConnectionError)


def _away(error: str, status: int = 0, *, may_act: bool = False) -> ProviderUnavailable:
    telemetry.log("btcpay_error", level="warning", error=error, status=status)
    return StillAtWork() if may_act else ProviderUnavailable()
