"""The requests of membership and the audit log, and those of nobody in particular."""

import base64
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from entrepot.cloud import aws, dynamo, writes
from entrepot.contracts.permissions import UNENROLLED
from functions.membership.domain import totp
from functions.membership.domain.social import Identity, Purpose
from functions.membership.service.social import flows
from functions.privacy import store as privacy
from functions.privacy.domain import Erasure
from tests.contract.authorisation import APPLICATION_SCOPES
from tests.integration.matrix.asked import Asked
from tests.integration.matrix.callers import Caller, Names
from tests.integration.matrix.world import CALLBACK, PASSWORD, World
from tests.support.http import Answer, call
from tests.support.shop import BERLIN

_NEW: Final = "new@example.com"
_PHONE: Final = "+49 1512 3456789"
_WANTED: Final[dict[str, Any]] = {
    "client_id": "<client>",
    "redirect_uri": CALLBACK,
    "scope": " ".join(APPLICATION_SCOPES),
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # RFC 7636, appendix B
    "code_challenge_method": "S256",
}
_BACK: Final = "http://127.0.0.1:5999/back"
_CLIENT: Final = {"client_id": "<key_client>", "client_secret": "<key_secret>"}
_NO_CLIENT: Final = {**_CLIENT, "client_secret": "guessed"}


def _registered(world: World, caller: Caller) -> Names:
    _done(call("POST", "/v1/members", {"email": _NEW, "password": PASSWORD}))
    return {"code": world.letter_to(_NEW)}


def _contact_asked(world: World, caller: Caller) -> Names:
    if not caller.has_account:
        return {}
    answer = call("POST", "/v1/me/contacts", {"email": _NEW}, token=caller.token)
    return {"code": world.letter_to(_NEW)} if answer.status < 300 else {}


def _forgotten(world: World, caller: Caller) -> Names:
    _done(call("POST", "/v1/passwords/codes", {"email": caller.own["email"]}))
    return {"code": world.letter_to(caller.own["email"])}


def _offered(world: World, caller: Caller) -> Names:
    if not caller.has_account:
        return {}
    secret = base64.b32decode(_done(call("POST", "/v1/me/totp", token=caller.token)).json["secret"])
    step = totp.step_at(world.now)
    return {"code": totp.code_at(secret, step), "next_code": totp.code_at(secret, step + 1)}


def _enrolled(world: World, caller: Caller) -> Names:
    names = _offered(world, caller)
    if names:
        _done(call("POST", "/v1/me/totp/confirm", {"code": names["code"]}, token=caller.token))
    return names


def _begun(world: World, caller: Caller, path: str = "/v1/sessions/providers/google") -> Names:
    """A browser that is at the provider now."""
    token = caller.token if path.startswith("/v1/me/") else None
    begun = _done(call("POST", path, {"return_to": _BACK}, token=token)).json
    return {"state": _told(begun["redirect_to"], "state"), "binding": begun["binding"]}


def _proven(world: World, caller: Caller, purpose: Purpose = Purpose.SIGN_IN) -> Names:
    """A browser that is back from the provider, which has said who it is."""
    links = purpose is Purpose.LINK
    names = _begun(world, caller, "/v1/me/identities/google" if links else "/v1/sessions/providers/google")
    answer = urlencode({"state": names["state"], "code": "c"})
    sent_on = call("GET", f"/v1/sessions/providers/google/callback?{answer}")
    ticket = _told(sent_on.headers["Location"], "ticket")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flows, "_asked", lambda *_: Identity("google", ("sub:1",)))
        flows.proven(ticket, names["binding"], purpose, caller.own["member"] if links else None, world.now)
    return {**names, "ticket": ticket}


def _link_proven(world: World, caller: Caller) -> Names:
    if not caller.has_account or caller.name == UNENROLLED:
        return {}
    return _proven(world, caller, Purpose.LINK)


def _linked(world: World, caller: Caller) -> Names:
    names = _link_proven(world, caller)
    if names:
        body = {"ticket": names["ticket"], "binding": names["binding"]}
        _done(call("POST", "/v1/me/identities", body, token=caller.token))
    return names


def _exported(world: World, caller: Caller, token: str | None = None) -> Names:
    """Somebody's archive."""
    if not caller.has_account or caller.name == UNENROLLED:
        return {"export": "exp_none"}
    answer = _done(call("POST", "/v1/me/exports", token=token or caller.token))
    return {"export": answer.json["id"]}


def _neighbours_export(world: World, caller: Caller) -> Names:
    return _exported(world, caller, caller.foreign["token"])


def _owing_nothing(world: World, caller: Caller) -> Names:
    """No order of theirs is open: they are listed as nobody's."""
    mine = f"list#member#{caller.own.get('member')}"
    for row in [row for row in world.store.rows("orders") if row["pk"]["S"] == mine]:
        key = {name: row[name] for name in ("pk", "sk")}
        dynamo.call("DeleteItem", TableName=aws.name("orders"), Key=key)
    return {}


def _gone(world: World, caller: Caller) -> Names:
    """Somebody has left."""
    writes.commit(privacy.erasure_begun(Erasure("mbr_gone", None, world.now), world.now))
    return {"gone": "mbr_gone"}


def _told(address: str, name: str) -> str:
    return parse_qs(urlsplit(address).query)[name][0]


def _done(answer: Answer) -> Answer:
    assert answer.status < 300, answer.text
    return answer


def _form(path: str, **form: str) -> Asked:
    wrong = Asked("POST", path, form={**form, **_NO_CLIENT})
    return Asked("POST", path, form={**form, **_CLIENT}, foreign=wrong)


