"""The Greenfield API over the net: what is refused, what is an outage, and what is still at work."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from functions.payments.btcpay import http as btcpay_http
from functions.payments.btcpay.http import Client, StillAtWork
from functions.payments.gateway import Declined, ProviderUnavailable
from infra.local.stripe.serving import LocalServer, Reply, Request

KEY = "key-that-nobody-may-see"
SECRET_PART = "https://pay.example/pull-payments/whoever-knows-it"


@dataclass
class Scripted:
    """Answers as it is told, and keeps what it was asked."""

    reply: Reply | None = None
    asked: list[Request] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)
    waits: bool = False

    def __call__(self, request: Request) -> Reply | None:
        self.asked.append(request)
        if self.waits:
            self.held.wait(10)
        return self.reply


@pytest.fixture
def server() -> Iterator[tuple[Scripted, Client]]:
    script = Scripted()
    local = LocalServer(0, script)
    local.start()
    yield script, Client(local.url, "store-1", KEY)
    script.held.set()
    btcpay_http.forget()
    local.stop()


def test_a_call_carries_the_key_and_reads_json_with_exact_decimals(server: tuple[Scripted, Client]) -> None:
    script, client = server
    script.reply = Reply(200, b'{"amount": 0.1, "name": "x"}')

    answer = client.of_store("POST", "invoices", {"amount": "1.00"}, {"orderId": "a b&c"})

    assert {"amount": "0.1", "name": "x"} == answer
    (asked,) = script.asked
    assert ("POST", "/api/v1/stores/store-1/invoices", "orderId=a+b%26c") == (
        asked.method,
        asked.path,
        asked.query,
    )
    assert f"token {KEY}" == asked.headers["authorization"]
    assert {"amount": "1.00"} == json.loads(asked.body)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, {"code": "invoice-not-found", "message": SECRET_PART}, "invoice-not-found"),
        (400, {"code": "non-refundable"}, "non-refundable"),
        (422, [{"path": "RefundVariant", "message": SECRET_PART}], "RefundVariant"),
        (409, "no json", "http_409"),
    ],
)
def test_what_it_refuses_is_declined_with_its_code(
    server: tuple[Scripted, Client],
    status: int,
    body: object,
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    script, client = server
    script.reply = Reply(status, body.encode() if isinstance(body, str) else json.dumps(body).encode())

    with pytest.raises(Declined) as declined:
        client.call("GET", "/x")

    assert reason == declined.value.reason
    printed = capsys.readouterr().out
    assert not any(secret in printed for secret in (KEY, SECRET_PART))


@pytest.mark.parametrize(
    ("reply", "may_act"),
    [
        (Reply(500, b"{}"), True),
        (Reply(502, b"<html>"), True),
        (Reply(503, b""), True),
        (Reply(504, b"<html>"), True),
        (Reply(200, b"<html>"), True),
        (Reply(200, b"[" * 100_000), True),
        (None, True),
        (Reply(429, b"{}"), False),
        (Reply(401, b'{"code": "unauthenticated"}'), False),
        (Reply(403, b'{"code": "missing-permission"}'), False),
        (Reply(302, b"", {"Location": "http://127.0.0.1:1/"}), False),
    ],
    ids=[
        "fails",
        "bad gateway",
        "unavailable",
        "gateway too slow",
        "no json",
        "too deep",
        "dropped",
        "too many",
        "key",
        "permission",
        "elsewhere",
    ],
)
def test_anything_else_is_an_outage_after_which_it_may_act_unless_it_has_refused(
    server: tuple[Scripted, Client], reply: Reply | None, may_act: bool
) -> None:
    script, client = server
    script.reply = reply

    with pytest.raises(ProviderUnavailable) as away:
        client.call("GET", "/x")

    assert may_act is isinstance(away.value, StillAtWork)
    assert 1 == len(script.asked)


def test_an_answer_that_never_ends_is_an_outage(
    server: tuple[Scripted, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    script, client = server
    monkeypatch.setattr(btcpay_http, "_MOST_BYTES", 1000)
    script.reply = Reply(200, b"[" + b"1," * 2000 + b"1]")

    with pytest.raises(StillAtWork):
        client.call("GET", "/x")


def test_one_that_is_too_slow_may_still_act(
    server: tuple[Scripted, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    script, client = server
    monkeypatch.setattr(btcpay_http, "_SECONDS", (2.0, 0.05))
    script.waits = True

    with pytest.raises(StillAtWork):
        client.call("POST", "/x", {})


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://nobody.invalid"])
def test_nobody_there_is_an_outage_in_which_nothing_was_asked(url: str) -> None:
    with pytest.raises(ProviderUnavailable) as away:
        Client(url, "store-1", KEY).call("GET", "/x")

    assert not isinstance(away.value, StillAtWork)
