"""A client of the API as anybody could write one: the standard library, JSON, and the problem documents of refusals."""

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

SECONDS: Final = 150.0
"""Longer than the front waits, so that what it has to say of a machine that is busy is heard."""
_TRIES: Final = 6
_LONGEST_PAUSE: Final = 3.0


class Unanswered(Exception):
    """An address that does not answer, or an answer that was not to be; the message is one line."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `call` is the request's line, such as "POST /v1/quotes"."""

    call: str
    status: int
    document: Any

    @property
    def code(self) -> str:
        """The stable code of a problem, "" where it is none."""
        return str(self.document.get("code", "")) if isinstance(self.document, dict) else ""

    def expect(self, *statuses: int) -> Any:
        """The document. Raises: Unanswered: the status is another."""
        if self.status in statuses:
            return self.document
        problem = self.document if isinstance(self.document, dict) else {}
        why = ": ".join(str(problem[name]) for name in ("code", "field", "detail") if problem.get(name))
        raise Unanswered(f"{self.call} was answered {self.status}{f' ({why})' if why else ''}")


class Client:
    """Calls an address, and calls again where the answer is 503, as every client of ours should."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        address = urlsplit(self.base_url)
        self._host, self._port = address.hostname or "", address.port
        self._prefix = address.path

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, sent again under the same headers while the answer is 503.

        Raises: Unanswered: nobody answers, or not in JSON.
        """
        for _ in range(_TRIES - 1):
            answer, pause = self._sent(method, path, body, token, headers or {})
            if answer.status != 503:
                return answer
            time.sleep(pause)
        return self._sent(method, path, body, token, headers or {})[0]

    def sign_in(self, account: Mapping[str, str]) -> str:
        """An access token. Raises: Unanswered."""
        body = {"email": account["email"], "password": account["password"]}
        return str(self.call("POST", "/v1/sessions", body).expect(201)["access_token"])

    def _sent(
        self, method: str, path: str, body: Any, token: str | None, headers: Mapping[str, str]
    ) -> tuple[Answer, float]:
        """The answer, and for how long to wait before asking again."""
        sent = {"Accept": "application/json", **headers}
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        if token:
            sent["Authorization"] = f"Bearer {token}"
        call = f"{method} {path}"
        connection = http.client.HTTPConnection(self._host, self._port, timeout=SECONDS)
        try:
            connection.request(method, self._prefix + path, content, sent)
            response = connection.getresponse()
            raw = response.read()
            document = json.loads(raw) if raw else None
        except (OSError, http.client.HTTPException) as failed:
            raise Unanswered(f"{call}: {self.base_url} does not answer ({failed})") from None
        except ValueError:
            raise Unanswered(f"{call}: {self.base_url} did not answer in JSON") from None
        finally:
            connection.close()
        pause = response.headers.get("Retry-After", "1")
        seconds = min(float(pause), _LONGEST_PAUSE) if pause.isdigit() else 1.0
        return Answer(call, response.status, document), seconds
