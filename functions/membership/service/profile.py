"""The member's own account, as its member reads and edits it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from entrepot.cloud import reads, writes
from entrepot.cloud.call import Stale
from entrepot.kernel.refusals import NotFound
from functions.membership import store
from functions.membership.domain import members
from functions.membership.domain.members import Member


def read(member_id: str) -> Member:
    """Raises: NotFound."""
    member = reads.fetch_one(store.member_read(member_id), consistent=True)
    if member is None:
        raise NotFound
    return member


def edit(member_id: str, seen: int, changes: Mapping[str, Any]) -> Member:
    """The member with another locale, nickname or preferences, where its revision is still the one seen.

    Args: changes: `locale`, `nickname`, `preferences` or some of them; a nickname of None is none.
    Raises: NotFound, Stale, InvalidLocale, InvalidNickname.
    """
    found = reads.fetch_one(store.password_read(member_id), consistent=True)
    if found is None:
        raise NotFound
    member, password_hash = found
    if member.revision != seen:
        raise Stale(field="If-Match")
    edited = replace(
        member,
        locale=members.locale(changes.get("locale", member.locale)),
        nickname=members.nickname(changes.get("nickname", member.nickname)),
        preferences=changes.get("preferences", member.preferences),
        revision=seen + 1,
    )
    writes.commit(store.changed(edited, password_hash, seen, Stale(field="If-Match")))
    return edited
