"""Undoing an entry by hand: a new entry that names it, once at most."""

from datetime import datetime
from typing import ClassVar

from entrepot.cloud import reads, writes
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Kind, Refusal
from functions.settlement import store
from functions.settlement.domain.ledger import Entry, reversal_of
from functions.settlement.service import reading


class AlreadyReversed(Refusal):
    """Facts: `entry_id`, the entry that reversed it."""

    code: ClassVar[str] = "already_reversed"
    kind: ClassVar[Kind] = Kind.CONFLICT
    title: ClassVar[str] = "The entry has been reversed before."


def reverse(entry_id: str, now: datetime) -> Entry:
    """Returns: the entry that reverses it. Raises: NotFound, NotReversible, AlreadyReversed."""
    reversal = reversal_of(reading.entry(entry_id), new_id("ent", now), now)
    try:
        writes.commit(*store.posted(reversal))
    except store.AlreadyPosted:
        known = reads.fetch_one(store.entry_read(reversal.fact), consistent=True)
        assert known is not None, "who is refused because of an entry finds it"
        raise AlreadyReversed(entry_id=known.entry_id) from None
    return reversal
