"""The authorisation server: Authlib's grants over our clients, codes, grants and keys.

This module and `parties` are the two that know Authlib.

Authlib reads the protocol (RFC 6749, 7636, 7009, 7662, OpenID Connect Core) and asks for what is kept; every change is
one conditional commit here. A code or refresh token that comes twice, be it at the same instant, ends its grant.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from authlib.oauth2.rfc6749 import AuthorizationServer, grants
from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oidc.core import OpenIDCode
from authlib.oidc.core.util import create_half_hash

from entrepot.cloud import auth, writes
from entrepot.cloud.auth import BadToken, Principal
from entrepot.cloud.call import Reply
from entrepot.contracts.permissions import OFFLINE_SCOPE
from entrepot.kernel.ids import new_id, time_of
from functions.membership import store
from functions.membership.domain.members import ACCESS_LIFE, Member, Session
from functions.membership.domain.oauth import (
    CODE_LIFE,
    GRANT_LIFE,
    AuthorisationRefused,
    Client,
    Code,
    Grant,
)
from functions.membership.service import sessions
from functions.membership.service.oauth import about, applications, keys, tokens
from functions.membership.service.oauth.parties import (
    VISIBLE,
    Application,
    KnownCode,
    KnownToken,
    Machine,
    Request,
    of_refresh,
)
from functions.membership.store import oauth as rows

_SECRETS: Final = ["client_secret_basic", "client_secret_post"]


class S256(CodeChallenge):  # type: ignore[misc]
    """PKCE is asked of every application, and by its one method that hides the verifier."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        given = grant.request.payload.data
        if not given.get("code_challenge") or given.get("code_challenge_method") != "S256":
            raise InvalidRequestError("A code_challenge with the code_challenge_method S256 is needed.")
        super().validate_code_challenge(grant, redirect_uri)


class Identity(OpenIDCode):  # type: ignore[misc]
    """ID tokens, signed in KMS as all our tokens are."""

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return False  # a code is good once, and its nonce is the application's to compare

    def encode_id_token(self, token: Mapping[str, Any], request: Any) -> str:
        server, code = request.server, request.authorization_code.code
        issued = int(server.now.timestamp())
        claims: dict[str, Any] = {
            "aud": request.client.client_id,
            "iat": issued,
            "exp": issued + int(ACCESS_LIFE.total_seconds()),
            "auth_time": code.signed_in_at,
            "at_hash": create_half_hash(token["access_token"], "ES256").decode(),
            **about.claims(request.user, token["scope"].split()),
        }
        if code.nonce is not None:
            claims["nonce"] = code.nonce
        return auth.sign(claims, auth.IDENTITY)


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = (*_SECRETS, "none")

    def generate_authorization_code(self) -> str:
        return tokens.new_code(self.request.user.member_id)

    def save_authorization_code(self, text: str, request: Any) -> None:
        now, given = self.server.now, request.payload.data
        code = Code(
            request.user.member_id,
            request.client.client_id,
            request.payload.redirect_uri,
            request.scope,
            given.get("nonce") or None,
            given["code_challenge"],
            self._signed_in_at(),
            new_id("gra", now),
            int((now + CODE_LIFE).timestamp()),
        )
        made = rows.code_made(code, tokens.code_hash(text), now + GRANT_LIFE)
        session: Session = self.server.session
        writes.commit(made, store.session_lives(session.member_id, session.session_id, now, BadToken()))

    def _signed_in_at(self) -> int:
        """When the member did, in seconds since 1970: what they agree to later makes it no later."""
        session: Session = self.server.session
        return int((session.opened_at or time_of(session.session_id)).timestamp())

    def query_authorization_code(self, text: str, client: Any) -> KnownCode | None:
        code = tokens.found_code(text)
        if code is None or code.client_id != client.client_id:
            return None
        if code.used:
            tokens.end(code.member_id, code.grant_id, self.server.now, "a code was used twice")
            return None
        return KnownCode(code, text) if self.server.now.timestamp() < code.expires_at else None

    def authenticate_user(self, known: KnownCode) -> Member | None:
        return tokens.active_member(known.code.member_id)

    def delete_authorization_code(self, known: KnownCode) -> None:
        """It was marked as used in the commit that began its grant."""


class RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = (*_SECRETS, "none")
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, text: str) -> KnownToken | None:
        refresh = tokens.found_refresh(text)
        if refresh is None or not refresh.grant.alive(self.server.now):
            return None
        grant = refresh.grant
        if grant.client_id != self.request.client.client_id:
            return None
        if not refresh.good:
            tokens.end(grant.member_id, grant.grant_id, self.server.now, "a refresh token was used twice")
            return None
        return of_refresh(refresh, self.server.now)

    def authenticate_user(self, known: KnownToken) -> Member | None:
        return None if known.grant is None else tokens.active_member(known.grant.member_id)

    def revoke_old_credential(self, known: KnownToken) -> None:
        """The commit that made the next one has replaced it."""


class MachineGrant(grants.ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = _SECRETS


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    CLIENT_AUTH_METHODS = (*_SECRETS, "none")

    def query_token(self, text: str, hint: str | None) -> KnownToken | None:
        known: KnownToken | None = self.server.known_token(text)
        return known

    def revoke_token(self, known: KnownToken, request: Any) -> None:
        if known.grant is not None:
            tokens.end(known.grant.member_id, known.grant.grant_id, self.server.now, "revoked")


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    CLIENT_AUTH_METHODS = _SECRETS

    def query_token(self, text: str, hint: str | None) -> KnownToken | None:
        known: KnownToken | None = self.server.known_token(text)
        return known

    def check_permission(self, known: KnownToken, client: Any, request: Any) -> bool:
        return known.check_client(client)

    def introspect_token(self, known: KnownToken) -> dict[str, Any]:
        told = ("sub", "aud", "iss", "exp", "iat", "client_id", "scope", "token_type")
        return {name: known.claims[name] for name in told if name in known.claims}


class Server(AuthorizationServer):  # type: ignore[misc]
    """One request's server: cheap to make, and it knows the time."""

    def __init__(self, now: datetime, session: Session | None = None) -> None:
        """Args: session: the member's own, where one answers an application."""
        super().__init__()
        self.now, self.session = now, session
        self.request: Any = None
        self.begun: Grant | None = None
        self.register_grant(CodeGrant, [S256(required=True), Identity()])
        self.register_grant(RefreshGrant)
        self.register_grant(MachineGrant)
        self.register_token_generator("default", self.made_token)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)

    def query_client(self, client_id: str) -> Application | Machine | None:
        client = applications.found(client_id)
        if client is not None:
            return Application(client)
        state = keys.found(client_id, self.now)
        return None if state is None else Machine(state, self.now)

    def made_token(
        self, grant_type: str, client: Any, user: Any = None, scope: str | None = None, **_: Any
    ) -> dict[str, Any]:
        """An access token; a refresh token beside it where the member let the application come back."""
        allowed = client.get_allowed_scope(scope)
        if allowed is None:
            raise OAuth2Error(error="invalid_scope", description="This scope was not granted.")
        token: dict[str, Any] = {
            "token_type": "Bearer",
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "scope": allowed,
        }
        if grant_type == "client_credentials":
            key = client.state.key
            token["access_token"] = tokens.of_machine(
                key.key_id, key.merchant_id, client.client_id, allowed.split(), self.now
            )
            return token
        self.begun = self._next_grant(client.client_id, user.member_id, allowed)
        token["access_token"] = tokens.of_member(
            user, self.begun.grant_id, client.client_id, client.audience, allowed, self.now
        )
        if OFFLINE_SCOPE in self.begun.scope.split():
            token["refresh_token"] = tokens.refresh_text(self.begun)
        return token

    def save_token(self, token: Mapping[str, Any], request: Any) -> None:
        """Raises: InvalidGrantError: what was presented has been used meanwhile; then all of its family ends."""
        grant = self.begun
        if grant is None:
            return
        try:
            if request.authorization_code is not None:
                known = request.authorization_code
                used = rows.code_used(known.code, tokens.code_hash(known.text), self.now)
                writes.commit(used, rows.grant_begun(grant))
            else:
                writes.commit(rows.grant_refreshed(grant, request.refresh_token.claims["refresh_id"]))
        except rows.AlreadyUsed:
            tokens.end(grant.member_id, grant.grant_id, self.now, "used twice at once")
            raise InvalidGrantError("It was used already.") from None

    def known_token(self, text: str) -> KnownToken | None:
        """A token of ours, for revocation and introspection."""
        refresh = tokens.found_refresh(text)
        if refresh is not None:
            return of_refresh(refresh, self.now)
        try:
            claims = auth.verified(text, auth.ACCESS, self.now, self.request.client.audience)
        except BadToken:
            return None
        if "client_id" not in claims:
            return None
        if "grant" not in claims:
            return KnownToken({**claims, "token_type": "Bearer"}, None, alive=True)
        grant = tokens.living_grant(claims["sub"], claims["grant"], self.now)
        return KnownToken({**claims, "token_type": "Bearer"}, grant, alive=grant is not None)

    def create_oauth2_request(self, request: Any) -> Any:
        self.request = request
        request.server = self
        return request

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def handle_response(self, status: int, body: Any, headers: Any) -> Reply:
        return Reply(body or {}, status, {**dict(headers), "Cache-Control": "no-store"})

    def _next_grant(self, client_id: str, member_id: str, scope: str) -> Grant:
        expires_at = int((self.now + GRANT_LIFE).timestamp())
        if self.request.authorization_code is not None:
            grant_id = self.request.authorization_code.code.grant_id
        else:
            earlier = self.request.refresh_token.grant
            grant_id, scope = earlier.grant_id, earlier.scope
        return Grant(grant_id, member_id, client_id, scope, tokens.new_refresh_id(), expires_at)


