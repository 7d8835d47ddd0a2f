"""Merchants, their staff, and one's own account."""

from typing import Any

import pytest

from entrepot.cloud import reads
from functions.membership import facade
from tests.integration.membership.conftest import PASSWORD, Answer, House
from tests.support import memory

ACME = {"name": "Acme GmbH", "country": "DE", "payout_currency": "EUR", "commission_rate": "0.08"}
OURS, THEIRS = "mrc_01JD0000000000000000000001", "mrc_01JD0000000000000000000002"


@pytest.fixture
def operator(house):
    house.account("operator@example.com", "operator")
    return house.token("operator@example.com")


@pytest.fixture
def owner(house):
    house.merchant(OURS)
    house.merchant(THEIRS, "Another Ltd")
    house.account("owner@example.com", "merchant", OURS)
    return house.token("owner@example.com")


def invited(
    house: House, token: str, email: str, merchant_id: str = OURS, role: str | None = "merchant"
) -> Answer:
    return house.call(
        "POST", f"/v1/merchants/{merchant_id}/staff", {"email": email, "role": role}, token=token
    )


def me(house: House, email: str) -> Any:
    return house.call("GET", "/v1/me", token=house.token(email)).body


def test_an_operator_makes_a_merchant_that_others_can_read(house, operator):
    answer = house.call("POST", "/v1/merchants", ACME, token=operator)

    assert 201 == answer.status
    assert ACME == {field: answer.body[field] for field in ACME}
    merchant = reads.fetch_one(facade.merchant_read(answer.body["id"]))
    assert facade.Merchant(answer.body["id"], "Acme GmbH", "DE", "EUR", 800) == merchant
    (event,) = house.events()
    assert ("membership.merchant_created", answer.body["id"]) == (event["event"], event["merchant_id"])
    assert "Acme" not in str(event)


@pytest.mark.parametrize(
    ("given", "kept"), [("0", "0"), (0.1234, "0.1234"), ("0.50", "0.5"), (0, "0"), ("1E-4", "0.0001")]
)
def test_a_commission_rate_is_read_exactly_from_a_text_or_a_number(house, operator, given, kept):
    answer = house.call("POST", "/v1/merchants", {**ACME, "commission_rate": given}, token=operator)

    assert (201, kept) == (answer.status, answer.body.get("commission_rate"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("commission_rate", "0.50001"),
        ("commission_rate", "0.12345"),
        ("commission_rate", -0.01),
        ("commission_rate", "NaN"),
        ("commission_rate", "1E-999999999"),
        ("commission_rate", "0.1" + "0" * 200_000 + "1"),
        ("commission_rate", True),
        ("commission_rate", "eight"),
        ("country", "ZZ"),
        ("country", "de"),
        ("payout_currency", "XXQ"),
        ("name", "Acme\r\nBcc: all@example.com"),
        ("name", "   "),
        ("merchant_id", OURS),
    ],
)
def test_what_is_no_merchant_is_refused_by_field_and_writes_nothing(house, operator, field, value):
    answer = house.call("POST", "/v1/merchants", {**ACME, field: value}, token=operator)

    assert (400, field) == (answer.status, answer.body["field"])
    assert [] == house.events()


def test_an_invited_stranger_registers_confirms_and_then_accepts(house, owner):
    house.letters()
    answer = invited(house, owner, "new@example.com")
    (invitation,) = house.letters()

    assert (
        201,
        {"merchant_id": OURS, "email": "new@example.com", "role": "merchant", "status": "invited"},
    ) == answer.told()
    assert "Porcellana Srl invites you" in invitation.text
    assert (409, "confirm_first") == refusal(house.verify("new@example.com", invitation.code))
    assert 401 == house.sign_in("new@example.com").status
    house.member("new@example.com")
    assert ("shopper", None) == (
        me(house, "new@example.com")["role"],
        me(house, "new@example.com")["merchant_id"],
    )

    assert 200 == house.verify("new@example.com", invitation.code).status
    assert ("merchant", OURS) == (
        me(house, "new@example.com")["role"],
        me(house, "new@example.com")["merchant_id"],
    )
    assert (422, "invalid_code") == refusal(house.verify("new@example.com", invitation.code))


@pytest.mark.parametrize(
    "role", ["merchant_catalogue", "merchant_orders", "merchant_finance", "merchant_support"]
)
def test_staff_are_invited_for_what_they_do(house, owner, role):
    house.account("shopper@example.com")
    house.letters()
    invited(house, owner, "shopper@example.com", role=role)
    (invitation,) = house.letters()

    assert 200 == house.verify("shopper@example.com", invitation.code).status
    assert (role, OURS) == (
        me(house, "shopper@example.com")["role"],
        me(house, "shopper@example.com")["merchant_id"],
    )


