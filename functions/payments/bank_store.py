"""Bank transfers in DynamoDB: what is due by reference, the entries that were seen, and the work left for a person."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.money import Money
from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import Busy, Kind, Refusal
from functions.payments.domain.bank import Due, Entry, Work
from functions.payments.domain.movements import Movement, MovementPage

_WORK: Final = "bank-work"
_MOST_MOVEMENTS: Final = 100


class DueRow(Row):
    """One payment by transfer: pk `due#<reference>`, sk "due". `revision` counts its writes."""

    class Meta:
        table_name = aws.name("payments")

    due: Document[Due] = Document(Due)
    revision = Number()


class SameAmountRow(Row):
    """An open due by what it waits for, for suggestions: pk `due#<currency>#<minor units>`, sk the reference."""

    class Meta:
        table_name = aws.name("payments")


class EntryRow(Row):
    """An entry of a statement that was taken in: pk `entry#<identity>`, sk "entry". It is never taken in twice."""

    class Meta:
        table_name = aws.name("payments")

    reference = Text(null=True)


class MovedRow(Row):
    """What an entry moved on our account, for clearing: pk `moved#<day taken in>`, sk the entry's identity.

    Reached by day. It holds nothing of what the payer wrote.
    """

    class Meta:
        table_name = aws.name("payments")

    movement: Document[Movement] = Document(Movement)


class WorkRow(Row):
    """Something for a person to do: pk "bank-work", sk its id, which sorts by time."""

    class Meta:
        table_name = aws.name("payments")

    work: Document[Work] = Document(Work)


class DueChanged(Busy):
    """The due changed since it was read: read it again and decide again."""


class AlreadyTaken(Refusal):
    code = "entry_already_taken"
    kind = Kind.CONFLICT
    title = "This entry was taken in before."


class AlreadyDue(Refusal):
    code = "already_due"
    kind = Kind.CONFLICT


class WorkDone(Refusal):
    code = "work_done"
    kind = Kind.CONFLICT
    title = "Somebody has done this already."


def due_read(reference: str) -> Read[Due]:
    return Read(DueRow, f"due#{reference}", "due", lambda row: row.due)


def work_read(item_id: str) -> Read[Work]:
    return Read(WorkRow, _WORK, item_id, lambda row: row.work)


def opened(due: Due) -> tuple[Write, ...]:
    """Raises, at commit: AlreadyDue."""
    row = DueRow(f"due#{due.reference}", "due", due=due, revision=due.revision)
    return writes.create(row, AlreadyDue()), writes.put(_same_amount(due))


def saved(before: Due, after: Due) -> tuple[Write, ...]:
    """Raises, at commit: DueChanged."""
    kept = replace(after, revision=before.revision + 1)
    row = DueRow(f"due#{kept.reference}", "due", due=kept, revision=kept.revision)
    put = writes.put(row, DueRow.revision == before.revision, DueChanged())
    closed = before.open and not after.open
    return (put, writes.delete(_same_amount(before))) if closed else (put,)


def taken(entry: Entry, reference: str = "") -> Write:
    """Raises, at commit: AlreadyTaken."""
    return writes.create(
        EntryRow(f"entry#{entry.identity}", "entry", reference=reference or None), AlreadyTaken()
    )


def assigned(entry: Entry, reference: str) -> Write:
    """An entry that was taken in without knowing whose it is is now somebody's."""
    row = EntryRow(f"entry#{entry.identity}", "entry", reference=reference)
    return writes.put(row, EntryRow.reference.does_not_exist(), WorkDone())


def moved(movement: Movement, now: datetime) -> Write:
    """Raises, at commit: AlreadyTaken."""
    row = MovedRow(f"moved#{now.date().isoformat()}", movement.movement_id, movement=movement)
    return writes.create(row, AlreadyTaken())


def movements(day: date, after: str | None) -> MovementPage:
    """A page of what was taken in on a day."""
    pk = f"moved#{day.isoformat()}"
    start = {"pk": pk, "sk": after} if after else None
    page = reads.query(
        MovedRow, pk, lambda row: row.movement, limit=_MOST_MOVEMENTS, after=start, consistent=True
    )
    return MovementPage(page.items, page.next_key["sk"] if page.next_key else None)


def wanted(work: Work) -> Write:
    return writes.create(WorkRow(_WORK, work.item_id, work=work), WorkDone())


def renewed(work: Work) -> Write:
    """What is wanted is this, whatever was before."""
    return writes.put(WorkRow(_WORK, work.item_id, work=work))


def done(work: Work) -> Write:
    """Raises, at commit: WorkDone."""
    row = WorkRow(_WORK, work.item_id, work=work)
    return writes.delete(row, WorkRow.pk.exists(), WorkDone())


def work(limit: int, after: dict[str, str] | None) -> Page[Work]:
    """A page of what is to be done, the oldest first."""
    return reads.query(WorkRow, _WORK, lambda row: row.work, limit=limit, after=after)


def waiting_for(money: Money, limit: int) -> list[str]:
    """References of dues that wait for exactly that amount."""
    pk = f"due#{money.currency}#{money.amount}"
    return list(reads.query(SameAmountRow, pk, lambda row: str(row.sk), limit=limit).items)


def _same_amount(due: Due) -> Any:
    return SameAmountRow(f"due#{due.amount.currency}#{due.amount.amount}", due.reference)
