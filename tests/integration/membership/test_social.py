"""Signing in with a provider's account: by the browser that began, and never into somebody else's account."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from requests.adapters import HTTPAdapter

from entrepot.cloud import audit, auth, aws, reads, writes
from entrepot.kernel.clock import utc_now
from functions.membership import store
from functions.membership.domain import totp
from functions.membership.service.social import linking
from functions.membership.store import social as rows
from tests.integration.membership.conftest import PASSWORD, Answer, House
from tests.integration.orders.bazaar import meanwhile
from tests.support import memory
from tests.support.aws import SECRETS
from tests.support.identity import ISSUER, KEY, SET_UP, Acme, Net

ADA = "ada@example.com"
BACK = "https://shop.example/back"
CONSENT = {"consent": {"terms_version": "2026-11", "marketing": True}, "locale": "de"}
TEAM = ECKey.generate_key("P-256")


class Browser:
    """Somebody with a browser: what it keeps, and where it was sent."""

    def __init__(self, house: House, acme: Acme) -> None:
        self.house, self.acme = house, acme
        self.binding = self.ticket = ""
        self.asked: dict[str, str] = {}

    def begin(self, provider: str = "acme", token: str | None = None, return_to: str = BACK) -> Answer:
        path = f"/v1/me/identities/{provider}" if token else f"/v1/sessions/providers/{provider}"
        answer = self.house.call("POST", path, {"return_to": return_to}, token)
        if answer.status == 201:
            self.binding = answer.body["binding"]
            query = urlsplit(answer.body["redirect_to"]).query
            self.asked = {name: values[0] for name, values in parse_qs(query).items()}
            self.acme.nonce = self.asked.get("nonce", "")
        return answer

    def come_back(self, provider: str = "acme", **changes: str) -> Answer:
        given = {"state": self.asked["state"], "code": "code-1", **changes}
        given = {name: value for name, value in given.items() if value}
        answer = self.house.call("GET", f"/v1/sessions/providers/{provider}/callback?{urlencode(given)}")
        if answer.status == 303:
            self.ticket = parse_qs(urlsplit(answer.headers["Location"]).query).get("ticket", [""])[0]
        return answer

    def there_and_back(self, provider: str = "acme", token: str | None = None) -> "Browser":
        assert 201 == self.begin(provider, token).status
        assert 303 == self.come_back(provider).status
        return self

    def complete(self, **more: Any) -> Answer:
        body = {"ticket": self.ticket, "binding": self.binding, **more}
        return self.house.call("POST", "/v1/sessions/social", body)

    def link(self, token: str) -> Answer:
        body = {"ticket": self.ticket, "binding": self.binding}
        return self.house.call("POST", "/v1/me/identities", body, token)

    def registered(self) -> str:
        """Their access token, after an account was made."""
        answer = self.there_and_back().complete(register=CONSENT)
        assert 201 == answer.status, answer
        token: str = answer.body["access_token"]
        return token


@pytest.fixture
def net(house, monkeypatch):
    monkeypatch.setenv("ENTREPOT_RETURN_TO", f"https://other.example/ {BACK}")
    set_up = {**SET_UP, "apple": {**SET_UP["apple"], "private_key": TEAM.as_pem(private=True).decode()}}
    kept({**SECRETS, "social_providers": json.dumps(set_up)})
    found = Net()
    monkeypatch.setattr(HTTPAdapter, "send", found.send)
    return found


@pytest.fixture
def acme(house, net):
    return Acme(net, lambda: house.now)


@pytest.fixture
def browser(house, acme):
    return Browser(house, acme)


def kept(secret: dict[str, str]) -> None:
    aws.client("secretsmanager").put_secret_value(SecretId=aws.name("app"), SecretString=json.dumps(secret))
    aws._secrets.clear()


def me(house: House, token: str) -> Any:
    return house.call("GET", "/v1/me", token=token).body


def identities(house: House, token: str) -> list[str]:
    return [one["provider"] for one in house.call("GET", "/v1/me/identities", token=token).body["data"]]


def deeds(member_id: str) -> list[str]:
    links = audit.links_of_day(utc_now().date(), 200, None, member_id).items
    return [json.loads(link.body)["action"] for link in links]


def test_a_browser_is_sent_to_the_provider_with_state_nonce_and_a_hidden_verifier(browser, net):
    answer = browser.begin()

    assert (201, 600) == (answer.status, answer.body["expires_in"])
    assert answer.body["redirect_to"].startswith(f"{ISSUER}/authorise?")
    assert {
        "response_type": "code",
        "client_id": "acme-client",
        "redirect_uri": f"{auth.ISSUER}/v1/sessions/providers/acme/callback",
        "scope": "openid email",
        "code_challenge_method": "S256",
    } == {
        name: value
        for name, value in browser.asked.items()
        if name not in ("state", "nonce", "code_challenge")
    }
    assert min(len(browser.asked[name]) for name in ("state", "nonce", "code_challenge")) >= 32
    assert browser.binding not in answer.body["redirect_to"]


def test_the_code_is_shown_once_with_the_verifier_that_the_challenge_was_made_of(browser, net):
    browser.there_and_back().complete(register=CONSENT)

    ((_, given),) = [one for one in net.asked if one[0] == f"{ISSUER}/token"]
    digest = hashlib.sha256(given["code_verifier"].encode()).digest()
    assert browser.asked["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert ("code-1", "authorization_code") == (given["code"], given["grant_type"])
    assert browser.asked["redirect_uri"] == given["redirect_uri"]


def test_somebody_new_registers_with_a_consent_and_is_signed_in_the_next_time(house, browser, net):
    asked = browser.there_and_back().complete()
    made = browser.complete(register=CONSENT)
    again = browser.there_and_back().complete()

    assert (409, "registration_required") == (asked.status, asked.code)
    assert (201, 201) == (made.status, again.status)
    assert 2 == net.times(f"{ISSUER}/token"), "the code is shown once for each sign-in"
    first, second = (me(house, one.body["access_token"]) for one in (made, again))
    assert first == second
    assert (ADA, "de", "active", "shopper") == tuple(
        first[name] for name in ("email", "locale", "status", "role")
    )
    member = reads.fetch_one(store.member_read(first["id"]))
    assert member is not None
    assert member.consent is not None
    assert ("2026-11", True, house.now) == (
        member.consent.terms_version,
        member.consent.marketing,
        member.consent.given_at,
    )
    sessions = house.call("GET", "/v1/me/sessions", token=again.body["access_token"]).body["data"]
    assert ["acme", "acme"] == [one["method"] for one in sessions]
    assert [] == house.letters()


def test_an_address_that_is_not_verified_joins_nobody_and_is_not_kept(house, browser, acme):
    hers = house.account(ADA)
    acme.changes = {"email_verified": False}

    token = browser.registered()

    assert None is me(house, token)["email"]
    assert hers != me(house, token)["id"]


def test_a_verified_address_of_an_account_joins_nobody_either(house, browser):
    house.account(ADA)

    answer = browser.there_and_back().complete(register=CONSENT)

    assert (409, "link_first") == (answer.status, answer.code)
    assert [] == identities(house, house.token(ADA))
    assert 409 == browser.there_and_back().complete(register=CONSENT).status


def test_an_account_that_waits_for_its_confirmation_goes_to_whose_address_it_is_without_its_password(
    house, browser
):
    house.register(ADA)
    (letter,) = house.letters()

    token = browser.registered()

    assert ADA == me(house, token)["email"]
    assert 401 == house.sign_in(ADA).status, "who registered the address may not have been its owner"
    assert 422 == house.verify(ADA, letter.code).status
    assert 401 == house.sign_in(ADA).status


def test_a_member_links_a_provider_signs_in_with_it_and_unlinks_it(house, browser):
    hers = house.account(ADA)
    token = house.token(ADA)

    linked = browser.there_and_back(token=token).link(token)
    by_provider = browser.there_and_back().complete()
    listed = identities(house, token)
    unlinked = [house.call("DELETE", "/v1/me/identities/acme", token=token).status for _ in range(2)]
    afterwards = browser.there_and_back().complete()

    assert (201, "acme") == (linked.status, linked.body["provider"])
    assert (201, hers) == (by_provider.status, me(house, by_provider.body["access_token"])["id"])
    assert (["acme"], [204, 404]) == (listed, unlinked)
    assert (409, "registration_required") == (afterwards.status, afterwards.code)
    assert [1, 1] == [deeds(hers).count(action) for action in ("identity.link", "identity.unlink")]


def test_linking_and_unlinking_need_a_session_opened_just_now(house, browser):
    house.account(ADA)
    token = house.token(ADA)
    browser.there_and_back(token=token)
    house.pass_time(minutes=11)

    answers = [
        browser.begin(token=token),
        browser.link(token),
        house.call("DELETE", "/v1/me/identities/acme", token=token),
    ]

    assert [(403, "fresh_sign_in_required")] * 3 == [(answer.status, answer.code) for answer in answers]


def test_an_identity_is_one_members_and_a_member_has_one_of_a_provider(house, browser, acme):
    house.account(ADA)
    house.account("bob@example.com")
    hers, his = house.token(ADA), house.token("bob@example.com")
    assert 201 == browser.there_and_back(token=hers).link(hers).status

    taken = browser.there_and_back(token=his).link(his)
    twice = browser.there_and_back(token=hers).link(hers)
    acme.said["sub"] = "ada-again"
    another = browser.there_and_back(token=hers).link(hers)

    assert [(409, "identity_taken"), (409, "already_linked"), (409, "already_linked")] == [
        (answer.status, answer.code) for answer in (taken, twice, another)
    ]
    assert (["acme"], []) == (identities(house, hers), identities(house, his))


def test_a_provider_is_not_asked_about_an_account_that_has_gone(house, browser, net):
    hers = house.account(ADA)
    token = house.token(ADA)
    browser.there_and_back(token=token)
    member = reads.fetch_one(store.member_read(hers), consistent=True)
    assert member is not None
    writes.commit(store.removed(member))

    answer = browser.link(token)

    assert (404, "not_found") == (answer.status, answer.code)
    assert 0 == net.times(f"{ISSUER}/token"), "the code is not shown"


def test_of_two_that_link_the_same_identity_at_once_one_has_it(house, browser, acme):
    house.account(ADA)
    house.account("bob@example.com")
    hers, his = house.token(ADA), house.token("bob@example.com")
    other = Browser(house, acme).there_and_back(token=his)
    nonce = acme.nonce
    browser.there_and_back(token=hers)
    theirs: list[Answer] = []

    def link_too() -> None:
        acme.nonce = nonce
        theirs.append(other.link(his))

    with meanwhile(linking, "holder_of", after=link_too):
        answer = browser.link(hers)

    assert [201, 409] == [theirs[0].status, answer.status]
    assert "identity_taken" == answer.code
    assert ([], ["acme"]) == (identities(house, hers), identities(house, his))


def test_of_two_links_of_one_member_at_once_one_is_made(house, browser, acme):
    house.account(ADA)
    token = house.token(ADA)
    other = Browser(house, acme).there_and_back(token=token)
    nonce = acme.nonce
    browser.there_and_back(token=token)
    theirs: list[Answer] = []

    def link_too() -> None:
        acme.nonce = nonce
        theirs.append(other.link(token))

    with meanwhile(linking, "holder_of", after=link_too):
        answer = browser.link(token)

    assert [201, 503] == [theirs[0].status, answer.status]
    again = browser.link(token)
    assert (409, "already_linked") == (again.status, again.code)
    assert ["acme"] == identities(house, token)


def test_nothing_is_kept_of_a_sign_in_that_has_ended(house, browser):
    browser.registered()
    browser.begin()
    browser.come_back(code="", error="access_denied")
    assert 201 == browser.there_and_back().complete().status

    kept = [row["pk"]["S"] for row in memory.current().rows("membership") if row["sk"]["S"] == "flow"]

    assert [] == kept


def test_what_one_member_began_another_does_not_complete_and_a_link_is_no_sign_in(house, browser):
    house.account(ADA)
    house.account("bob@example.com")
    hers, his = house.token(ADA), house.token("bob@example.com")

    browser.there_and_back(token=hers)
    stolen, as_sign_in = browser.link(his), browser.complete(register=CONSENT)
    browser.there_and_back()
    as_link = browser.link(hers)

    assert [(422, "sign_in_not_known")] * 3 == [
        (answer.status, answer.code) for answer in (stolen, as_sign_in, as_link)
    ]
    assert ([], []) == (identities(house, hers), identities(house, his))


def test_nobody_unlinks_the_last_way_in(house, browser):
    token = browser.registered()

    refused = house.call("DELETE", "/v1/me/identities/acme", token=token)
    house.call("PUT", "/v1/me/password", {"new_password": PASSWORD}, token)
    allowed = house.call("DELETE", "/v1/me/identities/acme", token=token)

    assert ((409, "last_way_in"), 204) == ((refused.status, refused.code), allowed.status)
    assert 201 == house.sign_in(ADA).status


def test_of_two_that_are_unlinked_at_once_one_stays(house, browser, acme, net, monkeypatch):
    token = browser.registered()
    google = Google(house, net)
    google.there_and_back(token=token)
    assert 201 == google.link(token).status
    listed, other = rows.identities, list[Answer]()

    def and_meanwhile(member_id):
        seen = listed(member_id)
        if not other:  # the other request comes between our read and our write
            other.append(Answer(0, None, {}))
            other[0] = house.call("DELETE", "/v1/me/identities/google", token=token)
        return seen

    monkeypatch.setattr(rows, "identities", and_meanwhile)
    answer = house.call("DELETE", "/v1/me/identities/acme", token=token)

    assert (503, 204) == (answer.status, other[0].status)
    monkeypatch.setattr(rows, "identities", listed)
    assert ["acme"] == identities(house, token)


class Google(Browser):
    """A browser whose provider is Google."""

    def __init__(self, house: House, net: Net) -> None:
        acme = Acme(net, lambda: house.now)
        super().__init__(house, acme)
        acme.changes = {"iss": "https://accounts.google.com", "aud": "google-client", "sub": "1078"}
        net.answers["https://oauth2.googleapis.com/token"] = acme.token
        net.answers["https://www.googleapis.com/oauth2/v3/certs"] = net.answers[f"{ISSUER}/keys"]

    def begin(self, provider: str = "google", token: str | None = None, return_to: str = BACK) -> Answer:
        return super().begin(provider, token, return_to)

    def come_back(self, provider: str = "google", **changes: str) -> Answer:
        return super().come_back(provider, **changes)

    def there_and_back(self, provider: str = "google", token: str | None = None) -> Browser:
        return super().there_and_back(provider, token)


def test_a_second_factor_is_asked_for_after_the_provider_and_the_ticket_waits_for_it(house, browser):
    token = browser.registered()
    secret = house.call("POST", "/v1/me/totp", token=token).body["secret"]

    def otp() -> str:
        return totp.code_at(base64.b32decode(secret + "=" * (-len(secret) % 8)), totp.step_at(house.now))

    assert 200 == house.call("POST", "/v1/me/totp/confirm", {"code": otp()}, token).status
    house.pass_time(seconds=60)
    browser.there_and_back()

    asked, wrong = browser.complete(), browser.complete(otp="000000")
    right, spent = browser.complete(otp=otp()), browser.complete(otp=otp())

    assert [
        (401, "second_factor_required"),
        (401, "invalid_otp"),
        (201, None),
        (422, "sign_in_not_known"),
    ] == [(answer.status, answer.code) for answer in (asked, wrong, right, spent)]


def test_guesses_at_a_second_factor_have_to_wait_whatever_ticket_they_come_with(house, browser):
    token = browser.registered()
    secret = house.call("POST", "/v1/me/totp", token=token).body["secret"]
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    code = totp.code_at(key, totp.step_at(house.now))
    house.call("POST", "/v1/me/totp/confirm", {"code": code}, token)

    statuses = []
    for _ in range(2):
        browser.there_and_back()
        statuses += [browser.complete(otp="000000").status for _ in range(3)]

    assert [401] * 5 + [429] == statuses


def test_a_state_is_good_once_for_its_own_provider_and_for_ten_minutes(house, browser):
    browser.begin()
    state = browser.asked["state"]
    flow, _, secret = state.partition(".")
    wrong = [
        browser.come_back(state=f"{flow}.{secret[:-1]}x" if secret[-1] != "x" else f"{flow}.{secret[:-1]}y"),
        browser.come_back(state=f"flw_{'0' * 26}.{secret}"),
        browser.come_back(state="nonsense"),
        browser.come_back(state=f"{flow}."),
        browser.come_back("google"),
        browser.come_back(iss="https://id.evil.example"),
        browser.come_back(code="x" * 4096 + "x"),
    ]
    assert {400, 422} == {answer.status for answer in wrong}
    assert not any("Location" in answer.headers for answer in wrong)

    assert 303 == browser.come_back(iss=ISSUER).status
    assert (422, "sign_in_not_known") == (browser.come_back().status, browser.come_back().code)
    browser.begin()
    house.pass_time(minutes=10)
    assert 422 == browser.come_back().status


def test_a_ticket_is_of_no_use_without_the_binding_of_the_browser_that_began(house, browser, acme, net):
    """So nobody is signed in to another's account by an address that they were made to follow."""
    attacker, victim = browser, Browser(house, acme)
    attacker.there_and_back()
    victim.begin()
    victim.ticket = attacker.ticket

    refused = victim.complete(register=CONSENT)
    swapped = house.call("POST", "/v1/sessions/social", {"ticket": "x", "binding": attacker.binding})

    assert [(422, "sign_in_not_known")] * 2 == [(one.status, one.code) for one in (refused, swapped)]
    assert 0 == net.times(f"{ISSUER}/token"), "not even the code is shown"
    acme.nonce = attacker.asked["nonce"]
    assert 201 == attacker.complete(register=CONSENT).status
    assert 422 == attacker.complete().status


