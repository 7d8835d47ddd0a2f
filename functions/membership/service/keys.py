"""Changing how one gets in: the password, and the address or number by which one is reached.

All of it needs a session that was opened just now, but for the password, which may be changed by who knows it.
"""

import unicodedata
from dataclasses import replace
from datetime import datetime
from typing import Any

from entrepot.cloud import audit, reads, writes
from entrepot.cloud.auth import Principal
from entrepot.cloud.outbox import announce
from entrepot.cloud.writes import Write
from entrepot.contracts.membership import ContactChanged
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Busy, NotFound
from functions.membership import pwdlib_gateway, store
from functions.membership.domain import members
from functions.membership.domain.members import (
    CODE_ATTEMPTS,
    ContactTaken,
    InvalidCode,
    InvalidCredentials,
    Member,
)
from functions.membership.service import codes, contacts, ending, sessions, throttling
from functions.membership.service.contacts import Contact


def change_password(caller: Principal, current: str | None, wanted: str, now: datetime) -> None:
    """Another password; every other session of the member ends, and every grant of an application. Guesses count as
    guesses at signing in do.

    Raises: InvalidPassword, InvalidCredentials: not the current one. SignInAgain: an account that has none is given
    one by a fresh session only. TooManyAttempts, Busy.
    """
    spelled = members.password(wanted)
    member, password_hash = _account(caller.member_id)
    tried = throttling.attempt(member.member_id, "", now)
    if password_hash is None:
        sessions.fresh(caller, now)
    elif not pwdlib_gateway.matches(unicodedata.normalize("NFC", current or ""), password_hash):
        raise InvalidCredentials(field="current_password")
    fresh_hash = pwdlib_gateway.hashed(spelled)
    changed = replace(member, revision=member.revision + 1)
    audit.commit(
        "password.change",
        member.member_id,
        store.changed(changed, fresh_hash, member.revision, Busy()),
        throttling.forgotten(tried),
        *_codes_dropped(member.member_id),
        ending.password_changed(member.member_id, caller.session_id, now),
    )
    ending.end_all(caller.member_id, caller.session_id, now)


def ask_contact(caller: Principal, wanted: Contact, source: str, now: datetime) -> None:
    """Send a code to a new address or number. The answer is the same where another account has it.

    Raises: SignInAgain, TooManyAttempts.
    """
    sessions.fresh(caller, now)
    throttling.asking(CODE_ATTEMPTS, store.address_key(wanted), wanted, source, now)
    kept = contacts.sealed(wanted)
    asked = codes.asked(caller.member_id, "contact", contacts.channel(wanted), now, contact=kept)
    writes.commit(store.living(caller.member_id), *asked)


def confirm_contact(caller: Principal, digits: str, now: datetime) -> Member:
    """Be reached by the address or number that the code was sent to; its predecessor is free again, and codes that
    were sent to it open nothing any more.

    Raises: SignInAgain, InvalidCode, ContactTaken, Busy.
    """
    sessions.fresh(caller, now)
    member, password_hash = _account(caller.member_id)
    code = reads.fetch_one(store.code_read(member.member_id, store.CONTACT), consistent=True)
    wrong = InvalidCode(field="code")
    right = codes.spend(member.member_id, store.CONTACT, code, digits, now, wrong)
    assert right.contact is not None, "a code of this kind has its contact"
    wanted = contacts.opened(right.contact)
    channel = contacts.channel(wanted)
    before = member.email if channel == "email" else member.phone
    reached: dict[str, Any] = {channel: wanted.text}
    changed = replace(member, **reached, revision=member.revision + 1)
    event = ContactChanged(
        event_id=new_id("evt", now), occurred_at=now, member_id=member.member_id, channel=channel
    )
    key = store.address_key(wanted)
    moved = []
    if before is None or store.address_key(contacts.parsed(before)) != key:
        moved.append(store.claimed(key, member.member_id, ContactTaken()))
        if before is not None:
            moved.append(store.claim_dropped(store.address_key(contacts.parsed(before)), member.member_id))
    audit.commit(
        "contact.change",
        member.member_id,
        store.code_used(member.member_id, store.CONTACT, right.code_hash, wrong),
        store.changed(changed, password_hash, member.revision, Busy()),
        announce(event),
        *_codes_dropped(member.member_id),
        *moved,
    )
    return changed


def _codes_dropped(member_id: str) -> tuple[Write, Write]:
    """The end of the codes that let somebody in."""
    return store.code_dropped(member_id, store.PASSWORD), store.code_dropped(member_id, store.SIGN_IN)


def _account(member_id: str) -> tuple[Member, str | None]:
    found = reads.fetch_one(store.password_read(member_id), consistent=True)
    if found is None:
        raise NotFound
    return found
