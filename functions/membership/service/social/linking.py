"""Linking an account to one at a provider, and unlinking it: in a session opened just now, and never the last way in.

Each of them raises the member's revision, so that of two that are sent at once one looks again.
"""

from dataclasses import replace
from datetime import datetime

from entrepot.cloud import audit, reads
from entrepot.cloud.auth import Principal
from entrepot.cloud.writes import Write
from entrepot.kernel.refusals import Busy, NotFound
from functions.membership import store
from functions.membership.domain.members import Member
from functions.membership.domain.social import (
    AlreadyLinked,
    IdentityTaken,
    LastWayIn,
    LinkedIdentity,
    Purpose,
    way_in_without,
)
from functions.membership.service import sessions
from functions.membership.service.social import flows
from functions.membership.service.social.signing_in import holder_of, linked
from functions.membership.store import social as rows


def begin(caller: Principal, provider_id: str, return_to: str, source: str, now: datetime) -> flows.Begun:
    """Send a member's browser to a provider, to link the account there.

    Raises: SignInAgain, UnknownProvider, InvalidReturnTo, ProviderUnavailable, TooManyAttempts.
    """
    sessions.fresh(caller, now)
    return flows.begin(provider_id, Purpose.LINK, return_to, source, caller.member_id, now)


def link(caller: Principal, ticket: str, binding: str, now: datetime) -> LinkedIdentity:
    """From now on, who signs in at the provider so is this member.

    The account is read before the provider is asked, and the commit is held to what was read: so a code is not shown
    for an account that has gone, nor is anything linked to one that was changed meanwhile.

    Raises: NotFound, SignInAgain, FlowInvalid, ProviderRefused, ProviderUnavailable, IdentityNotProven, IdentityTaken,
    AlreadyLinked, Busy.
    """
    sessions.fresh(caller, now)
    member, password_hash = _account(caller)
    flow, identity = flows.proven(ticket, binding, Purpose.LINK, caller.member_id, now)
    holder = holder_of(identity)
    if holder is not None:
        raise AlreadyLinked if holder == member.member_id else IdentityTaken
    added = linked(identity, now)
    audit.commit(
        "identity.link",
        member.member_id,
        _changed(member, password_hash),
        *rows.identity_linked(member.member_id, added),
        flows.done(flow),
        role=member.role.value,
    )
    return added


def unlink(caller: Principal, provider_id: str, now: datetime) -> None:
    """Raises: SignInAgain, NotFound: nothing of this provider is linked. LastWayIn, Busy."""
    sessions.fresh(caller, now)
    member, password_hash = _account(caller)
    held = listed(caller)
    gone = next((identity for identity in held if identity.provider_id == provider_id), None)
    if gone is None:
        raise NotFound
    if not way_in_without(provider_id, member, password_hash is not None, held):
        raise LastWayIn
    audit.commit(
        "identity.unlink",
        member.member_id,
        _changed(member, password_hash),
        *rows.identity_unlinked(member.member_id, gone),
        role=member.role.value,
    )


def listed(caller: Principal) -> list[LinkedIdentity]:
    return rows.identities(caller.member_id)


def _changed(member: Member, password_hash: str | None) -> Write:
    changed = replace(member, revision=member.revision + 1)
    return store.changed(changed, password_hash, member.revision, Busy())


def _account(caller: Principal) -> tuple[Member, str | None]:
    found = reads.fetch_one(store.password_read(caller.member_id), consistent=True)
    if found is None:
        raise NotFound
    return found
