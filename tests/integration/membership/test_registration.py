"""Registering and confirming: who has the mailbox has the account, and nobody else learns that there is one."""

import json

import pytest

from entrepot.cloud import writes
from functions.membership import pwdlib_gateway
from tests.integration.membership.conftest import PASSWORD, requests_made


def test_who_enters_the_code_from_the_letter_can_sign_in(house):
    answer = house.register("Ada@Example.com", locale="de-AT")

    assert (201, {"email": "Ada@example.com", "status": "pending"}) == answer.told()
    (letter,) = house.letters()
    assert ("Ada@example.com", "Ihr Code für Entrepot") == (letter.to, letter.subject)
    assert (200, {"email": "Ada@example.com", "status": "active"}) == house.verify(
        "ada@EXAMPLE.com", letter.code
    ).told()
    assert 201 == house.sign_in("ada@example.com").status


def test_before_the_address_is_confirmed_sign_in_answers_as_for_a_wrong_password(house):
    house.member("known@example.com")
    house.register("pending@example.com")

    wrong = house.sign_in("known@example.com", "not the password").told()

    assert (401, "invalid_credentials") == (wrong[0], wrong[1]["code"])
    assert wrong == house.sign_in("pending@example.com").told()
    assert wrong == house.sign_in("nobody@example.com").told()


@pytest.mark.parametrize("method", ["register", "sign_in"])
def test_known_and_unknown_addresses_cost_the_same(house, monkeypatch, method):
    house.member("active@example.com")
    house.register("pending@example.com")
    cheap = pwdlib_gateway._hasher()
    hashed: list[str] = []

    class Counting:
        def hash(self, password):
            hashed.append(password)
            return cheap.hash(password)

        def verify(self, password, password_hash):
            hashed.append(password)
            return cheap.verify(password, password_hash)

    monkeypatch.setattr(pwdlib_gateway, "_hasher", Counting)
    costs = []
    for name in ("active", "pending", "unknown"):
        hashed.clear()
        with requests_made() as made:
            getattr(house, method)(f"{name}@example.com", "some other password")
        costs.append((list(made), len(hashed)))

    assert costs[0] == costs[1] == costs[2]
    assert 1 == costs[0][1]


def test_a_wrong_code_costs_the_same_for_known_and_unknown_addresses(house):
    house.member("active@example.com")
    house.register("pending@example.com")
    answers, costs = [], []
    for name in ("active", "pending", "unknown"):
        with requests_made() as made:
            answers.append(house.verify(f"{name}@example.com", "000000").told())
        # The try that is spent is refused where no code lives; a refused request is not among those made.
        costs.append([operation for operation in made if operation != "TransactWriteItems"])

    assert answers[0] == answers[1] == answers[2]
    assert (422, "invalid_code") == (answers[0][0], answers[0][1]["code"])
    assert costs[0] == costs[1] == costs[2]


def test_registering_a_known_address_changes_nothing_and_tells_only_its_owner(house):
    house.member("ada@example.com")
    first = house.register("new@example.com").told()[0]

    again = house.register("ada@example.com", "an intruder's choice", locale="fr")

    assert (first, {"email": "ada@example.com", "status": "pending"}) == again.told()
    assert {
        "new@example.com": "Your Entrepot code",
        "ada@example.com": "You already have an Entrepot account",
    } == {letter.to: letter.subject for letter in house.letters()}
    assert 201 == house.sign_in("ada@example.com", PASSWORD).status
    assert 401 == house.sign_in("ada@example.com", "an intruder's choice").status


def test_a_code_confirms_the_password_that_was_registered_with_it(house):
    house.register("ada@example.com", "chosen by an intruder")
    (earlier,) = house.letters()
    house.register("ada@example.com", "chosen by the owner")
    (later,) = house.letters()

    assert 422 == house.verify("ada@example.com", earlier.code).status
    assert 200 == house.verify("ada@example.com", later.code).status
    assert 401 == house.sign_in("ada@example.com", "chosen by an intruder").status
    assert 201 == house.sign_in("ada@example.com", "chosen by the owner").status


def test_a_code_is_good_for_five_tries(house):
    house.register("ada@example.com")
    (letter,) = house.letters()
    wrong = f"{(int(letter.code) + 1) % 1_000_000:06}"

    assert [422] * 5 == [house.verify("ada@example.com", wrong).status for _ in range(5)]
    assert "invalid_code" == house.verify("ada@example.com", letter.code).code
    assert 401 == house.sign_in("ada@example.com").status


def test_the_fifth_try_may_still_be_right(house):
    house.register("ada@example.com")
    (letter,) = house.letters()
    wrong = f"{(int(letter.code) + 1) % 1_000_000:06}"
    for _ in range(4):
        house.verify("ada@example.com", wrong)

    assert 200 == house.verify("ada@example.com", letter.code).status


@pytest.mark.parametrize(("minutes", "status"), [(14.9, 200), (15, 422)])
def test_a_code_lives_a_quarter_of_an_hour(house, minutes, status):
    house.register("ada@example.com")
    (letter,) = house.letters()
    house.pass_time(minutes=minutes)

    assert status == house.verify("ada@example.com", letter.code).status