def test_a_sign_in_that_was_proven_is_over_after_ten_minutes(house, browser):
    browser.there_and_back().complete()
    house.pass_time(minutes=10)

    assert 422 == browser.complete(register=CONSENT).status


def test_two_that_complete_at_once_show_the_code_once(house, browser, net, monkeypatch):
    browser.there_and_back()
    other = list[Answer]()
    fetched = reads.fetch_one

    def and_meanwhile(read, consistent=False):
        seen = fetched(read, consistent)
        if not other and read.row is rows.FlowRow:
            other.append(Answer(0, None, {}))
            other[0] = browser.complete(register=CONSENT)
        return seen

    monkeypatch.setattr(reads, "fetch_one", and_meanwhile)
    answer = browser.complete(register=CONSENT)

    assert (422, 201) == (answer.status, other[0].status)
    assert 1 == net.times(f"{ISSUER}/token")


def test_nobody_is_sent_to_an_address_that_was_not_named(browser):
    for address in (
        "https://evil.example/",
        f"{BACK}/..",
        f"{BACK}?next=https://evil.example",
        "//evil.example",
        "https://shop.example@evil.example/back",
        "javascript:alert(1)",
        "https://shop.example/back\r\nX: y",
    ):
        answer = browser.begin(return_to=address)
        assert (400, "invalid_return_to") == (answer.status, answer.code), address


