"""Who and what Authlib asks about, in its own words: applications, machines, requests, codes and tokens."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from entrepot.cloud import auth
from functions.membership.domain.oauth import Client, Code, Grant, KeyState
from functions.membership.service.oauth import keys
from functions.membership.service.oauth.tokens import Refresh

_URI: Final = "https://authorisation.invalid"  # Authlib wants an address and reads nothing from it
VISIBLE: Final = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]{0,4096}")  # RFC 6749, appendix A


class Application(ClientMixin):  # type: ignore[misc]
    """A third application as Authlib asks about it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.client_id = client.client_id
        self.audience = client.audience

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        asked = (scope or "").split()
        return " ".join(dict.fromkeys(asked)) if asked and set(asked) <= set(self.client.scopes) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.client.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        known = self.client.secret_hash
        return known is not None and keys.fits(known, self.client_id, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method == "none") == (self.client.secret_hash is None)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in ("authorization_code", "refresh_token")


class Machine(ClientMixin):  # type: ignore[misc]
    """A partner's API key as Authlib asks about it."""

    audience = auth.AUDIENCE

    def __init__(self, state: KeyState, now: datetime) -> None:
        self.state, self._now = state, now
        self.client_id = state.key.client_id

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        asked = tuple(dict.fromkeys((scope or "").split())) or self.state.key.scopes
        return " ".join(asked) if set(asked) <= set(self.state.key.scopes) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return False

    def check_client_secret(self, client_secret: str) -> bool:
        right = keys.fits(self.state.key.secret_hash, self.state.key.key_id, client_secret)
        if right:
            keys.note_use(self.state, self._now)
        return right

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method != "none"

    def check_response_type(self, response_type: str) -> bool:
        return False

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"


class Request(OAuth2Request):  # type: ignore[misc]
    """A form, or the parameters of an authorisation request, as Authlib reads them."""

    def __init__(self, form: Mapping[str, str], authorization: str = "") -> None:
        headers = {"Authorization": authorization} if _is_basic(authorization) else {}
        super().__init__("POST", _URI, headers=headers)
        self.payload = BasicOAuth2Payload(dict(form))

    @property
    def form(self) -> Mapping[str, str]:
        given: Mapping[str, str] = self.payload.data
        return given

    @property
    def args(self) -> Mapping[str, str]:
        return {}


class KnownCode:
    """An authorisation code as Authlib asks about it."""

    code_challenge_method = "S256"

    def __init__(self, code: Code, text: str) -> None:
        self.code, self.text = code, text
        self.code_challenge = code.challenge

    def get_redirect_uri(self) -> str:
        return self.code.redirect_uri

    def get_scope(self) -> str:
        return self.code.scope


class KnownToken:
    """A refresh or access token as Authlib asks about it."""

    def __init__(self, claims: Mapping[str, Any], grant: Grant | None, alive: bool) -> None:
        self.claims, self.grant, self.alive = claims, grant, alive

    def check_client(self, client: Any) -> bool:
        return bool(self.claims["client_id"] == client.client_id)

    def get_scope(self) -> str:
        return str(self.claims["scope"])

    def is_expired(self) -> bool:
        return not self.alive

    def is_revoked(self) -> bool:
        return not self.alive


def of_refresh(refresh: Refresh, now: datetime) -> KnownToken:
    grant = refresh.grant
    claims = {
        "sub": grant.member_id,
        "client_id": grant.client_id,
        "scope": grant.scope,
        "exp": grant.expires_at,
        "iss": auth.ISSUER,
        "refresh_id": refresh.refresh_id,
        "token_type": "refresh_token",
    }
    return KnownToken(claims, grant, alive=grant.alive(now) and refresh.good)


def _is_basic(authorization: str) -> bool:
    """Whether the header can be read as a name and a secret; Authlib trusts that it can."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        return VISIBLE.fullmatch(base64.b64decode(encoded, validate=True).decode()) is not None
    except (binascii.Error, ValueError):
        return False
