"""Codes and tokens of grants: how their texts are made, found again, and ended.

A refresh token is `<member>.<grant>.<refresh id>.<seal>`; the seal, which only we can make, tells one that was good
once, and so was stolen or used twice, from one that never was: an invented one ends nobody's grant.
"""

import contextlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from entrepot.cloud import auth, reads, telemetry, writes
from functions.membership import store
from functions.membership.domain.members import ACCESS_LIFE, Member, Role, Status
from functions.membership.domain.oauth import Code, Grant
from functions.membership.store import oauth as rows


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token that we have made, with its grant as it is now."""

    grant: Grant
    refresh_id: str

    @property
    def good(self) -> bool:
        return self.refresh_id == self.grant.refresh_id


def new_code(member_id: str) -> str:
    return f"{member_id}.{secrets.token_urlsafe(32)}"


def code_hash(text: str) -> str:
    return store.keyed_hash("grant-code", text)


def found_code(text: str) -> Code | None:
    member_id, _, secret = text.partition(".")
    if not secret or len(text) > 200:
        return None
    return reads.fetch_one(rows.code_read(member_id, code_hash(text)), consistent=True)


def new_refresh_id() -> str:
    return secrets.token_urlsafe(16)


def refresh_text(grant: Grant) -> str:
    named = f"{grant.member_id}.{grant.grant_id}.{grant.refresh_id}"
    return f"{named}.{_seal(named)}"


def found_refresh(text: str) -> Refresh | None:
    """A refresh token that we have made, living or not."""
    named, _, seal = text.rpartition(".")
    parts = named.split(".")
    genuine = len(parts) == 3 and hmac.compare_digest(seal.encode(), _seal(named).encode())
    if not genuine:
        return None
    grant = reads.fetch_one(rows.grant_read(parts[0], parts[1]), consistent=True)
    return None if grant is None else Refresh(grant, parts[2])


def end(member_id: str, grant_id: str, now: datetime, why: str) -> None:
    """The end of a grant and so of its whole family of tokens; one that has ended stays as it is."""
    with contextlib.suppress(rows.NotLiving):
        writes.commit(rows.grant_ended(member_id, grant_id, now))
        telemetry.log("grant_ended", level="warning", grant_id=grant_id, why=why)


def living_grant(member_id: str, grant_id: str, now: datetime) -> Grant | None:
    grant = reads.fetch_one(rows.grant_read(member_id, grant_id), consistent=True)
    return grant if grant is not None and grant.alive(now) else None


def active_member(member_id: str) -> Member | None:
    member = reads.fetch_one(store.member_read(member_id), consistent=True)
    return member if member is not None and member.status is Status.ACTIVE else None


def of_member(member: Member, grant_id: str, client_id: str, audience: str, scope: str, now: datetime) -> str:
    """An access token for what a member has granted an application."""
    claims = _claims(member.member_id, member.role.value, client_id, audience, scope, now)
    claims["grant"] = grant_id
    if member.merchant_id is not None:
        claims["merchant_id"] = member.merchant_id
    return auth.sign(claims, auth.ACCESS)


def of_machine(key_id: str, merchant_id: str, client_id: str, scopes: Sequence[str], now: datetime) -> str:
    """An access token for a partner's machine."""
    claims = _claims(key_id, Role.SERVICE.value, client_id, auth.AUDIENCE, " ".join(scopes), now)
    return auth.sign({**claims, "merchant_id": merchant_id}, auth.ACCESS)


def _claims(
    subject: str, role: str, client_id: str, audience: str, scope: str, now: datetime
) -> dict[str, Any]:
    issued = int(now.timestamp())
    return {
        "sub": subject,
        "role": role,
        "aud": audience,
        "client_id": client_id,
        "scope": scope,
        "iat": issued,
        "exp": issued + int(ACCESS_LIFE.total_seconds()),
        "jti": secrets.token_urlsafe(16),
    }


def _seal(named: str) -> str:
    return store.keyed_hash("refresh-token", named)