def test_who_says_no_at_the_provider_is_sent_back_with_the_reason_and_no_ticket(browser):
    browser.begin()
    answer = browser.come_back(code="", error="access_denied")
    again = browser.come_back()
    browser.begin()
    strange = browser.come_back(code="", error="<script>alert(1)</script>")

    assert (303, f"{BACK}?error=access_denied") == (answer.status, answer.headers["Location"])
    assert 422 == again.status
    assert f"{BACK}?error=provider_error" == strange.headers["Location"]


FAILURES: list[tuple[Any, tuple[int, str]]] = [
    (requests.ConnectionError("secret"), (503, "provider_unavailable")),
    (requests.Timeout("secret"), (503, "provider_unavailable")),
    ((500, {"error": "server_error"}), (503, "provider_unavailable")),
    ((200, b"<html>down</html>"), (503, "provider_unavailable")),
    ((200, b"\xff\xfe"), (503, "provider_unavailable")),
    ((200, []), (503, "provider_unavailable")),
    ((200, b"[" * 100_000), (503, "provider_unavailable")),
    ((200, b" " * 300_000), (503, "provider_unavailable")),
    ((302, b""), (503, "provider_unavailable")),
    ((200, {"access_token": "at", "expires_in": "soon"}), (503, "provider_unavailable")),
    ((400, {"error": "invalid_grant"}), (422, "provider_refused")),
    ((401, {"error": {"a": 1}}), (422, "provider_refused")),
    ((200, {"access_token": "at"}), (401, "identity_not_proven")),
    ((200, {"access_token": "at", "id_token": "x.y.z"}), (401, "identity_not_proven")),
]


