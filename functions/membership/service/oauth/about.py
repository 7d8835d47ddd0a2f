"""What an application is told of who has signed in, by the scopes that were granted."""

from collections.abc import Collection
from typing import Any

from functions.membership.domain.members import Member


def claims(member: Member, scopes: Collection[str]) -> dict[str, Any]:
    """Standard claims (OpenID Connect Core, section 5.1)."""
    told: dict[str, Any] = {"sub": member.member_id}
    if "profile" in scopes:
        told["locale"] = member.locale
        if member.nickname is not None:
            told["nickname"] = member.nickname
    if "email" in scopes and member.email is not None:
        told |= {"email": member.email, "email_verified": member.verified_at is not None}
    return told
