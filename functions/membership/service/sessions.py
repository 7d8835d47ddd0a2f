"""Signing in, staying signed in, signing out.

An access token is believed until it expires, without a look at the session; that is why it lives a quarter of
an hour. A refresh token is good once. One that comes back was stolen, or its thief has been here first:
either way the session ends.
"""

import secrets
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from entrepot.cloud import audit, auth, reads, telemetry, writes
from entrepot.cloud.auth import BadToken, Principal
from entrepot.cloud.writes import Write
from entrepot.contracts.permissions import UNENROLLED
from entrepot.kernel.ids import new_id
from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import Busy, Kind, NotFound, Refusal
from functions.membership import pwdlib_gateway, store
from functions.membership.domain.members import (
    ACCESS_LIFE,
    CODE_ATTEMPTS,
    REFRESH_LIFE,
    InvalidCredentials,
    Member,
    Session,
    SignInAgain,
    Status,
)
from functions.membership.domain.phones import Phone
from functions.membership.domain.totp import InvalidOtp, SecondFactor
from functions.membership.service import codes, factors, throttling
from functions.membership.service.contacts import Contact

_ROUNDS: Final = 3


class RefreshTokenReused(Refusal):
    code = "refresh_token_reused"
    kind = Kind.UNAUTHENTICATED
    title = "This refresh token was used before; its session has ended. Sign in again."


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a session is used with: `access` for requests, `refresh`, once, for the next pair."""

    access: str
    refresh: str


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to sign in: from where on the network, with what device, and with which second factor."""

    address: str = ""
    device: str = ""
    otp: str | None = None


def sign_in(contact: Contact, password: str, visit: Visit, now: datetime) -> Tokens:
    """A session for who knows the password of a confirmed address or number.

    Known or not, the same requests are made and one password is hashed. A hash of other parameters than today's
    is renewed. Where the password has become another one after it was compared, it is compared again.

    Raises: InvalidCredentials, TooManyAttempts (of this account, known or not, or from this place), Busy.
    """
    key = store.address_key(contact)
    tried = throttling.attempt(key, visit.address, now)
    member_id = reads.fetch_one(store.claim_read(key), consistent=True) or new_id("mbr", now)
    for _ in range(_ROUNDS):
        try:
            return _by_password(member_id, password, visit, tried, now)
        except store.Overtaken:
            continue
    raise Busy


def ask_code(phone: Phone, source: str, now: datetime) -> None:
    """Send a code to sign in with. The answer, and what it costs, are the same for an unknown number.

    Raises: TooManyAttempts (of this number, or from this place).
    """
    key = store.address_key(phone)
    throttling.asking(CODE_ATTEMPTS, key, phone, source, now)
    member_id = reads.fetch_one(store.claim_read(key), consistent=True) or store.nobody(key)
    writes.commit(*codes.asked(member_id, "sign-in", "phone", now))


def sign_in_by_code(phone: Phone, digits: str, visit: Visit, now: datetime) -> Tokens:
    """A session for who has the code that was sent to a confirmed number.

    Raises: InvalidCredentials, TooManyAttempts.
    """
    key = store.address_key(phone)
    tried = throttling.attempt(key, visit.address, now)
    member_id = reads.fetch_one(store.claim_read(key), consistent=True) or store.nobody(key)
    member, code, factor = reads.fetch(
        store.member_read(member_id),
        store.code_read(member_id, store.SIGN_IN),
        store.factor_read(member_id),
        consistent=True,
    )
    try:
        right = codes.spend(member_id, store.SIGN_IN, code, digits, now, InvalidCredentials())
        if member is None or member.status is not Status.ACTIVE:
            raise InvalidCredentials
    except InvalidCredentials:
        throttling.failed(tried, member.member_id if member else None, now)
        raise
    used = store.code_used(member_id, store.SIGN_IN, right.code_hash, InvalidCredentials())
    return opened(member, factor, "code", visit, tried, now, used)


def opened(
    member: Member,
    factor: SecondFactor | None,
    method: str,
    visit: Visit,
    tried: throttling.Attempt | None,
    now: datetime,
    *with_it: Write,
) -> Tokens:
    """A new session of a member who has shown who they are, once the second factor is shown too.

    Raises: SecondFactorRequired, InvalidOtp.
    """
    try:
        shown = factors.shown(member.member_id, factor, visit.otp, now)
    except InvalidOtp:
        if tried:
            throttling.failed(tried, member.member_id, now)
        raise
    session = Session(
        new_id("ses", now),
        member.member_id,
        _token_id(),
        _expiry(now),
        ended=False,
        opened_at=now,
        method=method,
        device=visit.device,
    )
    tokens = _signed(member, factors.role_of(member, factor), session, now)
    forgotten = [throttling.forgotten(tried)] if tried else []
    written = [store.session_opened(session), *forgotten, *shown, *with_it]
    audit.commit("session.open", member.member_id, *written, role=member.role.value)
    return tokens


