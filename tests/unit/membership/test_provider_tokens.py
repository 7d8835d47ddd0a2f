"""ID tokens of providers: believed by a key and an algorithm of the provider alone. Keys are looked for in bounds."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import replace
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from functions.membership import authlib_gateway, provider_documents
from functions.membership.domain.social import Client, IdentityNotProven, Proof, ProviderUnavailable
from tests.unit.membership.test_social import ACME

CLIENT = Client("client-1", "a secret of the client that is long enough")
SAID = {"sub": "ada"}
KEY = RSAKey.generate_key(2048, parameters={"kid": "a"})
OTHER = RSAKey.generate_key(2048, parameters={"kid": "b"})
LINE = replace(ACME, proof=Proof.SECRET, algorithms=("HS256",), jwks_uri=None)


def public(*keys: Any) -> list[dict[str, Any]]:
    return [{**key.as_dict(private=False), "use": "sig"} for key in keys]


class Keys:
    """What the provider publishes, and how often it was asked."""

    def __init__(self) -> None:
        self.published = public(KEY)
        self.asked = 0
        self.moment = 1000.0

    def read(self, url: str, provider: Any, moment: float) -> Any:
        self.asked += 1
        return {"keys": self.published}


@pytest.fixture
def keys(monkeypatch):
    held = Keys()
    provider_documents.forget()
    monkeypatch.setattr(provider_documents, "_read", held.read)
    monkeypatch.setattr(time, "monotonic", lambda: held.moment)
    yield held
    provider_documents.forget()


def token(key: Any = KEY, algorithm: str = "RS256", **header: Any) -> str:
    return jwt.encode({"alg": algorithm, "kid": key.kid, **header}, SAID, key, algorithms=[algorithm])


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def refused(text: Any, provider: Any = ACME) -> bool:
    try:
        authlib_gateway.claims(provider, CLIENT, text)
    except IdentityNotProven:
        return True
    return False


def test_a_token_by_a_published_key_is_read(keys):
    assert SAID == authlib_gateway.claims(ACME, CLIENT, token())


def test_a_token_by_another_key_under_the_same_id_is_refused(keys):
    forger = RSAKey.generate_key(2048, parameters={"kid": "a"})

    assert refused(token(forger))


def test_a_token_without_a_signature_is_refused_however_it_is_spelled(keys):
    good = token().split(".")
    for algorithm in ("none", "None", "NONE", "nOnE", ""):
        assert refused(f"{part({'alg': algorithm, 'kid': 'a'})}.{good[1]}.")
        assert refused(f"{part({'alg': algorithm, 'kid': 'a'})}.{good[1]}.{good[2]}")


def test_a_token_signed_by_the_published_key_as_if_it_were_a_secret_is_refused(keys):
    for secret in (KEY.as_pem(private=False), json.dumps(KEY.as_dict(private=False)).encode()):
        signed = f"{part({'alg': 'HS256', 'kid': 'a'})}.{part(SAID)}"
        mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        assert refused(f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}")


def test_a_token_by_the_clients_secret_is_refused_of_a_provider_with_published_keys(keys):
    assert refused(token(OctKey.import_key(CLIENT.secret, {"kid": "a"}), "HS256"))


def test_a_token_by_a_key_that_its_own_header_brings_or_leads_to_is_refused(keys):
    bare = jwt.encode({"alg": "RS256"}, SAID, OTHER).split(".")
    for more in (
        {"jwk": OTHER.as_dict(private=False)},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/chain"},
        {"kid": "../../../../dev/null"},
        {"kid": "a' UNION SELECT 'x"},
        {"kid": ["a"]},
        {"kid": {"a": 1}},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
    ):
        header = {"alg": "RS256", "kid": "b", **more}
        assert refused(f"{part(header)}.{bare[1]}.{bare[2]}"), more


def test_a_key_for_encryption_or_of_another_kind_signs_nothing(keys):
    keys.published = [{**KEY.as_dict(private=False), "use": "enc"}]
    assert refused(token())
    keys.moment += 3600
    keys.published = [{**OctKey.import_key(CLIENT.secret).as_dict(private=True), "kid": "a"}]
    assert refused(
        token(OctKey.import_key(CLIENT.secret, {"kid": "a"}), "HS256"), replace(ACME, algorithms=("HS256",))
    )


def test_an_algorithm_that_the_provider_does_not_use_is_refused(keys):
    key = ECKey.generate_key("P-256", parameters={"kid": "a"})
    keys.published = public(key)

    assert refused(token(key, "ES256"))
    assert not refused(token(key, "ES256"), replace(ACME, algorithms=("ES256",)))


def test_a_token_that_names_no_key_is_read_where_there_is_one_only(keys):
    bare = jwt.encode({"alg": "RS256"}, SAID, KEY)

    assert not refused(bare)
    keys.published = public(KEY, OTHER)
    keys.moment += 3600
    assert refused(bare)


def test_what_is_no_token_is_refused(keys):
    nothing: dict[str, Any] = {}
    for text in (
        None,
        7,
        nothing,
        "",
        ".",
        "..",
        "a.b",
        "a.b.c",
        "a.b.c.d.e",
        "ü.ü.ü",
        "x" * 20_000,
        "[].[].[]",
    ):
        assert refused(text), text
    listed = jwt.encode({"alg": "RS256", "kid": "a"}, SAID, KEY).split(".")
    assert refused(f"{part([])}.{listed[1]}.{listed[2]}")
    deep = base64.urlsafe_b64encode(b"[" * 8000).decode().rstrip("=")
    assert refused(f"{deep}.{listed[1]}.{listed[2]}")


def test_a_provider_that_signs_by_the_clients_secret_is_believed_by_that_alone(keys):
    ours = jwt.encode({"alg": "HS256"}, SAID, OctKey.import_key(CLIENT.secret))

    assert SAID == authlib_gateway.claims(LINE, CLIENT, ours)
    assert refused(
        jwt.encode({"alg": "HS256"}, SAID, OctKey.import_key("another secret, long enough as well")), LINE
    )
    assert refused(token(KEY), LINE)
    assert refused(f"{part({'alg': 'none'})}.{part(SAID)}.", LINE)
    assert 0 == keys.asked


def test_keys_are_asked_for_once_an_hour_and_for_a_new_one_once_a_minute(keys):
    for _ in range(3):
        authlib_gateway.claims(ACME, CLIENT, token())
    assert 1 == keys.asked

    keys.published = public(KEY, OTHER)
    assert refused(token(OTHER))
    assert 1 == keys.asked, "within the minute nothing is asked for, whatever is sent"
    keys.moment += 61
    assert not refused(token(OTHER))
    assert 2 == keys.asked
    for _ in range(5):
        refused(token(RSAKey.import_key(KEY.as_dict(private=True), {"kid": "invented"})))
    assert 2 == keys.asked


def test_a_key_set_that_is_none_or_far_too_long_is_an_outage(keys):
    for published in (None, "keys", public(KEY) * 51):
        keys.published = published
        keys.moment += 3600
        with pytest.raises(ProviderUnavailable):
            authlib_gateway.claims(ACME, CLIENT, token())


def test_a_key_of_a_kind_that_nobody_knows_does_not_hide_the_others(keys):
    keys.published = [{"kty": "RSA", "kid": "broken"}, {"kty": "NEW", "kid": "c"}, "no key", *public(KEY)]

    assert not refused(token())
