"""Letters and text messages that events ask for. One may go out twice, after a failure between sending and
recording; it then says the same, for its code is derived from the event.
"""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from entrepot.cloud import reads, telemetry, writes
from entrepot.cloud.inbox import AlreadyHandled
from entrepot.cloud.writes import Write
from entrepot.contracts.membership import CodeRequested, MemberRegistered, StaffInvited
from entrepot.contracts.permissions import permitted
from entrepot.contracts.settlement import DestinationChanged
from functions.membership import ses_gateway, sns_gateway, store
from functions.membership.domain.addresses import Email
from functions.membership.domain.members import DEFAULT_LOCALE, Code, Member, Status
from functions.membership.service import codes, contacts
from functions.membership.service.contacts import Contact

_SETS_PAYOUTS: Final = "destinations.write"
_PLATFORM: Final = "Entrepot"
_CATALOGUE: Final = Path(__file__).parents[1] / "data" / "letters.json"
_TEXTS: Final = Path(__file__).parents[1] / "data" / "texts.json"


class Letter(msgspec.Struct, frozen=True):
    """A letter in one language, or a text message, which has no subject. Words in braces stand for facts."""

    text: str
    subject: str = ""


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
    if member is None:  # they have left meanwhile
        writes.commit(handled)
        return
    to = _reached(member, event.channel)
    if event.known and member.status is Status.ACTIVE:
        send("known", to, member.locale)
    elif _current(code, event.member_id, store.REGISTRATION, digits, now):
        send("registration", to, member.locale, code=digits)
    else:
        telemetry.log("letter_superseded", event_id=event.event_id)
    writes.commit(handled)


def on_staff_invited(event: StaffInvited, handled: Write, now: datetime) -> None:
    """Send the invitation's code."""
    member, code, done, *merchants = reads.fetch(
        store.member_read(event.member_id),
        store.code_read(event.member_id, store.INVITATION),
        store.handled_read(handled),
        *([store.merchant_read(event.merchant_id)] if event.merchant_id else []),
        consistent=True,
    )
    if done:
        raise AlreadyHandled
    digits = codes.derived(event.event_id)
    if member is not None and _current(code, event.member_id, store.INVITATION, digits, now):
        name = merchants[0].name if merchants else _PLATFORM
        send("invitation", _reached(member, "email"), member.locale, code=digits, merchant=name)
    else:
        telemetry.log("letter_superseded", event_id=event.event_id)
    writes.commit(handled)


def on_code_requested(event: CodeRequested, handled: Write, now: datetime) -> None:
    """Send a code that was asked for; nothing where the account that it was asked for is none, or not ready for it."""
    kind = f"code#{event.purpose}"
    member, code, done = reads.fetch(
        store.member_read(event.member_id),
        store.code_read(event.member_id, kind),
        store.handled_read(handled),
        consistent=True,
    )
    if done:
        raise AlreadyHandled
    digits = codes.derived(event.event_id)
    waits = member is not None and (member.status is Status.PENDING) == (event.purpose == "registration")
    if waits and _current(code, event.member_id, kind, digits, now):
        changes = event.purpose == "contact"
        to = contacts.opened(code.contact) if changes else _reached(member, event.channel)
        send(event.purpose, to, member.locale, code=digits)
    else:
        telemetry.log("letter_superseded", event_id=event.event_id)
    writes.commit(handled)


def on_destination_changed(event: DestinationChanged, handled: Write, now: datetime) -> None:
    """Tell everyone of a merchant who may say where its payouts go that somebody did, or that one came back."""
    merchant, done = reads.fetch(
        store.merchant_read(event.merchant_id), store.handled_read(handled), consistent=True
    )
    if done:
        raise AlreadyHandled
    told = [
        member_id for member_id, role in store.staff_of(event.merchant_id) if permitted(role, _SETS_PAYOUTS)
    ]
    members: list[Member | None] = reads.fetch(*(store.member_read(each) for each in told)) if told else []
    for member in members:
        if member is not None and merchant is not None and member.status is Status.ACTIVE:
            send(
                "payout_returned" if event.stopped else "payouts_moved",
                _reached(member, "email" if member.email else "phone"),
                member.locale,
                merchant=merchant.name,
                currency=event.currency,
                usable_from=event.usable_from[:16].replace("T", " "),
            )
    writes.commit(handled)


def send(kind: str, to: Contact, locale: str, **facts: str) -> None:
    """A letter to an address, a text message to a number."""
    catalogue = letters() if isinstance(to, Email) else texts()
    letter = catalogue[kind].get(_language(locale)) or catalogue[kind][DEFAULT_LOCALE]
    if isinstance(to, Email):
        ses_gateway.send(to.text, letter.subject.format(**facts), letter.text.format(**facts))
    else:
        sns_gateway.send(to.text, letter.text.format(**facts))


def _reached(member: Member, channel: codes.Channel) -> Contact:
    text = member.email if channel == "email" else member.phone
    assert text is not None, "a member is written to by what they have"
    return contacts.parsed(text)


@cache
def letters() -> dict[str, dict[str, Letter]]:
    """Every letter by kind and language."""
    return msgspec.json.decode(_CATALOGUE.read_bytes(), type=dict[str, dict[str, Letter]])


@cache
def texts() -> dict[str, dict[str, Letter]]:
    """Every text message by kind and language."""
    return msgspec.json.decode(_TEXTS.read_bytes(), type=dict[str, dict[str, Letter]])


def _current(code: Code | None, member_id: str, kind: str, digits: str, now: datetime) -> bool:
    """Whether the code of this event is still the one that counts."""
    return code is not None and code.alive(now) and codes.fits(code, member_id, kind, digits)


def _language(locale: str) -> str:
    return locale.partition("-")[0].lower()
