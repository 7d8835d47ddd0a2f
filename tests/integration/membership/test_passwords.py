"""Forgotten passwords: a code gives another one, asking tells nothing, and what was open ends."""

import json
from datetime import datetime, timedelta

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from entrepot.cloud import audit, reads, writes
from entrepot.kernel.clock import utc_now
from entrepot.kernel.ids import new_id
from functions.membership import pwdlib_gateway, store
from functions.membership.domain.oauth import Code, Grant
from functions.membership.store import oauth as grants
from tests.integration.membership.conftest import PASSWORD, Answer, House, requests_made
from tests.integration.orders.bazaar import meanwhile

ADA, NOBODY = "ada@example.com", "nobody@example.com"
NUMBER = "+4915123456789"
NEW = "another password"


@pytest.fixture
def ada(house):
    """The id of a member who is called Ada."""
    return house.account(ADA)


def asked(house: House, **contact: str) -> Answer:
    return house.call("POST", "/v1/passwords/codes", contact or {"email": ADA})


def reset(house: House, code: str, password: str = NEW, email: str = ADA) -> Answer:
    return house.call("POST", "/v1/passwords", {"email": email, "code": code, "new_password": password})


def code_of(house: House) -> str:
    asked(house)
    (letter,) = house.letters()
    return letter.code


def granted(member_id: str, now: datetime) -> None:
    """What an application holds of a member: a grant, and a code that it has not exchanged yet."""
    expires = int((now + timedelta(days=30)).timestamp())
    grant = Grant(new_id("gra", now), member_id, "cli_1", "openid", "first", expires)
    writes.commit(grants.grant_begun(grant))
    code = Code(member_id, "cli_1", "https://a.example/", "openid", None, "x", 0, new_id("gra", now), expires)
    writes.commit(grants.code_made(code, "hash-of-it", now + timedelta(days=30)))


def open_grants(member_id: str) -> tuple[list[str], bool]:
    unused = reads.fetch_one(grants.code_read(member_id, "hash-of-it"), consistent=True)
    return [grant.grant_id for grant in grants.living_grants(member_id)], unused is not None


def deeds() -> list[str]:
    links = audit.links_of_day(utc_now().date(), 100, None).items
    return [json.loads(link.body)["action"] for link in links]


def test_a_code_sets_another_password_and_signs_nobody_in(house, ada):
    code = code_of(house)

    answer = reset(house, code)

    assert (204, None) == (answer.status, answer.body)
    assert (401, 201) == (house.sign_in(ADA).status, house.sign_in(ADA, NEW).status)
    assert 1 == deeds().count("password.reset")


def test_a_reset_ends_every_session_and_every_grant_and_a_code_not_yet_exchanged(house, ada):
    sessions = [house.sign_in(ADA).body for _ in range(2)]
    granted(ada, house.now)

    reset(house, code_of(house))

    assert [401, 401] == [house.refresh(one["refresh_token"]).status for one in sessions]
    assert ([], False) == open_grants(ada)


def test_a_changed_password_ends_the_grants_and_every_other_session(house, ada):
    other, mine = house.sign_in(ADA).body, house.sign_in(ADA).body
    granted(ada, house.now)

    body = {"current_password": PASSWORD, "new_password": NEW}
    assert 204 == house.call("PUT", "/v1/me/password", body, mine["access_token"]).status

    assert ([], False) == open_grants(ada)
    assert [401, 201] == [house.refresh(one["refresh_token"]).status for one in (other, mine)]


def test_what_a_function_that_died_left_open_ends_when_the_change_is_heard(house, ada, monkeypatch):
    before = house.sign_in(ADA).body
    granted(ada, house.now)
    house.pass_time(seconds=1)
    code = code_of(house)
    with monkeypatch.context() as patched:
        patched.setattr("functions.membership.service.ending.end_all", lambda *_: None)
        reset(house, code)
    house.pass_time(seconds=1)
    after = house.sign_in(ADA, NEW).body
    later = granted_later(ada, house)
    code_later(ada, house)

    house.carry()

    assert [401, 201] == [house.refresh(one["refresh_token"]).status for one in (before, after)]
    assert ([later], False) == open_grants(ada)
    assert reads.fetch_one(grants.code_read(ada, "hash-of-another"), consistent=True) is not None


def code_later(member_id: str, house: House) -> None:
    expires = int((house.now + timedelta(minutes=1)).timestamp())
    code = Code(
        member_id, "cli_1", "https://a.example/", "openid", None, "x", 0, new_id("gra", house.now), expires
    )
    writes.commit(grants.code_made(code, "hash-of-another", house.now + timedelta(days=30)))


