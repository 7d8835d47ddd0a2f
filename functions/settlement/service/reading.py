"""Statements as their merchant sees them, and the trial balance."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Final

from entrepot.cloud import reads
from entrepot.cloud.auth import Principal
from entrepot.kernel.ids import derived_id
from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import Busy, Kind, NotFound, Refusal
from functions.membership.facade import merchant_read
from functions.settlement import store
from functions.settlement.domain import chart
from functions.settlement.domain.ledger import Balance, Entry, TrialBalance, balances
from functions.settlement.domain.payouts import Payout
from functions.settlement.domain.statements import Part, Statement, Status
from functions.settlement.service import closing

_TRIES: Final = 6


class DayNotOver(Refusal):
    """Balances are asked for at the end of a day that has not come. Facts: `as_of`."""

    code: ClassVar[str] = "day_not_over"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "There are no balances of a day to come."


@dataclass(frozen=True, slots=True)
class FullStatement:
    """A statement with its lines, every entry that they name, and what was paid out for it."""

    statement: Statement
    parts: tuple[Part, ...]
    entries: tuple[Entry, ...]
    payout: Payout | None = None


def listed(merchant_id: str, caller: Principal, limit: int, after: dict[str, str] | None) -> Page[Statement]:
    """A page of a merchant's issued statements, newest first.

    Raises: NotFound: another's, or no such merchant.
    """
    if caller.merchant_id is None:
        if reads.fetch_one(merchant_read(merchant_id)) is None:
            raise NotFound
    elif caller.merchant_id != merchant_id:
        raise NotFound
    return store.issued(merchant_id, limit, after)


def readable(statement_id: str, caller: Principal) -> Statement:
    """An issued statement, without its lines.

    Raises: NotFound: there is none, it is not issued yet, or it is another's.
    """
    found = reads.fetch_one(store.statement_read(statement_id))
    if found is None or found.status is not Status.ISSUED:
        raise NotFound
    if caller.merchant_id not in (None, found.merchant_id):
        raise NotFound
    return found


def statement(statement_id: str, caller: Principal) -> FullStatement:
    """An issued statement. Raises: NotFound: as `readable`."""
    found = readable(statement_id, caller)
    parts = tuple(store.parts(statement_id))
    facts = [fact for part in parts for fact in (*(line.pending.fact for line in part.lines), part.fact)]
    payout = reads.fetch_one(store.payout_read(derived_id("pot", statement_id)))
    return FullStatement(found, parts, tuple(store.entries(facts)), payout)


def trial_balance_at(day: date | None, now: datetime) -> TrialBalance:
    """The balances now, or as they stood at the end of a day. Raises: DayNotOver, Busy."""
    if day is None:
        return trial_balance(now)
    if day > now.date():
        raise DayNotOver(as_of=day.isoformat())
    return closing.balances_at(day, now)


def trial_balance(now: datetime) -> TrialBalance:
    """The balance of every account: a query for each shard, however many accounts there are.

    Entries go on while the shards are read, so that a reading may hold half of one and seem out of balance. Sums
    only grow: two readings that are the same are one moment's. What is out of balance twice alike, is.

    Raises: Busy: entries came between all readings.
    """
    before: tuple[Balance, ...] | None = None
    for _ in range(_TRIES):
        found = balances(store.balance_shards())
        trial = TrialBalance(now, found)
        if trial.balanced or found == before:
            return trial
        before = found
    raise Busy


def entry(entry_id: str) -> Entry:
    """Raises: NotFound."""
    fact = reads.fetch_one(store.fact_read(entry_id), consistent=True)
    found = reads.fetch_one(store.entry_read(fact), consistent=True) if fact else None
    if found is None:
        raise NotFound
    return found


def entries_of(account: str, day: date, limit: int, after: Mapping[str, str] | None) -> Page[Entry]:
    """Some entries that moved an account on a day, shard after shard; a page may be short.

    Raises: NotFound: the chart has no such account.
    """
    if not chart.known(account):
        raise NotFound
    shard = int(after["shard"]) if after else 0
    inner = {key: value for key, value in after.items() if key != "shard"} if after else None
    page = store.journal_of(account, day, shard, limit, inner or None)
    if page.next_key:
        following: dict[str, str] | None = {"shard": str(shard), **page.next_key}
    else:
        following = {"shard": str(shard + 1)} if shard + 1 < store.SHARDS else None
    return Page(tuple(store.entries(page.items)), following)


def entries_on(day: date) -> list[Entry]:
    """Every entry booked on a day."""
    return store.entries(store.journal(day, day))


def recomputed(days: Iterable[date]) -> tuple[Balance, ...]:
    """What the entries of some days add up to: over all days, what the balances must be."""
    return balances(posting for day in days for entry in entries_on(day) for posting in entry.postings)
