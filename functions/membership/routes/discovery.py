"""What others need in order to believe our tokens. Both paths stand where OpenID Connect looks for them."""

from typing import Any

from entrepot.cloud import auth
from entrepot.cloud.call import Call, Reply
from entrepot.cloud.wire import View
from entrepot.contracts.permissions import PUBLIC
from functions.membership.routes import api
from functions.membership.service.oauth.applications import SCOPES


class KeySetView(View, frozen=True):
    """A JSON Web Key Set (RFC 7517): the key that signs first, then the one accepted beside it."""

    keys: list[dict[str, Any]]


@api.get("/.well-known/jwks.json", allow=PUBLIC)
def key_set(call: Call) -> KeySetView | Reply:
    return Reply(KeySetView(keys=auth.published_keys()), headers={"Cache-Control": "public, max-age=3600"})


class DiscoveryView(View, frozen=True):
    """OpenID Connect Discovery 1.0, section 3."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    revocation_endpoint: str
    introspection_endpoint: str
    response_types_supported: list[str]
    grant_types_supported: list[str]
    subject_types_supported: list[str]
    id_token_signing_alg_values_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    code_challenge_methods_supported: list[str]
    scopes_supported: list[str]
    claims_supported: list[str]


@api.get("/.well-known/openid-configuration", allow=PUBLIC)
def discovery(call: Call) -> DiscoveryView | Reply:
    base = auth.ISSUER
    view = DiscoveryView(
        issuer=base,
        authorization_endpoint=f"{base}/v1/oauth/authorise",
        token_endpoint=f"{base}/v1/oauth/token",
        userinfo_endpoint=f"{base}/v1/oauth/userinfo",
        jwks_uri=f"{base}/.well-known/jwks.json",
        revocation_endpoint=f"{base}/v1/oauth/revoke",
        introspection_endpoint=f"{base}/v1/oauth/introspect",
        response_types_supported=["code"],
        grant_types_supported=["authorization_code", "refresh_token", "client_credentials"],
        subject_types_supported=["public"],
        id_token_signing_alg_values_supported=["ES256"],
        token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post", "none"],
        code_challenge_methods_supported=["S256"],
        scopes_supported=sorted(SCOPES),
        claims_supported=["sub", "locale", "nickname", "email", "email_verified", "auth_time", "nonce"],
    )
    return Reply(view, headers={"Cache-Control": "public, max-age=3600"})
