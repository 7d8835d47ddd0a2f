"""What becomes of a payout, whoever tells: each move is one transaction, and told again it changes nothing.

A payout that left and came back is owed again, as a pending line without charges; where it had gone to a destination,
nothing goes there until the merchant sets it anew.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from entrepot.cloud import reads, telemetry, writes
from entrepot.cloud.writes import Write
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Busy, NotFound
from functions.settlement import store
from functions.settlement.domain import rules
from functions.settlement.domain.ledger import Entry, Postings
from functions.settlement.domain.payouts import Payout, PayoutStatus, Way
from functions.settlement.domain.shares import pending_return
from functions.settlement.service import destinations

Made = tuple[Payout, list[Write]]
"""What a payout becomes, and what is written with it."""

Step = Callable[[Payout], Made | None]
"""None: it is so already."""

_TRIES: Final = 5


def changed(payout_id: str, step: Step, handled: Write | None = None) -> Payout:
    """Take a step from the payout as it stands. Args: handled: the inbox's write.

    Raises: NotFound, Busy; what the step raises; AlreadyHandled.
    """
    for _ in range(_TRIES):
        before = reads.fetch_one(store.payout_read(payout_id), consistent=True)
        if before is None:
            raise NotFound
        made = step(before)
        more = [handled] if handled else []
        if made is None:
            if more:
                writes.commit(*more)
            return before
        after, own = made
        try:
            writes.commit(store.payout_moved(before, after), *own, *more)
        except (store.Overtaken, store.AlreadyPosted):  # somebody else told of it meanwhile: look again
            continue
        return after
    raise Busy


def left(before: Payout, now: datetime, reference: str = "") -> Made:
    """It has left us. Args: reference: the provider's transfer. Raises: PayoutNotMovable."""
    postings = rules.payout_paid(before.bank, source(before), before.amount)
    entry = _entry(_left(before), "payout_paid", postings, now)
    after = before.moved(PayoutStatus.PAID, now, entry.entry_id)
    more = store.posted(entry)
    if before.ask_at is not None:
        more.append(store.no_longer_asked(before))
        after = after.asked_no_more(reference)
    return after, more


def back(before: Payout, returned: int, reason: str, now: datetime, *, stop: bool = True) -> Made:
    """So much of it in all has come back, or never left. Args: stop: its destination, until it is set anew.

    Raises: PayoutNotMovable.
    """
    amount = Money(returned - before.returned, before.amount.currency)
    fact = f"payout-returned:{before.statement_id}"
    if returned != before.amount.amount or before.returned:
        fact = f"{fact}:{returned}"
    where = source(before) if before.status is PayoutStatus.PAID else rules.in_transit(before.bank)
    postings = rules.payout_returned(before.merchant_id, where, amount)
    entry = _entry(fact, "payout_returned", postings, now)
    after = before.came_back(returned, reason, now, entry.entry_id)
    line = pending_return(before.merchant_id, amount, fact, entry.entry_id, now)
    more = [*store.posted(entry), *store.now_pending(line)]
    if before.ask_at is not None:
        more.append(store.no_longer_asked(before))
    if before.way is Way.FILE and before.status is PayoutStatus.CREATED:
        more.append(store.no_longer_outgoing(before))
    if stop:
        more += _stopped(before, reason, now)
    telemetry.metric("PayoutsReturned")
    return after, more


def has_left(payout: Payout) -> bool:
    """Whether a payout that is back had left us before, so that being told so now is no news."""
    if payout.status is not PayoutStatus.RETURNED:
        return False
    return reads.fetch_one(store.entry_read(_left(payout)), consistent=True) is not None


def _left(payout: Payout) -> str:
    return f"payout-paid:{payout.statement_id}"


def source(payout: Payout) -> str:
    """The account of ours that a payout leaves: at the provider that transfers it, or at our bank."""
    return rules.psp(payout.bank) if payout.way is Way.TRANSFER else rules.bank(payout.bank)


def _stopped(payout: Payout, reason: str, now: datetime) -> list[Write]:
    held = reads.fetch_one(
        store.destination_read(payout.merchant_id, payout.amount.currency), consistent=True
    )
    if held is None or held.stopped or held.destination_id != payout.destination_id:
        return []
    return destinations.written(held, held.stop(reason or "returned"), now)


def _entry(fact: str, rule: str, postings: Postings, now: datetime) -> Entry:
    return Entry(new_id("ent", now), fact, rule, now, postings, now)
