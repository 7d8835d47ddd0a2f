"""Providers, flows and identities: which addresses are called, what a token has to say, and who still gets in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.membership.domain.members import Member, Role, Status
from functions.membership.domain.social import (
    Flow,
    FlowInvalid,
    Identity,
    IdentityNotProven,
    InvalidReturnTo,
    LinkedIdentity,
    Proof,
    Provider,
    Purpose,
    Stage,
    answer_address,
    asserted,
    discovered,
    may_call,
    replied,
    return_target,
    way_in_without,
)
from functions.membership.service.social.providers import rows

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ISSUER, CLIENT, NONCE = "https://id.acme.example", "client-1", "nonce-1"
ACME = Provider(
    "acme",
    "Acme",
    f"{ISSUER}/authorise",
    f"{ISSUER}/token",
    f"{ISSUER}/keys",
    (ISSUER,),
    ("id.acme.example",),
    "openid email",
    trusts_email=True,
)
WECHAT = replace(ACME, proof=Proof.REPLY, subject=("unionid", "openid"))
DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorise",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
    "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
}
FLOW = Flow("flw_1", "acme", Purpose.SIGN_IN, "https://shop.example/", "s", "b", "held", 2_000_000_000)
MEMBER = Member("mbr_1", None, Status.ACTIVE, Role.SHOPPER, "en", NOW, 1)
LINKED = LinkedIdentity("acme", "identity#1", NOW)


def claims(**changes: Any) -> dict[str, Any]:
    good = {
        "iss": ISSUER,
        "aud": CLIENT,
        "sub": "ada",
        "nonce": NONCE,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 300,
        "email": "ada@example.com",
        "email_verified": True,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def test_a_good_token_names_its_subject_and_a_verified_address():
    assert Identity("acme", ("sub:ada",), "ada@example.com") == asserted(ACME, CLIENT, claims(), NONCE, NOW)


SECONDS = int(NOW.timestamp())
UNPROVEN: list[dict[str, Any]] = [
    {"iss": "https://id.evil.example"},
    {"iss": f"{ISSUER}/"},
    {"iss": None},
    {"iss": [ISSUER]},
    {"aud": "client-2"},
    {"aud": ["client-2"]},
    {"aud": [CLIENT, "client-2"]},
    {"aud": [CLIENT, "client-2"], "azp": "client-2"},
    {"aud": None},
    {"azp": "client-2"},
    {"exp": SECONDS - 60},
    {"exp": None},
    {"exp": "4102444800"},
    {"exp": True},
    {"exp": float("nan")},
    {"iat": SECONDS + 61},
    {"iat": None},
    {"nbf": SECONDS + 61},
    {"nbf": "soon"},
    {"nonce": "nonce-2"},
    {"nonce": None},
    {"nonce": 1},
    {"sub": None},
    {"sub": ""},
    {"sub": 7},
    {"sub": "x" * 256},
]


@pytest.mark.parametrize("changes", UNPROVEN, ids=str)
def test_a_token_of_another_for_another_or_out_of_its_time_proves_nobody(changes):
    with pytest.raises(IdentityNotProven):
        asserted(ACME, CLIENT, claims(**changes), NONCE, NOW)


def test_clocks_may_differ_by_a_minute():
    early = claims(iat=SECONDS + 60, nbf=SECONDS + 60)
    late = claims(exp=SECONDS - 59)

    assert ["sub:ada"] * 2 == [asserted(ACME, CLIENT, told, NONCE, NOW).subjects[0] for told in (early, late)]


def test_an_audience_among_others_counts_where_the_token_was_made_for_us():
    told = claims(aud=[CLIENT, "client-2"], azp=CLIENT)

    assert ("sub:ada",) == asserted(ACME, CLIENT, told, NONCE, NOW).subjects


@pytest.mark.parametrize("verified", [False, None, "false", "TRUE", 1, [True]])
def test_an_address_that_is_not_said_to_be_verified_is_none(verified):
    assert asserted(ACME, CLIENT, claims(email_verified=verified), NONCE, NOW).email is None


def test_an_address_is_none_where_the_provider_is_not_trusted_with_it_or_it_is_none():
    untrusted = replace(ACME, trusts_email=False)

    assert asserted(untrusted, CLIENT, claims(), NONCE, NOW).email is None
    for text in ("no address", "ada@example.com\r\nBcc: x@example.com", 7):
        assert asserted(ACME, CLIENT, claims(email=text), NONCE, NOW).email is None
    assert "ada@example.com" == asserted(ACME, CLIENT, claims(email_verified="true"), NONCE, NOW).email


def test_a_reply_names_the_person_by_unionid_before_openid():
    assert ("unionid:u", "openid:o") == replied(WECHAT, {"openid": "o", "unionid": "u"}).subjects
    assert ("openid:o",) == replied(WECHAT, {"openid": "o", "unionid": ""}).subjects
    with pytest.raises(IdentityNotProven):
        replied(WECHAT, {"access_token": "t"})


@pytest.mark.parametrize(
    "url",
    [
        "https://id.acme.example/keys",
        "https://id.acme.example:443/keys?x=1",
    ],
)
def test_a_host_that_was_named_may_be_called(url):
    assert may_call(url, ACME.hosts, one_machine=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://id.acme.example/keys",
        "https://id.acme.example:8443/keys",
        "https://id.acme.example:0/keys",
        "https://id.acme.example.evil.example/",
        "https://evil.example/id.acme.example",
        "https://id.acme.example@evil.example/",
        "https://evil.example#id.acme.example",
        "https://evil.example\\id.acme.example/",
        "https://ID.ACME.EXAMPLE/",
        "https://id.acme.example./",
        "https://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/",
        "http://127.0.0.1:9400/",
        "https://[::1]/",
        "https://[::1/",
        "https:///keys",
        "file:///etc/passwd",
        "//id.acme.example/keys",
        "https://id.acme.example/\r\nHost: evil.example",
        "",
    ],
)
def test_no_other_address_may_be_called(url):
    assert not may_call(url, ACME.hosts, one_machine=False)


def test_one_machine_may_call_itself_and_nothing_more():
    assert may_call("http://127.0.0.1:9400/keys", (), one_machine=True)
    for url in (
        "http://127.0.0.1.evil.example/",
        "http://localhost:9400/",
        "http://10.0.0.1/",
        "https://127.0.0.1/",
    ):
        assert not may_call(url, (), one_machine=True)


def test_a_browser_is_sent_to_addresses_that_were_named_letter_by_letter():
    named = ["https://shop.example/back"]

    assert named[0] == return_target(named[0], named, one_machine=False)
    assert "http://127.0.0.1:5999/x" == return_target("http://127.0.0.1:5999/x", [], one_machine=True)
    for text in (
        "https://shop.example/back/",
        "https://shop.example/back?x=1",
        "https://shop.example/back#x",
        "https://shop.example.evil.example/back",
        "https://evil.example/https://shop.example/back",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "https://shop.example@evil.example/back",
        "http://127.0.0.1:5999/x",
        "",
    ):
        with pytest.raises(InvalidReturnTo):
            return_target(text, named, one_machine=False)


def test_what_is_told_on_the_way_back_is_escaped():
    assert "https://a.example/?x=1&ticket=a%26b" == answer_address("https://a.example/?x=1", ticket="a&b")
    assert "https://a.example/?error=access_denied" == answer_address(
        "https://a.example/", error="access_denied"
    )


def test_a_discovery_document_gives_endpoints_and_only_algorithms_with_published_keys():
    bare = replace(ACME, authorisation_endpoint="", token_endpoint="", jwks_uri=None, issuers=())

    found = discovered(bare, ISSUER, DOCUMENT, one_machine=False)

    assert ACME == found


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://id.evil.example"},
        {"issuer": None},
        {"token_endpoint": "https://169.254.169.254/"},
        {"token_endpoint": "http://id.acme.example/token"},
        {"jwks_uri": "https://evil.example/keys"},
        {"jwks_uri": None},
        {"authorization_endpoint": "https://evil.example/authorise"},
        {"authorization_endpoint": 7},
        {"id_token_signing_alg_values_supported": ["HS256", "none"]},
        {"id_token_signing_alg_values_supported": "RS256"},
    ],
    ids=str,
)
def test_a_discovery_document_that_speaks_of_another_or_leads_elsewhere_is_not_believed(changes):
    assert discovered(ACME, ISSUER, {**DOCUMENT, **changes}, one_machine=False) is None


def test_a_flow_takes_each_step_once_and_in_order():
    flow = FLOW
    for stage in (Stage.ANSWERED, Stage.REDEEMING, Stage.PROVEN, None):
        for other in Stage:
            if other is not stage:
                with pytest.raises(FlowInvalid):
                    flow.moved(other)
        if stage is not None:
            flow = flow.moved(stage)
    assert flow.alive(NOW)


def test_a_flow_is_over_after_its_time():
    ends = datetime.fromtimestamp(FLOW.expires_at, UTC)

    assert FLOW.alive(ends - timedelta(seconds=1))
    assert not FLOW.alive(ends)


@pytest.mark.parametrize(
    ("phone", "email", "password", "linked", "expected"),
    [
        (None, None, False, [LINKED], False),
        (None, "ada@example.com", False, [LINKED], False),
        (None, None, True, [LINKED], False),
        (None, "ada@example.com", True, [LINKED], True),
        ("+4915123456789", None, False, [LINKED], True),
        (None, None, False, [LINKED, LinkedIdentity("google", "identity#2", NOW)], True),
    ],
)
def test_a_member_gets_in_by_a_number_by_a_password_with_an_address_or_by_another_provider(
    phone, email, password, linked, expected
):
    member = replace(MEMBER, phone=phone, email=email)

    assert expected == way_in_without("acme", member, password, linked)


def test_the_rows_of_providers_hold_together():
    known = rows()

    assert {"google", "apple", "line", "wechat"} == set(known)
    for provider in known.values():
        called = [provider.token_endpoint, *([provider.jwks_uri] if provider.jwks_uri else [])]
        assert all(may_call(url, provider.hosts, one_machine=False) for url in called), provider
        assert (provider.proof is Proof.KEYS) == (provider.jwks_uri is not None)
        allowed = {"keys": {"RS256", "ES256"}, "secret": {"HS256"}, "reply": set[str]()}[provider.proof.value]
        assert allowed >= set(provider.algorithms), provider
        assert bool(provider.algorithms) == provider.asserts == bool(provider.issuers)
