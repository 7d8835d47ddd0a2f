"""The identity number of China: its form and check digit, its keyed name, and nothing of it anywhere else."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.customs.facade import InvalidIdentity, check_identity, identity_hash, quota_year

KIND = "cn_resident_id"
NUMBER = "11010519491231002X"  # the example of GB 11643-1999 itself
KEY = b"sixteen bytes or more"


def test_the_standards_own_example_is_valid_in_either_case() -> None:
    assert NUMBER == check_identity(KIND, "张三", NUMBER).number
    assert NUMBER == check_identity(KIND, "张三", f" {NUMBER.lower()} ").number


@pytest.mark.parametrize("code", ["91330100799655058B", "914403001922038216"])
def test_a_unified_social_credit_code_is_valid_by_its_last_letter(code: str) -> None:
    assert code == check_identity("cn_enterprise", "某某有限公司", f" {code.lower()} ").number


@given(st.integers(0, 16), st.integers(1, 30))
def test_one_wrong_letter_of_a_credit_code_is_always_noticed(place: int, step: int) -> None:
    code, letters = "91330100799655058B", "0123456789ABCDEFGHJKLMNPQRTUWXY"
    other = letters[(letters.index(code[place]) + step) % 31]

    with pytest.raises(InvalidIdentity):
        check_identity("cn_enterprise", "某某有限公司", f"{code[:place]}{other}{code[place + 1 :]}")


def test_a_person_and_an_enterprise_are_found_by_different_names() -> None:
    assert identity_hash(NUMBER, KEY) != identity_hash(NUMBER, KEY, "cn_enterprise")


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(place: int, step: int) -> None:
    digit = (int(NUMBER[place]) + step) % 10
    wrong = f"{NUMBER[:place]}{digit}{NUMBER[place + 1 :]}"

    with pytest.raises(InvalidIdentity):
        check_identity(KIND, "张三", wrong)


@pytest.mark.parametrize(
    ("kind", "name", "number", "field"),
    [
        ("passport", "张三", NUMBER, "kind"),
        (KIND, " ", NUMBER, "name"),
        ("cn_enterprise", "某某有限公司", NUMBER, "number"),
        ("cn_enterprise", "某某有限公司", "91330100799655058O", "number"),
        ("cn_enterprise", "某某有限公司", "91330100799655058", "number"),
        ("cn_enterprise", "某" * 101, "91330100799655058B", "name"),
        (KIND, "张" * 65, NUMBER, "name"),
        (KIND, "张\n三", NUMBER, "name"),
        (KIND, "张三", "", "number"),
        (KIND, "张三", NUMBER[:-1], "number"),
        (KIND, "张三", f"{NUMBER[:-1]}0", "number"),
        (KIND, "张三", "11010519491331002X", "number"),
        (KIND, "张三", "１１０１０５１９４９１２３１００２Ｘ", "number"),
    ],
)
def test_a_wrong_identity_is_refused_by_field_without_its_value(
    kind: str, name: str, number: str, field: str
) -> None:
    with pytest.raises(InvalidIdentity) as refused:
        check_identity(kind, name, number)

    assert {"field": f"importer_identity.{field}"} == refused.value.facts
    assert not number or number not in str(refused.value)


def test_an_identity_shows_neither_name_nor_number() -> None:
    assert "ImporterIdentity(kind='cn_resident_id')" == repr(check_identity(KIND, "张三", NUMBER))


def test_one_person_has_one_hash_under_one_key() -> None:
    person = identity_hash(NUMBER, KEY)

    assert person == identity_hash(NUMBER.lower(), KEY)
    assert person != identity_hash(NUMBER, KEY + b"!")
    assert NUMBER not in person
    assert 64 == len(person)


def test_a_short_key_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        identity_hash(NUMBER, b"short")


def test_the_quotas_year_turns_at_midnight_in_shanghai() -> None:
    assert 2026 == quota_year(datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC))
    assert 2027 == quota_year(datetime(2026, 12, 31, 16, 0, 0, tzinfo=UTC))
