"""Providers of accounts: where one signs in with them, and how they say who it is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from entrepot.kernel.refusals import Kind, Refusal
from functions.membership.domain.social.addresses import may_call

ASYMMETRIC: Final = ("RS256", "PS256", "ES256", "EdDSA")
"""What an ID token may be signed with where its key is published: never `none`, never a key that both sides have."""


class UnknownProvider(Refusal):
    code = "unknown_provider"
    kind = Kind.NOT_FOUND
    title = "Nobody signs in with this provider here."


class ProviderUnavailable(Refusal):
    """Down, slow, or it answers what nobody can read."""

    code = "provider_unavailable"
    kind = Kind.BUSY
    title = "The provider does not answer as it should; begin again in a moment."


class ProviderRefused(Refusal):
    """The provider says no: a code that it does not know, or that was used before."""

    code = "provider_refused"
    kind = Kind.RULE
    title = "The provider does not confirm this sign-in; begin again."


class Proof(Enum):
    """How a provider says who has signed in."""

    KEYS = "keys"  # an ID token, signed by a key that it publishes
    SECRET = "secret"  # an ID token, signed by the client's own secret (HS256)
    REPLY = "reply"  # the answer to the code names the person; there is no ID token


@dataclass(frozen=True, slots=True)
class Provider:
    """Where and how one signs in with a provider.

    `hosts`: all that may be called for it. `client_auth`: how we show who we are (`client_secret_basic`,
    `client_secret_post`, `apple`, `wechat`). `subject`: what names a person, the first that is there before the
    others. `trusts_email`: whether an address that it says is verified counts as verified here. `more`: further
    parameters of the address that a browser is sent to.
    """

    provider_id: str
    name: str
    authorisation_endpoint: str
    token_endpoint: str
    jwks_uri: str | None
    issuers: tuple[str, ...]
    hosts: tuple[str, ...]
    scope: str
    proof: Proof = Proof.KEYS
    algorithms: tuple[str, ...] = ("RS256",)
    client_auth: str = "client_secret_post"
    subject: tuple[str, ...] = ("sub",)
    pkce: bool = True
    trusts_email: bool = False
    more: tuple[tuple[str, str], ...] = ()

    @property
    def asserts(self) -> bool:
        """Whether it gives ID tokens, and so takes a nonce."""
        return self.proof is not Proof.REPLY


@dataclass(frozen=True, slots=True)
class Client:
    """As whom we are known to a provider. `team_id`, `key_id`, `private_key` (PEM): Apple's in place of a secret."""

    client_id: str
    secret: str = ""
    team_id: str = ""
    key_id: str = ""
    private_key: str = ""


def discovered(
    bare: Provider, issuer: str, document: Mapping[str, Any], one_machine: bool
) -> Provider | None:
    """A provider with what its discovery document says; None for a document that must not be believed.

    The document has to speak of the very issuer that was configured, and lead to the hosts that were named.
    Source: OpenID Connect Discovery 1.0, sections 3 and 4.3.
    """
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    endpoints = [document.get(name) for name in names]
    offered = document.get("id_token_signing_alg_values_supported", ["RS256"])
    if document.get("issuer") != issuer or not isinstance(offered, list):
        return None
    if not all(isinstance(url, str) and may_call(url, bare.hosts, one_machine) for url in endpoints):
        return None
    algorithms = tuple(name for name in ASYMMETRIC if name in offered)
    if not algorithms:
        return None
    authorisation, token, keys = (str(url) for url in endpoints)
    return replace(
        bare,
        authorisation_endpoint=authorisation,
        token_endpoint=token,
        jwks_uri=keys,
        issuers=(issuer,),
        algorithms=algorithms,
    )