def test_an_operator_invites_the_platforms_staff(house):
    house.account("operator@example.com", "operator")
    house.account("shopper@example.com")
    house.letters()
    operator = house.token("operator@example.com")
    body = {"email": "shopper@example.com", "role": "finance"}
    answer = house.call("POST", "/v1/staff", body, token=operator)
    (invitation,) = house.letters()

    assert (201, None, "finance") == (answer.status, answer.body["merchant_id"], answer.body["role"])
    assert "Entrepot invites you" in invitation.text
    assert 200 == house.verify("shopper@example.com", invitation.code).status
    assert ("finance", None) == (
        me(house, "shopper@example.com")["role"],
        me(house, "shopper@example.com")["merchant_id"],
    )


@pytest.mark.parametrize("role", ["operator", "service", "merchant", "root"])
def test_no_merchant_gives_away_a_role_of_the_platform(house, owner, role):
    staff = house.call("POST", "/v1/staff", {"email": "new@example.com", "role": role}, token=owner)

    assert 403 == staff.status
    if role != "merchant":
        assert 400 == invited(house, owner, "new@example.com", role=role).status


def test_an_invited_shopper_is_changed_only_by_accepting(house, owner):
    house.account("shopper@example.com")
    house.letters()
    answer = invited(house, owner, "shopper@example.com")
    (invitation,) = house.letters()

    assert (201, "invited") == (answer.status, answer.body["status"])
    assert "shopper" == me(house, "shopper@example.com")["role"]
    assert 200 == house.verify("shopper@example.com", invitation.code).status
    assert ("merchant", OURS) == (
        me(house, "shopper@example.com")["role"],
        me(house, "shopper@example.com")["merchant_id"],
    )
    assert 201 == house.sign_in("shopper@example.com", PASSWORD).status


def test_an_invitation_answers_alike_for_every_address_and_never_takes_staff_from_another(house, owner):
    house.account("staff@example.com", "merchant", THEIRS)
    house.account("boss@example.com", "operator")
    house.letters()
    addresses = ("staff@example.com", "boss@example.com", "stranger@example.com")
    answers = [invited(house, owner, address).body for address in addresses]

    assert {frozenset(("invited", "merchant", OURS))} == {
        frozenset((answer["status"], answer["role"], answer["merchant_id"])) for answer in answers
    }
    codes = {letter.to: letter.code for letter in house.letters()}
    for address in addresses[:2]:
        assert (409, "already_staff") == refusal(house.verify(address, codes[address]))
    assert THEIRS == me(house, "staff@example.com")["merchant_id"]
    assert ("operator", None) == (
        me(house, "boss@example.com")["role"],
        me(house, "boss@example.com")["merchant_id"],
    )


def test_a_registration_in_between_by_somebody_else_opens_no_merchants_business(house, owner):
    house.letters()
    invited(house, owner, "new@example.com")
    (invitation,) = house.letters()
    house.register("new@example.com", "an intruder's choice")

    assert (409, "confirm_first") == refusal(house.verify("new@example.com", invitation.code))
    assert 401 == house.sign_in("new@example.com", "an intruder's choice").status


def test_an_invitation_lives_seven_days(house, owner):
    house.account("shopper@example.com")
    house.letters()
    invited(house, owner, "shopper@example.com")
    (invitation,) = house.letters()
    house.pass_time(days=7)

    assert (422, "invalid_code") == refusal(house.verify("shopper@example.com", invitation.code))


def test_an_operator_invites_the_first_of_any_merchants_staff(house, operator, owner):
    assert 201 == invited(house, operator, "first@example.com", THEIRS).status
    assert 404 == invited(house, operator, "first@example.com", "mrc_none").status


def test_a_merchant_invites_to_their_own_only(house, owner):
    house.letters()
    foreign, absent = (
        invited(house, owner, "x@example.com", THEIRS),
        invited(house, owner, "x@example.com", "mrc_none"),
    )

    assert (404, "not_found") == refusal(foreign)
    assert foreign.told() == absent.told()
    assert [] == house.letters()


@pytest.mark.parametrize("role", ["operator", "service", "shopper", "root", None])
def test_no_other_role_can_be_given(house, owner, role):
    answer = invited(house, owner, "x@example.com", role=role)

    assert (400, "role") == (answer.status, answer.body["field"])


def test_a_merchant_sends_so_many_invitations_an_hour(house, owner):
    statuses = [invited(house, owner, f"x{number}@example.com").status for number in range(31)]

    assert [201] * 30 + [429] == statuses


