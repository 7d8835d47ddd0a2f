"""Passwords, nicknames, locales, codes, sessions and windows of attempts."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.membership.domain import members
from functions.membership.domain.members import Attempts, Code, Session

NOW = datetime(2026, 11, 22, 10, 1, tzinfo=UTC)
SECONDS = int(NOW.timestamp())


@pytest.mark.parametrize("text", ["x" * 10, "x" * 128, "密码密码密码密码密码", "with \u0000 in it"])
def test_a_password_of_ten_to_128_characters_is_kept(text):
    assert text == members.password(text)


@pytest.mark.parametrize("text", ["x" * 9, "x" * 129, "", "e\u0301" * 9, "x" * 10_000_000])
def test_a_shorter_or_longer_one_is_refused(text):
    with pytest.raises(members.InvalidPassword):
        members.password(text)


def test_a_password_is_the_same_however_its_accents_are_typed():
    assert members.password("cafe\u0301 au lait") == members.password("caf\u00e9 au lait")


@pytest.mark.parametrize("text", ["de", "zh-CN", "zh-Hant-TW", "pt-BR", "es-419"])
def test_a_language_tag_is_kept(text):
    assert text == members.locale(text)


@pytest.mark.parametrize("text", ["", "d", "de_DE", "de-", "de\n", "../en", "x" * 40])
def test_what_is_no_language_tag_is_refused(text):
    with pytest.raises(members.InvalidLocale):
        members.locale(text)


def test_without_a_locale_it_is_english():
    assert "en" == members.locale(None)


@pytest.mark.parametrize("text", ["", "  ", "x" * 51, "a\nb", "a\u202eb", "a\u0000"])
def test_a_nickname_that_cannot_be_shown_is_refused(text):
    with pytest.raises(members.InvalidNickname):
        members.nickname(text)


def test_a_nickname_is_trimmed_or_none():
    assert "李小龙" == members.nickname(" 李小龙 ")
    assert members.nickname(None) is None


@pytest.mark.parametrize(
    ("tries", "expires_at", "alive"), [(1, SECONDS + 1, True), (0, SECONDS + 1, False), (1, SECONDS, False)]
)
def test_a_code_lives_while_it_has_tries_and_time(tries, expires_at, alive):
    assert alive == Code("hash", tries, expires_at).alive(NOW)


@pytest.mark.parametrize(
    ("expires_at", "ended", "alive"),
    [(SECONDS + 1, False, True), (SECONDS, False, False), (SECONDS + 1, True, False)],
)
def test_a_session_lives_until_it_expires_or_ends(expires_at, ended, alive):
    assert alive == Session("ses_1", "mbr_1", "jti", expires_at, ended).alive(NOW)


def test_a_window_of_attempts_ends_where_the_next_begins():
    attempts = Attempts("sign-in", 10, timedelta(minutes=15))
    ends = datetime.fromtimestamp(attempts.window_ends(NOW), UTC)

    assert datetime(2026, 11, 22, 10, 15, tzinfo=UTC) == ends
    assert attempts.window_at(NOW) == attempts.window_at(ends - timedelta(seconds=1))
    assert attempts.window_at(NOW) + 1 == attempts.window_at(ends)
