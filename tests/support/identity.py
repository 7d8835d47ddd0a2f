"""Providers of accounts for tests: what they answer over the net, without a net."""

import io
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

ISSUER = "https://id.acme.example"
KEY = RSAKey.generate_key(2048, parameters={"kid": "a"})
SET_UP: dict[str, dict[str, Any]] = {
    "acme": {
        "client_id": "acme-client",
        "client_secret": "acme-secret",
        "issuer": ISSUER,
        "trusts_email": True,
    },
    "google": {"client_id": "google-client", "client_secret": "google-secret"},
    "apple": {
        "client_id": "com.example.shop",
        "team_id": "TEAM123456",
        "key_id": "KEY1234567",
        "private_key": "",
    },
    "line": {"client_id": "1234567890", "client_secret": "0123456789abcdef0123456789abcdef"},
    "wechat": {"client_id": "wx1234567890", "client_secret": "wechat-secret"},
    "bare": {"client_id": "x"},
}

Answer = tuple[int, Any]


class Net:
    """What is out there: an answer for each address, or something that is raised. Takes down who was asked for what."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[dict[str, str]], Answer] | Answer | Exception] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        assert options["timeout"], "a call without a time-out"
        address = urlsplit(str(request.url))
        url = f"{address.scheme}://{address.netloc}{address.path}"
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
        given = {**dict(parse_qsl(address.query)), **dict(parse_qsl(body))}
        self.asked.append((url, given))
        answer = self.answers.get(url, (404, "nobody is there"))
        if isinstance(answer, Exception):
            raise answer
        status, content = answer(given) if callable(answer) else answer
        response = requests.Response()
        response.status_code = status
        response.url = str(request.url)
        response.request = request
        response.raw = io.BytesIO(content if isinstance(content, bytes) else json.dumps(content).encode())
        return response

    def times(self, url: str) -> int:
        return sum(asked == url for asked, _ in self.asked)


class Acme:
    """A provider with a discovery document, published keys, and somebody who has signed in there."""

    def __init__(self, net: Net, now: Callable[[], datetime]) -> None:
        self.net, self.now = net, now
        self.nonce = ""
        self.said: dict[str, Any] = {"sub": "ada-at-acme", "email": "ada@example.com", "email_verified": True}
        self.changes: dict[str, Any] = {}
        net.answers[f"{ISSUER}/.well-known/openid-configuration"] = (
            200,
            {
                "issuer": ISSUER,
                "authorization_endpoint": f"{ISSUER}/authorise",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            },
        )
        net.answers[f"{ISSUER}/keys"] = (200, {"keys": [KEY.as_dict(private=False)]})
        net.answers[f"{ISSUER}/token"] = self.token

    def token(self, given: dict[str, str]) -> Answer:
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": self.id_token()}

    def id_token(self) -> str:
        issued = int(self.now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": "acme-client",
            "nonce": self.nonce,
            "iat": issued,
            "exp": issued + 300,
            **self.said,
            **self.changes,
        }
        return jwt.encode({"alg": "RS256", "kid": "a"}, claims, KEY)
