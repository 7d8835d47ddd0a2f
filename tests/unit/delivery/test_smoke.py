"""A stage is sound when it answers with what was deployed, and not otherwise."""

import pytest

from infra.delivery import service, smoke
from infra.delivery.smoke import Heard, Unsound

JSON = "application/json"
PROBLEM = "application/problem+json"
SOUND = {
    "/health": Heard(200, JSON, {"status": "ok", "version": "0.1.0", "build": "abc"}),
    "/openapi.json": Heard(200, JSON, {"paths": {"/health": {}}}),
    "/v1/products?limit=1": Heard(200, JSON, {"data": [], "next_cursor": None}),
    "/v1/me": Heard(401, PROBLEM, {"code": "unauthenticated"}),
}


def asked(**changed: Heard):
    answers = SOUND | {f"/{path}": heard for path, heard in changed.items()}
    return lambda path: answers[path]


def test_a_sound_stage_is_told_line_by_line():
    lines = smoke.check(asked(), "abc")

    assert 4 == len(lines)
    assert "GET /health               200, build abc" == lines[0]


@pytest.mark.parametrize(
    ("path", "heard", "why"),
    [
        ("health", Heard(200, JSON, {"status": "ok", "build": "old"}), "as build old, and abc was deployed"),
        ("health", Heard(200, JSON, {"status": "ok"}), "as build None, and abc was deployed"),
        ("health", Heard(502, JSON, None), "answers 502"),
        ("health", Heard(200, "text/html", None), "not that it is well"),
        ("openapi.json", Heard(200, JSON, {}), "no OpenAPI document"),
        ("v1/products?limit=1", Heard(500, PROBLEM, {"code": "internal"}), "answers 500 internal"),
        ("v1/products?limit=1", Heard(503, PROBLEM, {"code": "unavailable"}), "answers 503 unavailable"),
        ("v1/products?limit=1", Heard(200, JSON, {"data": None}), "answers 200"),
        ("v1/me", Heard(200, JSON, {"id": "mem_1"}), "answers 200 without a token"),
        ("v1/me", Heard(401, JSON, {"message": "no"}), "answers 401 without a token"),
    ],
)
def test_each_answer_that_is_not_as_it_should_be_fails(path, heard, why):
    with pytest.raises(Unsound, match=why):
        smoke.check(asked(**{path: heard}), "abc")


def test_a_new_stage_may_wait_for_its_secret_and_an_old_one_may_not():
    waiting = asked(**{
        "v1/products?limit=1": Heard(503, PROBLEM, {"code": "unavailable"}),
        "v1/me": Heard(503, PROBLEM, {"code": "unavailable"}),
    })  # fmt: skip

    assert "as long as the secret is empty" in "".join(smoke.check(waiting, "abc", new=True))
    with pytest.raises(Unsound):
        smoke.check(waiting, "abc")


def test_old_instances_have_a_while_to_go():
    old = Heard(200, JSON, {"status": "ok", "build": "old"})
    answers = [old, old, SOUND["/health"]]
    pauses: list[int] = []

    lines = service.patiently(
        lambda path: answers.pop(0) if path == "/health" else SOUND[path], "abc", lambda: pauses.append(1)
    )

    assert 4 == len(lines)
    assert 2 == len(pauses)


def test_patience_ends():
    pauses: list[int] = []

    with pytest.raises(Unsound, match="build old"):
        service.patiently(
            asked(health=Heard(200, JSON, {"status": "ok", "build": "old"})), "abc", lambda: pauses.append(1)
        )

    assert service.PATIENCE - 1 == len(pauses)


def test_an_address_where_nobody_answers_is_unsound():
    with pytest.raises(Unsound, match="does not answer"):
        smoke.asker("http://127.0.0.1:9/api")("/health")


def test_what_is_no_address_is_a_mistake():
    with pytest.raises(ValueError, match="no address"):
        smoke.asker("file:///etc/passwd")
