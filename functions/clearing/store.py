"""Rows of the table `clearing`. They never leave this module."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import ClassVar, Final

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import Kind, Refusal
from functions.clearing.domain.items import Item, Side
from functions.clearing.domain.reports import Totals

SHARDS: Final = 8
_MOST_KEPT: Final = 16
"""Items in one transaction: each with its two places among what is open, and two claims."""


class Overtaken(Refusal):
    """Somebody else changed the item since it was read: look again."""

    code: ClassVar[str] = "overtaken"
    kind: ClassVar[Kind] = Kind.CONFLICT


class ItemRow(Row):
    """An item: pk `items#<source>#<day>#<shard>`, sk its id. Reached by both, and a day's by shard."""

    class Meta:
        table_name = aws.name("clearing")

    revision = Number()
    item = Document[Item](Item)


class PlaceRow(Row):
    """Where an item that has been open lies: pk `item#<id>`, sk "place". Reached by the item's id."""

    class Meta:
        table_name = aws.name("clearing")

    key = Text()


class OpenRow(Row):
    """An item with a difference: pk `open#<shard>`, sk `<day>#<id>`. Reached by shard, the oldest first."""

    class Meta:
        table_name = aws.name("clearing")

    key = Text()


class ClaimRow(Row):
    """Which item a fact counts for: pk `fact#<source>#<fact>`, sk "claim". Reached by the fact."""

    class Meta:
        table_name = aws.name("clearing")

    key = Text()
    item_id = Text()


class TallyRow(Row):
    """The sums of a shard of a day: pk `report#<source>#<day>`, sk the shard. Made anew whenever an item changes."""

    class Meta:
        table_name = aws.name("clearing")

    totals = Document[tuple[Totals, ...]](tuple[Totals, ...])


class DayRow(Row):
    """That a day of a source has a report: pk `days#<source>`, sk the day. Reached by source, newest first."""

    class Meta:
        table_name = aws.name("clearing")


class ClearedRow(Row):
    """The last day of a source up to which all is looked at: pk `cleared#<source>`, sk "day"."""

    class Meta:
        table_name = aws.name("clearing")

    day = Text()


def shard_of(name: str) -> int:
    return hashlib.sha256(name.encode()).digest()[0] % SHARDS


def item_read(key: str, item_id: str) -> Read[Item]:
    return Read(ItemRow, key, item_id, lambda row: row.item)


def key_of(item: Item) -> str:
    return f"items#{item.source}#{item.day.isoformat()}#{item.shard}"


def place_read(item_id: str) -> Read[str]:
    return Read(PlaceRow, f"item#{item_id}", "place", lambda row: row.key)


def claim_read(source: str, fact: str) -> Read[tuple[str, str]]:
    """The key and the id of the item that a fact counts for."""
    return Read(ClaimRow, f"fact#{source}#{fact}", "claim", lambda row: (row.key, row.item_id))


def kept(before: Item | None, after: Item, claims: Sequence[str] = ()) -> list[Write]:
    """The writes that keep an item; it was read as `before`. Args: claims: facts that count for it from now on.

    Raises, at commit: Overtaken.
    """
    key = key_of(after)
    row = ItemRow(key, after.item_id, item=after, revision=after.revision)
    was_open, is_open = before is not None and before.open, after.open
    if before is None:
        made = [writes.create(row, Overtaken())]
    else:
        made = [writes.put(row, ItemRow.revision == before.revision, Overtaken())]
    open_row = OpenRow(f"open#{shard_of(after.item_id)}", f"{after.day.isoformat()}#{after.item_id}", key=key)
    if is_open and not was_open:
        made += [writes.put(open_row), writes.put(PlaceRow(f"item#{after.item_id}", "place", key=key))]
    if was_open and not is_open:
        made.append(writes.delete(open_row))
    for fact in claims:
        claim = ClaimRow(f"fact#{after.source}#{fact}", "claim", key=key, item_id=after.item_id)
        alone = after.side is Side.LEDGER  # it gives way to a movement, never the other way round
        made.append(writes.create(claim, Overtaken()) if alone and before is None else writes.put(claim))
    return made


Kept = tuple[Item | None, Item, Sequence[str]]
"""An item as it was read, as it is to be kept, and the facts that it claims."""


def keep_all(items: Sequence[Kept]) -> None:
    """Keep many items, some in a transaction. Raises: Overtaken: one of them was changed meanwhile."""
    for start in range(0, len(items), _MOST_KEPT):
        writes.commit(*(write for each in items[start : start + _MOST_KEPT] for write in kept(*each)))


def items_of(source: str, day: date, shard: int) -> Iterator[Item]:
    """Every item of a shard of a day, a page at a time."""
    after: Mapping[str, str] | None = {}
    while after is not None:
        page = items_page(source, day, shard, 200, after or None)
        yield from page.items
        after = page.next_key


def items_page(source: str, day: date, shard: int, limit: int, after: Mapping[str, str] | None) -> Page[Item]:
    return reads.query(
        ItemRow,
        f"items#{source}#{day.isoformat()}#{shard}",
        lambda row: row.item,
        limit=limit,
        after=after,
        consistent=True,
    )


def open_page(shard: int, limit: int, after: Mapping[str, str] | None) -> Page[Item]:
    """Some open items of a shard, the oldest first."""
    page = reads.query(
        OpenRow,
        f"open#{shard}",
        lambda row: (row.key, row.sk.partition("#")[2]),
        limit=limit,
        after=after,
        consistent=True,
    )
    found = (
        reads.fetch(*(item_read(key, item_id) for key, item_id in page.items), consistent=True)
        if page.items
        else []
    )
    return Page(tuple(item for item in found if item is not None and item.open), page.next_key)


def tallied(source: str, day: date, shard: int, totals: tuple[Totals, ...]) -> None:
    writes.commit(
        writes.put(TallyRow(f"report#{source}#{day.isoformat()}", str(shard), totals=totals)),
        writes.put(DayRow(f"days#{source}", day.isoformat())),
    )


def tallies(source: str, day: date) -> list[tuple[Totals, ...]]:
    """The sums of each shard that is looked at; SHARDS of them: the day is complete."""
    return reads.query_all(
        TallyRow, f"report#{source}#{day.isoformat()}", lambda row: row.totals, consistent=True
    )


def days(source: str, limit: int, after: Mapping[str, str] | None) -> Page[date]:
    return reads.query(
        DayRow,
        f"days#{source}",
        lambda row: date.fromisoformat(row.sk),
        limit=limit,
        newest_first=True,
        after=after,
    )


def cleared_read(source: str) -> Read[date]:
    return Read(ClearedRow, f"cleared#{source}", "day", lambda row: date.fromisoformat(row.day))


def cleared(source: str, day: date) -> Write:
    """Raises, at commit: Overtaken: another run was further."""
    row = ClearedRow(f"cleared#{source}", "day", day=day.isoformat())
    before = (day - timedelta(days=1)).isoformat()
    return writes.put(row, ClearedRow.pk.does_not_exist() | (ClearedRow.day <= before), Overtaken())
