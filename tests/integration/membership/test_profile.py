"""One's own account: consent, preferences, password, contacts, sessions and address book."""

import pytest

from entrepot.cloud import reads
from functions.membership import store
from functions.membership.domain.members import Consent
from tests.integration.membership.conftest import PASSWORD

ADA, BOB = "ada@example.com", "bob@example.com"
NEW = "another password"
BERLIN = {
    "name": "Anna Schmidt",
    "line1": "Torstraße 1",
    "city": "Berlin",
    "postal_code": "10119",
    "country": "DE",
}


@pytest.fixture
def token(house):
    house.account(ADA)
    return house.token(ADA)


def test_what_somebody_agreed_to_is_kept_with_its_time(house):
    consent = {"terms_version": "2026-11", "marketing": True}
    house.register(ADA, consent=consent)
    (letter,) = house.letters()
    house.verify(ADA, letter.code)

    me = house.call("GET", "/v1/me", token=house.token(ADA)).body

    assert {"currency": None, "country": None, "marketing": True} == me["preferences"]
    member = reads.fetch_one(store.member_read(me["id"]))
    assert member is not None
    assert Consent("2026-11", True, house.now) == member.consent


def test_preferences_are_changed_together(house, token):
    tag = {"If-Match": house.call("GET", "/v1/me", token=token).headers["ETag"]}
    wanted = {"currency": "JPY", "country": "JP", "marketing": False}
    changed = house.call("PATCH", "/v1/me", {"preferences": wanted}, token, tag)
    wrong = house.call("PATCH", "/v1/me", {"preferences": {"currency": "XXQ"}}, token, tag)

    assert (200, wanted) == (changed.status, changed.body["preferences"])
    assert (400, "preferences.currency") == (wrong.status, wrong.body["field"])


def test_a_new_password_ends_every_other_session(house, token):
    other = house.sign_in(ADA).body
    mine = house.sign_in(ADA).body

    body = {"current_password": PASSWORD, "new_password": NEW}
    answer = house.call("PUT", "/v1/me/password", body, mine["access_token"])

    assert 204 == answer.status
    assert (401, 201) == (
        house.refresh(other["refresh_token"]).status,
        house.refresh(mine["refresh_token"]).status,
    )
    assert (401, 201) == (house.sign_in(ADA).status, house.sign_in(ADA, NEW).status)


def test_a_stolen_token_does_not_change_the_password_by_guessing(house, token):
    body = {"current_password": "a wrong guess", "new_password": NEW}
    answers = [house.call("PUT", "/v1/me/password", body, token) for _ in range(6)]

    assert [401] * 5 + [429] == [answer.status for answer in answers]
    assert 201 == house.sign_in(ADA).status


def test_a_member_moves_to_another_address_by_the_code_sent_there(house, token):
    asked = house.call("POST", "/v1/me/contacts", {"email": "ada@example.org"}, token)
    (letter,) = house.letters()
    moved = house.call("POST", "/v1/me/contacts/verify", {"code": letter.code}, token)

    assert (202, "ada@example.org") == (asked.status, letter.to)
    assert (200, "ada@example.org") == (moved.status, moved.body["email"])
    assert (401, 201) == (house.sign_in(ADA).status, house.sign_in("ada@example.org").status)
    assert 201 == house.register(ADA).status


def test_a_member_adds_a_number_and_signs_in_with_it(house, token):
    house.call("POST", "/v1/me/contacts", {"phone": "+4915123456789"}, token)
    (text,) = house.texts()
    assert 200 == house.call("POST", "/v1/me/contacts/verify", {"code": text.code}, token).status

    house.call("POST", "/v1/sessions/codes", {"phone": "+4915123456789"})
    (text,) = house.texts()
    body = {"phone": "+4915123456789", "code": text.code}
    assert 201 == house.call("POST", "/v1/sessions", body).status


