"""The ledger: entries and what is derived from them.

Entries, their journal and the sums of days that are over lie in the table `ledger`, on which no function may update or
delete (ADR 65): what is there was created once. The running balances, which only grow, lie in `settlement`; they and
the journal are spread over shards by the fact's name.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.pagination import Page
from functions.settlement.domain.ledger import Balance, Entry, balances
from functions.settlement.store.shards import SHARDS, AlreadyPosted, Overtaken, shard_of

_CHUNK: Final = 50


class EntryRow(Row):
    """One entry: pk `entry#<fact>`, sk "entry". Reached by its fact; created once, never changed."""

    class Meta:
        table_name = aws.name("ledger")

    entry = Document[Entry](Entry)


class EntryIdRow(Row):
    """Which fact an entry is of: pk `id#<entry>`, sk "id". Reached by the entry's id."""

    class Meta:
        table_name = aws.name("ledger")

    fact = Text()


class JournalRow(Row):
    """That a day has an entry: pk `journal#<shard>`, sk `<day booked>#<fact>`. Reached by shard and days.

    `accounts` names those it touches, each between bars, so that the entries of one account can be told from others.
    """

    class Meta:
        table_name = aws.name("ledger")

    accounts = Text()


class DaySumsRow(Row):
    """What an account moved on a day that is over: pk `days#<shard>`, sk `<day>#<account>#<currency>`; minor units.

    Reached by shard and days. Made from the journal, once.
    """

    class Meta:
        table_name = aws.name("ledger")

    debits = Number()
    credits = Number()


class MonthSumsRow(Row):
    """What an account moved in a month that is over: pk `months#<shard>`, sk `<month>#<account>#<currency>`."""

    class Meta:
        table_name = aws.name("ledger")

    debits = Number()
    credits = Number()


class ClosedRow(Row):
    """The last day whose sums are made: pk "closed", sk "day". Written by the daily run alone."""

    class Meta:
        table_name = aws.name("settlement")

    day = Text()


class BalanceRow(Row):
    """A shard's sums of an account: pk `balance#<shard>`, sk `<account>#<currency>`; minor units.

    Reached by shard, all accounts at once, so that a trial balance costs SHARDS queries however many there are.
    """

    class Meta:
        table_name = aws.name("settlement")

    debits = Number()
    credits = Number()


# Entries


def posted(entry: Entry) -> list[Write]:
    """The writes that post an entry. Raises, at commit: AlreadyPosted."""
    shard = shard_of(entry.fact)
    day = entry.booked_on.isoformat()
    accounts = sorted({posting.account for posting in entry.postings})
    journal = JournalRow(
        f"journal#{shard}", f"{day}#{entry.fact}", accounts="".join(map(_barred, accounts)) or "||"
    )
    return [
        writes.create(EntryRow(f"entry#{entry.fact}", "entry", entry=entry), AlreadyPosted()),
        writes.create(EntryIdRow(f"id#{entry.entry_id}", "id", fact=entry.fact), AlreadyPosted()),
        writes.create(journal, AlreadyPosted()),
        *(_added(balance, shard) for balance in balances(entry.postings)),
    ]


def entry_read(fact: str) -> reads.Read[Entry]:
    return reads.Read(EntryRow, f"entry#{fact}", "entry", lambda row: row.entry)


def fact_read(entry_id: str) -> reads.Read[str]:
    return reads.Read(EntryIdRow, f"id#{entry_id}", "id", lambda row: row.fact)


def entries(facts: Sequence[str]) -> list[Entry]:
    """The entries of facts that have one, in the facts' order."""
    found: Iterable[Entry | None] = reads.fetch(*(entry_read(fact) for fact in facts))
    return [entry for entry in found if entry is not None]


def journal(first: date, last: date, shards: Iterable[int] = range(SHARDS)) -> list[str]:
    """The facts booked on some days: a query for each shard."""
    return [
        fact
        for shard in shards
        for fact in reads.query_all(
            JournalRow, f"journal#{shard}", _fact, where=_days(JournalRow, first, last), consistent=True
        )
    ]


