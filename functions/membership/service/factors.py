"""The second factor: setting it up, showing it when signing in, removing it.

Who works for the platform needs one, but on a stage whose data says otherwise (`ENTREPOT_STAFF_SECOND_FACTOR`). Until
they have it, their tokens bear the role `unenrolled`, which may do nothing but set it up.
"""

import base64
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entrepot.cloud import audit, aws, reads, seal, writes
from entrepot.cloud.auth import Principal
from entrepot.cloud.writes import Write
from entrepot.contracts.permissions import UNENROLLED
from entrepot.kernel.refusals import NotFound
from functions.membership import store
from functions.membership.domain import totp
from functions.membership.domain.members import Member
from functions.membership.domain.totp import (
    DIGITS,
    AlreadyEnrolled,
    InvalidOtp,
    NotEnrolled,
    SecondFactor,
    SecondFactorKept,
    SecondFactorRequired,
)
from functions.membership.service import throttling

_PURPOSE: Final = "membership-totp"
_ON_ONE_MACHINE: Final = ("local", "test")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret to be typed or scanned into an app. Shown once."""

    secret: str
    address: str


def needed(member: Member) -> bool:
    """Whether this member may do nothing before they have a second factor."""
    default = "optional" if aws.STAGE in _ON_ONE_MACHINE else "required"
    wanted = os.environ.get("ENTREPOT_STAFF_SECOND_FACTOR") or default
    return member.role.of_platform and wanted != "optional"


def role_of(member: Member, factor: SecondFactor | None) -> str:
    """The role that a token of this member bears."""
    enrolled = factor is not None and factor.confirmed
    return UNENROLLED if needed(member) and not enrolled else member.role.value


def offer(caller: Principal) -> Enrolment:
    """A new secret; it counts once a code of it is sent. Raises: NotFound, AlreadyEnrolled."""
    member = reads.fetch_one(store.member_read(caller.member_id), consistent=True)
    if member is None:
        raise NotFound
    secret = secrets.token_bytes(totp.SECRET_BYTES)
    sealed = seal.sealed(base64.b64encode(secret).decode(), _PURPOSE)
    writes.commit(store.living(member.member_id), store.factor_offered(member.member_id, sealed))
    account = member.email or member.phone or member.member_id
    return Enrolment(totp.text_of(secret), totp.address_of(secret, account))


def confirm(caller: Principal, code: str, now: datetime) -> list[str]:
    """The recovery codes, shown once, for the first code of a new secret.

    Raises: NotEnrolled, AlreadyEnrolled, InvalidOtp.
    """
    factor = reads.fetch_one(store.factor_read(caller.member_id), consistent=True)
    if factor is None:
        raise NotEnrolled
    if factor.confirmed:
        raise AlreadyEnrolled
    used = _used(caller.member_id, factor, code, now)
    recovery = [_recovery_code() for _ in range(totp.RECOVERY_CODES)]
    writes.commit(used, *(store.recovery_set(caller.member_id, one) for one in recovery))
    return recovery


def remove(caller: Principal, otp: str, now: datetime) -> None:
    """Do without a second factor, for who has it.

    Raises: NotFound, NotEnrolled, SecondFactorKept, InvalidOtp, TooManyAttempts.
    """
    member, factor = reads.fetch(
        store.member_read(caller.member_id), store.factor_read(caller.member_id), consistent=True
    )
    if member is None:
        raise NotFound
    if factor is None or not factor.confirmed:
        raise NotEnrolled
    if needed(member):
        raise SecondFactorKept
    spend(member.member_id, factor, otp, "second_factor.remove", now)
    audit.commit(
        "second_factor.remove",
        member.member_id,
        store.factor_removed(member.member_id, NotEnrolled()),
        *store.recovery_dropped(member.member_id),
        role=member.role.value,
    )


def shown(member_id: str, factor: SecondFactor | None, otp: str | None, now: datetime) -> list[Write]:
    """What a sign-in has to write for its second factor; nothing for who has none.

    Raises: SecondFactorRequired, InvalidOtp, and the latter at commit for a code used at the same moment.
    """
    if factor is None or not factor.confirmed:
        return []
    if otp is None:
        raise SecondFactorRequired
    return [_shown(member_id, factor, otp, now)]


def spend(member_id: str, factor: SecondFactor | None, otp: str | None, action: str, now: datetime) -> None:
    """Show a second factor by itself, before what it is asked for; nothing for who has none. Guesses count as guesses
    at signing in do.

    Args: action: what it is shown for, in the audit's words.
    Raises: SecondFactorRequired, InvalidOtp, TooManyAttempts.
    """
    if factor is None or not factor.confirmed:
        return
    if otp is None:
        raise SecondFactorRequired
    tried = throttling.attempt(member_id, "", now)
    try:
        writes.commit(_shown(member_id, factor, otp, now), throttling.forgotten(tried))
    except InvalidOtp:
        throttling.failed(tried, member_id, now, action)
        raise


def _shown(member_id: str, factor: SecondFactor, otp: str, now: datetime) -> Write:
    if len(otp) == DIGITS:
        return _used(member_id, factor, otp, now)
    return store.recovery_used(member_id, otp.replace("-", "").lower(), InvalidOtp(field="otp"))


def _used(member_id: str, factor: SecondFactor, code: str, now: datetime) -> Write:
    secret = base64.b64decode(seal.opened(factor.sealed_secret, _PURPOSE))
    step = totp.matching_step(secret, code, now, factor.last_step)
    if step is None:
        raise InvalidOtp(field="otp")
    return store.factor_used(member_id, factor, step, InvalidOtp(field="otp"))


def _recovery_code() -> str:
    """Ten letters and digits of base 32: fifty bits that nobody guesses."""
    return base64.b32encode(secrets.token_bytes(7)).decode().lower()[:10]
