"""One-time passwords by time, by the vectors of RFC 6238."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.membership.domain import totp

SECRET = b"12345678901234567890"  # RFC 6238, appendix B, for SHA-1
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_rfc(seconds, code):
    assert code == totp.code_at(SECRET, seconds // 30, digits=8)


@pytest.mark.parametrize(("seconds", "fits"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_off_by_one_step(seconds, fits):
    code = totp.code_at(SECRET, totp.step_at(NOW + timedelta(seconds=seconds)))

    assert fits is (totp.matching_step(SECRET, code, NOW, 0) is not None)


@given(st.integers(0, 2**40))
def test_a_code_is_good_once_and_none_before_it_afterwards(step):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    code = totp.code_at(SECRET, totp.step_at(now))
    used = totp.matching_step(SECRET, code, now, 0)

    assert used is not None
    assert totp.matching_step(SECRET, code, now, used + step) is None


def test_an_app_reads_issuer_account_and_secret():
    address = totp.address_of(SECRET, "ada+1@example.com")

    assert (
        "otpauth://totp/Entrepot:ada%2B1@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Entrepot&digits=6&period=30"
    ) == address