def journal_of(account: str, day: date, shard: int, limit: int, after: dict[str, str] | None) -> Page[str]:
    """Some facts of a shard that moved an account on a day."""
    return reads.query(
        JournalRow,
        f"journal#{shard}",
        _fact,
        where=_days(JournalRow, day, day),
        only=JournalRow.accounts.contains(_barred(account)),
        limit=limit,
        after=after,
    )


def first_day() -> date | None:
    """The day of the first entry there is."""
    days = [
        day
        for shard in range(SHARDS)
        for day in reads.query(JournalRow, f"journal#{shard}", lambda row: str(row.sk[:10]), limit=1).items
    ]
    return min(map(date.fromisoformat, days), default=None)


# Running balances


def balance_shards() -> list[Balance]:
    """Every balance of every shard, read consistently: SHARDS queries, one more for each further megabyte."""
    return [
        balance
        for shard in range(SHARDS)
        for balance in reads.query_all(BalanceRow, f"balance#{shard}", _balance, consistent=True)
    ]


# Days and months that are over


def closed_read() -> reads.Read[date]:
    return reads.Read(ClosedRow, "closed", "day", lambda row: date.fromisoformat(row.day))


def closed(before: date | None, day: date) -> Write:
    """Raises, at commit: Overtaken."""
    row = ClosedRow("closed", "day", day=day.isoformat())
    if before is None:
        return writes.create(row, Overtaken())
    return writes.put(row, ClosedRow.day == before.isoformat(), Overtaken())


def sums_of_days(first: date, last: date, shard: int) -> list[Balance]:
    """What each account moved on days that are closed."""
    return reads.query_all(DaySumsRow, f"days#{shard}", _summed, where=_days(DaySumsRow, first, last))


def sums_of_months(before: date, shard: int) -> list[Balance]:
    """What each account moved in all months before that of a day; they must be closed."""
    where = MonthSumsRow.sk < before.strftime("%Y-%m")
    return reads.query_all(MonthSumsRow, f"months#{shard}", _summed, where=where)


def day_made(day: date, shard: int, sums: Sequence[Balance]) -> None:
    """Record a day's sums; a second time changes nothing."""
    _made(DaySumsRow, f"days#{shard}", day.isoformat(), sums)


def month_made(day: date, shard: int, sums: Sequence[Balance]) -> None:
    """Record the sums of the month of a day; a second time changes nothing."""
    _made(MonthSumsRow, f"months#{shard}", day.strftime("%Y-%m"), sums)


def _made(kind: type[DaySumsRow | MonthSumsRow], pk: str, period: str, sums: Sequence[Balance]) -> None:
    # What is over stands still, so that a run after a crash makes the same rows in the same portions.
    for start in range(0, len(sums), _CHUNK):
        rows = [
            kind(pk, f"{period}#{one.account}#{one.currency}", debits=one.debits, credits=one.credits)
            for one in sums[start : start + _CHUNK]
        ]
        try:
            writes.commit(*(writes.create(row, AlreadyPosted()) for row in rows))
        except AlreadyPosted:
            continue


def _added(balance: Balance, shard: int) -> Write:
    # No condition of its own: the entry in the same transaction is created once, and so this is added once.
    row = BalanceRow(f"balance#{shard}", f"{balance.account}#{balance.currency}")
    actions = [BalanceRow.debits.add(balance.debits), BalanceRow.credits.add(balance.credits)]
    return Write("Update", row, condition=None, refusal=None, actions=actions)


def _balance(row: BalanceRow) -> Balance:
    account, _, currency = row.sk.rpartition("#")
    return Balance(account, currency, int(row.debits), int(row.credits))


def _summed(row: DaySumsRow | MonthSumsRow) -> Balance:
    account, _, currency = row.sk.partition("#")[2].rpartition("#")
    return Balance(account, currency, int(row.debits), int(row.credits))


def _fact(row: JournalRow) -> str:
    fact: str = row.sk.partition("#")[2]
    return fact


def _days(kind: type[JournalRow | DaySumsRow], first: date, last: date) -> Any:
    return kind.sk.between(first.isoformat(), (last + timedelta(days=1)).isoformat())


def _barred(account: str) -> str:
    return f"|{account}|"
