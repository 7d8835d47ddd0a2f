"""What happens to an account is written down: sign-ins that stood and that did not, tokens that came twice."""

import json
from typing import Any

import pytest

from entrepot.cloud import audit
from entrepot.kernel.clock import utc_now
from functions.membership import facade
from infra import audit as command
from tests.support.http import call

pytestmark = pytest.mark.usefixtures("aws")
EMAIL, PASSWORD = "ada@example.com", "correct horse battery"


def signed_in(password: str = PASSWORD, email: str = EMAIL) -> Any:
    return call("POST", "/v1/sessions", {"email": email, "password": password})


def written() -> list[tuple[str, str, str]]:
    """Action, outcome and actor of every entry, oldest first; and the log is whole."""
    items = list(command.stored())
    _, faults = command.faults(audit.key(), items)
    assert [] == faults
    bodies = [json.loads(item["body"]) for item in items if item["sk"] != "head"]
    bodies.sort(key=lambda body: str(body["entry_id"]))
    return [(body["action"], body.get("outcome", "done"), body["actor"]) for body in bodies]


def test_a_sign_in_is_written_down_whether_it_stood_or_not():
    member_id = facade.seed_account(EMAIL, PASSWORD, "shopper", None, utc_now())

    assert 401 == signed_in("wrong horse battery").status
    assert 401 == signed_in(email="nobody@example.com").status
    assert 201 == signed_in().status

    assert [
        ("session.open", "refused", member_id),
        ("session.open", "refused", audit.UNKNOWN),
        ("session.open", "done", member_id),
    ] == written()


def test_a_refresh_token_that_comes_twice_is_written_down_with_the_end_of_its_session():
    member_id = facade.seed_account(EMAIL, PASSWORD, "shopper", None, utc_now())
    token = signed_in().json["refresh_token"]

    assert 201 == call("POST", "/v1/sessions/refresh", {"refresh_token": token}).status
    assert 401 == call("POST", "/v1/sessions/refresh", {"refresh_token": token}).status

    assert ("session.token_reused", "refused", member_id) == written()[-1]
    assert "ada@" not in json.dumps(list(command.stored()))
