"""Which providers one may sign in with: the rows of `social.json`, and what the operator of the stage has set up.

The operator's part stands in the stage's secret under `social_providers`, as JSON: by provider the client, and for a
provider that has no row its issuer too. Without it, nobody signs in so.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from entrepot.cloud import aws, telemetry
from functions.membership.domain.social import Client, Proof, Provider, UnknownProvider

_CATALOGUE: Final = Path(__file__).parents[2] / "data" / "social.json"


class _Row(msgspec.Struct, frozen=True):
    provider: str
    name: str
    authorisation_endpoint: str
    token_endpoint: str
    jwks_uri: str | None
    issuers: tuple[str, ...]
    hosts: tuple[str, ...]
    scope: str
    proof: Proof
    algorithms: tuple[str, ...]
    client_auth: str
    subject: tuple[str, ...]
    pkce: bool
    trusts_email: bool
    more: dict[str, str]
    source: str
    confidence: str


class _Catalogue(msgspec.Struct, frozen=True):
    as_of: str
    providers: list[_Row]


class _SetUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the operator sets up. The fields from `issuer` on are for a provider that has no row.

    `hosts`: what its discovery document may lead to, beside the issuer's own host.
    """

    client_id: str
    client_secret: str = ""
    team_id: str = ""
    key_id: str = ""
    private_key: str = ""
    issuer: str = ""
    name: str = ""
    hosts: tuple[str, ...] = ()
    scope: str = "openid email"
    client_auth: str = "client_secret_basic"
    trusts_email: bool = False


def rows() -> dict[str, Provider]:
    """The providers that are known, by their names in addresses."""
    return {row.provider: _provider(row) for row in _catalogue().providers}


def offered() -> list[tuple[str, str]]:
    """Name in addresses and name to show of each provider that is set up, in order."""
    known = rows()
    return sorted(
        (provider_id, known[provider_id].name if provider_id in known else given.name or provider_id)
        for provider_id, given in _set_up().items()
        if provider_id in known or given.issuer
    )


def found(provider_id: str) -> tuple[Provider, Client]:
    """A provider and the client that we are to it; one without a row is read from its discovery document.

    Raises: UnknownProvider, ProviderUnavailable.
    """
    given = _set_up().get(provider_id)
    if given is None:
        raise UnknownProvider
    client = Client(given.client_id, given.client_secret, given.team_id, given.key_id, given.private_key)
    known = rows().get(provider_id)
    if known is not None:
        return known, client
    if not given.issuer:
        raise UnknownProvider
    from functions.membership import provider_documents

    return provider_documents.discover(_bare(provider_id, given), given.issuer), client


def _set_up() -> dict[str, _SetUp]:
    """What is set up; a value that cannot be read sets up nothing, and the log says so without showing it."""
    try:
        text = aws.secret("social_providers")
    except KeyError:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, _SetUp])
    except (msgspec.DecodeError, TypeError):
        telemetry.log("social_providers_unreadable", level="error")
        return {}


def _bare(provider_id: str, given: _SetUp) -> Provider:
    return Provider(
        provider_id,
        given.name or provider_id,
        authorisation_endpoint="",
        token_endpoint="",
        jwks_uri=None,
        issuers=(),
        hosts=(urlsplit(given.issuer).hostname or "", *given.hosts),
        scope=given.scope,
        client_auth=given.client_auth,
        trusts_email=given.trusts_email,
    )


def _provider(row: _Row) -> Provider:
    return Provider(
        row.provider,
        row.name,
        row.authorisation_endpoint,
        row.token_endpoint,
        row.jwks_uri,
        row.issuers,
        row.hosts,
        row.scope,
        row.proof,
        row.algorithms,
        row.client_auth,
        row.subject,
        row.pkce,
        row.trusts_email,
        tuple(row.more.items()),
    )


@cache
def _catalogue() -> _Catalogue:
    decoded: Any = json.loads(_CATALOGUE.read_bytes())
    return msgspec.convert(decoded, _Catalogue)
