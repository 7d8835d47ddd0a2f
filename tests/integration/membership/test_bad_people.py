"""What somebody tries who wants in without an account, or wants to know whose there is: each try as one test."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes as digests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc.jwk import ECKey

from entrepot.cloud import auth, http, outbox
from functions.membership import pwdlib_gateway
from functions.membership.domain.oauth import InvalidRedirectUri, redirect_uri
from functions.membership.routes import api
from tests.integration.membership.conftest import PASSWORD, Answer, House, requests_made
from tests.support import memory
from tests.support.aws import in_process

ADA: Final = "ada@example.com"
PENDING: Final = "pending@example.com"
NOBODY: Final = "nobody@example.com"
STRANGER: Final = ECKey.generate_key("P-256")
"""A key that is somebody else's."""

Tries = dict[str, tuple[str, dict[str, Any]]]

NAMED: Final[Tries] = {
    "signing in": ("/v1/sessions", {"password": "some other password"}),
    "registering": ("/v1/members", {"password": "some other password"}),
    "asking for another code": ("/v1/members/codes", {}),
    "guessing a code": ("/v1/members/verify", {"code": "000000"}),
    "forgetting a password": ("/v1/passwords/codes", {}),
    "guessing the code of a reset": ("/v1/passwords", {"code": "000000", "new_password": PASSWORD}),
}
"""Every public request that names an account: its path, and what it holds beside the address."""


@pytest.fixture(scope="module")
def kept_house() -> Iterator[tuple[House, memory.Memory]]:
    """One house for all tests here, with its rows in memory: what most of them try must change nothing anyway."""
    house = House()
    with pytest.MonkeyPatch.context() as patch, in_process(), memory.in_process() as store:
        patch.setattr(http, "utc_now", lambda: house.now)
        patch.setattr(outbox, "SHARDS", 1)
        yield house, store


@pytest.fixture
def house(kept_house: tuple[House, memory.Memory]) -> Iterator[House]:
    house, store = kept_house
    empty = store.kept()
    auth.forget_keys()
    yield house
    store.restore(empty)


