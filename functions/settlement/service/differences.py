"""What clearing asks of the ledger, and how it posts a difference that a person has resolved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from entrepot.cloud import reads
from entrepot.cloud.writes import Write
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from entrepot.kernel.pagination import Page
from functions.settlement import store
from functions.settlement.domain import rules
from functions.settlement.domain.ledger import Entry, Postings


@dataclass(frozen=True, slots=True)
class Difference:
    """What a provider or bank has moved more than the ledger, and why that is so.

    `reason`: "fee", "rate", "suspense" or "write_off". `amounts`: one for each currency. For a rate, `taken` of a
    charge became `got`, of which `fee` was kept.
    """

    fact: str
    reason: str
    held_at: str
    amounts: tuple[Money, ...]
    taken: Money | None = None
    got: Money | None = None
    fee: Money | None = None


def entries_of(facts: Sequence[str]) -> list[Entry]:
    """The entries of facts that have one."""
    return store.entries(facts)


def account_moved_on(
    account: str, day: date, shard: int, limit: int, after: dict[str, str] | None
) -> Page[Entry]:
    """Some entries of a shard that moved an account on a day; a page may be short."""
    page = store.journal_of(account, day, shard, limit, after)
    return Page(tuple(store.entries(page.items)), page.next_key)


def first_day() -> date | None:
    """The day of the first entry there is."""
    return store.first_day()


def statement_of_payout(payout_id: str) -> str | None:
    payout = reads.fetch_one(store.payout_read(payout_id))
    return None if payout is None else payout.statement_id


def difference_posted(difference: Difference, now: datetime) -> list[Write]:
    """The writes that post a difference. Raises, at commit: AlreadyPosted."""
    rule, postings = _postings(difference)
    entry = Entry(new_id("ent", now), difference.fact, rule, now, postings, now)
    return store.posted(entry)


def _postings(difference: Difference) -> tuple[str, Postings]:
    provider = difference.held_at.partition(":")[2]
    if difference.reason == "rate":
        assert difference.taken is not None
        assert difference.got is not None
        assert difference.fee is not None
        converted = rules.provider_converted(provider, difference.taken, difference.got)
        return "provider_fee", (*converted, *rules.provider_fee(provider, difference.fee))
    if difference.reason == "fee":
        return "provider_fee", tuple(
            posting for each in difference.amounts for posting in rules.provider_fee(provider, -each)
        )
    if difference.reason == "suspense":
        return "difference_suspended", tuple(
            posting
            for each in difference.amounts
            for posting in rules.difference_suspended(difference.held_at, each)
        )
    return "difference_written_off", tuple(
        posting
        for each in difference.amounts
        for posting in rules.difference_written_off(difference.held_at, each)
    )
