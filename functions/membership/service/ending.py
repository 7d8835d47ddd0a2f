"""The end of what lets somebody in: a member's sessions, and the grants that applications hold of them.

A change of the password says so in its own transaction (`PasswordChanged`). What is to end then ends at once, and
again when the event is heard: so nothing is left over where a function died in between.
"""

from datetime import datetime

from entrepot.cloud import writes
from entrepot.cloud.outbox import announce
from entrepot.cloud.writes import Write
from entrepot.contracts.membership import PasswordChanged
from entrepot.kernel.ids import new_id, time_of
from functions.membership import store
from functions.membership.service import sessions
from functions.membership.service.oauth import tokens
from functions.membership.store import oauth as grants


def password_changed(member_id: str, kept: str | None, now: datetime) -> Write:
    """What says that a password is another one. `kept`: the session in which it was changed, which goes on."""
    event = PasswordChanged(
        event_id=new_id("evt", now), occurred_at=now, member_id=member_id, kept_session_id=kept
    )
    return announce(event)


def end_all(member_id: str, kept: str | None, now: datetime) -> None:
    """End every session of a member but one, every code that a grant could still begin with, and every grant.

    In this order: a session gives codes, and a code that is exchanged meanwhile has become a grant.
    """
    for session in store.every_session(member_id):
        if session.session_id != kept:
            sessions.end(member_id, session.session_id, now)
    for code in grants.unused_codes(member_id):
        writes.commit(code.dropped)
    for grant in grants.living_grants(member_id):
        tokens.end(member_id, grant.grant_id, now, "the password was changed")


def on_password_changed(event: PasswordChanged, handled: Write, now: datetime) -> None:
    """End what was open before the password changed and is open still; what came afterwards stays."""
    for session in store.every_session(event.member_id):
        if session.session_id != event.kept_session_id and time_of(session.session_id) < event.occurred_at:
            sessions.end(event.member_id, session.session_id, now)
    for code in grants.unused_codes(event.member_id):
        if time_of(code.grant_id) < event.occurred_at:
            writes.commit(code.dropped)
    for grant in grants.living_grants(event.member_id):
        if time_of(grant.grant_id) < event.occurred_at:
            tokens.end(event.member_id, grant.grant_id, now, "the password was changed")
    writes.commit(handled)
