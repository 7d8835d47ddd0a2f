"""The second factor: set up, shown when signing in, used once, and needed by who works for the platform."""

import base64

import pytest

from entrepot.cloud import audit
from functions.membership.domain import totp
from tests.integration.membership.conftest import PASSWORD, Answer, House

ADA, BOSS = "ada@example.com", "boss@example.com"


class App:
    """An authenticator app."""

    def __init__(self, secret: str) -> None:
        self._secret = base64.b32decode(secret)

    def code(self, house: House) -> str:
        return totp.code_at(self._secret, totp.step_at(house.now))


def enrolled(house: House, token: str) -> tuple[App, list[str]]:
    app = App(house.call("POST", "/v1/me/totp", token=token).body["secret"])
    confirmed = house.call("POST", "/v1/me/totp/confirm", {"code": app.code(house)}, token)
    assert 200 == confirmed.status
    house.pass_time(seconds=30)
    return app, confirmed.body["recovery_codes"]


def signed_in(house: House, otp: str | None, email: str = ADA) -> Answer:
    return house.call("POST", "/v1/sessions", {"email": email, "password": PASSWORD, "otp": otp})


@pytest.fixture
def token(house):
    house.account(ADA)
    return house.token(ADA)


def test_an_enrolled_member_needs_a_code_and_each_is_good_once(house, token):
    app, _ = enrolled(house, token)

    bare, wrong = signed_in(house, None), signed_in(house, "000000")
    right, again = signed_in(house, app.code(house)), signed_in(house, app.code(house))

    assert [(401, "second_factor_required"), (401, "invalid_otp"), (201, None), (401, "invalid_otp")] == [
        (answer.status, answer.code) for answer in (bare, wrong, right, again)
    ]


def test_codes_cannot_be_guessed_by_who_knows_the_password(house, token):
    enrolled(house, token)

    assert [401] * 5 + [429] == [signed_in(house, "000000").status for _ in range(6)]


def test_a_recovery_code_is_good_once(house, token):
    _, recovery = enrolled(house, token)

    assert 10 == len(set(recovery))
    assert [201, 401] == [signed_in(house, recovery[0]).status for _ in range(2)]
    assert 201 == signed_in(house, f"{recovery[1][:5]}-{recovery[1][5:]}").status


def test_a_wrong_password_does_not_tell_of_a_second_factor(house, token):
    enrolled(house, token)

    answer = house.call("POST", "/v1/sessions", {"email": ADA, "password": "wrong password"})

    assert (401, "invalid_credentials") == (answer.status, answer.code)


def test_a_secret_counts_only_once_confirmed(house, token):
    house.call("POST", "/v1/me/totp", token=token)
    assert 201 == signed_in(house, None).status

    wrong = house.call("POST", "/v1/me/totp/confirm", {"code": "000000"}, token)

    assert (401, "invalid_otp") == (wrong.status, wrong.code)
    assert 201 == signed_in(house, None).status


def test_a_second_factor_is_not_replaced_by_whoever_holds_a_token(house, token):
    enrolled(house, token)

    answer = house.call("POST", "/v1/me/totp", token=token)

    assert (409, "second_factor_enrolled") == (answer.status, answer.code)


def test_a_second_factor_is_removed_with_a_code_of_it(house, token):
    app, recovery = enrolled(house, token)

    wrong = house.call("POST", "/v1/me/totp/remove", {"otp": "000000"}, token)
    right = house.call("POST", "/v1/me/totp/remove", {"otp": app.code(house)}, token)

    assert (401, 204) == (wrong.status, right.status)
    assert 201 == signed_in(house, None).status
    assert (409, "second_factor_missing") == refusal(
        house.call("POST", "/v1/me/totp/remove", {"otp": recovery[0]}, token)
    )


def test_guesses_at_a_code_to_remove_a_second_factor_have_to_wait_and_are_written_down(house, token):
    app, recovery = enrolled(house, token)

    def removed(otp: str) -> tuple[int, str | None]:
        return refusal(house.call("POST", "/v1/me/totp/remove", {"otp": otp}, token))

    guesses = [removed(otp) for otp in ("000000", "aaaaa-aaaaa", "000000", "111111", "bbbbb-bbbbb")]
    right = removed(app.code(house)), removed(recovery[0])

    assert [(401, "invalid_otp")] * 5 == guesses
    assert ((429, "too_many_attempts"),) * 2 == right
    hers = house.call("GET", "/v1/me", token=token).body["id"]
    assert 5 == [entry.action for entry in audit.entries_of(hers)].count("second_factor.remove")
    assert (401, "second_factor_required") == refusal(signed_in(house, None))


def test_staff_of_the_platform_can_do_nothing_but_enrol_until_they_have_one(house, monkeypatch):
    monkeypatch.setenv("ENTREPOT_STAFF_SECOND_FACTOR", "required")
    house.account(BOSS, "operator")
    tokens = signed_in(house, None, BOSS).body
    bare = tokens["access_token"]

    acme = {"name": "Acme", "country": "DE", "payout_currency": "EUR", "commission_rate": "0.1"}
    assert (403, "forbidden") == refusal(house.call("POST", "/v1/merchants", acme, token=bare))
    assert (403, "forbidden") == refusal(house.call("GET", "/v1/me", token=bare))
    renewed = house.refresh(tokens["refresh_token"]).body["access_token"]
    assert 403 == house.call("GET", "/v1/me", token=renewed).status

    app, _ = enrolled(house, bare)
    full = signed_in(house, app.code(house), BOSS).body["access_token"]
    assert 201 == house.call("POST", "/v1/merchants", acme, token=full).status
    house.pass_time(seconds=30)
    kept = house.call("POST", "/v1/me/totp/remove", {"otp": app.code(house)}, full)
    assert (409, "second_factor_of_staff") == refusal(kept)


def test_the_second_factor_is_stage_data_and_never_asked_of_shoppers(house, token, monkeypatch):
    house.account(BOSS, "operator")
    assert 200 == house.call("GET", "/v1/me", token=house.token(BOSS)).status

    monkeypatch.setenv("ENTREPOT_STAFF_SECOND_FACTOR", "required")
    assert 200 == house.call("GET", "/v1/me", token=house.token(ADA)).status


def refusal(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code
