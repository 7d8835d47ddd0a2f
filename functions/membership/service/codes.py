"""Codes sent by mail: derived from the event that asks for the mail, kept as a keyed hash.

So a code stands in no log, event or row, its row is written in the transaction of its cause, and an event
that is delivered twice sends the same code.
"""

import hmac
from datetime import datetime, timedelta

from functions.membership import store
from functions.membership.domain.members import CODE_DIGITS, CODE_TRIES, Code


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
) -> Code:
    """The code of an event as it is kept."""
    expires_at = int((now + life).timestamp())
    return Code(_sealed(member_id, kind, derived(event_id)), CODE_TRIES, expires_at, merchant_id, role)


def fits(code: Code, member_id: str, kind: str, digits: str) -> bool:
    return hmac.compare_digest(code.code_hash, _sealed(member_id, kind, digits))


def _sealed(member_id: str, kind: str, digits: str) -> str:
    return store.keyed_hash("sealed-code", f"{member_id}:{kind}:{digits}")