def test_a_provider_that_fails_is_refused_with_a_stable_code_and_the_sign_in_is_over(browser, net):
    for failure, expected in FAILURES:
        browser.there_and_back()
        net.answers[f"{ISSUER}/token"] = failure
        answer, after = browser.complete(register=CONSENT), browser.complete(register=CONSENT)
        assert expected == (answer.status, answer.code), failure
        assert (422, "sign_in_not_known") == (after.status, after.code), failure
        assert "secret" not in json.dumps(answer.body)


def test_a_token_of_another_sign_in_or_out_of_its_time_proves_nobody(house, browser, acme):
    issued = int(house.now.timestamp())
    for changes in (
        {"nonce": "of another"},
        {"aud": "another"},
        {"iss": "https://evil.example"},
        {"exp": issued - 60},
        {"nbf": issued + 3600},
    ):
        acme.changes = changes
        answer = browser.there_and_back().complete(register=CONSENT)
        assert (401, "identity_not_proven") == (answer.status, answer.code), changes


def test_a_discovery_document_that_leads_elsewhere_or_is_down_is_not_followed(browser, net):
    url = f"{ISSUER}/.well-known/openid-configuration"
    good: Any = net.answers[url]
    net.answers[url] = (200, {**good[1], "token_endpoint": "http://169.254.169.254/latest"})

    elsewhere = browser.begin()
    assert (503, "provider_unavailable") == (elsewhere.status, elsewhere.code)
    assert [url] == [asked for asked, _ in net.asked]


