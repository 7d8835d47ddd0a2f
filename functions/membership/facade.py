"""What other contexts and the seed of a stage may call. Values and reads, never rows.

Who calls a route is known from its token (`entrepot.cloud.auth`); no context asks here for that.
"""

from datetime import datetime
from typing import Any

from entrepot.cloud.auth import Principal
from entrepot.cloud.writes import Write
from functions.membership.domain.members import Member
from functions.membership.domain.merchants import Merchant
from functions.membership.service.oauth.keys import principal as key_holder
from functions.membership.service.seeding import seed_account, seed_merchant
from functions.membership.store import merchant_read

__all__ = [
    "Merchant",
    "erasure_told",
    "fresh",
    "held_about",
    "key_holder",
    "leaving",
    "left_of",
    "merchant_read",
    "seed_account",
    "seed_merchant",
]


def fresh(caller: Principal, now: datetime) -> None:
    """Raises: SignInAgain: the caller's session was opened too long ago, or has ended."""
    from functions.membership.service import sessions

    sessions.fresh(caller, now)


def leaving(caller: Principal, otp: str | None, now: datetime) -> tuple[Member, list[Write]]:
    """Who leaves, and the writes with which the account is gone and every context is told.

    Raises: SignInAgain, NotFound, SecondFactorRequired, InvalidOtp, TooManyAttempts, LastOwner; at commit LastOwner
    and Busy.
    """
    from functions.membership.service import leaving

    return leaving.leaving(caller, otp, now)


def erasure_told(member_id: str, merchant_id: str | None, now: datetime) -> Write:
    """What tells every context again that a member has left."""
    from functions.membership.service import leaving

    return leaving.told(member_id, merchant_id, now)


def left_of(member_id: str) -> bool:
    """Whether anything is kept of an account that is gone."""
    from functions.membership.service import leaving

    return leaving.left_of(member_id)


def held_about(member_id: str) -> dict[str, Any]:
    """What is held about a member, for that member: sections by name, without secrets."""
    from functions.membership.service import telling

    return telling.held_about(member_id)
