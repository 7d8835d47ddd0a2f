"""Codes sent by mail or text message: derived from the event that asks for them, kept as a keyed hash.

So a code stands in no log, event or row, its row is written in the transaction of its cause, and an event
that is delivered twice sends the same code.
"""

import hmac
from datetime import datetime, timedelta
from typing import Final, Literal

from entrepot.cloud import writes
from entrepot.cloud.outbox import announce
from entrepot.cloud.writes import Write
from entrepot.contracts.membership import CodeRequested
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Refusal
from functions.membership import store
from functions.membership.domain.members import (
    CODE_DIGITS,
    CODE_TRIES,
    CONTACT_CODE_LIFE,
    PASSWORD_CODE_LIFE,
    REGISTRATION_CODE_LIFE,
    SIGN_IN_CODE_LIFE,
    Code,
)

Channel = Literal["email", "phone"]
Purpose = Literal["registration", "sign-in", "contact", "password"]

LIVES: Final = {
    store.REGISTRATION: REGISTRATION_CODE_LIFE,
    store.SIGN_IN: SIGN_IN_CODE_LIFE,
    store.CONTACT: CONTACT_CODE_LIFE,
    store.PASSWORD: PASSWORD_CODE_LIFE,
}
NO_HASH: Final = "-"


def derived(event_id: str) -> str:
    """The six digits that belong to an event."""
    number = int(store.keyed_hash("code", event_id), 16) % 10**CODE_DIGITS
    return f"{number:0{CODE_DIGITS}}"


def made(
    member_id: str,
    kind: str,
    event_id: str,
    now: datetime,
    life: timedelta,
    merchant_id: str | None = None,
    role: str | None = None,
    contact: str | None = None,
) -> Code:
    """The code of an event as it is kept."""
    expires_at = int((now + life).timestamp())
    return Code(
        _sealed(member_id, kind, derived(event_id)), CODE_TRIES, expires_at, merchant_id, role, contact
    )


def asked(
    member_id: str, purpose: Purpose, channel: Channel, now: datetime, contact: str | None = None
) -> tuple[Write, Write]:
    """A code and the event that has it sent. The same two writes for nobody's id, so that an unknown number costs
    what a known one does; that code is of no use and expires.
    """
    event = CodeRequested(
        event_id=new_id("evt", now), occurred_at=now, member_id=member_id, purpose=purpose, channel=channel
    )
    kind = f"code#{purpose}"
    code = made(member_id, kind, event.event_id, now, LIVES[kind], contact=contact)
    return store.code_set(member_id, kind, code), announce(event)


def spend(member_id: str, kind: str, code: Code | None, digits: str, now: datetime, wrong: Refusal) -> Code:
    """The code, if `digits` are it. A try is spent before they are compared, so that guesses sent at once count too;
    where there is no code, as much is done.

    Raises: `wrong`.
    """
    alive = code is not None and code.alive(now)
    kept = code.code_hash if code is not None and alive else NO_HASH
    writes.commit(store.try_spent(member_id, kind, kept, now, wrong))
    if code is None or not fits(code, member_id, kind, digits):
        raise wrong
    return code


def fits(code: Code, member_id: str, kind: str, digits: str) -> bool:
    return hmac.compare_digest(code.code_hash, _sealed(member_id, kind, digits))


def _sealed(member_id: str, kind: str, digits: str) -> str:
    return store.keyed_hash("sealed-code", f"{member_id}:{kind}:{digits}")
