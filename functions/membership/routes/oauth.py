"""OAuth 2.0 and OpenID Connect: applications, a member's consent, and the endpoints that applications call.

The endpoints for applications take forms and answer as RFC 6749 says, not with problems.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from entrepot.cloud.call import Call, Reply
from entrepot.cloud.wire import Body, Line, View
from entrepot.contracts.permissions import ANY, PUBLIC
from functions.membership.domain.oauth import MOST_REDIRECT_URIS, Client
from functions.membership.routes import api
from functions.membership.service import profile
from functions.membership.service.oauth import about, applications

Uri = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
Scope = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Parameter = Annotated[str, msgspec.Meta(max_length=1000)]


class ClientBody(Body, frozen=True):
    """`public`: it cannot keep a secret. `audience`: the API that its access tokens are for, if that is not ours."""

    name: Line
    redirect_uris: Annotated[list[Uri], msgspec.Meta(min_length=1, max_length=MOST_REDIRECT_URIS)]
    scopes: Annotated[list[Scope], msgspec.Meta(min_length=1, max_length=50)]
    public: bool = False
    audience: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None


class AskedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """An authorisation request (RFC 6749, section 4.1.1; RFC 7636; OpenID Connect Core, section 3.1.2.1)."""

    client_id: Parameter
    redirect_uri: Parameter
    scope: Parameter
    code_challenge: Parameter
    code_challenge_method: Literal["S256"]
    response_type: Literal["code"] = "code"
    state: Parameter | None = None
    nonce: Parameter | None = None


class AnswerBody(Body, frozen=True, kw_only=True):
    """The same request, with the member's answer."""

    client_id: Parameter
    redirect_uri: Parameter
    scope: Parameter
    code_challenge: Parameter
    code_challenge_method: Literal["S256"]
    response_type: Literal["code"] = "code"
    state: Parameter | None = None
    nonce: Parameter | None = None
    approved: bool


class TokenForm(msgspec.Struct, frozen=True, kw_only=True):
    """A client shows who it is by HTTP Basic, or here; a public one names itself only."""

    grant_type: Literal["authorization_code", "refresh_token", "client_credentials"]
    client_id: str | None = None
    client_secret: str | None = None
    code: str | None = None
    code_verifier: str | None = None
    redirect_uri: str | None = None
    refresh_token: str | None = None
    scope: str | None = None


class KnownTokenForm(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    token_type_hint: Literal["access_token", "refresh_token"] | None = None
    client_id: str | None = None
    client_secret: str | None = None


class ClientView(View, frozen=True):
    client_id: str
    name: str
    redirect_uris: list[str]
    scopes: list[str]
    public: bool
    audience: str
    created_at: datetime


class NewClientView(ClientView, frozen=True, kw_only=True):
    """`client_secret` is told this once."""

    client_secret: str | None


class ClientsView(View, frozen=True):
    data: list[ClientView]


class AskedView(View, frozen=True):
    """What to show a member before they answer."""

    client_id: str
    name: str
    scopes: list[str]


class RedirectView(View, frozen=True):
    redirect_to: str


@api.post("/v1/oauth/clients", allow="oauth.clients", status=201)
def register_client(call: Call, body: ClientBody) -> NewClientView:
    client, secret = applications.register(
        body.name, tuple(body.redirect_uris), tuple(body.scopes), body.public, body.audience, call.now
    )
    return NewClientView(**_shown(client), client_secret=secret)


@api.get("/v1/oauth/clients", allow="oauth.clients")
def list_clients(call: Call) -> ClientsView:
    return ClientsView(data=[ClientView(**_shown(client)) for client in applications.listed()])


@api.delete("/v1/oauth/clients/{client_id}", allow="oauth.clients", status=204)
def remove_client(call: Call, client_id: str) -> None:
    applications.remove(client_id)


@api.get("/v1/oauth/authorise", allow=ANY, query=AskedQuery, refuses=(422,))
def read_authorisation(call: Call) -> AskedView:
    """Who asks a member for what: the page that asks for their consent shows it."""
    from functions.membership.service.oauth import server

    client, scopes = server.asked(_given(call.query), call.now)
    return AskedView(client_id=client.client_id, name=client.name, scopes=scopes)


@api.post("/v1/oauth/authorise", allow=ANY, refuses=(404, 422))
def authorise(call: Call, body: AnswerBody) -> RedirectView:
    """The member's answer; their browser goes to `redirect_to` next."""
    from functions.membership.service.oauth import server

    member = profile.read(call.member.member_id)
    return RedirectView(
        redirect_to=server.answered(_given(body), call.member, member, body.approved, call.now)
    )


@api.post("/v1/oauth/token", allow=PUBLIC)
def make_token(call: Call, form: TokenForm) -> Reply:
    """Tokens for a code, a refresh token or a machine's key (RFC 6749, section 3.2)."""
    from functions.membership.service.oauth import server

    return server.token(call.form, call.headers.get("authorization", ""), call.now)


@api.post("/v1/oauth/revoke", allow=PUBLIC)
def revoke_token(call: Call, form: KnownTokenForm) -> Reply:
    """The end of a grant, by any of its tokens (RFC 7009). Access tokens live on for a quarter of an hour at most."""
    from functions.membership.service.oauth import server

    return server.revoked(call.form, call.headers.get("authorization", ""), call.now)


@api.post("/v1/oauth/introspect", allow=PUBLIC)
def introspect_token(call: Call, form: KnownTokenForm) -> Reply:
    """Whether a token of the client's own is good, and for what (RFC 7662)."""
    from functions.membership.service.oauth import server

    return server.introspected(call.form, call.headers.get("authorization", ""), call.now)


@api.get("/v1/oauth/userinfo", allow=ANY, scope="openid", refuses=(404,))
def user_info(call: Call) -> Reply:
    """Who has signed in, as far as the scopes allow (OpenID Connect Core, section 5.3)."""
    member = profile.read(call.member.member_id)
    return Reply(about.claims(member, call.member.scopes or {"profile", "email"}))


def _shown(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "scopes": list(client.scopes),
        "public": client.secret_hash is None,
        "audience": client.audience,
        "created_at": client.created_at,
    }


def _given(request: Any) -> dict[str, str]:
    """The parameters of an authorisation request that were given."""
    return {
        name: value for name in AskedQuery.__struct_fields__ if (value := getattr(request, name)) is not None
    }
