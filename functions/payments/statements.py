"""Statements of the bank: taken in by a job, each entry once, and what is nobody's put before a person.

An entry, the due that it pays and what has to go back are one transaction. What that means for the payment is merged
afterwards, as a webhook is, and again whenever the statement comes again: a job that died half way is made whole by its
next try.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time
from difflib import SequenceMatcher
from typing import Final, Literal

import msgspec

from entrepot.cloud import aws, reads, telemetry, writes
from entrepot.cloud.outbox import announce
from entrepot.contracts.payments import BankTransferBooked, ReceiptBooked, ReceiptReturned
from entrepot.kernel.ids import new_id
from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import Busy, Kind, NotFound, Refusal
from functions.payments import bank_files, bank_gateway, bank_store, service
from functions.payments.domain import bank
from functions.payments.domain.bank import Due, Entry, Work
from functions.payments.domain.movements import Moved, Movement
from functions.payments.domain.reference import is_reference, references_in
from functions.payments.gateway import Declined

QUEUE: Final = "payments-statements"
PROVIDER: Final = "bank"
_PAYOUT: Final = re.compile(r"\b(?:pot_|POT)([0-7][0-9A-HJKMNP-TV-Z]{25})\b")
"""How a transfer of ours names the payout that it is, in its remittance information or as its end-to-end id."""
MOST_CHARACTERS: Final = 240_000
"""Of a file in base64: what a queue takes, less room for what is around it."""
_TRIES: Final = 5
_SUGGESTIONS: Final = 5
Form = Literal["camt.053", "mt940"]


class NotBase64(Refusal):
    code = "not_base64"
    kind = Kind.RULE
    title = "The content is not base64."


class OtherCurrency(Refusal):
    code = "currency_mismatch"
    kind = Kind.RULE
    title = "The entry is in another currency than what is due."


class _Job(msgspec.Struct, frozen=True):
    statement_id: str
    form: Form
    content: str


_JOB: Final[msgspec.json.Decoder[_Job]] = msgspec.json.Decoder(_Job)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A due that an unmatched entry may be for. `likeness` of its reference to what the payer wrote, 0 to 100."""

    reference: str
    likeness: int


@dataclass(frozen=True, slots=True)
class Open:
    work: Work
    suggestions: tuple[Suggestion, ...]


def submit(form: Form, content: str, now: datetime) -> str:
    """Queue a statement's file. Returns: the job's id. Raises: NotBase64; BadStatement: it cannot be read."""
    bank_files.entries(form, _bytes(content))
    statement_id = new_id("stm", now)
    body = msgspec.json.encode(_Job(statement_id, form, content)).decode()
    aws.client("sqs").send_message(QueueUrl=aws.queue_url(QUEUE), MessageBody=body)
    return statement_id


def take_in(body: str, now: datetime) -> None:
    """The job: every booked entry of a file, each at most once ever. Raises: Busy, to be sent again."""
    job = _JOB.decode(body)
    found = bank_files.entries(job.form, _bytes(job.content))
    touched = dict.fromkeys(reference for entry in found for reference in _taken(entry, now))
    for reference in touched:
        tell(reference, now)
    telemetry.log(
        "statement_taken_in", statement_id=job.statement_id, entries=len(found), matched=len(touched)
    )


def unmatched(limit: int, after: dict[str, str] | None) -> Page[Open]:
    page = bank_store.work(limit, after)
    return Page(tuple(Open(item, _suggestions(item)) for item in page.items), page.next_key)


def assign(item_id: str, reference: str, now: datetime) -> Due:
    """Give an entry that was nobody's to a due.

    Raises: NotFound: there is no such entry or no such due. OtherCurrency. WorkDone. Busy.
    """
    item = reads.fetch_one(bank_store.work_read(item_id), consistent=True)
    if item is None or item.entry is None:
        raise NotFound
    if reads.fetch_one(bank_store.due_read(reference), consistent=True) is None:
        raise NotFound(field="reference")
    after = _received(
        item.entry, reference, now, (bank_store.assigned(item.entry, reference), bank_store.done(item))
    )
    tell(reference, now)
    return after


def tell(reference: str, now: datetime) -> None:
    """Merge what the account says of a payment."""
    due = bank_gateway.found(reference)
    service.absorb(due.payment_id, bank.snapshot(due, now), now)


def _taken(entry: Entry, now: datetime) -> Sequence[str]:
    """The references that an entry concerns; taking it in again only names them again."""
    if not entry.credit:
        return _left(entry, now)
    if entry.came_back and (payout := _payout_named(entry)):
        _once(entry, _moved(entry, Moved.PAYOUT_RETURNED, payout, now), _told_of(entry, payout, now))
        return ()
    references = [each for each in references_in(entry.text) if _exists(each)]
    try:
        if len(references) != 1:
            _put_aside(entry, "no_reference", now)
            return ()
        _received(
            entry, references[0], now, (bank_store.taken(entry, references[0]), *_received_writes(entry, now))
        )
    except OtherCurrency:
        _put_aside(entry, "other_currency", now, tolerant=True)
        return ()
    except bank_store.AlreadyTaken:
        pass
    return references if len(references) == 1 else ()


