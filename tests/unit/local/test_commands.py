"""Story and seed as commands: what they call, and that a failure is one line and a status."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local import seed
from infra.local.client import Client, Unanswered
from infra.local.seed import data
from infra.local.setup import Hindrance
from infra.local.story import __main__ as command
from infra.local.stripe.serving import LocalServer, Reply, Request
from tests.unit.local.market import accounts

NOBODY = "http://127.0.0.1:9"


class Endpoint:
    """Answers as it is told, the last answer again and again, and remembers what it was asked."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def address(endpoint: Endpoint) -> Iterator[str]:
    server = LocalServer(0, endpoint)
    server.start()
    yield server.url
    server.stop()


def stack(aws_url: str) -> command.Stack:
    return command.Stack(NOBODY, NOBODY, NOBODY, aws_url, "local", accounts())


def test_a_function_is_called_at_the_endpoint_of_lambda(endpoint: Endpoint, address: str) -> None:
    endpoint.replies = [Reply.json(200, None)]

    assert stack(address).invoke("orders-due", {"id": "1"}) is None

    (request,) = endpoint.asked
    assert "/2015-03-31/functions/entrepot-local-orders-due/invocations" == request.path
    assert "/lambda/aws4_request" in request.headers["authorization"]
    assert {"id": "1"} == json.loads(request.body)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply.json(200, {"errorMessage": "no table"}), "orders-due failed: no table"),
        (Reply.json(404, {}), r"orders-due failed: POST .*/invocations was answered 404"),
    ],
)
def test_a_function_that_fails_is_named(endpoint: Endpoint, address: str, reply: Reply, why: str) -> None:
    endpoint.replies = [reply]

    with pytest.raises(AssertionError, match=why):
        stack(address).invoke("orders-due", {})


def test_a_busy_answer_is_asked_for_again_under_the_same_headers(endpoint: Endpoint, address: str) -> None:
    busy = Reply(503, b"{}", {"Retry-After": "0"})
    endpoint.replies = [busy, busy, Reply.json(201, {"id": "ord_1"})]

    answer = Client(address).call("POST", "/v1/orders", {}, headers={"Idempotency-Key": "k"})

    assert {"id": "ord_1"} == answer.expect(201)
    assert ["k", "k", "k"] == [request.headers["idempotency-key"] for request in endpoint.asked]


def test_a_refusal_that_was_not_expected_is_told_in_one_line(endpoint: Endpoint, address: str) -> None:
    problem = {"code": "duty_rate_missing", "detail": "No rate for 999999.", "field": "lines"}
    endpoint.replies = [Reply.json(422, problem)]

    with pytest.raises(Unanswered) as failed:
        Client(address).call("POST", "/v1/quotes", {}).expect(201)

    expected = "POST /v1/quotes was answered 422 (duty_rate_missing: lines: No rate for 999999.)"
    assert expected == str(failed.value)


def test_an_answer_that_is_no_json_is_told_in_one_line(endpoint: Endpoint, address: str) -> None:
    endpoint.replies = [Reply(200, b"<html>")]

    with pytest.raises(Unanswered, match=r"did not answer in JSON"):
        Client(address).call("GET", "/health")


def test_the_story_of_nothing_that_runs_ends_with_one_line_and_a_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    file = tmp_path / "accounts.json"
    file.write_text(json.dumps(accounts()), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["story", "--url", NOBODY, "--accounts", str(file)])

    assert 1 == command.main()

    said = capsys.readouterr()
    assert "" == said.out
    assert 1 == said.err.count("\n")
    assert said.err.startswith("story: the story ends early: POST /v1/sessions: ")


def test_the_story_without_its_accounts_ends_with_one_line_and_a_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr("sys.argv", ["story", "--accounts", str(tmp_path / "none.json")])

    assert 1 == command.main()

    assert 1 == capsys.readouterr().err.count("\n")


def test_people_that_cannot_be_written_are_told_in_one_line() -> None:
    with pytest.raises(Hindrance, match=r"2 merchants and accounts could not be made: .*") as failed:
        seed.create_people(data.load(), accounts(), NOBODY, "test")

    assert "\n" not in str(failed.value)


def test_the_stand_ins_are_looked_for_beside_the_front() -> None:
    assert "http://127.0.0.1:8002" == command._beside("http://127.0.0.1:8000", 2)
