"""Whether a stage answers, and with what was deployed. Standard library only, from outside, as anybody would ask."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_SECONDS: Final = 30.0
_LONGEST_BYTES: Final = 10_000_000


class Unsound(Exception):
    """It does not answer as it should; the message says to what."""


@dataclass(frozen=True, slots=True)
class Heard:
    status: int
    kind: str
    document: Any


Ask = Callable[[str], Heard]


def asker(base: str) -> Ask:
    """Asks below `base`, an https or http address."""
    if not base.startswith(("https://", "http://")):
        raise ValueError(f"{base} is no address")

    def ask(path: str) -> Heard:
        request = urllib.request.Request(f"{base.rstrip('/')}{path}", headers={"Accept": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as response:
                return _heard(response.status, dict(response.headers), response.read(_LONGEST_BYTES))
        except urllib.error.HTTPError as refused:
            with refused:
                return _heard(refused.code, dict(refused.headers), refused.read(_LONGEST_BYTES))
        except (OSError, http.client.HTTPException) as failed:
            raise Unsound(f"GET {path}: {base} does not answer ({failed})") from None

    return ask


def _heard(status: int, headers: Mapping[str, str], raw: bytes) -> Heard:
    try:
        document = json.loads(raw) if raw else None
    except ValueError:
        document = None
    return Heard(status, headers.get("Content-Type", ""), document)


def check(ask: Ask, build: str, *, new: bool = False) -> list[str]:
    """Ask the stage what anybody may. Returns: lines that say what it answered.

    Args: build: what /health has to name. new: a stage just made, whose secret nobody has put yet.
    Raises: Unsound.
    """
    health = ask("/health")
    said = health.document if isinstance(health.document, dict) else {}
    if health.status != 200 or said.get("status") != "ok":
        raise Unsound(f"GET /health answers {health.status}, not that it is well")
    if said.get("build") != build:
        raise Unsound(f"GET /health answers as build {said.get('build')}, and {build} was deployed")
    lines = [f"GET /health               200, build {build}"]
    document = ask("/openapi.json")
    if document.status != 200 or not isinstance(document.document, dict) or "paths" not in document.document:
        raise Unsound(f"GET /openapi.json answers {document.status}, or no OpenAPI document")
    lines.append(f"GET /openapi.json         200, {len(document.document['paths'])} paths")
    lines.append(_listed(ask("/v1/products?limit=1"), new=new))
    lines.append(_refused(ask("/v1/me"), new=new))
    return lines


def _listed(products: Heard, *, new: bool) -> str:
    said = products.document if isinstance(products.document, dict) else {}
    if products.status == 200 and isinstance(said.get("data"), list):
        return f"GET /v1/products?limit=1  200, {len(said['data'])} product(s)"
    if products.status == 503 and new:
        return "GET /v1/products?limit=1  503, as long as the secret is empty (docs/runbooks/a-new-stage.md)"
    raise Unsound(f"GET /v1/products?limit=1 answers {products.status} {said.get('code', '')}".rstrip())


def _refused(me: Heard, *, new: bool) -> str:
    said = me.document if isinstance(me.document, dict) else {}
    if me.status == 401 and me.kind.startswith("application/problem+json") and said.get("code"):
        return f"GET /v1/me                401 {said['code']}, without a token"
    if me.status == 503 and new:
        return "GET /v1/me                503, as long as the secret is empty"
    raise Unsound(f"GET /v1/me answers {me.status} without a token")
