"""Registering, and confirming an address or an invitation by a code. No answer tells whether an account
exists.

Every registration of an address that is not yet confirmed replaces password and code together, so a code
confirms the very password that was registered with it. Known and unknown addresses take the same requests and
one password hash; only the mail differs, and that goes to the address alone.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from entrepot.cloud import reads, writes
from entrepot.cloud.outbox import announce
from entrepot.cloud.writes import Write
from entrepot.contracts.membership import MemberRegistered, MemberVerified
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Busy
from functions.membership import pwdlib_gateway, store
from functions.membership.domain import members
from functions.membership.domain.addresses import Email, email
from functions.membership.domain.members import (
    REGISTRATION_ATTEMPTS,
    REGISTRATION_CODE_LIFE,
    AlreadyStaff,
    Code,
    ConfirmFirst,
    InvalidCode,
    Member,
    Role,
    Status,
)
from functions.membership.service import codes

_ROUNDS: Final = 3
_NO_HASH: Final = "-"


def register(address_text: str, password_text: str, locale: str | None, now: datetime) -> Email:
    """Ask for an account; a letter follows. The answer is the same for an address that has one.

    Raises: InvalidEmail, InvalidPassword, InvalidLocale, TooManyAttempts (of this address), Busy.
    """
    address = email(address_text)
    password = members.password(password_text)
    spoken = members.locale(locale)
    key = store.address_key(address)
    writes.commit(store.attempted(REGISTRATION_ATTEMPTS, key, now))
    password_hash = pwdlib_gateway.hashed(password)
    for _ in range(_ROUNDS):
        try:
            writes.commit(*_registration(address, key, password_hash, spoken, now))
            return address
        except store.Overtaken:  # another registration of this address came in between
            continue
    raise Busy


def verify(address_text: str, digits: str, now: datetime) -> Member:
    """Confirm an address, or accept an invitation, by the code mailed to it.

    A try is spent before the code is compared, so that guesses sent at once count as well.

    Raises: InvalidEmail, InvalidCode, ConfirmFirst, AlreadyStaff, Busy.
    """
    key = store.address_key(email(address_text))
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
            writes.commit(used, changed, *_announcement(kind, member_id, now))
            return confirmed
    raise InvalidCode(field="code")


def _registration(
    address: Email, key: str, password_hash: str, locale: str, now: datetime
) -> tuple[Write, ...]:
    member_id = reads.fetch_one(store.claim_read(key), consistent=True) or new_id("mbr", now)
    known = reads.fetch_one(store.member_read(member_id), consistent=True)
    event = MemberRegistered(
        event_id=new_id("evt", now), occurred_at=now, member_id=member_id, known=known is not None
    )
    if known is not None and known.status is Status.ACTIVE:
        return store.unchanged(known), announce(event)
    code = codes.made(member_id, store.REGISTRATION, event.event_id, now, REGISTRATION_CODE_LIFE)
    coded = store.code_set(member_id, store.REGISTRATION, code)
    if known is None:
        member = pending(member_id, address, locale, now)
        return store.created(member, password_hash), store.claimed(key, member_id), coded, announce(event)
    member = replace(known, email=address.text, locale=locale, revision=known.revision + 1)
    changed = store.changed(member, password_hash, known.revision, store.Overtaken())
    return changed, coded, announce(event)


def pending(member_id: str, address: Email, locale: str, now: datetime) -> Member:
    """A new account, its address not yet confirmed."""
    return Member(member_id, address.text, Status.PENDING, Role.SHOPPER, locale, created_at=now, revision=1)


def _tries(member_id: str, alive: dict[str, Code], now: datetime) -> list[Write]:
    """One try less of each living code. Where none lives, as much work, refused as a wrong code is."""
    hashes = {kind: code.code_hash for kind, code in alive.items()} or {store.REGISTRATION: _NO_HASH}
    wrong = InvalidCode(field="code")
    return [store.try_spent(member_id, kind, code_hash, now, wrong) for kind, code_hash in hashes.items()]


def _confirmed(member: Member, now: datetime) -> Member:
    return replace(member, status=Status.ACTIVE, verified_at=now, revision=member.revision + 1)


def _joined(member: Member, invitation: Code) -> Member:
    """The member as staff of the merchant that invited them.

    Raises: ConfirmFirst: an account whose password nobody has confirmed yet is given no role. AlreadyStaff.
    """
    if member.status is Status.PENDING:
        raise ConfirmFirst
    if member.role is not Role.SHOPPER:
        raise AlreadyStaff
    return replace(
        member, role=Role.MERCHANT, merchant_id=invitation.merchant_id, revision=member.revision + 1
    )


def _announcement(kind: str, member_id: str, now: datetime) -> tuple[Write, ...]:
    if kind != store.REGISTRATION:
        return ()
    event = MemberVerified(event_id=new_id("evt", now), occurred_at=now, member_id=member_id)
    return (announce(event),)
