"""Settlement over an AWS in this process: events come in as they do from the queue, the run as from the clock."""

import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from entrepot.cloud import outbox, writes
from entrepot.cloud.auth import Principal
from entrepot.cloud.inbox import once
from entrepot.cloud.writes import Write
from entrepot.contracts.events import Event, encoded
from entrepot.contracts.orders import ShareCompleted, ShareRefunded, TaxOwed
from entrepot.contracts.payments import PaymentCaptured, RefundSucceeded
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Refusal
from functions.membership.facade import Merchant, seed_merchant
from functions.settlement import triggers
from functions.settlement.domain import rules
from functions.settlement.domain.ledger import TrialBalance
from functions.settlement.service import paying, reading, running
from functions.settlement.service.reading import FullStatement

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SHENZHEN = "mrc_01JD00000000000000000000SZ"
MILAN = "mrc_01JD00000000000000000000M1"
OPERATOR = Principal("mbr_operator", "operator")

_numbers = itertools.count(1)


@dataclass
class Run:
    """The statements that were issued, and the merchants that could not be settled."""

    issued: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def run(now: datetime) -> Run:
    """Every merchant's turn to be settled, as the queue brings it; nobody is paid yet."""
    done = Run()
    for turn in running.turns():
        try:
            done.issued += running.settled(turn, now)
        except Refusal:
            done.failed.append(turn.merchant_id)
    return done


def pay(now: datetime) -> paying.Paid:
    """Every merchant's turn to be paid."""
    paid = [paying.pay_merchant(turn.merchant_id, now) for turn in running.turns()]
    return paying.Paid(
        [each for one in paid for each in one.payouts], [each for one in paid for each in one.held]
    )


def staff(merchant_id: str) -> Principal:
    return Principal("mbr_staff", "merchant", merchant_id)


def captured(amount: int, fact: str = "pi_1:1", currency: str = "EUR", at: datetime = NOW) -> PaymentCaptured:
    return PaymentCaptured(
        event_id=new_id("evt", at),
        occurred_at=at,
        payment_id="pay_1",
        order_id="ord_1",
        currency=currency,
        amount=amount,
        authorised=amount,
        captured=amount,
        refunded=0,
        provider="stripe",
        fact=fact,
    )


def refunded(amount: int, refund_id: str = "rfd_1", at: datetime = NOW) -> RefundSucceeded:
    return RefundSucceeded(
        event_id=new_id("evt", at),
        occurred_at=at,
        payment_id="pay_1",
        order_id="ord_1",
        currency="EUR",
        amount=amount,
        authorised=amount,
        captured=amount,
        refunded=amount,
        provider="stripe",
        refund_id=refund_id,
    )


def completed(
    goods: int,
    *,
    freight: int = 0,
    taxes: Iterable[tuple[str, int, str]] = (),
    before: int = 0,
    order: str = "ord_1",
    currency: str = "EUR",
    merchant: str = SHENZHEN,
    at: datetime = NOW,
) -> ShareCompleted:
    """`taxes`: (authority, amount, liable) each; `before`: what was refunded before the share completed."""
    owed = tuple(
        TaxOwed(authority=authority, kind="import_tax", amount=amount, liable=liable)
        for authority, amount, liable in taxes
    )
    return ShareCompleted(
        event_id=new_id("evt", at),
        occurred_at=at,
        order_id=order,
        merchant_id=merchant,
        payment_id="pay_1",
        currency=currency,
        goods=goods,
        freight=freight,
        taxes=owed,
        refunded=before,
        paid=goods + freight + sum(tax.amount for tax in owed),
    )


def share_refunded(
    amount: int, refund_id: str = "rfd_1", order: str = "ord_1", at: datetime = NOW
) -> ShareRefunded:
    return ShareRefunded(
        event_id=new_id("evt", at),
        occurred_at=at,
        order_id=order,
        merchant_id=SHENZHEN,
        refund_id=refund_id,
        currency="EUR",
        amount=amount,
    )


class Books:
    """A ledger with two merchants, one paid in yuan and one in euro, 8 % and 10 % commission."""

    def __init__(self) -> None:
        self.now = NOW
        seed_merchant(Merchant(SHENZHEN, "Shenzhen Audio", "CN", "CNY", 800), NOW)
        seed_merchant(Merchant(MILAN, "Porcellana Srl", "IT", "EUR", 1000), NOW)

    def tell(self, *events: Event) -> None:
        """Each event as the queue brings it."""
        consumer = next(trigger for trigger in triggers.triggers.all if trigger.name == "settlement_events")
        for event in events:
            consumer.handle(encoded(event), self.now)

    def run(self) -> Run:
        return run(self.now)

    def pay(self) -> paying.Paid:
        return pay(self.now)

    def trial(self) -> TrialBalance:
        return reading.trial_balance(self.now)

    def balances(self) -> dict[tuple[str, str], int]:
        """Debits above zero, credits below, by account and currency, and nothing that has come out even."""
        closing = {(b.account, b.currency): b.debits - b.credits for b in self.trial().accounts}
        return {key: amount for key, amount in closing.items() if amount}

    def statements(self, merchant_id: str = SHENZHEN) -> list[FullStatement]:
        """Every statement of a merchant, oldest first, in full."""
        page = reading.listed(merchant_id, OPERATOR, 100, None)
        return [reading.statement(held.statement_id, OPERATOR) for held in reversed(page.items)]

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def announced(self) -> list[dict[str, Any]]:
        """What settlement has published."""
        found = [
            json.loads(row.body)
            for shard in range(outbox.SHARDS)
            for row in outbox.unsent(shard, self.now + timedelta(days=1), limit=100)
        ]
        return [event for event in found if event["event"].startswith("settlement.")]


def owed(full: FullStatement, currency: str) -> int:
    """What the entries that a statement names add to what its merchant is owed."""
    account = f"merchant_payable:{full.statement.merchant_id}"
    return sum(rules.effect(entry.postings, account, currency).amount for entry in full.entries)


class Crash(BaseException):
    """The process is gone: nothing may catch it."""


def crash_at(monkeypatch: pytest.MonkeyPatch, number: int, *, written: bool) -> None:
    """Die at the so-manieth commit from now on, just before or just after it is written."""
    real, commits = writes.commit, itertools.count(1)

    def commit(*given: Write) -> None:
        reached = next(commits) == number
        if reached and not written:
            raise Crash
        real(*given)
        if reached:
            raise Crash

    monkeypatch.setattr(writes, "commit", commit)


def commits_counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of writes in each commit from now on."""
    real = writes.commit
    sizes: list[int] = []

    def commit(*given: Write) -> None:
        sizes.append(len(given))
        real(*given)

    monkeypatch.setattr(writes, "commit", commit)
    return sizes


def fresh(event: Event) -> None:
    """The same fact, told by another event."""
    handled = once("settlement-events", f"evt_again_{next(_numbers)}", NOW)
    consumer = next(trigger for trigger in triggers.triggers.all if trigger.name == "settlement_events")
    consumer.handlers[type(event)](event, handled, NOW)