@pytest.fixture
def hashes(house: House, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that argon2 was given."""
    cheap, given = pwdlib_gateway._hasher(), list[str]()

    class Counting:
        current_hasher = cheap.current_hasher

        def hash(self, password: str) -> str:
            given.append(password)
            return cheap.hash(password)

        def verify(self, password: str, password_hash: str) -> bool:
            given.append(password)
            return cheap.verify(password, password_hash)

    monkeypatch.setattr(pwdlib_gateway, "_hasher", Counting)
    return given


def asked(house: House, path: str, body: dict[str, Any], email: str) -> Answer:
    return house.call("POST", path, {"email": email, **body})


def told(answer: Answer) -> tuple[int, Any]:
    """What the caller learns beyond the address that was sent."""
    status, shown = answer.told()
    return status, {name: value for name, value in shown.items() if name != "email"}


@pytest.mark.parametrize("doing", NAMED)
def test_neither_answer_nor_work_tells_whether_there_is_an_account(house, hashes, doing):
    house.account(ADA)
    house.register(PENDING)
    path, body = NAMED[doing]
    answers, work = [], []
    for email in (ADA, PENDING, NOBODY):
        hashes.clear()
        with requests_made() as made:
            answers.append(told(asked(house, path, body, email)))
        # A condition that fails is not among the requests made: how many are read is what has to be equal.
        work.append(([each for each in made if each != "TransactWriteItems"], len(hashes)))

    assert [answers[0]] * 3 == answers
    assert [work[0]] * 3 == work
    assert work[0][1] <= 1


def test_every_public_request_that_names_an_account_is_tried():
    naming = {
        route.path
        for route in api.routes
        if route.allow == "public" and route.body and {"email"} & set(route.body.__struct_fields__)
    }

    assert naming == {path for path, _ in NAMED.values()}


PASSWORDS: Final[Tries] = {
    "signing in": ("/v1/sessions", {"email": ADA, "password": "<password>"}),
    "registering": ("/v1/members", {"email": NOBODY, "password": "<password>"}),
    "resetting": ("/v1/passwords", {"email": ADA, "code": "000000", "new_password": "<password>"}),
}


@pytest.mark.parametrize("doing", PASSWORDS)
@pytest.mark.parametrize(("length", "status"), [(10_000_000, 413), (200_000, 400), (129, 400)])
def test_a_password_too_long_is_refused_before_it_is_hashed(house, hashes, doing, length, status):
    house.account(ADA)
    hashes.clear()
    path, body = PASSWORDS[doing]

    answer = house.call("POST", path, json.loads(json.dumps(body).replace("<password>", "x" * length)))

    assert (status, []) == (answer.status, hashes)


def test_a_password_too_long_is_not_hashed_when_it_is_changed(house, hashes):
    house.account(ADA)
    token = house.token(ADA)
    hashes.clear()

    answers = [
        house.call("PUT", "/v1/me/password", {**good, name: "x" * length}, token).status
        for name in ("current_password", "new_password")
        for good in ({"current_password": PASSWORD, "new_password": "another battery"},)
        for length in (129, 10_000_000)
    ]

    assert ([400, 413] * 2, []) == (answers, hashes)


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def of_the_operator(house: House, **claims: Any) -> dict[str, Any]:
    """The claims of a token that would open everything, if only we had signed it."""
    expires = int(house.now.timestamp()) + 900
    good = {"iss": auth.ISSUER, "aud": auth.AUDIENCE, "sub": "mbr_1", "role": "operator", "exp": expires}
    return {**good, **claims}


def opened(house: House, token: str) -> tuple[int, str | None]:
    answer = house.call("GET", "/v1/me", token=token)
    return answer.status, answer.code


@pytest.fixture
def asked_of_kms(house: House, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The aliases whose keys were asked for, once ours are known."""
    auth.published_keys()
    read, asked = auth._public_key, list[str]()

    def noted(alias: str = "tokens") -> Any:
        asked.append(alias)
        return read(alias)

    monkeypatch.setattr(auth, "_public_key", noted)
    return asked


KEY_IDS: Final = (
    "../../../../dev/null",
    "/etc/passwd",
    "file:///dev/null",
    "https://evil.example/jwks.json",
    "alias/entrepot-test-data",
    "arn:aws:kms:eu-central-1:999999999999:key/1",
    "' UNION SELECT 'secret' --",
    '"; DROP TABLE keys; --',
    "x" * 3000,
    "\u0000",
    "",
    7,
    None,
    ["tokens"],
    {"$ne": ""},
)


@pytest.mark.parametrize("key_id", KEY_IDS, ids=range(len(KEY_IDS)))
def test_a_key_id_that_names_no_key_of_ours_is_looked_up_nowhere(house, asked_of_kms, key_id):
    header = {"alg": "ES256", "typ": auth.ACCESS, "kid": key_id}
    body = f"{encoded(header)}.{encoded(of_the_operator(house))}"
    of_an_empty_key = encoded(hmac.digest(b"", body.encode(), hashlib.sha256))

    refused = [opened(house, f"{body}.{signature}") for signature in (of_an_empty_key, encoded(bytes(64)))]

    assert [(401, "invalid_token")] * 2 == refused
    assert [] == asked_of_kms


def pointing_to_another_key() -> Iterator[dict[str, Any]]:
    public = STRANGER.as_dict(private=False)
    ours = auth.published_keys()[0]["kid"]
    for kid in (ours, "stranger"):
        yield {"kid": kid}
        yield {"kid": kid, "jwk": public}
        yield {"kid": kid, "jku": "https://evil.example/jwks.json"}
        yield {"kid": kid, "x5u": "https://evil.example/chain.pem"}
        yield {"kid": kid, "x5c": [base64.b64encode(STRANGER.as_der(private=False)).decode()]}
        yield {"kid": kid, "crit": ["jku"], "jku": "https://evil.example/jwks.json"}


def test_a_strangers_signature_is_refused_however_the_header_points_to_the_strangers_key(house, asked_of_kms):
    tokens = []
    for more in pointing_to_another_key():
        header = {"alg": "ES256", "typ": auth.ACCESS, **more}
        body = f"{encoded(header)}.{encoded(of_the_operator(house))}"
        tokens.append(f"{body}.{_signed_by_stranger(body.encode())}")

    assert {(401, "invalid_token")} == {opened(house, token) for token in tokens}
    assert [] == asked_of_kms


def _signed_by_stranger(message: bytes) -> str:
    private = STRANGER.private_key
    assert private is not None
    r, s = decode_dss_signature(private.sign(message, ec.ECDSA(digests.SHA256())))
    return encoded(r.to_bytes(32) + s.to_bytes(32))


def test_the_stranger_would_get_in_if_its_key_were_ours(house, monkeypatch):
    ours = auth._ring().keys[0]
    monkeypatch.setattr(
        auth, "_public_key", lambda alias="tokens": auth._Key(ours.key_id, ours.arn, STRANGER)
    )
    auth.forget_keys()
    member = house.account(ADA)
    header = {"alg": "ES256", "typ": auth.ACCESS, "kid": ours.key_id}
    body = f"{encoded(header)}.{encoded(of_the_operator(house, sub=member, role='shopper'))}"

    assert 200 == opened(house, f"{body}.{_signed_by_stranger(body.encode())}")[0]


def public_key_as(form: str) -> bytes:
    key = auth._ring().keys[0].public
    forms: dict[str, Callable[[], bytes]] = {
        "PEM": lambda: key.as_pem(private=False),
        "DER": lambda: key.as_der(private=False),
        "JWK": lambda: json.dumps(auth.published_keys()[0]).encode(),
        "nothing": lambda: b"",
    }
    return forms[form]()


@pytest.mark.parametrize("form", ["PEM", "DER", "JWK", "nothing"])
@pytest.mark.parametrize("algorithm", ["HS256", "HS512", "ES256"])
def test_our_public_key_is_no_secret_to_sign_with(house, form, algorithm):
    key_id = auth.published_keys()[0]["kid"]
    header = {"alg": algorithm, "typ": auth.ACCESS, "kid": key_id}
    body = f"{encoded(header)}.{encoded(of_the_operator(house))}"
    digest = hashlib.sha512 if algorithm == "HS512" else hashlib.sha256
    signature = encoded(hmac.digest(public_key_as(form), body.encode(), digest))

    assert (401, "invalid_token") == opened(house, f"{body}.{signature}")


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, "ES256K", "RS256", "EdDSA"])
def test_no_other_algorithm_is_taken_from_the_header(house, algorithm):
    member = house.account(ADA)
    head, body, signature = house.token(ADA).split(".")
    header = {**json.loads(base64.urlsafe_b64decode(f"{head}==")), "alg": algorithm}
    assert member

    for end in (signature, "", encoded(bytes(64))):
        assert (401, "invalid_token") == opened(house, f"{encoded(header)}.{body}.{end}")


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://accounts.google.com"},
        {"iss": f"{auth.ISSUER}/"},
        {"iss": auth.ISSUER.upper()},
        {"iss": None},
        {"iss": [auth.ISSUER]},
        {"aud": "https://api.partner.example"},
        {"aud": [auth.AUDIENCE, "https://api.partner.example"]},
        {"aud": None},
        {"exp": 0},
        {"exp": True},
        {"exp": None},
        {"exp": 9e99},
        {"nbf": 4_000_000_000},
        {"nbf": None},
    ],
    ids=str,
)
def test_a_token_of_another_issuer_audience_or_time_is_refused(house, wrong):
    assert (401, "invalid_token") == opened(house, auth.sign(of_the_operator(house, **wrong), auth.ACCESS))


