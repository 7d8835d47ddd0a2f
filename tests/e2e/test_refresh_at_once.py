"""One refresh token sent several times at the same instant: one answer at most is good, and then none of the family."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlencode

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from entrepot.kernel.clock import utc_now
from functions.membership.facade import seed_account
from tests.support import e2e_cloud
from tests.support.http import Answer, call

AT_ONCE: Final = 4
ROUNDS: Final = 5
PASSWORD: Final = "correct horse battery"
CALLBACK: Final = "https://app.example/callback"
VERIFIER: Final = "v" * 64
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def cloud(ministack: str) -> Iterator[None]:
    with e2e_cloud.account(ministack):
        yield


def at_once(send: Callable[[], Answer]) -> list[Answer]:
    """The answers of requests that leave together."""
    gate = threading.Barrier(AT_ONCE)

    def sent(_: int) -> Answer:
        gate.wait()
        return send()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(sent, range(AT_ONCE)))


def signed_in(email: str, role: str = "shopper") -> tuple[str, str]:
    """An access and a refresh token of somebody new."""
    seed_account(email, PASSWORD, role, None, utc_now())
    tokens = call("POST", "/v1/sessions", {"email": email, "password": PASSWORD}).json
    return tokens["access_token"], tokens["refresh_token"]


def renewed(token: str) -> Answer:
    return call("POST", "/v1/sessions/refresh", {"refresh_token": token})


def test_a_refresh_token_used_by_several_at_the_same_instant_ends_its_session(cloud: None) -> None:
    for number in range(ROUNDS):
        _, token = signed_in(f"ada{number}@example.com")

        answers = at_once(lambda token=token: renewed(token))  # type: ignore[misc]

        good = [answer for answer in answers if answer.status == 201]
        assert {201, 401} == {answer.status for answer in answers}
        assert 1 == len(good)
        assert (401, "invalid_token") == (
            renewed(good[0].json["refresh_token"]).status,
            renewed(good[0].json["refresh_token"]).code,
        )


def test_an_applications_refresh_token_used_by_several_at_the_same_instant_ends_its_grant(
    cloud: None,
) -> None:
    operator, _ = signed_in("operator@example.com", "operator")
    member, _ = signed_in("ada@example.com")
    scope = "openid offline_access"
    body = {"name": "App", "redirect_uris": [CALLBACK], "scopes": scope.split()}
    client = call("POST", "/v1/oauth/clients", body, token=operator).json
    secret = {name: client[name] for name in ("client_id", "client_secret")}

    def tokens(**form: str) -> Answer:
        return call("POST", "/v1/oauth/token", raw=urlencode({**secret, **form}), headers=FORM)

    for _ in range(ROUNDS):
        asked = {
            "client_id": client["client_id"],
            "redirect_uri": CALLBACK,
            "scope": scope,
            "code_challenge": create_s256_code_challenge(VERIFIER),
            "code_challenge_method": "S256",
            "approved": True,
        }
        back = call("POST", "/v1/oauth/authorise", asked, token=member).json["redirect_to"]
        code = back.partition("code=")[2].partition("&")[0]
        first = tokens(
            grant_type="authorization_code", code=code, redirect_uri=CALLBACK, code_verifier=VERIFIER
        ).json["refresh_token"]

        answers = at_once(
            lambda first=first: tokens(grant_type="refresh_token", refresh_token=first)  # type: ignore[misc]
        )

        good = [answer for answer in answers if answer.status == 200]
        assert {200, 400} == {answer.status for answer in answers}
        assert 1 == len(good)
        after = tokens(grant_type="refresh_token", refresh_token=good[0].json["refresh_token"])
        assert (400, "invalid_grant") == (after.status, after.json["error"])