def test_a_provider_that_is_down_is_left_alone_for_a_moment(browser, net):
    url = f"{ISSUER}/.well-known/openid-configuration"
    net.answers[url] = requests.ConnectionError()

    answers = [browser.begin() for _ in range(3)]

    assert [(503, "provider_unavailable")] * 3 == [(one.status, one.code) for one in answers]
    assert 1 == net.times(url)


def test_providers_that_are_set_up_are_listed_and_no_others_known(house, browser):
    listed = house.call("GET", "/v1/sessions/providers").body["data"]

    assert [
        {"provider": "acme", "name": "acme"},
        {"provider": "apple", "name": "Apple"},
        {"provider": "google", "name": "Google"},
        {"provider": "line", "name": "LINE"},
        {"provider": "wechat", "name": "WeChat"},
    ] == listed
    for provider in ("nobody", "bare", "..", "x" * 200):
        answer = browser.begin(provider)
        assert (404, "unknown_provider") == (answer.status, answer.code)


def test_a_stage_without_providers_offers_none_and_one_set_up_wrongly_neither(house, browser):
    bare = {name: value for name, value in SECRETS.items() if name != "social_providers"}
    for secret in (
        bare,
        {**SECRETS, "social_providers": "{"},
        {**SECRETS, "social_providers": '{"acme": {}}'},
    ):
        kept(secret)
        assert [] == house.call("GET", "/v1/sessions/providers").body["data"]
        assert 404 == browser.begin().status


