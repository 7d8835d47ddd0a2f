"""A sign-in with a real provider, which runs in a process of its own, by a browser that follows every redirect."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from entrepot.cloud import auth
from entrepot.kernel.clock import utc_now
from infra.local.processes import child, free_ports, listening, module, wait_for
from tests.integration.membership.conftest import House
from tests.integration.membership.test_oauth_client import served
from tests.integration.membership.test_social import kept
from tests.support.aws import SECRETS
from tests.support.serving import served_at

BACK = "http://127.0.0.1:5999/back"
REGISTER = {"consent": {"terms_version": "2026-11"}, "locale": "fr"}
ADA = {"sub": "ada-at-mock", "email": "ada@example.com", "email_verified": True}


@dataclass
class Stage:
    """The API and a provider, both at addresses of this machine."""

    base: str
    provider: str

    def begin(self) -> dict[str, Any]:
        answer = self.post("/v1/sessions/providers/mock", {"return_to": BACK})
        assert 201 == answer.status_code, answer.text
        begun: dict[str, Any] = answer.json()
        return begun

    def at_the_provider(self, address: str, **answer: str) -> str:
        """Where the provider sends a browser back to."""
        assert 200 == requests.get(address, timeout=10).status_code
        sent = requests.post(address, data=answer, timeout=10, allow_redirects=False)
        assert 302 == sent.status_code, sent.text
        return str(sent.headers["Location"])

    def sent_on(self, callback: str) -> dict[str, str]:
        """What the browser is told where it began, after our callback."""
        sent = requests.get(callback, timeout=10, allow_redirects=False)
        assert 303 == sent.status_code, sent.text
        assert sent.headers["Location"].startswith(f"{BACK}?")
        told = parse_qs(urlsplit(sent.headers["Location"]).query)
        return {name: values[0] for name, values in told.items()}

    def complete(self, told: dict[str, str], begun: dict[str, Any], **more: Any) -> requests.Response:
        body = {"ticket": told["ticket"], "binding": begun["binding"], **more}
        return self.post("/v1/sessions/social", body)

    def post(self, path: str, body: Any) -> requests.Response:
        return requests.post(f"{self.base}{path}", json=body, timeout=20)


@pytest.fixture
def stage(house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stage]:
    house.now = utc_now()  # the provider has a clock of its own
    (port,) = free_ports(1)
    issuer = f"http://127.0.0.1:{port}"
    set_up = {"mock": {"client_id": "shop", "client_secret": "hush", "issuer": issuer, "trusts_email": True}}
    kept({**SECRETS, "social_providers": json.dumps(set_up)})
    command = module("oidc_provider_mock", "--port", str(port), "--user-claims", json.dumps(ADA))
    command += ["--require-nonce", "true"]
    with (
        served_at(served) as base,
        child("provider", command, os.environ, tmp_path / "provider.log") as running,
    ):
        monkeypatch.setattr(auth, "ISSUER", base)
        wait_for(lambda: listening(port), running)
        yield Stage(base, issuer)


def test_somebody_registers_and_signs_in_again_by_a_real_provider(stage):
    begun = stage.begin()
    callback = stage.at_the_provider(begun["redirect_to"], sub="ada-at-mock")
    told = stage.sent_on(callback)
    asked = stage.complete(told, begun)
    made = stage.complete(told, begun, register=REGISTER)

    assert (409, "registration_required") == (asked.status_code, asked.json()["code"])
    assert 201 == made.status_code
    again = stage.begin()
    told = stage.sent_on(stage.at_the_provider(again["redirect_to"], sub="ada-at-mock"))
    signed_in = stage.complete(told, again)
    assert 201 == signed_in.status_code
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    member = requests.get(f"{stage.base}/v1/me", headers=headers, timeout=10).json()
    assert ("ada@example.com", "fr", "active") == (member["email"], member["locale"], member["status"])


def test_a_code_that_a_real_provider_has_seen_is_refused_in_another_sign_in(stage):
    first, second = stage.begin(), stage.begin()
    callback = stage.at_the_provider(first["redirect_to"], sub="ada-at-mock")
    (code,) = parse_qs(urlsplit(callback).query)["code"]
    assert 201 == stage.complete(stage.sent_on(callback), first, register=REGISTER).status_code

    (state,) = parse_qs(urlsplit(second["redirect_to"]).query)["state"]
    path = urlsplit(callback).path
    told = stage.sent_on(f"{stage.base}{path}?state={state}&code={code}")
    replayed = stage.complete(told, second)

    assert (422, "provider_refused") == (replayed.status_code, replayed.json()["code"])


def test_a_code_that_was_not_used_yet_is_of_no_use_in_the_sign_in_of_another(stage):
    """A stolen code: its ID token bears the nonce of the sign-in that it was made for."""
    first, second = stage.begin(), stage.begin()
    callback = stage.at_the_provider(first["redirect_to"], sub="ada-at-mock")
    (code,) = parse_qs(urlsplit(callback).query)["code"]
    (state,) = parse_qs(urlsplit(second["redirect_to"]).query)["state"]

    told = stage.sent_on(f"{stage.base}{urlsplit(callback).path}?state={state}&code={code}")
    injected = stage.complete(told, second, register=REGISTER)

    assert (401, "identity_not_proven") == (injected.status_code, injected.json()["code"])


def test_a_provider_that_has_gone_is_refused_and_not_an_error_of_ours(stage, house, monkeypatch):
    begun = stage.begin()
    told = stage.sent_on(stage.at_the_provider(begun["redirect_to"], sub="ada-at-mock"))
    (nobody,) = free_ports(1)
    issuer = f"http://127.0.0.1:{nobody}"
    set_up = {"mock": {"client_id": "shop", "client_secret": "hush", "issuer": issuer}}
    kept({**SECRETS, "social_providers": json.dumps(set_up)})

    answer = stage.complete(told, begun)

    assert (503, "provider_unavailable") == (answer.status_code, answer.json()["code"])
