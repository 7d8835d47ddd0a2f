"""Leaving: the second factor is asked for, and what its member was reached by is free for somebody new."""

import pytest

from entrepot.cloud import audit
from tests.integration.membership.conftest import House
from tests.integration.membership.test_factors import enrolled
from tests.integration.membership.test_social import CONSENT, Browser, acme, browser, identities, me, net
from tests.support.http import Answer, call

__all__ = ["acme", "browser", "net"]  # fixtures

ADA = "ada@example.com"
NUMBER = "+4915123456789"


@pytest.fixture
def token(house: House) -> str:
    house.member(ADA)
    return house.token(ADA)


def left(token: str, **body: str) -> Answer:
    return call("POST", "/v1/me/erasure", body, token=token)


def refusal(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code


def test_an_account_with_a_second_factor_ends_by_a_code_of_it_only(house, token):
    app, _ = enrolled(house, token)

    asked, wrong = left(token), left(token, otp="000000")

    assert [(401, "second_factor_required"), (401, "invalid_otp")] == [refusal(asked), refusal(wrong)]
    assert 200 == call("GET", "/v1/me", token=token).status
    assert 202 == left(token, otp=app.code(house)).status
    assert 404 == call("GET", "/v1/me", token=token).status


def test_a_recovery_code_ends_an_account_too(house, token):
    _, recovery = enrolled(house, token)

    assert 202 == left(token, otp=recovery[0]).status


def test_guesses_at_a_code_to_end_an_account_have_to_wait_and_are_written_down(house, token):
    app, _ = enrolled(house, token)
    hers = me(house, token)["id"]

    guesses = [refusal(left(token, otp="000000")) for _ in range(5)]
    right = refusal(left(token, otp=app.code(house)))

    assert [(401, "invalid_otp")] * 5 == guesses
    assert (429, "too_many_attempts") == right
    refused = [each for each in audit.entries_of(hers) if each.outcome == "refused"]
    assert ["member.erase"] * 5 == [each.action for each in refused]
    assert 200 == call("GET", "/v1/me", token=token).status


def test_an_address_and_a_number_of_who_has_left_register_again_as_somebody_new(house, token):
    house.call("POST", "/v1/me/contacts", {"phone": NUMBER}, token)
    (text,) = house.texts()
    assert 200 == house.call("POST", "/v1/me/contacts/verify", {"code": text.code}, token).status
    before = me(house, token)["id"]
    assert 202 == left(token).status
    assert 401 == house.sign_in(ADA).status

    house.member(ADA)
    assert 201 == house.call("POST", "/v1/members", {"phone": NUMBER}).status
    (text,) = house.texts()
    assert 200 == house.call("POST", "/v1/members/verify", {"phone": NUMBER, "code": text.code}).status

    again = me(house, house.token(ADA))
    assert (True, None) == (before != again["id"], again["phone"])


def test_an_account_at_a_provider_of_who_has_left_registers_again_as_somebody_new(house, browser: Browser):
    token = browser.registered()
    before = me(house, token)["id"]
    assert 202 == left(token).status

    unknown = browser.there_and_back().complete()
    made = browser.complete(register=CONSENT)

    assert (409, "registration_required") == (unknown.status, unknown.code)
    after = me(house, made.body["access_token"])
    assert (201, True, ADA) == (made.status, before != after["id"], after["email"])
    assert ["acme"] == identities(house, made.body["access_token"])


def test_an_account_at_a_provider_of_who_has_left_is_linked_by_another(house, browser: Browser):
    assert 202 == left(browser.registered()).status
    house.account("bob@example.com")
    his = house.token("bob@example.com")

    assert 201 == browser.there_and_back(token=his).link(his).status

    by_provider = browser.there_and_back().complete()
    assert me(house, his)["id"] == me(house, by_provider.body["access_token"])["id"]
