"""Third applications, as operators register them."""

import secrets
from datetime import datetime
from typing import Final

from entrepot.cloud import auth, reads, writes
from entrepot.contracts.permissions import GRANTS, IDENTITY_SCOPES, OFFLINE_SCOPE
from entrepot.kernel.ids import new_id
from functions.membership.domain import oauth
from functions.membership.domain.oauth import Client
from functions.membership.service.oauth.keys import hashed
from functions.membership.store import oauth as rows

SCOPES: Final = frozenset((*IDENTITY_SCOPES, OFFLINE_SCOPE, *GRANTS))


def register(
    name: str,
    redirect_uris: tuple[str, ...],
    scopes: tuple[str, ...],
    public: bool,
    audience: str | None,
    now: datetime,
) -> tuple[Client, str | None]:
    """A new application, and its secret, which is told this once; a public one has none.

    Raises: InvalidRedirectUri, UnknownScope.
    """
    client_id = new_id("cli", now)
    secret = None if public else secrets.token_urlsafe(32)
    client = Client(
        client_id,
        name,
        tuple(dict.fromkeys(oauth.redirect_uri(uri) for uri in redirect_uris)),
        oauth.scopes(scopes, SCOPES),
        audience or auth.AUDIENCE,
        now,
        None if secret is None else hashed(client_id, secret),
    )
    writes.commit(rows.client_made(client))
    return client, secret


def listed() -> list[Client]:
    return rows.clients()


def remove(client_id: str) -> None:
    """From then on it gets no tokens; those it has live for a quarter of an hour at most. Raises: NotFound."""
    writes.commit(rows.client_removed(client_id))


def found(client_id: str) -> Client | None:
    """The application of that name; whatever text a stranger sends may be asked for."""
    if not client_id.startswith("cli_") or len(client_id) > 64:
        return None
    return reads.fetch_one(rows.client_read(client_id), consistent=True)