def _received(entry: Entry, reference: str, now: datetime, more: Sequence[writes.Write]) -> Due:
    for _ in range(_TRIES):
        due = bank_gateway.found(reference)
        if entry.money.currency != due.amount.currency:
            raise OtherCurrency(field="reference")
        after, back = bank.with_receipt(due, entry, now)
        try:
            writes.commit(*more, *bank_store.saved(due, after), *bank_gateway.going_back(due, back, now))
        except bank_store.DueChanged:
            continue
        return after
    raise Busy


def _put_aside(entry: Entry, reason: str, now: datetime, *, tolerant: bool = False) -> None:
    item = Work(new_id("ent", now), bank.Kind.UNMATCHED, reason, entry.money, now, entry=entry)
    try:
        writes.commit(bank_store.taken(entry), *_received_writes(entry, now), bank_store.wanted(item))
    except bank_store.AlreadyTaken:
        if not tolerant:
            raise
        return
    telemetry.metric("BankEntryUnmatched")


def _left(entry: Entry, now: datetime) -> Sequence[str]:
    """Money that left: it ends the work that it names. What else leaves the account is for clearing to explain."""
    text = entry.text.upper()
    for item in _returns():
        if item.item_id.rpartition("_")[2] not in text or item.money != entry.money:
            continue
        due = bank_gateway.found(item.reference)
        after = bank.with_refund_done(due, item.refund_id)
        if item.refund_id:
            more = [*bank_store.saved(due, after), _moved(entry, Moved.REFUND, item.refund_id, now)]
        else:
            more = _returned_writes(entry, now)
        try:
            writes.commit(bank_store.taken(entry, item.reference), bank_store.done(item), *more)
        except (bank_store.AlreadyTaken, bank_store.WorkDone):
            telemetry.log("return_told_again", item_id=item.item_id)
        return (item.reference,)
    if payout := _payout_named(entry):
        _once(entry, _moved(entry, Moved.PAYOUT, payout, now), _told_of(entry, payout, now))
    else:
        _once(entry, _moved(entry, Moved.OTHER, "", now))
    return ()


def _received_writes(entry: Entry, now: datetime) -> tuple[writes.Write, ...]:
    """That money came is told before it is known whose it is."""
    told = ReceiptBooked(
        event_id=new_id("evt", now),
        occurred_at=now,
        provider=PROVIDER,
        fact=entry.identity,
        currency=entry.money.currency,
        amount=entry.money.amount,
        booked_on=entry.booked_on.isoformat(),
    )
    return _moved(entry, Moved.RECEIPT, entry.identity, now), announce(told)


def _returned_writes(entry: Entry, now: datetime) -> list[writes.Write]:
    told = ReceiptReturned(
        event_id=new_id("evt", now),
        occurred_at=now,
        provider=PROVIDER,
        fact=entry.identity,
        currency=entry.money.currency,
        amount=entry.money.amount,
        booked_on=entry.booked_on.isoformat(),
    )
    return [_moved(entry, Moved.RECEIPT_RETURNED, entry.identity, now), announce(told)]


def _moved(entry: Entry, kind: Moved, reference: str, now: datetime) -> writes.Write:
    gross = entry.money.amount if entry.credit else -entry.money.amount
    at = datetime.combine(entry.booked_on, time(), UTC)
    return bank_store.moved(Movement(entry.identity, at, kind, reference, entry.money.currency, gross), now)


def _told_of(entry: Entry, payout_id: str, now: datetime) -> writes.Write:
    """A transfer that settlement has ordered left, or came back."""
    event = BankTransferBooked(
        event_id=new_id("evt", now),
        occurred_at=now,
        reference=payout_id,
        currency=entry.money.currency,
        amount=entry.money.amount,
        back=entry.credit,
        reason=entry.reason,
        entry=entry.identity,
    )
    return announce(event)


def _once(entry: Entry, *more: writes.Write) -> None:
    with suppress(bank_store.AlreadyTaken):
        writes.commit(bank_store.taken(entry), *more)


def _payout_named(entry: Entry) -> str:
    """The id of the payout whose end-to-end identification a bank repeats: the id, with its prefix in either form."""
    found = _PAYOUT.search(entry.text)
    return f"pot_{found.group(1)}" if found else ""


def _returns() -> list[Work]:
    found: list[Work] = []
    after: dict[str, str] | None = {}
    while after is not None:
        page = bank_store.work(100, after or None)
        found += [item for item in page.items if item.kind is bank.Kind.RETURN]
        after = dict(page.next_key) if page.next_key else None
    return found


def _exists(reference: str) -> bool:
    try:
        bank_gateway.found(reference)
    except Declined:
        return False
    return True


def _suggestions(item: Work) -> tuple[Suggestion, ...]:
    if item.entry is None:
        return ()
    text = "".join(letter for letter in item.entry.text.upper() if letter.isalnum())
    named = [each for each in references_in(item.entry.text) if is_reference(each)]
    waiting = dict.fromkeys([*named, *bank_store.waiting_for(item.money, 25)])
    rated = [Suggestion(each, _likeness(each, text)) for each in waiting]
    return tuple(sorted(rated, key=lambda found: (-found.likeness, found.reference))[:_SUGGESTIONS])


def _likeness(reference: str, text: str) -> int:
    longest = SequenceMatcher(None, reference, text, autojunk=False).find_longest_match()
    return 100 * longest.size // len(reference)


def _bytes(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise NotBase64(field="content") from None