BREAKS: Final = ("\r\n", "\n", "\r", "\x00", "\x0b", "\x0c", "\x85")
LETTERED: Final[tuple[tuple[str, str, dict[str, str], tuple[str, ...]], ...]] = (
    ("POST", "/v1/members", {"password": PASSWORD}, ("email", "locale")),
    ("POST", "/v1/members/codes", {}, ("email",)),
    ("POST", "/v1/passwords/codes", {}, ("email",)),
    ("POST", "/v1/me/contacts", {}, ("email",)),
    ("POST", "/v1/staff", {"role": "support"}, ("email",)),
    ("POST", "/v1/merchants/mrc_1/staff", {"role": "merchant"}, ("email",)),
    (
        "POST",
        "/v1/merchants",
        {"country": "DE", "payout_currency": "EUR", "commission_rate": "0.1"},
        ("name",),
    ),
    ("PATCH", "/v1/me", {}, ("nickname", "locale")),
)
"""The requests whose fields a letter is made of."""
GOOD: Final = {"email": NOBODY, "locale": "de", "name": "Acme", "nickname": "Ada"}


@pytest.mark.parametrize("line_break", BREAKS, ids=repr)
def test_no_field_that_a_letter_is_made_of_takes_a_line_break(house, line_break):
    house.merchant("mrc_1")
    house.account("boss@example.com", "operator")
    token = house.token("boss@example.com")
    house.letters()
    let_through = []
    for method, path, body, fields in LETTERED:
        for field in fields:
            needed = {name: GOOD[name] for name in fields if name in ("email", "name")}
            injected = f"{GOOD[field]}{line_break}Bcc: all@example.com"
            sent = {**needed, **body, field: injected}
            answer = house.call(method, path, sent, token, {"If-Match": '"1"'})
            if answer.status not in (400, 422):
                let_through.append((path, field, answer.status))

    assert [] == let_through
    assert [] == house.letters()


ALIKE: Final = (
    "\u0430da@example.com",  # Cyrillic a
    "\uff41da@example.com",  # full-width a: NFKC would make it ours
    "ad\u00e0@example.com",
    "ada\u200b@example.com",  # a space that shows as nothing
    "ada@ex\u0430mple.com",
    "ada@example.c\u03bfm",  # Greek o
    "ada@exampl\u0435.com",
    "ada\uff20example.com",  # full-width at
    "ada@example\uff0ecom",
    "ad\u0131@example.com",
    "\u212ada@example.com",
)


