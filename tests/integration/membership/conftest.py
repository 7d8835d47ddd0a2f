"""A house of members over an AWS in this process: requests go through the HTTP edge, letters through the consumer."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from moto.ses.models import ses_backends
from moto.sns.models import sns_backends
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from entrepot.cloud import dynamo, http, outbox
from functions.membership import facade, pwdlib_gateway, routes, triggers

NOW = datetime(2026, 11, 22, 10, 1, tzinfo=UTC)
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str | None:
        return self.body.get("code") if self.body else None

    def told(self) -> tuple[int, Any]:
        """What a caller can tell answers apart by."""
        shown = dict(self.body) if self.body else {}
        shown.pop("correlation_id", None)
        return self.status, shown


@dataclass(frozen=True)
class Letter:
    to: str
    subject: str
    text: str

    @property
    def code(self) -> str:
        found = re.search(r"\d{6}", self.text)
        assert found is not None, self.text
        return found[0]


@dataclass
class _Request:
    headers: dict[str, str]
    raw_body: bytes
    query_params: dict[str, str] | None
    context: dict[str, Any]


class House:
    def __init__(self) -> None:
        self.now = NOW
        self.source = ""
        self._read = 0
        self._read_texts = 0

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        given = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        address = urlsplit(path)
        route, parameters = _routed(method, address.path)
        query = dict(parse_qsl(address.query)) or None
        context = {"requestId": "test", "identity": {"sourceIp": self.source}}
        answer = http._answer(route, _Request(given, raw, query, context), parameters)
        shown = json.loads(answer.body) if answer.body else None
        return Answer(answer.status_code, shown, {name: str(value) for name, value in answer.headers.items()})

    def register(self, email: str, password: str = PASSWORD, **more: Any) -> Answer:
        return self.call("POST", "/v1/members", {"email": email, "password": password, **more})

    def verify(self, email: str, code: str) -> Answer:
        return self.call("POST", "/v1/members/verify", {"email": email, "code": code})

    def sign_in(self, email: str, password: str = PASSWORD) -> Answer:
        return self.call("POST", "/v1/sessions", {"email": email, "password": password})

    def refresh(self, token: str) -> Answer:
        return self.call("POST", "/v1/sessions/refresh", {"refresh_token": token})

    def token(self, email: str, password: str = PASSWORD) -> str:
        answer = self.sign_in(email, password)
        assert answer.status == 201, answer
        token: str = answer.body["access_token"]
        return token

    def account(self, email: str, role: str = "shopper", merchant_id: str | None = None) -> str:
        return facade.seed_account(email, PASSWORD, role, merchant_id, self.now)

    def member(self, email: str) -> None:
        """Somebody who has registered and confirmed."""
        self.register(email)
        (code,) = (letter.code for letter in self.letters() if letter.to == email)
        assert self.verify(email, code).status == 200

    def merchant(self, merchant_id: str, name: str = "Porcellana Srl") -> None:
        facade.seed_merchant(facade.Merchant(merchant_id, name, "IT", "EUR", 800), self.now)

    def events(self) -> list[dict[str, Any]]:
        """What is announced and not yet delivered, oldest first; at one moment, in any order."""
        rows = [
            row for shard in range(outbox.SHARDS) for row in outbox.unsent(shard, self.now + timedelta(1))
        ]
        return [json.loads(row.body) for row in sorted(rows, key=lambda row: (row.created_at, row.pk))]

    def deliver(self, event: dict[str, Any]) -> None:
        (consumer,) = triggers.triggers.all
        consumer.handle(json.dumps(event), self.now)

    def letters(self) -> list[Letter]:
        """Deliver what is announced; the letters that went out since the last time."""
        self.carry()
        sent = ses_backends["123456789012"]["eu-central-1"].sent_messages
        fresh, self._read = sent[self._read :], len(sent)
        return [
            Letter(message.destinations["ToAddresses"][0], message.subject, message.body) for message in fresh
        ]

    def texts(self) -> list[Letter]:
        """The text messages that went out since the last time."""
        self.carry()
        sent = list(sns_backends["123456789012"]["eu-central-1"].sms_messages.values())
        fresh, self._read_texts = sent[self._read_texts :], len(sent)
        return [Letter(number, "", text) for number, text in fresh]

    def carry(self) -> None:
        heard = {
            "membership.member_registered",
            "membership.staff_invited",
            "membership.code_requested",
            "membership.password_changed",
        }
        for event in self.events():
            if event["event"] in heard:
                self.deliver(event)
            outbox.mark_sent(event["event_id"], self.now)

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def house(aws: None, monkeypatch: pytest.MonkeyPatch) -> House:
    """Members, sessions and merchants, with a clock that the test moves and hashes that cost nothing."""
    house = House()
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    monkeypatch.setattr(pwdlib_gateway, "_hasher", lambda: cheap)
    monkeypatch.setattr(http, "utc_now", lambda: house.now)
    return house


@contextmanager
def requests_made() -> Iterator[list[str]]:
    """The requests to DynamoDB made meanwhile, each with the size of its transaction left out."""
    made: list[str] = []

    def observe(operation: str, arguments: dict[str, Any], answer: dict[str, Any]) -> None:
        made.append(operation)

    dynamo.observers.append(observe)
    try:
        yield made
    finally:
        dynamo.observers.remove(observe)


def _routed(method: str, path: str) -> tuple[http.Route, dict[str, str]]:
    for route in routes.api.routes:
        shape = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path)
        found = re.fullmatch(shape, path)
        if route.method == method and found:
            return route, found.groupdict()
    raise AssertionError(f"no route {method} {path}")