def test_a_sign_in_that_compared_the_old_password_opens_nothing_after_a_reset(house, ada):
    code = code_of(house)

    with meanwhile(pwdlib_gateway, "matches", after=lambda: reset(house, code)):
        answer = house.sign_in(ADA)

    assert (401, "invalid_credentials") == (answer.status, answer.code)
    assert [] == store.every_session(ada)
    assert 201 == house.sign_in(ADA, NEW).status


def test_a_sign_in_goes_on_where_its_account_was_edited_meanwhile(house, ada):
    token = house.token(ADA)
    tag = {"If-Match": house.call("GET", "/v1/me", token=token).headers["ETag"]}

    def edit() -> None:
        assert 200 == house.call("PATCH", "/v1/me", {"nickname": "Ada"}, token, tag).status

    with meanwhile(pwdlib_gateway, "matches", after=edit):
        answer = house.sign_in(ADA)

    assert 201 == answer.status


def test_two_that_renew_an_old_hash_at_once_are_both_signed_in(house, ada, monkeypatch):
    strong = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=16, parallelism=1),))
    monkeypatch.setattr(pwdlib_gateway, "_hasher", lambda: strong)
    other: list[Answer] = []

    with meanwhile(pwdlib_gateway, "matches", after=lambda: other.append(house.sign_in(ADA))):
        answer = house.sign_in(ADA)

    assert [201, 201] == [answer.status, *(each.status for each in other)]


def test_codes_that_were_sent_before_the_password_changed_let_nobody_in(house, ada):
    reached_by_phone(house)
    asked(house)
    (letter,) = house.letters()
    sign_in_code = code_to_sign_in(house)
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert 204 == house.call("PUT", "/v1/me/password", body, house.token(ADA)).status

    late, by_code = reset(house, letter.code, "a third password"), by_text(house, sign_in_code)

    assert [(422, "invalid_code"), (401, "invalid_credentials")] == [
        (answer.status, answer.code) for answer in (late, by_code)
    ]
    assert 201 == house.sign_in(ADA, NEW).status


def test_a_code_to_sign_in_ends_with_a_reset(house, ada):
    reached_by_phone(house)
    sign_in_code = code_to_sign_in(house)

    assert 204 == reset(house, code_of(house)).status

    assert 401 == by_text(house, sign_in_code).status


def test_codes_that_were_sent_to_an_address_end_when_its_member_moves(house, ada):
    reached_by_phone(house)
    asked(house)
    (letter,) = house.letters()
    sign_in_code = code_to_sign_in(house)
    token = house.token(ADA)

    house.call("POST", "/v1/me/contacts", {"email": "ada@example.org"}, token)
    (moving,) = house.letters()
    assert 200 == house.call("POST", "/v1/me/contacts/verify", {"code": moving.code}, token).status

    assert 422 == reset(house, letter.code).status
    assert 422 == reset(house, letter.code, email="ada@example.org").status
    assert 401 == by_text(house, sign_in_code).status
    assert 201 == house.sign_in("ada@example.org").status


def reached_by_phone(house: House) -> None:
    token = house.token(ADA)
    house.call("POST", "/v1/me/contacts", {"phone": NUMBER}, token)
    (text,) = house.texts()
    assert 200 == house.call("POST", "/v1/me/contacts/verify", {"code": text.code}, token).status


def code_to_sign_in(house: House) -> str:
    house.call("POST", "/v1/sessions/codes", {"phone": NUMBER})
    (text,) = house.texts()
    return text.code


def by_text(house: House, code: str) -> Answer:
    return house.call("POST", "/v1/sessions", {"phone": NUMBER, "code": code})


def test_a_code_that_is_exchanged_while_all_ends_has_its_grant_ended_too(house, ada):
    granted(ada, house.now)
    code = code_of(house)

    def exchange() -> None:
        granted_later(ada, house)

    with meanwhile(grants, "unused_codes", after=exchange):
        reset(house, code)

    assert ([], False) == open_grants(ada)


def granted_later(member_id: str, house: House) -> str:
    expires = int((house.now + timedelta(days=30)).timestamp())
    grant = Grant(new_id("gra", house.now), member_id, "cli_1", "openid", "first", expires)
    writes.commit(grants.grant_begun(grant))
    return grant.grant_id


def test_an_address_that_nobody_has_is_answered_alike_at_the_same_cost_and_nothing_is_sent(house, ada):
    with requests_made() as known:
        first = asked(house, email=ADA)
    with requests_made() as unknown:
        second = asked(house, email=NOBODY)

    assert (202, {"status": "sent"}) == first.told() == second.told()
    assert known == unknown
    assert [ADA] == [letter.to for letter in house.letters()]