def token(form: Mapping[str, str], authorization: str, now: datetime) -> Reply:
    """The token endpoint (RFC 6749, section 3.2)."""
    return _served(form, lambda server, request: server.create_token_response(request), authorization, now)


def revoked(form: Mapping[str, str], authorization: str, now: datetime) -> Reply:
    """The revocation endpoint (RFC 7009)."""
    return _served(
        form,
        lambda server, request: server.create_endpoint_response("revocation", request),
        authorization,
        now,
    )


def introspected(form: Mapping[str, str], authorization: str, now: datetime) -> Reply:
    """The introspection endpoint (RFC 7662)."""
    return _served(
        form,
        lambda server, request: server.create_endpoint_response("introspection", request),
        authorization,
        now,
    )


def asked(wanted: Mapping[str, str], now: datetime) -> tuple[Client, list[str]]:
    """Who asks a member for what, to be shown before they answer.

    Raises: AuthorisationRefused.
    """
    try:
        grant = Server(now).get_consent_grant(_request(wanted))
    except OAuth2Error as error:
        raise _refused(error) from None
    return grant.request.client.client, grant.request.scope.split()


def answered(
    wanted: Mapping[str, str], caller: Principal, member: Member, approved: bool, now: datetime
) -> str:
    """Where the member's browser goes next: back to the application, with a code or with why there is none.

    Raises: AuthorisationRefused: it must go nowhere. BadToken: the member's session has ended.
    """
    server = Server(now, sessions.living(caller, now))
    try:
        request = _request(wanted)
        grant = server.get_authorization_grant(server.create_oauth2_request(request))
    except OAuth2Error as error:
        raise _refused(error) from None
    reply = server.create_authorization_response(request, member if approved else None, grant)
    location = reply.headers.get("Location")
    if location is None:
        raise AuthorisationRefused(error=reply.body.get("error"))
    return str(location)


def _served(form: Mapping[str, str], serve: Any, authorization: str, now: datetime) -> Reply:
    server = Server(now)
    try:
        reply: Reply = serve(server, _request(form, authorization))
    except OAuth2Error as error:
        reply = server.handle_response(*error())
    return reply


def _request(form: Mapping[str, str], authorization: str = "") -> Request:
    """Raises: InvalidRequestError: a parameter holds what none of RFC 6749 may."""
    for name, value in form.items():
        if not (VISIBLE.fullmatch(name) and VISIBLE.fullmatch(value)):
            raise InvalidRequestError("A parameter holds a character that it may not.")
    return Request(form, authorization)


def _refused(error: Any) -> AuthorisationRefused:
    return AuthorisationRefused(error=error.error)
