"""Registering, and confirming an address or an invitation by a code. No answer tells whether an account
exists.

Every registration of an address that is not yet confirmed replaces password and code together, so a code
confirms the very password that was registered with it. Known and unknown addresses take the same requests and
one password hash; only the mail differs, and that goes to the address alone.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from entrepot.cloud import reads, writes
from entrepot.cloud.outbox import announce
from entrepot.cloud.writes import Write
from entrepot.contracts.membership import MemberRegistered, MemberVerified
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Busy
from functions.membership import pwdlib_gateway, store
from functions.membership.domain import members
from functions.membership.domain.members import (
    REGISTRATION_ATTEMPTS,
    REGISTRATION_CODE_LIFE,
    AlreadyStaff,
    Code,
    ConfirmFirst,
    Consent,
    InvalidCode,
    Member,
    Role,
    Status,
)
from functions.membership.service import codes, throttling
from functions.membership.service.contacts import Contact, channel

_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Application:
    """What somebody registers with. A number may do without a password: codes sign it in."""

    contact: Contact
    password: str | None
    locale: str
    consent: Consent | None


def application(
    contact: Contact, password: str | None, locale: str | None, consent: Consent | None
) -> Application:
    """Raises: InvalidPassword, InvalidLocale."""
    checked = None if password is None else members.password(password)
    return Application(contact, checked, members.locale(locale), consent)


def register(wanted: Application, source: str, now: datetime) -> None:
    """Ask for an account; a letter or a text message follows. The answer is the same for one that exists.

    Args: source: where on the network the request came from.
    Raises: TooManyAttempts (of this address or number, or from this source), Busy.
    """
    key = store.address_key(wanted.contact)
    throttling.asking(REGISTRATION_ATTEMPTS, key, wanted.contact, source, now)
    password_hash = None if wanted.password is None else pwdlib_gateway.hashed(wanted.password)
    for _ in range(_ROUNDS):
        try:
            writes.commit(*_registration(wanted, key, password_hash, now))
            return
        except store.Overtaken:  # another registration of this address came in between
            continue
    raise Busy


def send_again(contact: Contact, source: str, now: datetime) -> None:
    """Another code for a registration that waits for one; the answer is the same where none waits.

    Raises: TooManyAttempts (of this address or number, or from this source).
    """
    key = store.address_key(contact)
    throttling.asking(REGISTRATION_ATTEMPTS, key, contact, source, now)
    holder = reads.fetch_one(store.claim_read(key), consistent=True)
    nobody = store.nobody(key)
    member = reads.fetch_one(store.member_read(holder or nobody), consistent=True)
    waits = member is not None and member.status is Status.PENDING
    member_id = member.member_id if member is not None and waits else nobody
    writes.commit(*codes.asked(member_id, "registration", channel(contact), now))


def verify(contact: Contact, digits: str, now: datetime) -> Member:
    """Confirm an address or a number, or accept an invitation, by the code sent to it.

    A try is spent before the code is compared, so that guesses sent at once count as well.

    Raises: InvalidCode, ConfirmFirst, AlreadyStaff, Busy.
    """
    key = store.address_key(contact)
    member_id = reads.fetch_one(store.claim_read(key), consistent=True) or new_id("mbr", now)
    kinds = (store.REGISTRATION, store.INVITATION)
    found, *sent = reads.fetch(
        store.password_read(member_id), *(store.code_read(member_id, kind) for kind in kinds), consistent=True
    )
    alive = {kind: code for kind, code in zip(kinds, sent, strict=True) if code and code.alive(now)}
    writes.commit(*_tries(member_id, alive, now))
    for kind, code in alive.items():
        if codes.fits(code, member_id, kind, digits):
            member, password_hash = found
            confirmed = _confirmed(member, now) if kind == store.REGISTRATION else _joined(member, code)
            used = store.code_used(member_id, kind, code.code_hash, InvalidCode(field="code"))
            changed = store.changed(confirmed, password_hash, member.revision, Busy())
            joined = store.staff_joined(confirmed)
            writes.commit(used, changed, *joined, *_announcement(kind, member_id, now))
            return confirmed
    raise InvalidCode(field="code")


def _registration(
    wanted: Application, key: str, password_hash: str | None, now: datetime
) -> tuple[Write, ...]:
    member_id = reads.fetch_one(store.claim_read(key), consistent=True) or new_id("mbr", now)
    known = reads.fetch_one(store.member_read(member_id), consistent=True)
    event = MemberRegistered(
        event_id=new_id("evt", now),
        occurred_at=now,
        member_id=member_id,
        known=known is not None,
        channel=channel(wanted.contact),
    )
    if known is not None and known.status is Status.ACTIVE:
        return store.unchanged(known), announce(event)
    code = codes.made(member_id, store.REGISTRATION, event.event_id, now, REGISTRATION_CODE_LIFE)
    coded = store.code_set(member_id, store.REGISTRATION, code)
    fresh = _applied(known or pending(member_id, wanted.contact, wanted.locale, now), wanted)
    if known is None:
        return store.created(fresh, password_hash), store.claimed(key, member_id), coded, announce(event)
    renewed = replace(fresh, revision=known.revision + 1)
    return store.changed(renewed, password_hash, known.revision, store.Overtaken()), coded, announce(event)


def _applied(member: Member, wanted: Application) -> Member:
    marketing = wanted.consent is not None and wanted.consent.marketing
    return replace(
        member,
        **_reached(wanted.contact),
        locale=wanted.locale,
        consent=wanted.consent,
        preferences=replace(member.preferences, marketing=marketing),
    )


def pending(member_id: str, contact: Contact, locale: str, now: datetime) -> Member:
    """A new account, its address or number not yet confirmed."""
    bare = Member(member_id, None, Status.PENDING, Role.SHOPPER, locale, created_at=now, revision=1)
    return replace(bare, **_reached(contact))


def _reached(contact: Contact) -> dict[str, Any]:
    return {channel(contact): contact.text}


def _tries(member_id: str, alive: dict[str, Code], now: datetime) -> list[Write]:
    """One try less of each living code. Where none lives, as much work, refused as a wrong code is."""
    hashes = {kind: code.code_hash for kind, code in alive.items()} or {store.REGISTRATION: codes.NO_HASH}
    wrong = InvalidCode(field="code")
    return [store.try_spent(member_id, kind, code_hash, now, wrong) for kind, code_hash in hashes.items()]


def _confirmed(member: Member, now: datetime) -> Member:
    return replace(member, status=Status.ACTIVE, verified_at=now, revision=member.revision + 1)


def _joined(member: Member, invitation: Code) -> Member:
    """The member as staff of the merchant, or of the platform, that invited them.

    Raises: ConfirmFirst: an account whose password nobody has confirmed yet is given no role. AlreadyStaff.
    """
    if member.status is Status.PENDING:
        raise ConfirmFirst
    if member.role is not Role.SHOPPER:
        raise AlreadyStaff
    return replace(
        member,
        role=Role(invitation.role or Role.MERCHANT),
        merchant_id=invitation.merchant_id,
        revision=member.revision + 1,
    )


def _announcement(kind: str, member_id: str, now: datetime) -> tuple[Write, ...]:
    if kind != store.REGISTRATION:
        return ()
    event = MemberVerified(event_id=new_id("evt", now), occurred_at=now, member_id=member_id)
    return (announce(event),)
