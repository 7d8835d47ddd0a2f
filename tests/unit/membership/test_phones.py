"""Which texts are a number that a message can be sent to."""

import pytest

from functions.membership.domain.phones import InvalidPhone
from functions.membership.phonenumbers_gateway import phone, reachable


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("+49 1512 3456789", "+4915123456789"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("+81 90-1234-5678", "+819012345678"),
        ("+1 (201) 555-0123", "+12015550123"),
        ("+44 07400 123456", "+447400123456"),
    ],
)
def test_a_number_is_kept_as_e164_writes_it(given, kept):
    assert kept == phone(given).text


@pytest.mark.parametrize(
    "given",
    [
        "",
        "01512 3456789",
        "+49",
        "+999 123456789",
        "+49 30 123456",
        "+44 909 879 0000",
        "+1 201 555 0123 ext. 5",
        "+４９ 1512 3456789",
        "+49 1512 3456789\r\nBcc: x",
        "+" + "1" * 30,
        "+49 1512 345678٣",
    ],
)
def test_what_no_message_reaches_or_costs_extra_is_refused(given):
    with pytest.raises(InvalidPhone):
        phone(given)


def test_a_courier_may_call_a_landline():
    assert "+4930123456" == reachable("+49 30 123456")
