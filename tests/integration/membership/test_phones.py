"""Registering with a phone number, and signing in with codes sent to it."""

import pytest

from tests.integration.membership.conftest import PASSWORD, Answer, House, requests_made

NUMBER = "+4915123456789"
NOBODY = "+4915123456780"


@pytest.fixture
def ada(house):
    """Ada's registration, by her number."""
    assert 201 == house.call("POST", "/v1/members", {"phone": "+49 1512 3456789", "locale": "de"}).status
    (text,) = house.texts()
    assert 200 == house.call("POST", "/v1/members/verify", {"phone": NUMBER, "code": text.code}).status
    return text


def asked(house: House, number: str = NUMBER) -> Answer:
    return house.call("POST", "/v1/sessions/codes", {"phone": number})


def signed_in(house: House, code: str, number: str = NUMBER) -> Answer:
    return house.call("POST", "/v1/sessions", {"phone": number, "code": code})


def test_a_number_is_registered_by_the_code_sent_to_it_in_the_members_language(house, ada):
    assert (NUMBER, True) == (ada.to, "Ihr Code" in ada.text)

    again = house.call("POST", "/v1/members", {"phone": NUMBER})
    (text,) = house.texts()

    assert (201, {"status": "pending", "phone": NUMBER}) == again.told()
    assert "has an account already" in text.text or "schon ein Konto" in text.text


def test_a_code_signs_in_once(house, ada):
    assert (202, {"status": "sent"}) == asked(house).told()
    (text,) = house.texts()

    first, second = signed_in(house, text.code), signed_in(house, text.code)

    assert (201, 401) == (first.status, second.status)
    me = house.call("GET", "/v1/me", token=first.body["access_token"]).body
    assert (None, NUMBER) == (me["email"], me["phone"])


def test_an_unknown_number_is_answered_alike_at_the_same_cost_and_gets_nothing(house, ada):
    with requests_made() as known:
        first = asked(house)
    with requests_made() as unknown:
        second = asked(house, NOBODY)
    assert (first.told(), known) == (second.told(), unknown)
    assert [NUMBER] == [text.to for text in house.texts()]

    with requests_made() as known:
        first = signed_in(house, "000000")
    with requests_made() as unknown:
        second = signed_in(house, "000000", NOBODY)
    assert (first.told(), known) == (second.told(), unknown)
    assert (401, "invalid_credentials") == (first.status, first.code)


def test_a_code_bears_five_tries(house, ada):
    asked(house)
    (text,) = house.texts()
    wrong = f"{(int(text.code) + 1) % 10**6:06}"
    for _ in range(5):
        house.pass_time(seconds=31)
        assert 401 == signed_in(house, wrong).status
    house.pass_time(seconds=60)

    assert 401 == signed_in(house, text.code).status


def test_a_code_lives_five_minutes(house, ada):
    asked(house)
    (text,) = house.texts()
    house.pass_time(minutes=5)

    assert 401 == signed_in(house, text.code).status


def test_codes_are_sent_five_times_an_hour_to_a_number_and_thirty_from_a_place(house):
    assert [202] * 5 + [429] == [asked(house).status for _ in range(6)]

    house.source = "203.0.113.7"
    numbers = [f"+49151234561{number:02}" for number in range(31)]
    assert [202] * 30 + [429] == [asked(house, number).status for number in numbers]


def test_a_code_for_a_registration_is_sent_again_and_only_for_one(house):
    house.register("ada@example.com")
    house.letters()
    with requests_made() as waiting:
        first = house.call("POST", "/v1/members/codes", {"email": "ada@example.com"})
    (letter,) = house.letters()
    with requests_made() as unknown:
        second = house.call("POST", "/v1/members/codes", {"email": "bob@example.com"})

    assert (202, {"status": "pending", "email": "ada@example.com"}) == first.told()
    assert (202, waiting) == (second.status, unknown)
    assert [] == house.letters()
    assert 200 == house.verify("ada@example.com", letter.code).status
    house.call("POST", "/v1/members/codes", {"email": "ada@example.com"})
    assert [] == house.letters()


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/members", {"phone": NUMBER, "email": "a@example.com", "password": PASSWORD}, "email"),
        ("/v1/members", {}, "email"),
        ("/v1/members", {"phone": "110"}, "phone"),
        ("/v1/members", {"email": "a@example.com"}, "password"),
        ("/v1/members", {"phone": NUMBER, "consent": {"terms_version": ""}}, "consent.terms_version"),
        ("/v1/members", {"phone": NUMBER, "role": "operator"}, "role"),
        ("/v1/sessions", {"phone": NUMBER}, "password"),
        ("/v1/sessions", {"phone": NUMBER, "code": "12345"}, "code"),
        ("/v1/sessions", {"email": "a@example.com", "code": "123456"}, "code"),
        ("/v1/sessions/codes", {"phone": "+44 909 879 0000"}, "phone"),
    ],
)
def test_what_names_no_account_is_refused_by_field(house, path, body, field):
    answer = house.call("POST", path, body)

    assert (400, field) == (answer.status, answer.body["field"])