BASICS: Final = (
    Asked("GET", "/health"),
    Asked("GET", "/openapi.json"),
    Asked("GET", "/.well-known/openid-configuration"),
    Asked("GET", "/.well-known/jwks.json"),
    Asked("GET", "/v1/audit"),
)
MEMBERS: Final = (
    Asked("POST", "/v1/members", {"email": _NEW, "password": PASSWORD}),
    Asked("POST", "/v1/members/verify", {"email": _NEW, "code": "<code>"}, before=_registered),
    Asked("POST", "/v1/members/codes", {"email": _NEW}),
    Asked("POST", "/v1/sessions", {"email": "<email>", "password": PASSWORD}),
    Asked("POST", "/v1/sessions/codes", {"phone": _PHONE}),
    Asked("POST", "/v1/sessions/refresh", {"refresh_token": "<refresh>"}),
    Asked("DELETE", "/v1/sessions/current"),
    Asked("POST", "/v1/passwords/codes", {"email": "<email>"}),
    Asked(
        "POST",
        "/v1/passwords",
        {"email": "<email>", "code": "<code>", "new_password": "another battery"},
        before=_forgotten,
    ),
    Asked("GET", "/v1/sessions/providers"),
    Asked("POST", "/v1/sessions/providers/<provider>", {"return_to": _BACK}),
    Asked("GET", "/v1/sessions/providers/<provider>/callback?state=<state>&code=c", before=_begun),
    Asked(
        "POST",
        "/v1/sessions/providers/<provider>/callback",
        form={"state": "<state>", "code": "c"},
        before=_begun,
    ),
    Asked(
        "POST",
        "/v1/sessions/social",
        {"ticket": "<ticket>", "binding": "<binding>", "register": {"consent": {"terms_version": "1"}}},
        before=_proven,
    ),
    Asked("GET", "/v1/me/identities", before=_linked),
    Asked("POST", "/v1/me/identities/<provider>", {"return_to": _BACK}),
    Asked("POST", "/v1/me/identities", {"ticket": "<ticket>", "binding": "<binding>"}, before=_link_proven),
    Asked("DELETE", "/v1/me/identities/<provider>", before=_linked),
    Asked("GET", "/v1/me"),
    Asked("PATCH", "/v1/me", {"nickname": "Ada"}, headers={"If-Match": "<me_etag>"}),
    Asked("PUT", "/v1/me/password", {"current_password": PASSWORD, "new_password": "another battery"}),
    Asked("POST", "/v1/me/contacts", {"email": _NEW}),
    Asked("POST", "/v1/me/contacts/verify", {"code": "<code>"}, before=_contact_asked),
    Asked("GET", "/v1/me/sessions", shows="session"),
    Asked("DELETE", "/v1/me/sessions/<session>"),
    Asked("GET", "/v1/me/addresses", shows="address"),
    Asked("POST", "/v1/me/addresses", BERLIN),
    Asked("GET", "/v1/me/addresses/<address>"),
    Asked("PUT", "/v1/me/addresses/<address>", BERLIN, headers={"If-Match": "<address_etag>"}),
    Asked("DELETE", "/v1/me/addresses/<address>"),
    Asked("GET", "/v1/me/payment-methods", shows="card"),
    Asked("DELETE", "/v1/me/payment-methods/<card>"),
    Asked("POST", "/v1/me/exports"),
    Asked(
        "GET",
        "/v1/me/exports/<export>",
        before=_exported,
        foreign=Asked("GET", "/v1/me/exports/<export>", before=_neighbours_export),
    ),
    Asked("POST", "/v1/me/erasure", {}, before=_owing_nothing),
    Asked("GET", "/v1/erasures/<gone>", before=_gone),
    Asked("POST", "/v1/me/totp"),
    Asked("POST", "/v1/me/totp/confirm", {"code": "<code>"}, before=_offered),
    Asked("POST", "/v1/me/totp/remove", {"otp": "<next_code>"}, before=_enrolled),
)
MERCHANTS: Final = (
    Asked(
        "POST",
        "/v1/merchants",
        {"name": "Third", "country": "DE", "payout_currency": "EUR", "commission_rate": "0.08"},
    ),
    Asked("POST", "/v1/merchants/<merchant>/staff", {"email": _NEW, "role": "merchant_orders"}),
    Asked("POST", "/v1/staff", {"email": _NEW, "role": "support"}),
    Asked("POST", "/v1/merchants/<merchant>/keys", {"name": "ERP", "scopes": ["orders.list"]}),
    Asked("GET", "/v1/merchants/<merchant>/keys"),
    Asked(
        "DELETE",
        "/v1/merchants/<merchant>/keys/<key>",
        crossed=(Asked("DELETE", "/v1/merchants/<merchant>/keys/<~key>"),),
    ),
)
OAUTH: Final = (
    Asked("POST", "/v1/oauth/clients", {"name": "Other", "redirect_uris": [CALLBACK], "scopes": ["openid"]}),
    Asked("GET", "/v1/oauth/clients"),
    Asked("DELETE", "/v1/oauth/clients/<client>"),
    Asked("GET", f"/v1/oauth/authorise?{urlencode(_WANTED, safe='<>')}"),
    Asked("POST", "/v1/oauth/authorise", {**_WANTED, "approved": True}),
    _form("/v1/oauth/token", grant_type="client_credentials"),
    _form("/v1/oauth/revoke", token="a.b.c"),
    _form("/v1/oauth/introspect", token="a.b.c"),
    Asked("GET", "/v1/oauth/userinfo"),
)
