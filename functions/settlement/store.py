"""Rows of the table `settlement`. They never leave this module.

Entries are created and never written again. What many facts move at the same time (balances, the list of merchants
with something pending) is spread over shards by the fact's name.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from typing import ClassVar, Final

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.clock import rfc3339
from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import Kind, Refusal
from functions.settlement.domain.ledger import Balance, Entry, balances
from functions.settlement.domain.shares import PendingLine, ShareState
from functions.settlement.domain.statements import Account, Part, Statement

SHARDS: Final = 8


class AlreadyPosted(Refusal):
    """The fact has its entry: whoever tells it again is late, or contradicts it."""

    code: ClassVar[str] = "already_posted"
    kind: ClassVar[Kind] = Kind.CONFLICT


class Overtaken(Refusal):
    """Somebody else changed the same thing in between: the use case looks again."""

    code: ClassVar[str] = "overtaken"
    kind: ClassVar[Kind] = Kind.CONFLICT


class EntryRow(Row):
    """One entry: pk `entry#<fact>`, sk "entry". Reached by its fact; created once, never changed."""

    class Meta:
        table_name = aws.name("settlement")

    entry = Document[Entry](Entry)


class JournalRow(Row):
    """That a day has an entry: pk `journal#<day>#<shard>`, sk the fact. Reached by day, shard after shard."""

    class Meta:
        table_name = aws.name("settlement")


class BalanceRow(Row):
    """A shard's sums of an account: pk `balance#<shard>`, sk `<account>#<currency>`; minor units.

    Reached by shard, all accounts at once, so that a trial balance costs SHARDS queries however many there are.
    """

    class Meta:
        table_name = aws.name("settlement")

    debits = Number()
    credits = Number()


class ShareRow(Row):
    """Of one share, goods completed and refunds so far: pk `share#<order>#<merchant>`, sk "share"."""

    class Meta:
        table_name = aws.name("settlement")

    revision = Number()
    share = Document[ShareState](ShareState)


class PendingRow(Row):
    """Something to settle: pk `pending#<merchant>`, sk `<time>#<fact>`. Reached by merchant, oldest first."""

    class Meta:
        table_name = aws.name("settlement")

    line = Document[PendingLine](PendingLine)


class DueRow(Row):
    """That a merchant has something pending: pk `due#<shard>`, sk the merchant; `stamp` is the newest fact's name.

    Reached by shard. Removed once all is settled, unless the stamp has changed since it was read.
    """

    class Meta:
        table_name = aws.name("settlement")

    stamp = Text()


class AccountRow(Row):
    """How far a merchant is settled: pk `merchant#<merchant>`, sk "account"."""

    class Meta:
        table_name = aws.name("settlement")

    revision = Number()
    account = Document[Account](Account)


class StatementRow(Row):
    """One statement: pk `statement#<id>`, sk "statement". Reached by id; `parts` counts its transactions."""

    class Meta:
        table_name = aws.name("settlement")

    parts = Number()
    statement = Document[Statement](Statement)


class PartRow(Row):
    """A part of a statement: pk `statement#<id>`, sk `part#<number>`. Reached by statement, in order."""

    class Meta:
        table_name = aws.name("settlement")

    part = Document[Part](Part)


class IssuedRow(Row):
    """An issued statement in its merchant's list: pk `statements#<merchant>`, sk its number, eight digits."""

    class Meta:
        table_name = aws.name("settlement")

    statement = Document[Statement](Statement)


# The ledger


def shard_of(name: str) -> int:
    return hashlib.sha256(name.encode()).digest()[0] % SHARDS


def posted(entry: Entry) -> list[Write]:
    """The writes that post an entry. Raises, at commit: AlreadyPosted."""
    shard = shard_of(entry.fact)
    day = entry.occurred_at.date().isoformat()
    return [
        writes.create(EntryRow(f"entry#{entry.fact}", "entry", entry=entry), AlreadyPosted()),
        writes.create(JournalRow(f"journal#{day}#{shard}", entry.fact), AlreadyPosted()),
        *(_added(balance, shard) for balance in balances(entry.postings)),
    ]


def entry_read(fact: str) -> reads.Read[Entry]:
    return reads.Read(EntryRow, f"entry#{fact}", "entry", lambda row: row.entry)


def journal(day: date) -> list[str]:
    """The facts of a day: SHARDS queries."""
    return [
        fact
        for shard in range(SHARDS)
        for fact in reads.query_all(JournalRow, f"journal#{day.isoformat()}#{shard}", lambda row: str(row.sk))
    ]


def balance_shards() -> list[Balance]:
    """Every balance of every shard, read consistently: SHARDS queries, one more for each further megabyte."""
    return [
        balance
        for shard in range(SHARDS)
        for balance in reads.query_all(BalanceRow, f"balance#{shard}", _balance, consistent=True)
    ]


def _added(balance: Balance, shard: int) -> Write:
    # No condition of its own: the entry in the same transaction is created once, and so this is added once.
    row = BalanceRow(f"balance#{shard}", f"{balance.account}#{balance.currency}")
    actions = [BalanceRow.debits.add(balance.debits), BalanceRow.credits.add(balance.credits)]
    return Write("Update", row, condition=None, refusal=None, actions=actions)


