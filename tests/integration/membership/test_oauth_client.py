"""A third application signs its user in, with a client library of its own, over HTTP: nothing of ours in between."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6749.errors import MismatchingStateException
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from entrepot.cloud import auth
from functions.membership.service import sessions
from tests.integration.membership.conftest import House
from tests.integration.orders.bazaar import meanwhile
from tests.support import memory
from tests.support.http import Answer, call
from tests.support.serving import served_at

CALLBACK = "http://127.0.0.1:5999/callback"
SCOPE = "openid profile email offline_access orders.list"


def served(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The API behind a plain HTTP server."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    headers = {
        name[5:].replace("_", "-").title(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    path = environ["PATH_INFO"] + (f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else "")
    raw = environ["wsgi.input"].read(length)
    answer = call(environ["REQUEST_METHOD"], path, raw=raw or None, headers=headers)
    start_response(f"{answer.status} -", list(answer.headers.items()))
    return [answer.text.encode()]


@dataclass
class Stage:
    """The API at an address, a member who has signed in, and an application that an operator has registered."""

    base: str
    house: House
    member_token: str
    operator: str
    client: dict[str, Any]

    def discovered(self) -> dict[str, Any]:
        document = requests.get(f"{self.base}/.well-known/openid-configuration", timeout=5)
        assert 200 == document.status_code
        found: dict[str, Any] = document.json()
        return found

    def session(self, **options: Any) -> OAuth2Session:
        return OAuth2Session(
            self.client["client_id"],
            self.client["client_secret"],
            scope=SCOPE,
            redirect_uri=CALLBACK,
            code_challenge_method="S256",
            **options,
        )

    def consented(self, url: str, approved: bool = True) -> str:
        """What the page of consent does with the address that an application sends its user to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        answer = call("POST", "/v1/oauth/authorise", {**asked, "approved": approved}, token=self.member_token)
        assert 200 == answer.status, answer.text
        return str(answer.json["redirect_to"])

    def signed_in(self, session: OAuth2Session, nonce: str = "n-1") -> tuple[dict[str, Any], str, str]:
        """The tokens, and the code and verifier that they came for."""
        endpoints, verifier = self.discovered(), generate_token(48)
        url, state = session.create_authorization_url(
            endpoints["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
        back = self.consented(url)
        token = session.fetch_token(
            endpoints["token_endpoint"], authorization_response=back, code_verifier=verifier, state=state
        )
        return dict(token), parse_qs(urlsplit(back).query)["code"][0], verifier

    def claims(self, id_token: str, nonce: str = "n-1") -> Any:
        """An ID token as the library checks it: signature by the published keys, issuer, audience, nonce, time."""
        keys = KeySet.import_key_set(requests.get(self.discovered()["jwks_uri"], timeout=5).json())
        opened = jwt.decode(id_token, keys, algorithms=["ES256"])
        options = {"iss": {"values": [self.base]}, "aud": {"values": [self.client["client_id"]]}}
        checked = CodeIDToken(opened.claims, opened.header, options, {"nonce": nonce})
        checked.validate(now=int(self.house.now.timestamp()))
        return checked


@pytest.fixture
def stage(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with served_at(served) as base:
        monkeypatch.setattr(auth, "ISSUER", base)
        monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # the client library's own word for loopback
        house.account("ada@example.com")
        house.account("operator@example.com", "operator")
        operator = house.token("operator@example.com")
        body = {"name": "Price Watch", "redirect_uris": [CALLBACK], "scopes": SCOPE.split()}
        client = call("POST", "/v1/oauth/clients", body, token=operator).json
        yield Stage(base, house, house.token("ada@example.com"), operator, client)


def asked_again(stage: Stage, **form: str) -> Answer:
    """A request at the token endpoint, by the application."""
    body = {"client_id": stage.client["client_id"], "client_secret": stage.client["client_secret"], **form}
    return form_call("/v1/oauth/token", body)


def form_call(path: str, form: dict[str, str], **headers: str) -> Answer:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return call("POST", path, raw=urlencode(form), headers={**kind, **headers})


def test_an_application_signs_its_user_in_by_discovery_code_and_pkce(stage):
    session = stage.session()
    token, _, _ = stage.signed_in(session)

    claims = stage.claims(token["id_token"])
    endpoints = stage.discovered()
    info = session.get(endpoints["userinfo_endpoint"]).json()
    assert claims["sub"] == info["sub"]
    assert ("ada@example.com", True) == (info["email"], info["email_verified"])
    assert 200 == session.get(f"{stage.base}/v1/orders").status_code

    before = token["access_token"]
    renewed = session.refresh_token(endpoints["token_endpoint"])
    assert renewed["access_token"] != before
    assert renewed["refresh_token"] != token["refresh_token"]
    assert info == session.get(endpoints["userinfo_endpoint"]).json()

    session.revoke_token(endpoints["revocation_endpoint"], token=renewed["refresh_token"])
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.refresh_token(endpoints["token_endpoint"], refresh_token=renewed["refresh_token"])


def test_an_application_may_do_no_more_than_its_scopes(stage):
    session = stage.session()
    stage.signed_in(session)

    for path in ("/v1/me", "/v1/oauth/authorise?client_id=x"):
        answer = session.get(f"{stage.base}{path}")
        assert (403, "insufficient_scope") == (answer.status_code, answer.json()["code"])
    assert 403 == session.post(f"{stage.base}/v1/carts/crt_1/merge", json={}).status_code


def test_a_member_who_says_no_sends_the_application_back_without_a_code(stage):
    session = stage.session()
    url, state = session.create_authorization_url(
        f"{stage.base}/v1/oauth/authorise", code_verifier=generate_token(48)
    )

    back = parse_qs(urlsplit(stage.consented(url, approved=False)).query)

    assert {"error": ["access_denied"], "state": [state]} == {
        name: back.get(name) for name in ("error", "state")
    }
    assert "code" not in back


def test_the_library_refuses_an_answer_with_another_state(stage):
    session = stage.session(state="expected")
    url, _ = session.create_authorization_url(
        f"{stage.base}/v1/oauth/authorise", state="somebody-elses", code_verifier=generate_token(48)
    )

    with pytest.raises(MismatchingStateException):
        session.fetch_token(
            f"{stage.base}/v1/oauth/token",
            authorization_response=stage.consented(url),
            state="expected",
        )


def test_the_library_refuses_an_id_token_for_another_nonce_or_another_application(stage):
    token, _, _ = stage.signed_in(stage.session())

    with pytest.raises(JoseError):
        stage.claims(token["id_token"], nonce="another")
    stage.client = {**stage.client, "client_id": "cli_another"}
    with pytest.raises(JoseError):
        stage.claims(token["id_token"])


def test_an_application_is_told_when_its_user_signed_in_and_not_when_they_agreed(stage):
    signed_in_at = int(stage.house.now.timestamp())
    stage.house.pass_time(minutes=9)

    token, _, _ = stage.signed_in(stage.session())

    assert signed_in_at == stage.claims(token["id_token"])["auth_time"]


def answered_at(stage: Stage) -> str:
    url, _ = stage.session().create_authorization_url("https://x.invalid/", code_verifier=generate_token(48))
    return str(url)


def refused_consent(stage: Stage) -> tuple[int, str | None]:
    asked = {name: values[0] for name, values in parse_qs(urlsplit(answered_at(stage)).query).items()}
    answer = call("POST", "/v1/oauth/authorise", {**asked, "approved": True}, token=stage.member_token)
    return answer.status, answer.code


def test_who_has_signed_out_agrees_to_nothing_with_the_token_that_is_left(stage):
    assert 204 == call("DELETE", "/v1/sessions/current", token=stage.member_token).status

    assert (401, "invalid_token") == refused_consent(stage)


def test_a_session_that_ends_while_its_member_agrees_gives_no_code(stage):
    def sign_out() -> None:
        assert 204 == call("DELETE", "/v1/sessions/current", token=stage.member_token).status

    with meanwhile(sessions, "living", after=sign_out):
        refused = refused_consent(stage)

    assert (401, "invalid_token") == refused
    assert not [row for row in memory.current().rows("membership") if row["sk"]["S"].startswith("grant-code")]


def code_for(stage: Stage, verifier: str) -> str:
    url, _ = stage.session().create_authorization_url("https://x.invalid/", code_verifier=verifier)
    return parse_qs(urlsplit(stage.consented(url)).query)["code"][0]


def test_a_wrong_verifier_or_redirect_uri_or_an_expired_code_gives_no_tokens(stage):
    verifier = generate_token(48)
    good = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": verifier}
    wrong = [
        {**good, "code": code_for(stage, verifier), "code_verifier": generate_token(48)},
        {**good, "code": code_for(stage, verifier), "redirect_uri": f"{CALLBACK}/"},
        {**good, "code": code_for(stage, verifier) + "x"},
        {**good, "code": "x.y"},
    ]
    late = code_for(stage, verifier)
    answers = [asked_again(stage, **form) for form in wrong]
    stage.house.pass_time(minutes=2)
    answers.append(asked_again(stage, **good, code=late))

    assert {(400, "invalid_grant")} == {(answer.status, answer.json["error"]) for answer in answers}


def test_a_replayed_code_is_refused_and_ends_what_was_issued_for_it(stage):
    token, code, verifier = stage.signed_in(stage.session())

    replayed = asked_again(
        stage, grant_type="authorization_code", redirect_uri=CALLBACK, code=code, code_verifier=verifier
    )
    after = asked_again(stage, grant_type="refresh_token", refresh_token=token["refresh_token"])

    assert [(400, "invalid_grant")] * 2 == [(each.status, each.json["error"]) for each in (replayed, after)]


def test_a_refresh_token_used_twice_ends_the_family(stage):
    first, _, _ = stage.signed_in(stage.session())
    second = asked_again(stage, grant_type="refresh_token", refresh_token=first["refresh_token"])

    again = asked_again(stage, grant_type="refresh_token", refresh_token=first["refresh_token"])
    after = asked_again(stage, grant_type="refresh_token", refresh_token=second.json["refresh_token"])

    assert [200, 400, 400] == [answer.status for answer in (second, again, after)]


def test_two_uses_of_a_refresh_token_at_the_same_instant_have_one_winner_whose_family_then_ends(
    stage, monkeypatch
):
    from functions.membership.service.oauth import tokens

    first, _, _ = stage.signed_in(stage.session())
    found, inner = tokens.found_refresh, list[Answer]()

    def and_meanwhile(text: str) -> Any:
        seen = found(text)
        if not inner:  # the other request comes between our read and our write
            inner.append(Answer(0, {}, ""))
            inner[0] = asked_again(stage, grant_type="refresh_token", refresh_token=text)
        return seen

    monkeypatch.setattr(tokens, "found_refresh", and_meanwhile)
    loser = asked_again(stage, grant_type="refresh_token", refresh_token=first["refresh_token"])
    winner = inner[0]
    after = asked_again(stage, grant_type="refresh_token", refresh_token=winner.json["refresh_token"])

    assert (200, 400, 400) == (winner.status, loser.status, after.status)


def test_a_token_for_another_audience_is_refused_here(stage):
    body = {
        "name": "Own API",
        "redirect_uris": [CALLBACK],
        "scopes": SCOPE.split(),
        "audience": "https://api.partner.example",
    }
    stage.client = call("POST", "/v1/oauth/clients", body, token=stage.operator).json
    token, _, _ = stage.signed_in(stage.session())

    answer = call("GET", "/v1/oauth/userinfo", token=token["access_token"])

    assert (401, "invalid_token") == (answer.status, answer.code)


REFUSED: list[tuple[dict[str, Any], str | None]] = [
    ({"redirect_uri": "https://evil.example/callback"}, "authorisation_refused"),
    ({"redirect_uri": f"{CALLBACK}?next=1"}, "authorisation_refused"),
    ({"redirect_uri": 'http://127.0.0.1:5999/"<script>'}, "authorisation_refused"),
    ({"client_id": "cli_unknown"}, "authorisation_refused"),
    ({"client_id": ""}, "authorisation_refused"),
    ({"client_id": "cli_" + "é" * 600}, "authorisation_refused"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"response_type": "token"}, "invalid_request"),
    ({"code_challenge": ""}, None),
    ({"scope": "ledger.read"}, None),
]
"""What is changed about a good request; the refusal's code, or None where the application is told."""


def test_a_member_is_sent_to_no_address_that_was_not_registered_and_gets_no_code_for_less(stage):
    good = {
        "client_id": stage.client["client_id"],
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "code_challenge": create_s256_code_challenge(generate_token(48)),
        "code_challenge_method": "S256",
        "approved": True,
    }
    for change, code in REFUSED:
        answer = call("POST", "/v1/oauth/authorise", {**good, **change}, token=stage.member_token)
        if code:
            assert (code, True) == (answer.code, answer.status in (400, 422)), change
        else:
            assert answer.json["redirect_to"].startswith(f"{CALLBACK}?error=invalid_"), change


NO_REQUESTS: list[dict[str, str]] = [
    {},
    {"grant_type": "password", "username": "a", "password": "b"},
    {"grant_type": "authorization_code"},
    {"grant_type": "authorization_code", "code": 'a"b'},
    {"grant_type": "refresh_token", "refresh_token": "a.b.c.ü"},
    {"grant_type": "client_credentials", "scope": "orders.list"},
    {"grant_type": "ünknown"},
]


def test_what_is_no_token_request_is_refused_as_the_protocol_says(stage):
    answers = [asked_again(stage, **form) for form in NO_REQUESTS]

    assert {400} == {answer.status for answer in answers}
    assert {"invalid_request", "unauthorized_client", "unsupported_grant_type"} == {
        answer.json["error"] for answer in answers
    }


def test_an_unreadable_client_is_no_client(house):
    for header in ("Basic", "Basic ü", "Basic /w==", "Basic Og==", "Bearer x", "Basic YTpi"):
        form = {"grant_type": "client_credentials"}
        answer = form_call("/v1/oauth/token", form, Authorization=header)

        assert (True, "invalid_client") == (answer.status in (400, 401), answer.json["error"]), header


def test_introspection_tells_an_application_of_its_own_tokens_only(stage):
    token, _, _ = stage.signed_in(stage.session())
    body = {"name": "Other", "redirect_uris": [CALLBACK], "scopes": ["openid"]}
    other = call("POST", "/v1/oauth/clients", body, token=stage.operator).json

    def seen(client: dict[str, Any], text: str) -> Any:
        form = {"client_id": client["client_id"], "client_secret": client["client_secret"], "token": text}
        return form_call("/v1/oauth/introspect", form).json

    mine = seen(stage.client, token["access_token"])
    assert (True, SCOPE) == (mine["active"], mine["scope"])
    assert {"active": False} == seen(other, token["access_token"])
    assert {"active": False} == seen(stage.client, "x.y.z")