@pytest.mark.parametrize("email", ALIKE, ids=ascii)
def test_what_looks_like_an_address_reaches_no_account(house, email):
    house.account(ADA)
    house.letters()

    answers = [asked(house, path, body, email) for path, body in NAMED.values()]

    assert {400} == {answer.status for answer in answers}
    assert [] == house.letters()


def test_one_mailbox_has_one_account_however_its_address_is_written(house):
    house.account(ADA)

    for written in ("ADA@example.com", "Ada@EXAMPLE.com", "ada@Example.COM"):
        assert 201 == house.sign_in(written).status
        house.register(written)

    assert {"You already have an Entrepot account"} == {letter.subject for letter in house.letters()}


def test_a_domain_in_its_own_script_and_in_ascii_is_one_account(house):
    house.account("ada@b\u00fccher.example")

    assert 201 == house.sign_in("ada@xn--bcher-kva.example").status
    assert 201 == house.sign_in("ada@B\u00dcCHER.example").status


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//evil.example/callback",
        "/callback",
        "https:evil.example",
        "https:///callback",
        "http://app.example/callback",
        "http://127.0.0.1.evil.example/",
        "http://localhost@evil.example/",
        "https://app.example@evil.example/",
        "https://app.example\\@evil.example/",
        "https://*.example/callback",
        "https://app.example/callback#fragment",
        "https://app.example/callback\r\nLocation: https://evil.example",
        "https://app.example/call back",
        "https://\uff41pp.example/callback",
        "https://[::1/callback",
        "https://app.example:port/callback",
    ],
)
def test_no_application_is_registered_with_an_address_that_may_lead_elsewhere(uri):
    with pytest.raises(InvalidRedirectUri):
        redirect_uri(uri)


@pytest.mark.parametrize("uri", ["https://app.example/callback?from=us", "http://127.0.0.1:5999/callback"])
def test_an_address_that_leads_where_it_says_is_registered(uri):
    assert uri == redirect_uri(uri)


def test_the_state_of_an_application_cannot_leave_the_address_it_is_sent_back_with(house):
    house.account("boss@example.com", "operator")
    house.account(ADA)
    callback = "https://app.example/callback"
    client = house.call(
        "POST",
        "/v1/oauth/clients",
        {"name": "App", "redirect_uris": [callback], "scopes": ["openid"]},
        house.token("boss@example.com"),
    ).body["client_id"]
    wanted = {
        "client_id": client,
        "redirect_uri": callback,
        "scope": "openid",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    token = house.token(ADA)
    for state in ("x&redirect_uri=https://evil.example", "#x", "://evil.example", "?code=mine", "%0d%0a"):
        for approved in (True, False):
            body = {**wanted, "approved": approved, "state": state}
            sent = house.call("POST", "/v1/oauth/authorise", body, token).body["redirect_to"]
            parts = urlsplit(sent)
            assert callback == f"{parts.scheme}://{parts.netloc}{parts.path}"
            assert ([state], "") == (parse_qs(parts.query)["state"], parts.fragment)
            assert {"code" if approved else "error", "state"} <= parse_qs(parts.query).keys()
    for state in ("x\r\nSet-Cookie: a=b", "\u2028"):
        refused = house.call(
            "POST", "/v1/oauth/authorise", {**wanted, "approved": True, "state": state}, token
        )
        assert "authorisation_refused" == refused.code


@pytest.mark.parametrize("approved", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "https://app.example/callback/../../evil"},
        {"redirect_uri": "https://app.example/callback?next=https://evil.example"},
        {"redirect_uri": "https://APP.example/callback"},
        {"redirect_uri": "https://app.example/callback%0d%0aLocation:%20https://evil.example"},
        {"redirect_uri": ""},
        {"redirect_uri": "https://evil.example", "scope": "no-such-scope"},
        {"redirect_uri": "https://evil.example", "code_challenge": ""},
        {"client_id": "cli_unknown", "redirect_uri": "https://evil.example"},
    ],
    ids=str,
)
def test_neither_yes_nor_no_sends_a_browser_to_an_address_that_was_not_registered(house, change, approved):
    house.account("boss@example.com", "operator")
    house.account(ADA)
    client = house.call(
        "POST",
        "/v1/oauth/clients",
        {"name": "App", "redirect_uris": ["https://app.example/callback"], "scopes": ["openid"]},
        house.token("boss@example.com"),
    ).body["client_id"]
    body = {
        "client_id": client,
        "scope": "openid",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "approved": approved,
        **change,
    }

    answer = house.call("POST", "/v1/oauth/authorise", body, house.token(ADA))

    assert (True, "authorisation_refused") == (400 <= answer.status < 500, answer.code)
    assert "evil" not in json.dumps(dict(answer.headers))
    assert "redirect_to" not in answer.body
