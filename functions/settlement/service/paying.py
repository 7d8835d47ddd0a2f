"""Payouts: an issued statement is paid out once; what comes back is owed again, once.

The money that a statement pays moves in one transaction with the payout: from the merchant's payable to what is in
transit. What the bank does with it is told by an operator, step by step.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from entrepot.cloud import reads, telemetry, writes
from entrepot.cloud.auth import Principal
from entrepot.kernel.ids import derived_id, new_id
from entrepot.kernel.money import Money
from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import Busy, NotFound
from functions.membership.facade import merchant_read
from functions.settlement import store
from functions.settlement.domain import rules
from functions.settlement.domain.ledger import Entry, Postings
from functions.settlement.domain.payouts import Hold, Payout, PayoutStatus
from functions.settlement.domain.shares import pending_return
from functions.settlement.domain.statements import Status

BANK: Final = "house"
"""The account that payouts leave. One for each currency is the bank's own matter."""

_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Paid:
    """What a run paid out, and the merchants that it may not pay."""

    payouts: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)


def pay(now: datetime) -> Paid:
    """Pay out every statement that is issued and not paid, but those of merchants on hold."""
    done = Paid()
    for merchant_id in store.unpaid():
        paid = pay_merchant(merchant_id, now)
        done.payouts.extend(paid.payouts)
        done.held.extend(paid.held)
    return done


def pay_merchant(merchant_id: str, now: datetime) -> Paid:
    """Pay out the statements of one merchant, unless it is on hold."""
    done = Paid()
    statements = store.unpaid_of(merchant_id)
    if statements and reads.fetch_one(store.hold_read(merchant_id), consistent=True) is not None:
        done.held.append(merchant_id)
        statements = []
    for statement_id in statements:
        try:
            done.payouts.append(_pay(statement_id, now))
        except store.AlreadyPosted:  # another run was first
            continue
        except store.Overtaken:  # a hold was put just now
            done.held.append(merchant_id)
    telemetry.metric("PayoutsMade", len(done.payouts))
    telemetry.metric("PayoutsHeld", len(done.held))
    return done


def _pay(statement_id: str, now: datetime) -> str:
    statement = reads.fetch_one(store.statement_read(statement_id), consistent=True)
    assert statement is not None, "what is to be paid was written with its statement"
    assert statement.status is Status.ISSUED, "a statement is to be paid once it is issued"
    amount = Money(statement.payable, statement.terms.currency)
    payout_id = derived_id("pot", statement_id)
    entry = _entry(
        f"payout:{statement_id}",
        "payout_made",
        rules.payout_made(statement.merchant_id, BANK, amount),
        now,
    )
    payout = Payout(
        payout_id=payout_id,
        statement_id=statement_id,
        merchant_id=statement.merchant_id,
        amount=amount,
        bank=BANK,
        status=PayoutStatus.CREATED,
        created_at=now,
        entries=(entry.entry_id,),
    )
    writes.commit(*store.payout_made(payout), *store.posted(entry))
    return payout_id


def move(payout_id: str, to: PayoutStatus, now: datetime) -> Payout:
    """What the bank did with a payout; told again it changes nothing.

    Raises: NotFound, PayoutNotMovable, Busy.
    """
    for _ in range(_TRIES):
        before = reads.fetch_one(store.payout_read(payout_id), consistent=True)
        if before is None:
            raise NotFound
        if before.status is to:
            return before
        try:
            return _move(before, to, now)
        except store.Overtaken:  # somebody else told of it meanwhile: look again
            continue
    raise Busy


def _move(before: Payout, to: PayoutStatus, now: datetime) -> Payout:
    postings = _postings(before, to)
    entry = _entry(f"payout-{to.value}:{before.statement_id}", f"payout_{to.value}", postings, now)
    after = before.moved(to, now, entry.entry_id if postings else None)
    more = store.posted(entry) if postings else []
    if to is PayoutStatus.RETURNED:
        line = pending_return(before.merchant_id, before.amount, entry.fact, entry.entry_id, now)
        more = [*more, *store.now_pending(line)]
    writes.commit(store.payout_moved(before, after), *more)
    return after


def _postings(payout: Payout, to: PayoutStatus) -> Postings:
    if to is PayoutStatus.PAID:
        return rules.payout_paid(payout.bank, rules.bank(payout.bank), payout.amount)
    if to is PayoutStatus.RETURNED:
        left = payout.status is PayoutStatus.PAID
        back_at = rules.bank(payout.bank) if left else rules.in_transit(payout.bank)
        return rules.payout_returned(payout.merchant_id, back_at, payout.amount)
    return ()


def listed(merchant_id: str, caller: Principal, limit: int, after: dict[str, str] | None) -> Page[Payout]:
    """A page of a merchant's payouts, newest first. Raises: NotFound: another's, or no such merchant."""
    if caller.merchant_id is None:
        _known(merchant_id)
    elif caller.merchant_id != merchant_id:
        raise NotFound
    return store.payouts(merchant_id, limit, after)


def hold(merchant_id: str, reason: str, by: Principal, now: datetime) -> Hold:
    """Stop a merchant's payouts. Statements go on. Raises: NotFound."""
    _known(merchant_id)
    put = Hold(merchant_id, reason, by.member_id, now)
    writes.commit(store.held(put))
    return put


def let_go(merchant_id: str) -> None:
    """Let a merchant's payouts go on with the next run. Raises: NotFound."""
    _known(merchant_id)
    writes.commit(store.let_go(merchant_id))


def _known(merchant_id: str) -> None:
    if reads.fetch_one(merchant_read(merchant_id)) is None:
        raise NotFound


def _entry(fact: str, rule: str, postings: Postings, now: datetime) -> Entry:
    return Entry(new_id("ent", now), fact, rule, now, postings, now)
