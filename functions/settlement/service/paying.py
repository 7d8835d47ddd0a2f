"""Payouts: an issued statement is paid out once, to where its merchant wants to be paid.

The money that a statement pays moves in one transaction with the payout: from the merchant's payable to what is in
transit. Then it is transferred by a provider, put into a file for our bank, or told of by an operator.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from entrepot.cloud import aws, reads, telemetry, writes
from entrepot.cloud.auth import Principal
from entrepot.cloud.writes import Write
from entrepot.kernel.ids import derived_id, new_id
from entrepot.kernel.money import Money
from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import NotFound
from functions.membership.facade import merchant_read
from functions.settlement import store
from functions.settlement.domain import rules
from functions.settlement.domain.banking import debtor_for, terms_in_force
from functions.settlement.domain.destinations import Destination, Through
from functions.settlement.domain.ledger import Entry, Postings
from functions.settlement.domain.payouts import Hold, Payout, PayoutStatus, Way, tellable
from functions.settlement.domain.statements import Status
from functions.settlement.payout_terms import payout_data
from functions.settlement.service import moving

HOUSE: Final = "house"
"""The bank that payouts by hand leave."""

PROVIDER: Final = "stripe"
"""Who transfers to connected accounts."""


@dataclass(frozen=True, slots=True)
class Paid:
    """What was paid out, and the merchants with statements that may not be paid, or not yet."""

    payouts: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)


def pay_merchant(merchant_id: str, now: datetime) -> Paid:
    """Pay out the statements of one merchant, unless it is on hold or has no destination where money may go now."""
    done = Paid()
    statements = store.unpaid_of(merchant_id)
    if statements and reads.fetch_one(store.hold_read(merchant_id), consistent=True) is not None:
        done.held.append(merchant_id)
        statements = []
    for statement_id in statements:
        try:
            payout_id = _pay(statement_id, now)
        except store.AlreadyPosted:  # another run was first
            continue
        except store.Overtaken:  # a hold was put just now, or the destination changed
            payout_id = None
        if payout_id is not None:
            done.payouts.append(payout_id)
        elif merchant_id not in done.held:
            done.held.append(merchant_id)
    telemetry.metric("PayoutsMade", len(done.payouts))
    telemetry.metric("PayoutsHeld", len(done.held))
    return done


def _pay(statement_id: str, now: datetime) -> str | None:
    """Returns: the payout; None: there is no way to pay it, or not yet. Raises: AlreadyPosted, Overtaken."""
    statement = reads.fetch_one(store.statement_read(statement_id), consistent=True)
    assert statement is not None, "what is to be paid was written with its statement"
    assert statement.status is Status.ISSUED, "a statement is to be paid once it is issued"
    amount = Money(statement.payable, statement.terms.currency)
    destination = reads.fetch_one(
        store.destination_read(statement.merchant_id, amount.currency), consistent=True
    )
    leaving = _way(amount.currency, destination, now)
    if leaving is None:
        telemetry.log("payout_waits", statement_id=statement_id, merchant_id=statement.merchant_id)
        return None
    way, bank = leaving
    postings = rules.payout_made(statement.merchant_id, bank, amount)
    entry = _entry(f"payout:{statement_id}", "payout_made", postings, now)
    payout = Payout(
        payout_id=derived_id("pot", statement_id),
        statement_id=statement_id,
        merchant_id=statement.merchant_id,
        amount=amount,
        bank=bank,
        status=PayoutStatus.CREATED,
        created_at=now,
        entries=(entry.entry_id,),
        way=way,
        destination_id=destination.destination_id if destination else "",
        destination=destination.masked if destination else "",
        ask_at=now if way is Way.TRANSFER else None,
    )
    writes.commit(*store.payout_made(payout), *store.posted(entry), *_handed_on(payout, destination))
    return payout.payout_id


def _way(currency: str, destination: Destination | None, now: datetime) -> tuple[Way, str] | None:
    """How a payout leaves now, and through whom."""
    if destination is None:
        terms = terms_in_force(payout_data().terms, aws.STAGE, now.date())
        return (Way.HAND, HOUSE) if terms.by_hand else None
    if not destination.usable(now):
        return None
    if destination.through is Through.STRIPE:
        return Way.TRANSFER, PROVIDER
    debtor = debtor_for(payout_data().debtors, aws.STAGE, currency, now.date())
    return None if debtor is None else (Way.FILE, debtor.bank)


def _handed_on(payout: Payout, destination: Destination | None) -> list[Write]:
    """The destination still stands, and the payout is before whoever brings it there."""
    if destination is None:
        return [store.none_there(payout.merchant_id, payout.amount.currency)]
    waits = (
        store.to_transfer(payout, destination) if payout.way is Way.TRANSFER else store.now_outgoing(payout)
    )
    return [store.still_there(destination), waits]


def move(payout_id: str, to: PayoutStatus, now: datetime, reason: str = "") -> Payout:
    """What an operator says that the bank did with a payout; told again it changes nothing.

    Raises: NotFound, Busy; PayoutNotMovable: it cannot be so, or is for another to tell.
    """

    def step(before: Payout) -> moving.Made | None:
        if before.status is to:
            return None
        tellable(before, to)
        if to is PayoutStatus.SENT:
            return before.moved(to, now), []
        if to is PayoutStatus.PAID:
            return moving.left(before, now)
        return moving.back(before, before.amount.amount, reason, now)

    return moving.changed(payout_id, step)


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
