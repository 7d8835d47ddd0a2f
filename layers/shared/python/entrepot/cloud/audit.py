"""Who did what: an append-only log of security events and of every change by staff, chained so that tampering shows.

An entry is written in the transaction of the change that it is about. Staff's changes need no code of a use case: the
edge says who calls (`by_staff`), and each commit of the request takes its entry along. A security event is committed
by `commit`. Entries hold ids, an action and its outcome; no personal data.

Each actor has chains of their own, a few so that what one of them does at once does not queue: no two members ever
write one item here.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

import msgspec

from entrepot.cloud import aws, reads, telemetry, writes
from entrepot.cloud.auth import Principal
from entrepot.cloud.pynamo import AllProjection, GlobalSecondaryIndex
from entrepot.cloud.rows import Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel import chain
from entrepot.kernel.clock import rfc3339, utc_now
from entrepot.kernel.ids import new_id
from entrepot.kernel.pagination import Page

SHARDS: Final = 4
UNKNOWN: Final = "unknown"
"""The actor of what nobody known did: a sign-in with an address that has no account."""

_UNKNOWN_SHARDS: Final = 64
_MOST_THINGS: Final = 12
_ID: Final = re.compile(r"(?<![A-Za-z0-9])[a-z]{2,4}_[0-7][0-9A-HJKMNP-TV-Z]{25}(?![A-Za-z0-9])")


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is said of one deed. `actor` is a member's id, `things` the ids of what it touched."""

    entry_id: str
    at: datetime
    actor: str
    action: str
    outcome: str = "done"
    role: str | None = None
    merchant_id: str | None = None
    route: str | None = None
    things: tuple[str, ...] = ()
    correlation_id: str = "-"


class DayIndex(GlobalSecondaryIndex["EntryRow"]):  # type: ignore[no-untyped-call]
    """The entries of a day, by time. Heads are not in it."""

    class Meta:
        index_name = "days"
        projection = AllProjection()

    day = Text(hash_key=True)
    at = Text(range_key=True)


class EntryRow(Row):
    """An entry: pk `chain#<stream>`, sk its number in ten digits. Reached by both, and by its day.

    `sequence` counts from 1; `body` is the entry as JSON, exactly as it was sealed. Written once, never changed.
    """

    class Meta:
        table_name = aws.name("audit")

    sequence = Number()
    previous = Text()
    body = Text()
    seal = Text()
    day = Text()
    at = Text()
    days = DayIndex()


class HeadRow(Row):
    """Where a chain ends: pk `chain#<stream>`, sk "head". Reached by its stream."""

    class Meta:
        table_name = aws.name("audit")

    sequence = Number()
    last = Text()
    seal = Text()


def commit(
    action: str,
    actor: str,
    *changes: Write,
    outcome: str = "done",
    role: str | None = None,
    named: tuple[str, ...] = (),
) -> None:
    """`changes` and the entry that says `action` of them, in one transaction; without changes the entry alone.

    Args: named: what it touched beside the rows, as `name=value`.
    Raises: what the changes are refused with, Busy.
    """
    with _beside(_Deed(actor, action, outcome, role, named=named)):
        writes.commit(*changes)


@contextmanager
def by_staff(principal: Principal | None, action: str, route: str, path: Mapping[str, str]) -> Iterator[None]:
    """Every commit within says that this caller did `action`; a shopper's, or nobody's, say nothing."""
    if principal is None or principal.role == "shopper":
        yield
        return
    deed = _Deed(
        principal.member_id,
        action,
        "done",
        principal.role,
        principal.merchant_id,
        route,
        tuple(f"{name}={value}" for name, value in path.items()),
    )
    with _beside(deed):
        yield


@contextmanager
def _beside(deed: "_Deed") -> Iterator[None]:
    token = writes.beside.set(deed)
    try:
        yield
    finally:
        writes.beside.reset(token)


