"""An address is what mail can be sent to, and one mailbox is one address however it is written."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.membership.domain.addresses import InvalidEmail, email

LOCAL = st.text(string.ascii_letters + string.digits + "!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=64)
LABEL = st.text(string.ascii_letters + string.digits, min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("ada@example.com", "ada@example.com"),
        ("Ada.Lovelace+shop@EXAMPLE.co.uk", "Ada.Lovelace+shop@example.co.uk"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
        ("ada@пример.рф", "ada@xn--e1afmkfd.xn--p1ai"),
        ("ada@ラーメン.jp", "ada@xn--4dkp5a8a.jp"),
        ("ada@佐々木.jp", "ada@xn--u6jy55gilq.jp"),
        ("ada@日本語テスト.jp", "ada@xn--zckzah9945czlbtz6h.jp"),
    ],
)
def test_an_address_keeps_its_local_part_and_has_an_ascii_domain(given_text, kept):
    address = email(given_text)

    assert kept == address.text
    assert kept.lower() == address.lookup


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@localhost",
        "ada@example..com",
        "ada@.example.com",
        "ada@example.com.",
        "ada@-example.com",
        "ada@127.0.0.1",
        "ada@[127.0.0.1]",
        ".ada@example.com",
        "ada.@example.com",
        "a..da@example.com",
        '"ada lovelace"@example.com',
        "ada lovelace@example.com",
        "ada@b@example.com",
        "ada@example.com\n",
        "ada@example.com\r\nBcc: all@example.com",
        "ada\x00@example.com",
        "Ada <ada@example.com>",
        "x" * 65 + "@example.com",
        "ada@" + "x" * 64 + ".com",
        "ada@" + "x.".join([""] * 130) + "com",
    ],
)
def test_what_mail_cannot_be_sent_to_is_refused(text):
    with pytest.raises(InvalidEmail):
        email(text)


@pytest.mark.parametrize(
    "text",
    [
        "\u0430da@example.com",  # Cyrillic a
        "\uff41da@example.com",  # full-width a
        "ada@ex\u0430mple.com",  # Cyrillic a among Latin letters
        "ada@\u0435xample.com",
        "ada@\uff45xample.com",
        "ada@\u212aelvin.com",  # the Kelvin sign
        "ada@example\u3002com",  # an ideographic full stop
        "ada@exa\u200dmple.com",  # a joiner that shows as nothing
        "ada@exa\u00admple.com",  # a soft hyphen
        "ada@xn--exmple-4nf.com",  # the Cyrillic a, already encoded
        "ada@stra\u00dfe.de",  # written two ways, which two standards make two domains
        "ada@\ud800.com",
    ],
)
def test_what_only_looks_like_an_address_is_refused(text):
    with pytest.raises(InvalidEmail):
        email(text)


@given(LOCAL, st.lists(LABEL, min_size=1, max_size=3))
def test_upper_and_lower_case_are_one_address(local, labels):
    text = f"{local}@{'.'.join(labels)}.com"

    assert email(text.upper()).lookup == email(text.lower()).lookup == email(text).lookup
    assert email(email(text).text) == email(text)


@given(st.text(max_size=300))
def test_any_text_is_an_ascii_address_or_refused(text):
    try:
        address = email(text).text
    except InvalidEmail:
        return
    assert address.isascii()
    assert address.isprintable()
    assert 1 == address.count("@")