def _balance(row: BalanceRow) -> Balance:
    account, _, currency = row.sk.rpartition("#")
    return Balance(account, currency, int(row.debits), int(row.credits))


# What is to be settled


def share_read(order_id: str, merchant_id: str) -> reads.Read[ShareState]:
    return reads.Read(ShareRow, _share(order_id, merchant_id), "share", lambda row: row.share)


def share_moved(order_id: str, merchant_id: str, before: ShareState, after: ShareState) -> Write:
    """Raises, at commit: Overtaken."""
    row = ShareRow(_share(order_id, merchant_id), "share", share=after, revision=after.revision)
    if before.revision == 0:
        return writes.create(row, Overtaken())
    return writes.put(row, ShareRow.revision == before.revision, Overtaken())


def now_pending(line: PendingLine) -> list[Write]:
    """The writes that put a line before the next run."""
    due = DueRow(f"due#{shard_of(line.fact)}", line.merchant_id, stamp=line.fact)
    return [writes.create(_pending_row(line), AlreadyPosted()), writes.put(due)]


def due() -> dict[str, list[tuple[int, str]]]:
    """Each merchant with something pending, and its stamps: the shard of each and what it read."""
    found: dict[str, list[tuple[int, str]]] = {}
    for shard in range(SHARDS):
        rows = reads.query_all(DueRow, f"due#{shard}", lambda row: (row.sk, row.stamp), consistent=True)
        for merchant_id, stamp in rows:
            found.setdefault(merchant_id, []).append((shard, stamp))
    return found


def no_longer_due(merchant_id: str, shard: int, stamp: str) -> Write:
    """Raises, at commit: Overtaken: something became pending since the stamp was read."""
    return writes.delete(DueRow(f"due#{shard}", merchant_id), DueRow.stamp == stamp, Overtaken())


def pending(merchant_id: str, limit: int) -> tuple[PendingLine, ...]:
    """The oldest pending lines, at most `limit`."""
    page = reads.query(
        PendingRow, f"pending#{merchant_id}", lambda row: row.line, limit=limit, consistent=True
    )
    return page.items


def _share(order_id: str, merchant_id: str) -> str:
    return f"share#{order_id}#{merchant_id}"


def _pending_row(line: PendingLine) -> PendingRow:
    return PendingRow(f"pending#{line.merchant_id}", f"{rfc3339(line.occurred_at)}#{line.fact}", line=line)


# Statements


def account_read(merchant_id: str) -> reads.Read[Account]:
    return reads.Read(AccountRow, f"merchant#{merchant_id}", "account", lambda row: row.account)


def account_moved(before: Account, after: Account) -> Write:
    """Raises, at commit: Overtaken."""
    row = AccountRow(f"merchant#{after.merchant_id}", "account", account=after, revision=after.revision)
    if before.revision == 0:
        return writes.create(row, Overtaken())
    return writes.put(row, AccountRow.revision == before.revision, Overtaken())


def statement_read(statement_id: str) -> reads.Read[Statement]:
    return reads.Read(StatementRow, f"statement#{statement_id}", "statement", lambda row: row.statement)


def parts(statement_id: str) -> list[Part]:
    where = PartRow.sk.startswith("part#")
    return reads.query_all(PartRow, f"statement#{statement_id}", lambda row: row.part, where=where)


def part_settled(statement: Statement, part: Part) -> list[Write]:
    """The statement with one part more, and its lines no longer pending. Raises, at commit: Overtaken."""
    key = f"statement#{statement.statement_id}"
    head = StatementRow(key, "statement", statement=statement, parts=statement.parts)
    first = part.number == 1
    return [
        writes.create(head, Overtaken())
        if first
        else writes.put(head, StatementRow.parts == part.number - 1, Overtaken()),
        writes.create(PartRow(key, f"part#{part.number:04}", part=part), Overtaken()),
        *(_consumed(line.pending) for line in part.lines),
    ]


def listed(statement: Statement) -> Write:
    """The statement in its merchant's list. Raises, at commit: Overtaken."""
    row = IssuedRow(f"statements#{statement.merchant_id}", f"{statement.number:08}", statement=statement)
    return writes.create(row, Overtaken())


def issued(merchant_id: str, limit: int, after: dict[str, str] | None) -> Page[Statement]:
    """A page of a merchant's statements, newest first."""
    return reads.query(
        IssuedRow,
        f"statements#{merchant_id}",
        lambda row: row.statement,
        limit=limit,
        newest_first=True,
        after=after,
    )


def entries(facts: Sequence[str]) -> list[Entry]:
    """The entries of facts that have one, in the facts' order."""
    found: Iterable[Entry | None] = reads.fetch(*(entry_read(fact) for fact in facts))
    return [entry for entry in found if entry is not None]


def _consumed(line: PendingLine) -> Write:
    row = _pending_row(line)
    return writes.delete(row, PendingRow.pk.exists(), Overtaken())