@dataclass
class _Deed:
    """What is being done, and by whom: gives each commit its entry."""

    actor: str
    action: str
    outcome: str
    role: str | None = None
    merchant_id: str | None = None
    route: str | None = None
    named: tuple[str, ...] = ()
    _link: chain.Link | None = field(default=None, init=False)

    def writes(self, own: Sequence[Write]) -> Sequence[Write]:
        now, stream, secret = utc_now(), self._stream(), key()
        held = reads.fetch_one(head_read(stream), consistent=True)
        entry = Entry(
            entry_id=new_id("aud", now),
            at=now,
            actor=self.actor,
            action=self.action,
            outcome=self.outcome,
            role=self.role,
            merchant_id=self.merchant_id,
            route=self.route,
            things=self._things(own),
            correlation_id=telemetry.correlation_id.get(),
        )
        self._link = chain.link(secret, held, stream, msgspec.json.encode(entry).decode())
        return _entry_write(self._link, now), _head_write(chain.headed(secret, self._link), held)

    def written(self) -> None:
        """Says where the chain ends in the log as well: a witness outside the table."""
        assert self._link is not None, "nothing was to be written"
        telemetry.metric(
            "AuditEntries",
            beside={"chain": self._link.stream, "sequence": self._link.sequence, "seal": self._link.seal},
            Action=self.action,
            Outcome=self.outcome,
        )

    def _stream(self) -> str:
        shards = _UNKNOWN_SHARDS if self.actor == UNKNOWN else SHARDS
        return f"{self.actor}.{random.randrange(shards)}"

    def _things(self, own: Sequence[Write]) -> tuple[str, ...]:
        found = [found for write in own for found in _ID.findall(f"{write.row.pk} {write.row.sk}")]
        return tuple(dict.fromkeys((*self.named, *found)))[:_MOST_THINGS]


def head_read(stream: str) -> reads.Read[chain.Head]:
    return reads.Read(HeadRow, f"chain#{stream}", "head", _head)


def link_read(stream: str, sequence: int) -> reads.Read[chain.Link]:
    return reads.Read(EntryRow, f"chain#{stream}", f"{sequence:010}", _link)


def links_of_day(
    day: date, limit: int, after: Mapping[str, str] | None, actor: str | None = None
) -> Page[chain.Link]:
    """Some of a day's entries, the newest first; of one actor, where one is named."""
    return reads.query(
        EntryRow,
        day.isoformat(),
        _link,
        index="days",
        only=EntryRow.pk.startswith(f"chain#{actor}.") if actor else None,
        limit=limit,
        newest_first=True,
        after=after,
    )


def entries_of(actor: str) -> list[Entry]:
    """Everything that was written of one actor, oldest first."""
    found = [
        entry(link)
        for shard in range(SHARDS)
        for link in reads.query_all(
            EntryRow, f"chain#{actor}.{shard}", _link, where=EntryRow.sk < "head", consistent=True
        )
    ]
    return sorted(found, key=lambda each: (each.at, each.entry_id))


def entry(link: chain.Link) -> Entry:
    return msgspec.json.decode(link.body, type=Entry)


def key() -> bytes:
    """What entries are sealed with; who can write the table alone cannot seal. Never changed."""
    return aws.secret("audit_key").encode()


def _entry_write(link: chain.Link, now: datetime) -> Write:
    row = EntryRow(
        f"chain#{link.stream}",
        f"{link.sequence:010}",
        sequence=link.sequence,
        previous=link.previous,
        body=link.body,
        seal=link.seal,
        day=now.date().isoformat(),
        at=rfc3339(now),
    )
    return writes.create(row, writes.Outrun())


def _head_write(head: chain.Head, held: chain.Head | None) -> Write:
    row = HeadRow(f"chain#{head.stream}", "head", sequence=head.sequence, last=head.last, seal=head.seal)
    if held is None:
        return writes.create(row, writes.Outrun())
    return writes.put(row, HeadRow.sequence == held.sequence, writes.Outrun())


def _head(row: HeadRow) -> chain.Head:
    return chain.Head(row.pk.removeprefix("chain#"), int(row.sequence), row.last, row.seal)


def _link(row: EntryRow) -> chain.Link:
    stream = row.pk.removeprefix("chain#")
    return chain.Link(stream, int(row.sk), int(row.sequence), row.previous, row.body, row.seal)
