"""Signing in, refreshing and signing out: a token is good for what it was made for, and a refresh token once."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from entrepot.cloud import auth, aws, reads, writes
from functions.membership import pwdlib_gateway, store
from tests.integration.membership.conftest import PASSWORD, requests_made
from tests.support import passwords

ADA = "ada@example.com"


@pytest.fixture
def ada(house):
    """The id of a member who is called Ada."""
    return house.account(ADA)


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def claims(token: str) -> Any:
    return decoded(token.split(".")[1])


def test_signing_in_gives_a_token_for_a_quarter_of_an_hour_and_one_for_thirty_days(house, ada):
    answer = house.sign_in("ADA@Example.COM")

    assert 201 == answer.status
    assert ("Bearer", 900) == (answer.body["token_type"], answer.body["expires_in"])
    access, refresh = claims(answer.body["access_token"]), claims(answer.body["refresh_token"])
    assert {"iss", "aud", "sub", "sid", "iat", "exp", "role", "jti"} == access.keys()
    assert (ada, "shopper", 900) == (access["sub"], access["role"], access["exp"] - access["iat"])
    assert {"iss", "aud", "sub", "sid", "iat", "exp", "jti"} == refresh.keys()
    assert 30 * 86_400 == refresh["exp"] - refresh["iat"]
    assert "no-store" == answer.headers["Cache-Control"]


def test_a_merchants_token_names_the_merchant(house):
    house.merchant("mrc_1")
    house.account("staff@example.com", "merchant", "mrc_1")

    access = claims(house.token("staff@example.com"))

    assert ("merchant", "mrc_1") == (access["role"], access["merchant_id"])


def test_a_warm_function_verifies_a_token_without_a_request(house, ada, monkeypatch):
    token = house.token(ADA)
    auth.principal(token, house.now)
    monkeypatch.setattr(aws, "client", lambda service: pytest.fail(f"asked {service}"))

    with requests_made() as made:
        caller = auth.principal(token, house.now)

    assert [] == made
    assert (ada, "shopper", None) == (caller.member_id, caller.role, caller.merchant_id)


def test_wrong_passwords_close_an_account_for_ever_longer_known_or_not(house, ada):
    for address in (ADA, "nobody@example.com"):
        assert [401] * 5 == [house.sign_in(address, "wrong password").status for _ in range(5)]
        refused = house.sign_in(address)
        assert (429, "too_many_attempts", "30") == (
            refused.status,
            refused.code,
            refused.headers["Retry-After"],
        )

    house.pass_time(seconds=30)
    assert 401 == house.sign_in(ADA, "wrong password").status
    assert "60" == house.sign_in(ADA).headers["Retry-After"]
    house.pass_time(seconds=60)
    assert 201 == house.sign_in(ADA).status


def test_a_right_password_clears_the_count(house, ada):
    for _ in range(3):
        assert [401] * 4 == [house.sign_in(ADA, "wrong password").status for _ in range(4)]
        assert 201 == house.sign_in(ADA).status


def test_a_password_is_not_looked_at_once_the_account_is_closed(house, ada, monkeypatch):
    for _ in range(5):
        house.sign_in(ADA, "wrong password")
    monkeypatch.setattr(pwdlib_gateway, "matches", lambda *_: pytest.fail("hashed"))

    assert 429 == house.sign_in(ADA).status


def test_one_place_that_guesses_at_many_accounts_has_to_wait_and_others_have_not(house, ada):
    house.source = "203.0.113.7"
    statuses = [house.sign_in(f"x{number}@example.com", "guess").status for number in range(50)]
    refused = house.sign_in(ADA)
    house.source = "203.0.113.8"

    assert ([401] * 50, 429, "30") == (statuses, refused.status, refused.headers["Retry-After"])
    assert 201 == house.sign_in(ADA).status


def test_a_known_and_an_unknown_account_cost_the_same_requests_and_one_hash(house, ada, monkeypatch):
    hashed: list[str] = []
    matches = pwdlib_gateway.matches

    def counted(text: str, kept: str | None) -> bool:
        hashed.append(text)
        return matches(text, kept)

    monkeypatch.setattr(pwdlib_gateway, "matches", counted)
    with requests_made() as known:
        first = house.sign_in(ADA, "wrong password")
    with requests_made() as unknown:
        second = house.sign_in("nobody@example.com", "wrong password")

    assert known == unknown
    assert first.told() == second.told()
    assert ["wrong password"] * 2 == hashed


def test_a_hash_of_other_parameters_is_renewed_at_the_next_sign_in(house, ada, monkeypatch):
    strong = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=16, parallelism=1),))
    monkeypatch.setattr(pwdlib_gateway, "_hasher", lambda: strong)

    assert 201 == house.sign_in(ADA).status
    kept = reads.fetch_one(store.password_read(ada))
    assert kept is not None
    assert "m=16,t=2" in str(kept[1])
    assert 201 == house.sign_in(ADA).status


def test_refreshing_gives_a_new_pair_with_the_role_of_now(house, ada):
    first = house.sign_in(ADA).body
    house.merchant("mrc_1")
    house.account(ADA, "merchant", "mrc_1")
    house.pass_time(days=29)

    answer = house.refresh(first["refresh_token"])

    assert 201 == answer.status
    assert "merchant" == claims(answer.body["access_token"])["role"]
    assert claims(first["access_token"])["sid"] == claims(answer.body["access_token"])["sid"]
    assert 201 == house.refresh(answer.body["refresh_token"]).status


def test_a_refresh_token_that_comes_back_ends_the_session(house, ada):
    first = house.sign_in(ADA).body
    second = house.refresh(first["refresh_token"]).body

    reused = house.refresh(first["refresh_token"])

    assert (401, "refresh_token_reused") == (reused.status, reused.code)
    assert (401, "invalid_token") == (
        house.refresh(second["refresh_token"]).status,
        house.refresh(second["refresh_token"]).code,
    )


def test_two_uses_of_a_refresh_token_at_once_end_the_session(house, ada, monkeypatch):
    first = house.sign_in(ADA).body
    commit = writes.commit
    winners: list[Any] = []

    def overtaken(*given):
        if not winners:
            winners.append(None)
            winners[0] = house.refresh(first["refresh_token"])
        commit(*given)

    monkeypatch.setattr(writes, "commit", overtaken)
    loser = house.refresh(first["refresh_token"])

    assert (201, 401) == (winners[0].status, loser.status)
    assert 401 == house.refresh(winners[0].body["refresh_token"]).status


def test_another_session_of_the_member_lives_on(house, ada):
    stolen, other = house.sign_in(ADA).body, house.sign_in(ADA).body
    house.refresh(stolen["refresh_token"])
    house.refresh(stolen["refresh_token"])

    assert 201 == house.refresh(other["refresh_token"]).status


def test_signing_out_ends_the_session_and_may_be_repeated(house, ada):
    tokens = house.sign_in(ADA).body

    answers = [house.call("DELETE", "/v1/sessions/current", token=tokens["access_token"]) for _ in range(2)]

    assert [(204, None)] * 2 == [(answer.status, answer.body) for answer in answers]
    assert 401 == house.refresh(tokens["refresh_token"]).status


def test_a_refresh_token_older_than_thirty_days_is_refused(house, ada):
    tokens = house.sign_in(ADA).body
    house.pass_time(days=30)

    assert (401, "invalid_token") == (
        house.refresh(tokens["refresh_token"]).status,
        house.refresh(tokens["refresh_token"]).code,
    )


def test_an_access_token_expires(house, ada):
    token = house.token(ADA)
    house.pass_time(seconds=899)
    assert 200 == house.call("GET", "/v1/me", token=token).status
    house.pass_time(seconds=1)

    answer = house.call("GET", "/v1/me", token=token)

    assert (401, "invalid_token", "Bearer") == (
        answer.status,
        answer.code,
        answer.headers["WWW-Authenticate"],
    )


def test_no_token_is_taken_for_the_other_kind(house, ada):
    tokens = house.sign_in(ADA).body

    assert 401 == house.call("GET", "/v1/me", token=tokens["refresh_token"]).status
    assert 401 == house.refresh(tokens["access_token"]).status


def forged(token: str) -> Iterator[str]:
    """Tokens that look like `token` and were not signed by us for this."""
    head, body, signature = token.split(".")
    header, content = decoded(head), decoded(body)
    signing = auth._public_key()
    assert signing is not None
    known = signing.public.as_pem(private=False)
    with_hmac = encoded({**header, "alg": "HS256"}) + "." + body
    yield f"{encoded({**header, 'alg': 'none'})}.{body}."
    yield f"{encoded({**header, 'alg': 'None'})}.{body}.{signature}"
    yield f"{with_hmac}.{encoded(hmac.digest(known, with_hmac.encode(), hashlib.sha256))}"
    yield f"{encoded({**header, 'kid': '../../dev/null'})}.{body}.{signature}"
    yield f"{encoded({**header, 'crit': 5})}.{body}.{signature}"
    yield f"{encoded({**header, 'jwk': {'kty': 'EC'}})}.{body}.{signature}"
    yield f"{encoded([1])}.{body}.{signature}"
    yield f"{head}.{encoded({**content, 'role': 'operator'})}.{signature}"
    yield f"{head}.{body}.{encoded(bytes(64))}"
    yield f"{head}.{body}.{signature[:-4]}"
    yield f"{head}.{body}"
    yield "x" * 5000
    yield ""


def test_a_forged_token_is_refused(house, ada):
    token = house.token(ADA)
    assert 200 == house.call("GET", "/v1/me", token=token).status

    answers = [house.call("GET", "/v1/me", token=wrong) for wrong in forged(token)]

    assert {(401, "invalid_token")} == {(answer.status, answer.code) for answer in answers}


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "entrepot-elsewhere"},
        {"aud": "somebody-else"},
        {"nbf": 4_000_000_000},
        {"exp": "4000000000"},
        {"sub": None},
        {"aud": ["entrepot-api"]},
        {"exp": 1},
    ],
)
def test_a_token_signed_by_us_for_something_else_is_refused(house, ada, wrong):
    content = {"sub": ada, "role": "operator", "exp": int(house.now.timestamp()) + 900}
    assert 200 == house.call("GET", "/v1/me", token=auth.sign(content, auth.ACCESS)).status

    answer = house.call("GET", "/v1/me", token=auth.sign({**content, **wrong}, auth.ACCESS))

    assert (401, "invalid_token") == (answer.status, answer.code)


def exchange_keys() -> None:
    """What the runbook of a rotation does: the key that signed is accepted still, and the other one signs."""
    kms = aws.client("kms")
    names = [f"alias/{aws.name(name)}" for name in ("tokens", "tokens-other")]
    first, second = (kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] for name in names)
    kms.update_alias(AliasName=names[0], TargetKeyId=second)
    kms.update_alias(AliasName=names[1], TargetKeyId=first)


def key_id(token: str) -> str:
    return str(decoded(token.partition(".")[0])["kid"])


def test_after_a_rotation_both_keys_are_accepted_and_the_new_one_signs(house, ada):
    before = house.token(ADA)
    exchange_keys()
    auth.forget_keys()
    after = house.token(ADA)

    published = [key["kid"] for key in house.call("GET", "/.well-known/jwks.json").body["keys"]]
    assert [key_id(after), key_id(before)] == published
    assert [200, 200] == [house.call("GET", "/v1/me", token=token).status for token in (before, after)]


def test_a_copy_that_knows_only_old_keys_looks_once_a_minute_for_new_ones(house, ada, monkeypatch):
    token, clock, asked = house.token(ADA), [0.0], list[str]()
    read = auth._public_key

    def noted(alias: str) -> Any:
        asked.append(alias)
        return read(alias)

    monkeypatch.setattr(auth, "_public_key", noted)
    monkeypatch.setattr(auth, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    auth.forget_keys()
    strange = f"{encoded({'alg': 'ES256', 'typ': 'at+jwt', 'kid': 'x'})}.{token.partition('.')[2]}"

    for moment in (0.0, 30.0, 59.0, 61.0, 62.0, 119.0):
        clock[0] = moment
        assert 401 == house.call("GET", "/v1/me", token=strange).status
        assert 200 == house.call("GET", "/v1/me", token=token).status

    assert ["tokens", "tokens-other"] * 2 == asked


def test_an_identity_token_opens_nothing(house, ada):
    content = {"sub": ada, "role": "operator", "exp": int(house.now.timestamp()) + 900}

    assert 401 == house.call("GET", "/v1/me", token=auth.sign(content, auth.IDENTITY)).status


def test_a_token_of_another_key_is_refused(house, ada):
    token = house.token(ADA)
    kms = aws.client("kms")
    other = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName=f"alias/{aws.name('tokens')}", TargetKeyId=other)
    auth.forget_keys()

    assert 401 == house.call("GET", "/v1/me", token=token).status


def test_a_bad_token_on_a_public_route_is_refused(house):
    answer = house.call("POST", "/v1/sessions", {"email": ADA, "password": PASSWORD}, token="nonsense")

    assert (401, "invalid_token") == (answer.status, answer.code)


def test_signing_in_hashes_with_argon2id_as_rfc_9106_recommends(monkeypatch):
    monkeypatch.setattr(pwdlib_gateway, "_hasher", passwords.real)
    password_hash = pwdlib_gateway.hashed(PASSWORD)

    assert password_hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert pwdlib_gateway.matches(PASSWORD, password_hash)
    assert not pwdlib_gateway.matches(PASSWORD + " ", password_hash)
    assert not pwdlib_gateway.matches(PASSWORD, None)