@pytest.mark.parametrize("role", ["shopper", "service"])
def test_other_roles_may_neither_make_merchants_nor_invite(house, owner, role):
    house.account("other@example.com", role)
    token = house.token("other@example.com")

    assert (403, "forbidden") == refusal(house.call("POST", "/v1/merchants", ACME, token=token))
    assert (403, "forbidden") == refusal(invited(house, token, "x@example.com"))
    assert (401, "unauthenticated") == refusal(house.call("POST", "/v1/merchants", ACME))


def test_a_member_edits_locale_and_nickname_under_if_match(house):
    member_id = house.account("ada@example.com")
    token = house.token("ada@example.com")
    seen = house.call("GET", "/v1/me", token=token)
    assert (member_id, "en", None) == (seen.body["id"], seen.body["locale"], seen.body["nickname"])

    tag = {"If-Match": seen.headers["ETag"]}
    edited = house.call("PATCH", "/v1/me", {"locale": "zh-CN", "nickname": " Ada "}, token, tag)
    stale = house.call("PATCH", "/v1/me", {"nickname": "Bob"}, token, tag)
    bare = house.call("PATCH", "/v1/me", {"nickname": "Bob"}, token)

    assert (200, "zh-CN", "Ada") == (edited.status, edited.body["locale"], edited.body["nickname"])
    assert seen.headers["ETag"] != edited.headers["ETag"]
    assert (412, "stale") == refusal(stale)
    assert (428, "if_match_required") == refusal(bare)
    cleared = house.call("PATCH", "/v1/me", {"nickname": None}, token, {"If-Match": edited.headers["ETag"]})
    assert ("zh-CN", None) == (cleared.body["locale"], cleared.body["nickname"])
    assert 201 == house.sign_in("ada@example.com").status


@pytest.mark.parametrize(
    "change",
    [
        {"role": "operator"},
        {"merchant_id": OURS},
        {"status": "active"},
        {"email": "eve@example.com"},
        {"revision": 9},
        {"locale": None},
        {"nickname": "a\u202eb"},
        {"nickname": "x" * 51},
    ],
)
def test_nothing_else_of_an_account_can_be_set(house, change):
    house.account("ada@example.com")
    token = house.token("ada@example.com")
    before = house.call("GET", "/v1/me", token=token)

    answer = house.call("PATCH", "/v1/me", change, token, {"If-Match": before.headers["ETag"]})

    assert (400, next(iter(change))) == (answer.status, answer.body["field"])
    assert before.body == house.call("GET", "/v1/me", token=token).body


def test_seeding_twice_changes_nothing(house):
    for _ in range(2):
        house.merchant(OURS)
        assert OURS == me_id(house, house.account("seed@example.com", "merchant", OURS))
    first = house.call("GET", "/v1/me", token=house.token("seed@example.com"))
    house.account("seed@example.com", "merchant", OURS)

    assert (
        first.headers["ETag"]
        == house.call("GET", "/v1/me", token=house.token("seed@example.com")).headers["ETag"]
    )
    assert 1 == len([event for event in house.events() if event["event"] == "membership.merchant_created"])


def test_seeding_an_account_anew_gives_it_the_new_password(house):
    member_id = house.account("seed@example.com")

    again = facade.seed_account("seed@example.com", "another password", "shopper", None, house.now)

    assert member_id == again
    assert 401 == house.sign_in("seed@example.com", PASSWORD).status
    assert 201 == house.sign_in("seed@example.com", "another password").status


def me_id(house: House, member_id: str) -> Any:
    body = me(house, "seed@example.com")
    assert member_id == body["id"]
    return body["merchant_id"]


def refusal(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code


def test_a_seeded_account_that_is_given_another_place_leaves_the_one_before(house):
    house.merchant(OURS)
    house.merchant(THEIRS, "Another Ltd")
    where = [("merchant", OURS), ("merchant", THEIRS), ("merchant_orders", THEIRS), ("operator", None)]
    seen = []

    for role, merchant_id in [*where, ("shopper", None)]:
        member_id = house.account("moving@example.com", role, merchant_id)
        rows = [row for row in memory.current().rows("membership") if row["sk"]["S"] == f"staff#{member_id}"]
        seen.append([(row["pk"]["S"], row["role"]["S"]) for row in rows])

    assert [
        [(f"merchant#{OURS}", "merchant")],
        [(f"merchant#{THEIRS}", "merchant")],
        [(f"merchant#{THEIRS}", "merchant_orders")],
        [("platform", "operator")],
        [],
    ] == seen
