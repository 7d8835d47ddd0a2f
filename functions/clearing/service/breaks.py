"""Breaks, as people work on them: seen, taken, and resolved for a reason that posts the difference."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from entrepot.cloud import reads, writes
from entrepot.cloud.auth import Principal
from entrepot.kernel.money import Money
from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import NotFound
from functions.clearing import store
from functions.clearing.domain import items as domain
from functions.clearing.domain.items import ACCOUNTS, Cause, Item, NotResolvable, Outcome, Reason
from functions.clearing.service import jobs, judging
from functions.settlement import facade as settlement


def listed(limit: int, after: Mapping[str, str] | None) -> Page[Item]:
    """Some open breaks, shard after shard, of each the oldest first; a page may be short."""
    shard = int(after["shard"]) if after else 0
    inner = {key: value for key, value in after.items() if key != "shard"} if after else None
    page = store.open_page(shard, limit, inner or None)
    if page.next_key:
        following: dict[str, str] | None = {"shard": str(shard), **page.next_key}
    else:
        following = {"shard": str(shard + 1)} if shard + 1 < store.SHARDS else None
    return Page(tuple(item for item in page.items if item.outcome is Outcome.BREAK), following)


def take(break_id: str, caller: Principal, member_id: str | None) -> Item:
    """Give a break to a member of staff, or to who asks. Raises: NotFound, NotResolvable, Overtaken."""
    before = _found(break_id)
    after = domain.taken(before, member_id or caller.member_id)
    return _kept(before, after, ())


def resolve(break_id: str, reason: Reason, note: str, caller: Principal, now: datetime) -> Item:
    """Post the difference of a break by the rule of a reason, in one transaction with its end.

    Raises: NotFound; NotResolvable: it is no break any more, or not of that reason; Overtaken.
    """
    before = _found(break_id)
    fact = _fact(before, reason)
    after = domain.resolved(before, reason, note, caller.member_id, fact)
    posted = settlement.difference_posted(_difference(before, reason, fact), now)
    try:
        kept = _kept(before, after, posted, (fact,))
    except settlement.AlreadyPosted:
        # What was missing has come meanwhile: nothing is left to resolve.
        judging.look_again([(store.key_of(before), before.item_id)], now.date())
        raise NotResolvable(reason=reason.value) from None
    jobs.make_sums(kept.source, kept.day, kept.shard)
    return kept


def _found(break_id: str) -> Item:
    key = reads.fetch_one(store.place_read(break_id), consistent=True)
    item = reads.fetch_one(store.item_read(key, break_id), consistent=True) if key else None
    if item is None:
        raise NotFound
    return item


def _kept(
    before: Item, after: Item, more: list[writes.Write] | tuple[()], claims: tuple[str, ...] = ()
) -> Item:
    made = replace(after, revision=before.revision + 1)
    writes.commit(*more, *store.kept(before, made, claims))
    return made


def _fact(item: Item, reason: Reason) -> str:
    """A fee of a charge is the fact that its event would tell, so that it is booked once whoever comes first."""
    if item.cause in (Cause.FEE, Cause.RATE) and reason in (Reason.FEE, Reason.RATE):
        return item.facts[1]
    return f"clearing:{item.item_id}"


def _difference(item: Item, reason: Reason, fact: str) -> settlement.Difference:
    amounts = tuple(Money(each.difference, each.currency) for each in item.sums if each.difference)
    told = item.movement
    if reason is Reason.RATE and told is not None:
        return settlement.Difference(
            fact,
            reason.value,
            ACCOUNTS[item.source][0],
            amounts,
            taken=told.presented,
            got=Money(told.gross, told.currency),
            fee=Money(told.fee, told.currency),
        )
    return settlement.Difference(fact, reason.value, ACCOUNTS[item.source][0], amounts)
