"""Calls of the API in this process, each an event of API Gateway handed to the Chalice application."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

DOCUMENT: Final = Path(__file__).parents[2] / "layers/shared/python/entrepot/contracts/openapi.json"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str | None:
        """The stable code of a problem."""
        return self.json.get("code") if self.text else None


def call(
    method: str,
    path: str,
    body: Any = None,
    *,
    token: str | None = None,
    headers: dict[str, str] | None = None,
    raw: bytes | str | None = None,
) -> Answer:
    """One request. `body` is sent as JSON; `raw` as it is.

    Raises: AssertionError: the OpenAPI document knows of no such answer.
    """
    content = raw if raw is not None else json.dumps(body) if body is not None else None
    sent = {"Content-Type": "application/json", **(headers or {})}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    answer = exchange(method, path, content, sent)
    resource, _ = _resource(urlsplit(path).path)
    known = _documented().get((method, resource))
    assert known is None or answer.status in known or answer.status == 500, (
        f"{method} {resource} answers {answer.status}, which its document does not say: {answer.text[:300]}"
    )
    return answer


def exchange(method: str, path: str, content: bytes | str | None, headers: dict[str, str]) -> Answer:
    """One request, as it is, and whatever it is answered."""
    import app

    address = urlsplit(path)
    resource, parameters = _resource(address.path)
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(address.query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    event = {
        "resource": resource,
        "path": address.path,
        "httpMethod": method,
        "headers": headers,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "body": content.decode("utf-8", "surrogateescape") if isinstance(content, bytes) else content,
        "isBase64Encoded": False,
        "requestContext": {"resourcePath": resource, "httpMethod": method, "requestId": "test-request-id"},
    }
    answer = app.app(event, None)
    return Answer(answer["statusCode"], answer["headers"], answer["body"])


@cache
def _documented() -> dict[tuple[str, str], set[int]]:
    """The statuses of each route in the OpenAPI document. What a bug is answered with, 500, is none of them."""
    paths = json.loads(DOCUMENT.read_text(encoding="utf-8"))["paths"]
    return {
        (method.upper(), path): set(map(int, operation["responses"]))
        for path, operations in paths.items()
        for method, operation in operations.items()
    }


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    import app

    found = []
    for path in app.app.routes:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
        found.append((path, re.compile(pattern)))
    return sorted(found, key=lambda entry: entry[0].count("{"))


def _resource(path: str) -> tuple[str, dict[str, str]]:
    for resource, pattern in _patterns():
        if match := pattern.fullmatch(path):
            return resource, {name: unquote(value) for name, value in match.groupdict().items()}
    return path, {}
