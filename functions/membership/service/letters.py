"""Letters that events ask for. A letter may go out twice, after a failure between sending and recording; it
then says the same, for its code is derived from the event.
"""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from entrepot.cloud import reads, telemetry, writes
from entrepot.cloud.inbox import AlreadyHandled
from entrepot.cloud.writes import Write
from entrepot.contracts.membership import MemberRegistered, StaffInvited
from functions.membership import ses_gateway, store
from functions.membership.domain.members import DEFAULT_LOCALE, Code, Member, Status
from functions.membership.service import codes

_CATALOGUE: Final = Path(__file__).parents[1] / "data" / "letters.json"


class Letter(msgspec.Struct, frozen=True):
    """A letter in one language; `{code}` and `{merchant}` stand for what they name."""

    subject: str
    text: str


def on_member_registered(event: MemberRegistered, handled: Write, now: datetime) -> None:
    """Send the registration's code, or tell who has an account that they have one."""
    member, code, done = reads.fetch(
        store.member_read(event.member_id),
        store.code_read(event.member_id, store.REGISTRATION),
        store.handled_read(handled),
        consistent=True,
    )
    if done:
        raise AlreadyHandled
    digits = codes.derived(event.event_id)
    if event.known and member.status is Status.ACTIVE:
        send("known", member)
    elif _current(code, event.member_id, store.REGISTRATION, digits, now):
        send("registration", member, code=digits)
    else:
        telemetry.log("letter_superseded", event_id=event.event_id)
    writes.commit(handled)


def on_staff_invited(event: StaffInvited, handled: Write, now: datetime) -> None:
    """Send the invitation's code."""
    member, code, merchant, done = reads.fetch(
        store.member_read(event.member_id),
        store.code_read(event.member_id, store.INVITATION),
        store.merchant_read(event.merchant_id),
        store.handled_read(handled),
        consistent=True,
    )
    if done:
        raise AlreadyHandled
    digits = codes.derived(event.event_id)
    if _current(code, event.member_id, store.INVITATION, digits, now):
        send("invitation", member, code=digits, merchant=merchant.name)
    else:
        telemetry.log("letter_superseded", event_id=event.event_id)
    writes.commit(handled)


def send(kind: str, member: Member, **facts: str) -> None:
    letter = letters()[kind].get(_language(member.locale)) or letters()[kind][DEFAULT_LOCALE]
    ses_gateway.send(member.email, letter.subject.format(**facts), letter.text.format(**facts))


@cache
def letters() -> dict[str, dict[str, Letter]]:
    """Every letter by kind and language."""
    return msgspec.json.decode(_CATALOGUE.read_bytes(), type=dict[str, dict[str, Letter]])


def _current(code: Code | None, member_id: str, kind: str, digits: str, now: datetime) -> bool:
    """Whether the code of this event is still the one that counts."""
    return code is not None and code.alive(now) and codes.fits(code, member_id, kind, digits)


def _language(locale: str) -> str:
    return locale.partition("-")[0].lower()
