"""API keys of partners' machines: shown once, kept as a keyed hash, good within their scopes until revoked."""

import contextlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final

from entrepot.cloud import reads, writes
from entrepot.cloud.auth import BadToken, Principal
from entrepot.contracts.permissions import GRANTS
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import NotFound
from functions.membership import store
from functions.membership.domain import oauth
from functions.membership.domain.members import Role
from functions.membership.domain.oauth import MOST_KEYS, ApiKey, KeyState, TooManyKeys
from functions.membership.store import oauth as rows

PREFIX: Final = "ek"
SCOPES: Final = frozenset(action for action, roles in GRANTS.items() if Role.SERVICE.value in roles)
"""What a machine may be allowed at all."""


def make(
    caller: Principal, merchant_id: str, name: str, scopes: tuple[str, ...], days: int | None, now: datetime
) -> tuple[ApiKey, str]:
    """A new key, and its text, which is told this once.

    Raises: NotFound: no such merchant, or another's. UnknownScope, TooManyKeys. BadToken, at commit: the caller's
    session has ended, which a token outlives, and a key would for good.
    """
    _check_scope(caller, merchant_id)
    given = oauth.scopes(scopes, SCOPES)
    if reads.fetch_one(store.merchant_read(merchant_id)) is None:
        raise NotFound
    if sum(state.alive(now) for state in rows.keys(merchant_id)) >= MOST_KEYS:
        raise TooManyKeys
    secret = secrets.token_urlsafe(32)
    key_id = new_id("key", now)
    key = ApiKey(
        key_id,
        merchant_id,
        name,
        given,
        hashed(key_id, secret),
        caller.member_id,
        now,
        now + timedelta(days=days) if days else None,
    )
    writes.commit(
        rows.key_made(key), store.session_lives(caller.member_id, caller.session_id, now, BadToken())
    )
    return key, f"{PREFIX}.{key.client_id}.{secret}"


def listed(caller: Principal, merchant_id: str) -> list[KeyState]:
    """Raises: NotFound: another's."""
    _check_scope(caller, merchant_id)
    return rows.keys(merchant_id)


def revoke(caller: Principal, merchant_id: str, key_id: str, now: datetime) -> None:
    """Raises: NotFound: there is no such key, or it is another's."""
    _check_scope(caller, merchant_id)
    writes.commit(rows.key_revoked(merchant_id, key_id, now))


def principal(text: str, now: datetime) -> Principal:
    """Who a key that is sent instead of a token speaks for. One read; a write at most once a minute.

    Raises: BadToken.
    """
    parts = text.split(".")
    state = known(f"{parts[1]}.{parts[2]}", parts[3], now) if len(parts) == 4 else None
    if state is None:
        raise BadToken
    key = state.key
    return Principal(
        key.key_id,
        Role.SERVICE.value,
        key.merchant_id,
        scopes=frozenset(key.scopes),
        client_id=key.client_id,
    )


def found(client_id: str, now: datetime) -> KeyState | None:
    """A living key by the name under which OAuth knows it."""
    merchant_id, _, key_id = client_id.partition(".")
    if not (merchant_id.startswith("mrc_") and key_id.startswith("key_")) or len(client_id) > 100:
        return None
    state = reads.fetch_one(rows.key_read(merchant_id, key_id), consistent=True)
    return state if state is not None and state.alive(now) else None


def known(client_id: str, secret: str, now: datetime) -> KeyState | None:
    """A living key whose secret this is; that it was used is noted."""
    state = found(client_id, now)
    if state is None or not fits(state.key.secret_hash, state.key.key_id, secret):
        return None
    note_use(state, now)
    return state


def note_use(state: KeyState, now: datetime) -> None:
    if state.worth_noting(now):
        with contextlib.suppress(rows.NotLiving):
            writes.commit(rows.key_seen(state, now))


def hashed(holder: str, secret: str) -> str:
    return store.keyed_hash("secret", f"{holder}:{secret}")


def fits(secret_hash: str, holder: str, secret: str) -> bool:
    return hmac.compare_digest(secret_hash, hashed(holder, secret))


def _check_scope(caller: Principal, merchant_id: str) -> None:
    if caller.side != "operator" and caller.merchant_id != merchant_id:
        raise NotFound
