"""Statements, their parts, and how far each merchant is settled."""

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.rows import Document, Number, Row
from entrepot.cloud.writes import Write
from entrepot.kernel.pagination import Page
from functions.settlement.domain.statements import Account, Part, Statement
from functions.settlement.store.pending import consumed
from functions.settlement.store.shards import Overtaken


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
        *(consumed(line.pending) for line in part.lines),
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