def test_one_place_begins_sixty_sign_ins_in_ten_minutes_and_others_go_on(house, browser):
    house.source = "203.0.113.7"
    statuses = {browser.begin().status for _ in range(60)}

    assert ({201}, 429) == (statuses, browser.begin().status)
    house.source = "203.0.113.8"
    assert 201 == browser.begin().status


def test_apple_posts_its_answer_and_takes_a_secret_signed_by_the_teams_key(house, browser, acme, net):
    acme.changes = {"iss": "https://appleid.apple.com", "aud": "com.example.shop", "email_verified": "true"}
    net.answers["https://appleid.apple.com/auth/keys"] = net.answers[f"{ISSUER}/keys"]
    net.answers["https://appleid.apple.com/auth/token"] = acme.token

    browser.begin("apple")
    form = {"state": browser.asked["state"], "code": "code-1", "user": '{"name": {}}', "id_token": "unread"}
    posted = house.call(
        "POST",
        "/v1/sessions/providers/apple/callback",
        urlencode(form).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    browser.ticket = parse_qs(urlsplit(posted.headers["Location"]).query)["ticket"][0]
    answer = browser.complete(register=CONSENT)

    assert ("form_post", 303, 201) == (browser.asked["response_mode"], posted.status, answer.status)
    assert ADA == me(house, answer.body["access_token"])["email"]
    ((_, given),) = [one for one in net.asked if one[0].endswith("/auth/token")]
    opened = jwt.decode(
        given["client_secret"], ECKey.import_key(TEAM.as_dict(private=False)), algorithms=["ES256"]
    )
    issued = int(house.now.timestamp())
    assert ({"alg": "ES256", "kid": "KEY1234567", "typ": "JWT"}, "com.example.shop") == (
        opened.header,
        given["client_id"],
    )
    assert {
        "iss": "TEAM123456",
        "iat": issued,
        "exp": issued + 300,
        "aud": "https://appleid.apple.com",
        "sub": "com.example.shop",
    } == opened.claims


def test_line_signs_by_the_channels_secret_and_no_published_key(house, browser, acme, net):
    said = {"iss": "https://access.line.me", "aud": "1234567890"}
    secret = OctKey.import_key(str(SET_UP["line"]["client_secret"]))

    def token(given: dict[str, str]) -> tuple[int, Any]:
        issued = int(house.now.timestamp())
        claims = {"sub": "U1", "nonce": acme.nonce, "iat": issued, "exp": issued + 300, **said}
        return 200, {"access_token": "at", "id_token": jwt.encode({"alg": "HS256"}, claims, secret)}

    net.answers["https://api.line.me/oauth2/v2.1/token"] = token
    right = browser.there_and_back("line").complete(register=CONSENT)
    acme.changes = said
    net.answers["https://api.line.me/oauth2/v2.1/token"] = acme.token
    wrong = browser.there_and_back("line").complete()

    assert (201, (401, "identity_not_proven")) == (right.status, (wrong.status, wrong.code))
    assert "RS256" == jwt.decode(acme.id_token(), KEY).header["alg"]


def test_wechat_names_its_user_in_the_reply_and_its_errors_with_status_200(house, browser, net):
    url = "https://api.weixin.qq.com/sns/oauth2/access_token"
    net.answers[url] = (200, {"access_token": "at", "openid": "o-1"})
    begun = browser.begin("wechat").body["redirect_to"]
    assert "wx1234567890" == browser.asked["appid"]
    assert begun.startswith("https://open.weixin.qq.com/connect/qrconnect?")
    assert begun.endswith("#wechat_redirect")
    first = browser.there_and_back("wechat").complete(register=CONSENT)
    (given,) = [given for asked, given in net.asked if asked == url]

    assert ("wx1234567890", "wechat-secret", "code-1") == (given["appid"], given["secret"], given["code"])
    assert (201, None) == (first.status, me(house, first.body["access_token"])["email"])
    net.answers[url] = (200, {"access_token": "at", "openid": "o-1", "unionid": "u-1"})
    assert 201 == browser.there_and_back("wechat").complete().status, "known by the name that it had before"
    for errcode, expected in ((40029, (422, "provider_refused")), (-1, (503, "provider_unavailable"))):
        net.answers[url] = (200, {"errcode": errcode, "errmsg": "wechat-secret"})
        answer = browser.there_and_back("wechat").complete()
        assert expected == (answer.status, answer.code)
