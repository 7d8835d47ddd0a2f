"""Signing in, staying signed in, signing out.

An access token is believed until it expires, without a look at the session; that is why it lives a quarter of
an hour. A refresh token is good once. One that comes back was stolen, or its thief has been here first:
either way the session ends.
"""

import secrets
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from entrepot.cloud import auth, reads, telemetry, writes
from entrepot.cloud.auth import BadToken, Principal
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Kind, Refusal
from functions.membership import pwdlib_gateway, store
from functions.membership.domain.addresses import email
from functions.membership.domain.members import (
    ACCESS_LIFE,
    REFRESH_LIFE,
    SIGN_IN_ATTEMPTS,
    InvalidCredentials,
    Member,
    Session,
    Status,
)


class RefreshTokenReused(Refusal):
    code = "refresh_token_reused"
    kind = Kind.UNAUTHENTICATED
    title = "This refresh token was used before; its session has ended. Sign in again."


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a session is used with: `access` for requests, `refresh`, once, for the next pair."""

    access: str
    refresh: str


def sign_in(address_text: str, password: str, now: datetime) -> Tokens:
    """A session for who knows the password of a confirmed address.

    An attempt is counted before the password is looked at, so that guesses sent at once count as well; a
    right password clears the count.

    Raises: InvalidEmail, InvalidCredentials, TooManyAttempts (of this address, known or not).
    """
    key = store.address_key(email(address_text))
    writes.commit(store.attempted(SIGN_IN_ATTEMPTS, key, now))
    member_id = reads.fetch_one(store.claim_read(key), consistent=True) or new_id("mbr", now)
    found = reads.fetch_one(store.password_read(member_id), consistent=True)
    member, password_hash = found or (None, None)
    right = pwdlib_gateway.matches(unicodedata.normalize("NFC", password), password_hash)
    if member is None or not right or member.status is not Status.ACTIVE:
        raise InvalidCredentials
    session = Session(new_id("ses", now), member.member_id, _token_id(), _expiry(now), ended=False)
    tokens = _signed(member, session, now)
    writes.commit(store.session_opened(session), store.attempts_forgotten(SIGN_IN_ATTEMPTS, key, now))
    return tokens


def refresh(token: str, now: datetime) -> Tokens:
    """The next pair of tokens, with the role that the member has now.

    Raises: BadToken: not one of our refresh tokens, or its session is over. RefreshTokenReused.
    """
    claims = auth.verified(token, auth.REFRESH, now)
    session, member = reads.fetch(
        store.session_read(claims["sub"], claims["sid"]), store.member_read(claims["sub"]), consistent=True
    )
    if session is None or member is None or not session.alive(now):
        raise BadToken
    renewed = replace(session, refresh_id=_token_id(), expires_at=_expiry(now))
    tokens = _signed(member, renewed, now)
    try:
        writes.commit(store.session_refreshed(renewed, claims["jti"], RefreshTokenReused()))
    except RefreshTokenReused:
        telemetry.log("refresh_token_reused", level="warning", session_id=session.session_id)
        end(session.member_id, session.session_id, now)
        raise
    return tokens


def sign_out(principal: Principal, now: datetime) -> None:
    """End the session that the caller's token belongs to; once ended, this changes nothing."""
    end(principal.member_id, principal.session_id, now)


def end(member_id: str, session_id: str, now: datetime) -> None:
    try:
        writes.commit(store.session_ended(member_id, session_id, now))
    except store.NoLivingSession:
        return


def _signed(member: Member, session: Session, now: datetime) -> Tokens:
    issued = int(now.timestamp())
    shared = {"sub": member.member_id, "sid": session.session_id, "iat": issued}
    access: dict[str, Any] = {
        **shared,
        "role": member.role.value,
        "exp": issued + int(ACCESS_LIFE.total_seconds()),
        "jti": _token_id(),
    }
    if member.merchant_id is not None:
        access["merchant_id"] = member.merchant_id
    refreshing = {**shared, "exp": session.expires_at, "jti": session.refresh_id}
    return Tokens(auth.sign(access, auth.ACCESS), auth.sign(refreshing, auth.REFRESH))


def _expiry(now: datetime) -> int:
    return int((now + REFRESH_LIFE).timestamp())


def _token_id() -> str:
    return secrets.token_urlsafe(16)