def test_an_address_of_another_is_asked_for_alike_and_told_to_its_owner_only(house, token):
    house.account(BOB)
    taken = house.call("POST", "/v1/me/contacts", {"email": BOB}, token)
    (letter,) = house.letters()

    assert (202, {"status": "sent"}) == taken.told()
    answer = house.call("POST", "/v1/me/contacts/verify", {"code": letter.code}, token)
    assert (409, "contact_taken") == (answer.status, answer.code)
    assert 201 == house.sign_in(BOB).status


def test_a_contact_changes_only_in_a_fresh_session(house, token):
    house.pass_time(minutes=11)

    answer = house.call("POST", "/v1/me/contacts", {"email": "ada@example.org"}, token)

    assert (403, "fresh_sign_in_required") == (answer.status, answer.code)
    assert [] == house.letters()


def test_sessions_are_listed_newest_first_and_ended_one_by_one(house, token):
    house.pass_time(minutes=1)
    other = house.call(
        "POST", "/v1/sessions", {"email": ADA, "password": PASSWORD}, headers={"User-Agent": "Phone\x07"}
    ).body
    listed = house.call("GET", "/v1/me/sessions", token=token).body["data"]

    assert [("Phone", False), ("", True)] == [(one["device"], one["current"]) for one in listed]
    path = f"/v1/me/sessions/{listed[0]['id']}"
    assert [204, 404] == [house.call("DELETE", path, token=token).status for _ in range(2)]
    assert 401 == house.refresh(other["refresh_token"]).status
    assert [True] == [
        one["current"] for one in house.call("GET", "/v1/me/sessions", token=token).body["data"]
    ]


def test_nobody_sees_or_ends_anothers_session(house, token):
    house.account(BOB)
    mine = house.call("GET", "/v1/me/sessions", token=token).body["data"][0]["id"]

    answer = house.call("DELETE", f"/v1/me/sessions/{mine}", token=house.token(BOB))

    assert 404 == answer.status
    assert 1 == len(house.call("GET", "/v1/me/sessions", token=token).body["data"])


def test_an_address_book_keeps_changes_and_forgets_addresses(house, token):
    added = house.call("POST", "/v1/me/addresses", BERLIN, token)
    path = f"/v1/me/addresses/{added.body['id']}"
    tag = {"If-Match": added.headers["ETag"]}

    changed = house.call("PUT", path, {**BERLIN, "line1": "Torstraße 2"}, token, tag)
    stale = house.call("PUT", path, BERLIN, token, tag)

    assert (201, 200, 412) == (added.status, changed.status, stale.status)
    listed = house.call("GET", "/v1/me/addresses", token=token).body["data"]
    assert ["Torstraße 2"] == [one["line1"] for one in listed]
    assert [204, 404] == [house.call("DELETE", path, token=token).status for _ in range(2)]
    assert [] == house.call("GET", "/v1/me/addresses", token=token).body["data"]


def test_an_address_that_cannot_be_delivered_to_is_refused_by_its_parts(house, token):
    answer = house.call("POST", "/v1/me/addresses", {**BERLIN, "postal_code": "1"}, token)

    assert (422, {"postal_code": "invalid"}) == (answer.status, answer.body["problems"])
    assert [] == house.call("GET", "/v1/me/addresses", token=token).body["data"]


def test_anothers_address_does_not_exist(house, token):
    house.account(BOB)
    path = f"/v1/me/addresses/{house.call('POST', '/v1/me/addresses', BERLIN, token).body['id']}"
    other = house.token(BOB)

    assert 404 == house.call("GET", path, token=other).status
    assert 404 == house.call("PUT", path, BERLIN, other, {"If-Match": '"1"'}).status
    assert 404 == house.call("DELETE", path, token=other).status
    assert 200 == house.call("GET", path, token=token).status


def test_an_address_book_is_full_at_fifty(house, token, monkeypatch):
    monkeypatch.setattr("functions.membership.store.postal.MOST_ADDRESSES", 2)

    statuses = [house.call("POST", "/v1/me/addresses", BERLIN, token).status for _ in range(3)]

    assert [201, 201, 409] == statuses
