"""Every letter is there in every language, with its code and nothing left to fill in."""

import string

import pytest

from functions.membership.service.letters import letters, texts

FIELDS: dict[str, set[str]] = {
    "registration": {"code"},
    "known": set(),
    "invitation": {"code", "merchant"},
    "contact": {"code"},
    "password": {"code"},
    "payouts_moved": {"merchant", "currency", "usable_from"},
    "payout_returned": {"merchant", "currency"},
}
SUBJECTS: dict[str, set[str]] = {"payouts_moved": {"currency"}, "payout_returned": {"currency"}}
TEXTS: dict[str, set[str]] = {
    "registration": {"code"},
    "known": set(),
    "sign-in": {"code"},
    "contact": {"code"},
    "password": {"code"},
    "payouts_moved": {"merchant", "currency", "usable_from"},
    "payout_returned": {"merchant", "currency"},
}
LANGUAGES = {"en", "de", "zh", "it", "fr"}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_there_is_a_letter_of_each_kind_in_each_language():
    assert {kind: {"en", "de", "zh", "it", "fr"} for kind in FIELDS} == {
        kind: set(texts) for kind, texts in letters().items()
    }


@pytest.mark.parametrize("kind", FIELDS)
def test_a_letter_says_what_it_has_to_and_its_subject_nothing_secret(kind):
    for letter in letters()[kind].values():
        assert FIELDS[kind] == fields(letter.text)
        assert SUBJECTS.get(kind, set()) == fields(letter.subject)
        assert letter.subject.isprintable()


def test_there_is_a_text_message_of_each_kind_in_each_language():
    assert dict.fromkeys(TEXTS, LANGUAGES) == {kind: set(by) for kind, by in texts().items()}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_text_message_says_what_it_has_to_in_at_most_two_messages(kind):
    for language, message in texts()[kind].items():
        assert TEXTS[kind] == fields(message.text)
        assert len(message.text) <= (134 if language == "zh" else 306), (language, len(message.text))
