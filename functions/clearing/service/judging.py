"""Items beside the ledger as it stands now: many at once; what has not changed is not written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from entrepot.cloud import reads
from functions.clearing import store
from functions.clearing.domain import items as domain
from functions.clearing.domain.items import ACCOUNTS, Item, Side, reversal_of
from functions.settlement import facade as settlement

_TAKEN: Final = ("", "")

Shard = tuple[str, date, int]
"""A shard of a source's day."""


def look_at(found: Sequence[Item], today: date) -> set[Shard]:
    """Judge items, known before or not, and keep what is new of them.

    A fact that the ledger alone had told counts for its movement from now on; one that counts for another movement does
    not count again. Returns: the shards that changed.
    Raises: Overtaken: somebody else looked at one of them at the same time.
    """
    if not found:
        return set()
    held = reads.fetch(
        *(store.item_read(store.key_of(each), each.item_id) for each in found), consistent=True
    )
    new = [each for before, each in zip(held, found, strict=True) if before is None]
    claimed, gone = _claimed([each for each in new if each.side is Side.PROVIDER])
    gone += _given_up([before for before in held if before is not None])
    known = [
        before or replace(each, facts=claimed.get(each.item_id, each.facts))
        for before, each in zip(held, found, strict=True)
    ]
    entries = _entries(known)
    kept: list[store.Kept] = [(before, domain.superseded(before), ()) for before in gone]
    over = {before.item_id for before in gone}
    for before, item in zip(held, known, strict=True):
        if item.item_id in over:
            continue
        after = _judged(item, entries, today)
        if after != before:
            kept.append((before, after, () if before else item.facts))
    kept = [
        (before, replace(after, revision=before.revision + 1 if before else 1), claims)
        for before, after, claims in kept
    ]
    store.keep_all(kept)
    return {(after.source, after.day, after.shard) for _, after, _ in kept}


def look_again(places: Iterable[tuple[str, str]], today: date) -> set[Shard]:
    """Judge items by their keys and ids."""
    wanted = list(dict.fromkeys(places))
    if not wanted:
        return set()
    found = reads.fetch(*(store.item_read(key, item_id) for key, item_id in wanted), consistent=True)
    return look_at([item for item in found if item is not None], today)


def _claimed(new: Sequence[Item]) -> tuple[dict[str, tuple[str, ...]], list[Item]]:
    """The facts that each new movement may count, by its id, and the items of the ledger alone that it takes over."""
    names = [(each.source, fact) for each in new for fact in each.facts]
    if not names:
        return {}, []
    claims = dict(
        zip(names, reads.fetch(*(store.claim_read(*name) for name in names), consistent=True), strict=True)
    )
    places = dict.fromkeys(claim for claim in claims.values() if claim is not None)
    held = reads.fetch(*(store.item_read(*place) for place in places), consistent=True) if places else []
    holders = {item.item_id: item for item in held if item is not None}
    free: dict[str, tuple[str, ...]] = {}
    gone: dict[str, Item] = {}
    for each in new:
        own = []
        for fact in each.facts:
            claim = claims.pop((each.source, fact), _TAKEN)
            holder = holders.get(claim[1]) if claim else None
            if claim is _TAKEN or (holder is not None and holder.side is Side.PROVIDER):
                continue
            own.append(fact)
            if holder is not None:
                gone[holder.item_id] = holder
        free[each.item_id] = tuple(own)
    return free, list(gone.values())


def _given_up(held: Sequence[Item]) -> list[Item]:
    """Facts of the ledger alone that a movement has claimed at the same moment at which they became items."""
    alone = [each for each in held if each.side is Side.LEDGER and each.open]
    if not alone:
        return []
    claims = reads.fetch(*(store.claim_read(each.source, each.key) for each in alone), consistent=True)
    return [
        each
        for each, claim in zip(alone, claims, strict=True)
        if claim is not None and claim[1] != each.item_id
    ]


def _entries(items: Sequence[Item]) -> Mapping[str, settlement.Entry]:
    facts = dict.fromkeys(name for each in items for fact in each.facts for name in (fact, reversal_of(fact)))
    return {entry.fact: entry for entry in settlement.entries_of(list(facts))} if facts else {}


def _judged(item: Item, entries: Mapping[str, settlement.Entry], today: date) -> Item:
    accounts = ACCOUNTS[item.source]
    names = [name for fact in item.facts for name in (fact, reversal_of(fact))]
    ledger: dict[str, int] = {}
    for entry in (entries[name] for name in names if name in entries):
        for posting in entry.postings:
            if posting.account in accounts:
                ledger[posting.currency] = ledger.get(posting.currency, 0) + posting.debit - posting.credit
    return domain.judged(item, ledger, [fact for fact in item.facts if fact in entries], today)
