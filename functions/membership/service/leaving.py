"""The end of an account. The request takes the account and its claims away, in one transaction with the event that
says so; whatever else stands under the member's key goes when the event is heard. Nobody is left who could sign in,
and whoever registers with the address afterwards is somebody new.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Final

from entrepot.cloud import reads, writes
from entrepot.cloud.auth import Principal
from entrepot.cloud.outbox import announce
from entrepot.cloud.writes import Write
from entrepot.contracts.membership import MemberErased
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import NotFound
from functions.membership import store
from functions.membership.domain.backoff import SIGN_IN
from functions.membership.domain.members import Member
from functions.membership.service import contacts, factors, sessions
from functions.membership.store import oauth as grants
from functions.membership.store import social

_AT_ONCE: Final = 60  # rows in one transaction


def leaving(caller: Principal, otp: str | None, now: datetime) -> tuple[Member, list[Write]]:
    """Who leaves, and the writes with which they are gone, for the transaction that says why.

    Raises: SignInAgain, NotFound, SecondFactorRequired, InvalidOtp, TooManyAttempts, LastOwner; at commit LastOwner
    and Busy.
    """
    sessions.fresh(caller, now)
    member, factor = reads.fetch(
        store.member_read(caller.member_id), store.factor_read(caller.member_id), consistent=True
    )
    if member is None:
        raise NotFound
    left = store.staff_left(member)
    factors.spend(member.member_id, factor, otp, "member.erase", now)
    identities = social.identities(member.member_id)
    keys = [store.address_key(contacts.parsed(text)) for text in (member.email, member.phone) if text]
    return member, [
        store.removed(member),
        *(store.claim_dropped(key, member.member_id) for key in keys),
        *(store.failures_forgotten(SIGN_IN, key) for key in keys),
        *(gone for each in identities for gone in social.identity_unlinked(member.member_id, each)),
        *left,
        told(member.member_id, member.merchant_id, now),
    ]


def told(member_id: str, merchant_id: str | None, now: datetime) -> Write:
    """What tells every context, in the first place or again."""
    event = MemberErased(
        event_id=new_id("evt", now), occurred_at=now, member_id=member_id, merchant_id=merchant_id
    )
    return announce(event)


def on_member_erased(event: MemberErased, handled: Write, now: datetime) -> None:
    """Drop all that stands under the member's key, and end the keys that they made: they have seen their secrets."""
    if event.merchant_id:
        for state in grants.keys(event.merchant_id):
            if state.key.created_by == event.member_id and not state.revoked:
                with suppress(NotFound):
                    writes.commit(grants.key_revoked(event.merchant_id, state.key.key_id, now))
    for some in _parts(store.traces(event.member_id)):
        writes.commit(*store.traces_dropped(event.member_id, some))
    writes.commit(handled)


def left_of(member_id: str) -> bool:
    """Whether anything stands under a member's key."""
    return bool(store.traces(member_id))


def _parts(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]