def refresh(token: str, now: datetime) -> Tokens:
    """The next pair of tokens, with the role that the member has now.

    Raises: BadToken: not one of our refresh tokens, or its session is over. RefreshTokenReused.
    """
    claims = auth.verified(token, auth.REFRESH, now)
    session, member, factor = reads.fetch(
        store.session_read(claims["sub"], claims["sid"]),
        store.member_read(claims["sub"]),
        store.factor_read(claims["sub"]),
        consistent=True,
    )
    if session is None or member is None or not session.alive(now):
        raise BadToken
    renewed = replace(session, refresh_id=_token_id(), expires_at=_expiry(now))
    tokens = _signed(member, factors.role_of(member, factor), renewed, now)
    try:
        writes.commit(store.session_refreshed(renewed, claims["jti"], now, RefreshTokenReused()))
    except RefreshTokenReused:
        telemetry.log("refresh_token_reused", level="warning", session_id=session.session_id)
        with suppress(store.NoLivingSession):
            ended = store.session_ended(session.member_id, session.session_id, now)
            audit.commit("session.token_reused", session.member_id, ended, outcome="refused")
        raise
    return tokens


def sign_out(principal: Principal, now: datetime) -> None:
    """End the session that the caller's token belongs to; once ended, this changes nothing."""
    with suppress(store.NoLivingSession):
        _end_own(principal, principal.session_id, now)


def end(member_id: str, session_id: str, now: datetime) -> None:
    """End a session because of something else that is written down; one that is over stays so."""
    try:
        writes.commit(store.session_ended(member_id, session_id, now))
    except store.NoLivingSession:
        return


def listed(principal: Principal, limit: int, after: Mapping[str, str] | None, now: datetime) -> Page[Session]:
    """The living sessions of who calls."""
    page = store.sessions(principal.member_id, limit, after)
    return Page(tuple(session for session in page.items if session.alive(now)), page.next_key)


def end_one(principal: Principal, session_id: str, now: datetime) -> None:
    """End one of one's own sessions. Raises: NotFound: it is none, or over."""
    try:
        _end_own(principal, session_id, now)
    except store.NoLivingSession:
        raise NotFound from None


def living(principal: Principal, now: datetime) -> Session:
    """The caller's session, for what outlives it: a token is believed for a while after its session has ended.

    Raises: BadToken: it has ended, or the caller has none.
    """
    session = reads.fetch_one(store.session_read(principal.member_id, principal.session_id), consistent=True)
    if session is None or not session.alive(now):
        raise BadToken
    return session


def fresh(principal: Principal, now: datetime) -> None:
    """Raises: SignInAgain: the caller's session was opened too long ago, or has ended."""
    session = reads.fetch_one(store.session_read(principal.member_id, principal.session_id), consistent=True)
    if session is None or not session.fresh(now):
        raise SignInAgain


def _end_own(principal: Principal, session_id: str, now: datetime) -> None:
    ended = store.session_ended(principal.member_id, session_id, now)
    audit.commit("session.end", principal.member_id, ended, role=principal.role)


def _by_password(
    member_id: str, password: str, visit: Visit, tried: throttling.Attempt, now: datetime
) -> Tokens:
    """Raises: InvalidCredentials; store.Overtaken: the account was changed after the password was compared."""
    found, factor = reads.fetch(store.password_read(member_id), store.factor_read(member_id), consistent=True)
    member, password_hash = found or (None, None)
    spelled = unicodedata.normalize("NFC", password)
    right = pwdlib_gateway.matches(spelled, password_hash)
    if member is None or password_hash is None or not right or member.status is not Status.ACTIVE:
        throttling.failed(tried, member.member_id if member else None, now)
        raise InvalidCredentials
    if pwdlib_gateway.outdated(password_hash):
        password_hash = _renewed(member, spelled)
    stands = store.password_stands(member_id, password_hash)
    return opened(member, factor, "password", visit, tried, now, stands)


def _renewed(member: Member, password: str) -> str:
    """The password's hash with the parameters of today. Raises: store.Overtaken."""
    fresh_hash = pwdlib_gateway.hashed(password)
    renewed = replace(member, revision=member.revision + 1)
    writes.commit(store.changed(renewed, fresh_hash, member.revision, store.Overtaken()))
    return fresh_hash


def _signed(member: Member, role: str, session: Session, now: datetime) -> Tokens:
    issued = int(now.timestamp())
    shared = {"sub": member.member_id, "sid": session.session_id, "iat": issued}
    access: dict[str, Any] = {
        **shared,
        "role": role,
        "exp": issued + int(ACCESS_LIFE.total_seconds()),
        "jti": _token_id(),
    }
    if member.merchant_id is not None and role != UNENROLLED:
        access["merchant_id"] = member.merchant_id
    refreshing = {**shared, "exp": session.expires_at, "jti": session.refresh_id}
    return Tokens(auth.sign(access, auth.ACCESS), auth.sign(refreshing, auth.REFRESH))


def _expiry(now: datetime) -> int:
    return int((now + REFRESH_LIFE).timestamp())


def _token_id() -> str:
    return secrets.token_urlsafe(16)