def test_a_code_is_used_once(house):
    house.register("ada@example.com")
    (letter,) = house.letters()
    house.verify("ada@example.com", letter.code)

    assert "invalid_code" == house.verify("ada@example.com", letter.code).code


def test_a_code_of_one_address_is_no_code_of_another(house):
    house.register("ada@example.com")
    house.register("bob@example.com")
    codes = {letter.to: letter.code for letter in house.letters()}

    assert 422 == house.verify("bob@example.com", codes["ada@example.com"]).status


def test_the_sixth_registration_of_an_address_in_an_hour_has_to_wait_known_or_not(house):
    house.member("known@example.com")
    known = [house.register("known@example.com").status for _ in range(5)]
    unknown = [house.register("unknown@example.com").status for _ in range(6)]

    assert [201, 201, 201, 201, 429] == known
    assert [201, 201, 201, 201, 201, 429] == unknown
    refused = house.register("known@example.com")
    assert "too_many_attempts" == refused.code
    assert str(59 * 60) == refused.headers["Retry-After"]
    house.pass_time(hours=1)
    assert 201 == house.register("known@example.com").status


def test_an_event_delivered_again_sends_no_second_letter(house):
    house.register("ada@example.com")
    (event,) = house.events()
    house.deliver(event)
    house.deliver(event)

    assert 1 == len(house.letters())


def test_a_letter_lost_after_sending_is_sent_again_with_the_same_code(house, monkeypatch):
    house.register("ada@example.com")
    (event,) = house.events()
    with monkeypatch.context() as patch:
        patch.setattr(writes, "commit", lambda *writes: (_ for _ in ()).throw(ConnectionError()))
        with pytest.raises(ConnectionError):
            house.deliver(event)

    first, second = house.letters()
    assert first == second
    assert 200 == house.verify("ada@example.com", first.code).status


def test_an_overtaken_registration_sends_no_letter(house):
    house.register("ada@example.com", "the first password")
    house.register("ada@example.com", "the second password")

    (letter,) = house.letters()
    assert 200 == house.verify("ada@example.com", letter.code).status
    assert 201 == house.sign_in("ada@example.com", "the second password").status


def test_neither_code_nor_address_stands_in_an_event_or_a_log(house, capsys):
    house.register("ada@example.com")
    events = json.dumps(house.events())
    (letter,) = house.letters()
    house.verify("ada@example.com", letter.code)
    house.sign_in("ada@example.com")
    logs = capsys.readouterr().out

    assert "POST /v1/sessions" in logs
    for secret in (letter.code, "ada@", PASSWORD):
        assert secret not in events + logs


def test_two_registrations_at_once_make_one_account(house, monkeypatch):
    commit = writes.commit
    seen: list[int] = []

    def overtaken(*writes):
        if len(writes) > 1 and not seen:
            seen.append(1)
            house.register("ada@example.com", "the other's password")
        commit(*writes)

    monkeypatch.setattr(writes, "commit", overtaken)
    assert 201 == house.register("ada@example.com", "the slower one's password").status

    (letter,) = house.letters()
    assert 200 == house.verify("ada@example.com", letter.code).status
    assert 201 == house.sign_in("ada@example.com", "the slower one's password").status


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "ada@example.com", "password": PASSWORD, "role": "operator"}, "role"),
        ({"email": "ada@example.com", "password": PASSWORD, "merchant_id": "mrc_1"}, "merchant_id"),
        ({"email": "ada@example.com", "password": "nine char"}, "password"),
        ({"email": "ada@example.com", "password": "é" * 129}, "password"),
        ({"email": "ada@example.com", "password": "e\u0301" * 9}, "password"),
        ({"email": "ada@example.com"}, "password"),
        ({"email": "ada", "password": PASSWORD}, "email"),
        ({"email": ["ada@example.com"], "password": PASSWORD}, "email"),
        ({"email": "ada@example.com\r\nBcc: all@example.com", "password": PASSWORD}, "email"),
        ({"email": "\uff41da@example.com", "password": PASSWORD}, "email"),
        ({"email": "ad\u0430@example.com", "password": PASSWORD}, "email"),
        ({"email": "ada@ex\u0430mple.com", "password": PASSWORD}, "email"),
        ({"email": "ada@example.com", "password": PASSWORD, "locale": "de_DE\n"}, "locale"),
    ],
)
def test_what_is_no_registration_is_refused_by_field_and_writes_nothing(house, body, field):
    answer = house.call("POST", "/v1/members", body)

    assert (400, field) == (answer.status, answer.body["field"])
    assert [] == house.events()


def test_a_password_of_ten_megabytes_is_too_large(house):
    answer = house.register("ada@example.com", "x" * 10_000_000)

    assert (413, "body_too_large") == (answer.status, answer.code)


def test_one_password_typed_in_two_spellings_is_one_password(house):
    house.register("ada@example.com", "Caf\u00e9 au lait, deux fois")
    house.verify("ada@example.com", house.letters()[-1].code)

    assert 201 == house.sign_in("ada@example.com", "Cafe\u0301 au lait, deux fois").status
