"""Signing in, staying signed in, signing out."""

from entrepot.cloud.call import Call
from entrepot.cloud.wire import Body, Email, View
from entrepot.contracts.permissions import ANY, PUBLIC
from functions.membership.domain.members import ACCESS_LIFE
from functions.membership.routes import api
from functions.membership.routes.shapes import Password, Token
from functions.membership.service import sessions


class SignInBody(Body, frozen=True):
    email: Email
    password: Password


class RefreshBody(Body, frozen=True):
    refresh_token: Token


class TokensView(View, frozen=True):
    access_token: str
    refresh_token: str
    expires_in: int  # seconds
    token_type: str


@api.post("/v1/sessions", allow=PUBLIC, status=201)
def sign_in(call: Call, body: SignInBody) -> TokensView:
    return _tokens(sessions.sign_in(body.email, body.password, call.now))


@api.post("/v1/sessions/refresh", allow=PUBLIC, status=201)
def refresh(call: Call, body: RefreshBody) -> TokensView:
    return _tokens(sessions.refresh(body.refresh_token, call.now))


@api.delete("/v1/sessions/current", allow=ANY, status=204)
def sign_out(call: Call) -> None:
    sessions.sign_out(call.member, call.now)


def _tokens(tokens: sessions.Tokens) -> TokensView:
    return TokensView(
        access_token=tokens.access,
        refresh_token=tokens.refresh,
        expires_in=int(ACCESS_LIFE.total_seconds()),
        token_type="Bearer",
    )
