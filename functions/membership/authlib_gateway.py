"""Providers of accounts, over the net: Authlib's client for the protocol, joserfc for what is signed.

The one module that calls providers. Every call goes to a host that the provider's configuration names, has a time-out,
follows no redirect and reads no more than a limit. Whatever comes back is one of ours: an answer, `ProviderRefused`,
`ProviderUnavailable` or `IdentityNotProven`. Errors of the libraries may hold secrets and are never shown or logged.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import requests
from authlib.common.urls import add_params_to_uri
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey

from entrepot.cloud import telemetry
from functions.membership import provider_documents
from functions.membership.domain.social import (
    Client,
    IdentityNotProven,
    Proof,
    Provider,
    ProviderRefused,
)
from functions.membership.provider_documents import CONNECTION, Answer, limited

_APPLE_AUDIENCE: Final = "https://appleid.apple.com"
_APPLE_LIFE: Final = timedelta(minutes=5)
_TOKEN_LONGEST: Final = 16 * 1024
_KEY_TYPES: Final = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
_TRY_LATER: Final = (-1,)  # WeChat's word for a system that is busy


def authorisation_address(
    provider: Provider, client: Client, redirect_uri: str, state: str, verifier: str, nonce: str
) -> str:
    """Where a browser goes to sign in with a provider."""
    if provider.client_auth == "wechat":
        asked = {
            "appid": client.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": provider.scope,
            "state": state,
        }
        return f"{provider.authorisation_endpoint}?{urlencode(asked)}#wechat_redirect"
    more: dict[str, str] = dict(provider.more)
    if provider.asserts:
        more["nonce"] = nonce
    url, _ = _session(provider, client, redirect_uri).create_authorization_url(
        provider.authorisation_endpoint,
        state=state,
        code_verifier=verifier if provider.pkce else None,
        **more,
    )
    return str(url)


def redeemed(
    provider: Provider, client: Client, redirect_uri: str, code: str, verifier: str, now: datetime
) -> dict[str, Any]:
    """What the provider gives for a code: its answer, not yet believed.

    Raises: ProviderRefused, ProviderUnavailable.
    """
    if provider.client_auth == "apple":
        client = _as_apple_wants(client, now)
    provider_documents.check(provider.token_endpoint, provider)
    session = _session(provider, client, redirect_uri)
    proof = {"code_verifier": verifier} if provider.pkce else {}
    try:
        answer = session.fetch_token(
            provider.token_endpoint,
            method="GET" if provider.client_auth == "wechat" else "POST",
            grant_type="authorization_code",
            code=code,
            **proof,
            **CONNECTION,
        )
    except OAuthError as error:
        telemetry.log("provider_refused", level="warning", provider=provider.provider_id, error=_word(error))
        raise ProviderRefused from None
    except (requests.RequestException, ValueError, TypeError, KeyError, AttributeError) as error:
        raise provider_documents.unavailable(provider, error) from None
    finally:
        session.close()
    return dict(answer)


def claims(provider: Provider, client: Client, id_token: Any) -> Mapping[str, Any]:
    """What an ID token says, whose signature is right: by a key and an algorithm that are the provider's.

    Of its header, only `alg` and `kid` are read, and neither leads to a key that the provider has not published; where
    the provider signs by the client's secret, no other key and no other algorithm is tried.

    Raises: IdentityNotProven, ProviderUnavailable.
    """
    if not isinstance(id_token, str) or len(id_token) > _TOKEN_LONGEST:
        raise IdentityNotProven
    try:
        header = jws.extract_compact(id_token.encode()).headers()
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in provider.algorithms or "crit" in header:
            raise IdentityNotProven
        key = _key(provider, client, algorithm, key_id)
        opened = jws.deserialize_compact(id_token, key, algorithms=[algorithm])
        said = json.loads(opened.payload)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise IdentityNotProven from None
    if not isinstance(said, dict):
        raise IdentityNotProven
    return said


def _key(provider: Provider, client: Client, algorithm: str, key_id: Any) -> Any:
    if provider.proof is Proof.SECRET:
        return OctKey.import_key(client.secret)
    for again in (False, True):
        found = [
            key
            for key in provider_documents.keys(provider, again=again)
            if key.key_type == _KEY_TYPES[algorithm] and (key_id is None or key.kid == key_id)
        ]
        if len(found) == 1:
            return found[0]
    raise IdentityNotProven


def _session(provider: Provider, client: Client, redirect_uri: str) -> Any:
    session = OAuth2Session(
        client.client_id,
        client.secret,
        token_endpoint_auth_method="client_secret_post"
        if provider.client_auth == "apple"
        else provider.client_auth,
        scope=provider.scope,
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
    )
    session.trust_env = False  # no proxy and no .netrc of the machine
    session.register_client_auth_method(("wechat", _by_appid))
    session.register_compliance_hook(
        "access_token_response", _wechat if provider.client_auth == "wechat" else limited
    )
    return session


def _by_appid(session: Any, method: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, Any]:
    """WeChat's way for a client to show who it is."""
    return (
        add_params_to_uri(uri, [("appid", session.client_id), ("secret", session.client_secret)]),
        headers,
        body,
    )


def _wechat(response: requests.Response) -> Answer:
    """WeChat's errors, which come with status 200, as those of the protocol. Raises: ValueError: it is busy."""
    answer = limited(response)
    told = answer.json()
    code = told.get("errcode") if isinstance(told, dict) else None
    if code in _TRY_LATER:
        raise ValueError("busy")
    if code:
        return Answer(400, json.dumps({"error": f"errcode_{code}"}).encode())
    return answer


def _as_apple_wants(client: Client, now: datetime) -> Client:
    """The client with a secret of this moment: a JWT, signed with ES256 by the team's key."""
    issued = int(now.timestamp())
    said = {
        "iss": client.team_id,
        "iat": issued,
        "exp": issued + int(_APPLE_LIFE.total_seconds()),
        "aud": _APPLE_AUDIENCE,
        "sub": client.client_id,
    }
    key = ECKey.import_key(client.private_key)
    return Client(client.client_id, jwt.encode({"alg": "ES256", "kid": client.key_id}, said, key))


def _word(error: OAuthError) -> str:
    """The protocol's word for what went wrong, if it is one."""
    text = str(error.error or "")[:40]
    return text if text.replace("_", "").isalnum() else "unknown"
