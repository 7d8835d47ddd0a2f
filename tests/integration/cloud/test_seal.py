"""Sealing of personal data: what opens, what does not, and what it asks of KMS."""

import json

import pytest
from botocore.exceptions import ClientError

from entrepot.cloud import aws, seal

pytestmark = pytest.mark.usefixtures("aws")
TEXT = "Torstraße 1, 张伟"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What KMS is asked for, in order."""
    seen: list[str] = []
    kms = aws.client("kms")
    real = kms._make_api_call

    def counted(operation: str, arguments: object) -> object:
        seen.append(operation)
        return real(operation, arguments)

    monkeypatch.setattr(kms, "_make_api_call", counted)
    return seen


def test_what_was_sealed_opens_for_its_purpose_and_record():
    sealed = seal.sealed({"line1": TEXT}, "address", "ord_1")

    assert {"line1": TEXT} == seal.opened(sealed, "address", "ord_1")
    assert "Torstra" not in sealed


def test_two_seals_of_one_text_differ():
    assert seal.sealed(TEXT, "address", "ord_1") != seal.sealed(TEXT, "address", "ord_1")


def test_for_another_record_it_does_not_open():
    sealed = seal.sealed(TEXT, "address", "ord_1")

    with pytest.raises(seal.Unopenable):
        seal.opened(sealed, "address", "ord_2")


def test_for_another_purpose_kms_refuses_the_data_key():
    sealed = seal.sealed(TEXT, "address", "ord_1")

    with pytest.raises(ClientError):
        seal.opened(sealed, "contact", "ord_1")


@pytest.mark.parametrize("at", [-2, -20])
def test_an_altered_text_does_not_open(at):
    sealed = seal.sealed(TEXT, "address", "ord_1")
    other = "z" if sealed[at] in "ABCD" else "A"  # the lowest bits of the last letter mean nothing
    altered = sealed[:at] + other + sealed[at + 1 :]

    with pytest.raises(seal.Unopenable):
        seal.opened(altered, "address", "ord_1")


@pytest.mark.parametrize("text", ["", "clear text", "1.key", "1.key.&&.AAAA", "2.key.AAAA.AAAA"])
def test_what_is_no_sealed_text_does_not_open(text):
    with pytest.raises((seal.Unopenable, ClientError)):
        seal.opened(text, "address", "ord_1")


def test_once_a_data_key_is_there_nothing_is_asked_for(asked):
    texts = [seal.sealed(TEXT, "address", f"ord_{number}") for number in range(20)]
    assert 20 * [TEXT] == [seal.opened(t, "address", f"ord_{n}") for n, t in enumerate(texts)]

    assert ["GenerateDataKey"] == asked


def test_a_data_key_is_used_so_often_and_then_replaced(asked, monkeypatch):
    monkeypatch.setattr(seal, "USES", 3)

    for number in range(7):
        seal.sealed(TEXT, "address", f"ord_{number}")

    assert 3 * ["GenerateDataKey"] == asked


def test_a_data_key_is_kept_so_long_and_then_asked_for_again(asked, monkeypatch):
    sealed = seal.sealed(TEXT, "address", "ord_1")
    monkeypatch.setattr(seal, "AGE_SECONDS", 0.0)

    assert TEXT == seal.opened(sealed, "address", "ord_1")
    seal.sealed(TEXT, "address", "ord_1")

    assert ["GenerateDataKey", "Decrypt", "GenerateDataKey"] == asked


def test_only_so_many_data_keys_are_kept(monkeypatch):
    monkeypatch.setattr(seal, "ENTRIES", 2)
    for purpose in ("a", "b", "c"):
        seal.sealed(TEXT, purpose, "ord_1")

    assert ["b", "c"] == [purpose for _, purpose in seal._stage._opening]


def test_what_was_sealed_before_the_key_was_replaced_still_opens():
    sealed = seal.sealed(TEXT, "address", "ord_1")
    first = sealed.split(".")[1]
    fresh = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    aws.client("kms").update_alias(AliasName=f"alias/{aws.name('data')}", TargetKeyId=fresh)
    seal.forget()

    later = seal.sealed(TEXT, "address", "ord_1")

    assert (first, fresh) == (sealed.split(".")[1], later.split(".")[1])
    assert first != fresh
    assert [TEXT, TEXT] == [seal.opened(text, "address", "ord_1") for text in (sealed, later)]
    assert json.dumps(sealed) == f'"{sealed}"'  # it needs no escape in a document