def test_a_wrong_code_is_answered_alike_and_costs_one_hash_known_or_not(house, ada, monkeypatch):
    hashed: list[str] = []
    plain = pwdlib_gateway.hashed

    def counted(text: str) -> str:
        hashed.append(text)
        return plain(text)

    monkeypatch.setattr(pwdlib_gateway, "hashed", counted)
    code = code_of(house)
    asked(house, email=NOBODY)
    wrong = "000000" if code != "000000" else "111111"
    with requests_made() as known:
        first = reset(house, wrong)
    with requests_made() as unknown:
        second = reset(house, wrong, email=NOBODY)

    assert 422 == first.status
    assert first.told() == second.told()
    assert known == unknown
    assert [NEW, NEW] == hashed


def test_a_code_is_good_once_for_a_quarter_of_an_hour_and_five_tries(house, ada):
    used = code_of(house)
    assert [204, 422] == [reset(house, used).status, reset(house, used).status]

    late = code_of(house)
    house.pass_time(minutes=15)
    assert 422 == reset(house, late).status

    tried = code_of(house)
    wrong = "000000" if tried != "000000" else "111111"
    assert [422] * 5 == [reset(house, wrong).status for _ in range(5)]
    assert (422, "invalid_code") == (reset(house, tried).status, reset(house, tried).code)
    assert 201 == house.sign_in(ADA, NEW).status


def test_guesses_at_the_code_of_a_reset_have_to_wait_before_a_password_is_hashed(house, ada, monkeypatch):
    code = code_of(house)
    wrong = "000000" if code != "000000" else "111111"
    known = [reset(house, wrong).status for _ in range(10)]
    unknown = [reset(house, wrong, email=NOBODY).status for _ in range(10)]
    monkeypatch.setattr(pwdlib_gateway, "hashed", lambda text: pytest.fail("a password was hashed"))

    late = [reset(house, wrong, email=email) for email in (ADA, NOBODY)]

    assert [422] * 10 == known == unknown
    assert [(429, "too_many_attempts")] * 2 == [(answer.status, answer.code) for answer in late]
    assert 20 == deeds().count("password.reset")
    assert 201 == house.sign_in(ADA).status, "who knows the password is not kept out"


def test_one_place_guesses_at_the_codes_of_many_until_it_has_to_wait(house, ada):
    house.source = "192.0.2.1"
    addresses = [f"nobody{number}@example.com" for number in range(51)]

    answers = [reset(house, "000000", email=address).status for address in addresses]

    assert [422] * 50 + [429] == answers
    house.source = "192.0.2.2"
    assert 204 == reset(house, code_of(house)).status


def test_codes_are_asked_for_five_times_an_hour(house, ada):
    assert [202] * 5 + [429] == [asked(house).status for _ in range(6)]
    assert [202] * 5 + [429] == [asked(house, email=NOBODY).status for _ in range(6)]


def test_an_account_that_waits_for_its_confirmation_is_not_opened_by_a_reset(house):
    house.register(ADA)
    house.letters()

    asked(house)

    assert [] == house.letters()
    assert 422 == reset(house, "123456").status


def test_a_code_for_something_else_sets_no_password(house):
    house.register(ADA)
    (letter,) = house.letters()

    assert 422 == reset(house, letter.code).status


def test_a_number_gets_its_code_as_a_text_message(house, ada):
    token = house.token(ADA)
    house.call("POST", "/v1/me/contacts", {"phone": NUMBER}, token)
    (text,) = house.texts()
    house.call("POST", "/v1/me/contacts/verify", {"code": text.code}, token)

    asked(house, phone=NUMBER)
    (text,) = house.texts()
    body = {"phone": NUMBER, "code": text.code, "new_password": NEW}

    assert 204 == house.call("POST", "/v1/passwords", body).status
    assert 201 == house.sign_in(ADA, NEW).status


def test_a_reset_lets_its_owner_in_where_guesses_had_closed_the_account(house, ada):
    for _ in range(5):
        house.sign_in(ADA, "a wrong guess")
    assert 429 == house.sign_in(ADA).status

    reset(house, code_of(house))

    assert 201 == house.sign_in(ADA, NEW).status


def test_a_password_too_short_or_far_too_long_is_refused_before_the_code_is_spent(house, ada):
    code = code_of(house)

    answers = [reset(house, code, password) for password in ("short", "x" * 129, "x" * 200_000)]

    assert [400] * 3 == [answer.status for answer in answers]
    assert 204 == reset(house, code).status


def test_signing_out_and_ending_a_session_are_written_down(house, ada):
    token, other = house.token(ADA), house.sign_in(ADA).body["access_token"]
    current = [
        one["id"]
        for one in house.call("GET", "/v1/me/sessions", token=token).body["data"]
        if not one["current"]
    ]

    house.call("DELETE", f"/v1/me/sessions/{current[0]}", token=token)
    house.call("DELETE", "/v1/sessions/current", token=token)
    house.call("DELETE", "/v1/sessions/current", token=other)  # it has ended already: nothing more to say

    assert ["session.end", "session.end"] == [deed for deed in deeds() if deed == "session.end"]
    assert reads.fetch_one(store.member_read(ada)) is not None
