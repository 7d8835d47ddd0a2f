"""Bank transfer as a provider: our own account, of which we hear by its statements.

It answers out of our own table, so that it is never out of reach. Nothing is captured by hand here, and money that goes
back is a person's work until a statement shows it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from entrepot.cloud import reads, telemetry, writes
from entrepot.kernel.clock import utc_now
from entrepot.kernel.ids import derived_id, new_id
from entrepot.kernel.money import Money
from functions.payments import bank_store
from functions.payments.domain import bank
from functions.payments.domain.bank import Due, Kind, Work
from functions.payments.domain.facts import Refund
from functions.payments.domain.movements import MovementPage
from functions.payments.domain.payment import Payment, Snapshot
from functions.payments.domain.reference import reference_of
from functions.payments.gateway import (
    BadSignature,
    Capabilities,
    Declined,
    Disputed,
    Evidence,
    Fetch,
    Heard,
    Intent,
    NextAction,
    ProviderUnavailable,
)

_FILE: Final = Path(__file__).parent / "data" / "accounts.json"
_TRIES: Final = 5
_RETURN: Final = "ret"

T = TypeVar("T")


class BankGateway:
    """See `Gateway`."""

    capabilities = Capabilities(movements=True)

    def create(self, payment: Payment) -> Intent:
        reference = reference_of(payment.payment_id)
        due = Due(reference, payment.payment_id, payment.amount, payment.created_at)
        try:
            writes.commit(*bank_store.opened(due))
        except bank_store.AlreadyDue:
            due = found(reference)
        return _intent(due)

    def fetch(self, intent_id: str) -> Intent:
        return _intent(found(intent_id))

    def capture(self, payment: Payment, amount: int) -> Intent:
        raise Declined("nothing_to_capture")

    def cancel(self, payment: Payment) -> Intent:
        """What came of it until now goes back. Raises: Declined: it was paid."""

        def act() -> Due:
            due = found(payment.intent_id)
            if due.paid_at:
                raise Declined("already_paid")
            after, back = bank.with_end(due)
            if after != due:
                writes.commit(*bank_store.saved(due, after), *going_back(after, back, utc_now()))
            return after

        return _intent(_until_unchanged(act))

    def refund(self, payment: Payment, refund: Refund) -> Snapshot:
        def act() -> Due:
            due, now = found(payment.intent_id), utc_now()
            if any(known.refund_id == refund.refund_id for known in due.refunds):
                return due
            after = bank.with_refund(due, refund)
            item = Work(
                derived_id(_RETURN, refund.refund_id),
                Kind.RETURN,
                "refund",
                Money(refund.amount, due.amount.currency),
                now,
                due.reference,
                refund_id=refund.refund_id,
            )
            writes.commit(*bank_store.saved(due, after), bank_store.wanted(item))
            telemetry.metric("BankReturnWanted")
            return after

        return bank.snapshot(_until_unchanged(act), utc_now())

    def refunds(self, payment: Payment) -> Snapshot:
        return bank.snapshot(found(payment.intent_id), utc_now())

    def answer(self, payment: Payment, dispute_id: str, evidence: Evidence) -> Snapshot:
        raise Declined("no_disputes")  # a transfer is never taken back by the payer

    def disputes(self, payment: Payment) -> Snapshot:
        return bank.snapshot(found(payment.intent_id), utc_now())

    def disputes_since(self, at: datetime) -> Sequence[Disputed]:
        return ()

    def movements(self, day: date, after: str | None) -> MovementPage:
        """What the statements that were taken in on that day tell of: a statement that comes late is of a later day."""
        return bank_store.movements(day, after)

    def verified(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> str:
        """A bank sends no webhooks; whoever says so is not the bank. What it tells comes in statements."""
        raise BadSignature

    def heard(self, message: str, fetch: Fetch | None = None) -> Heard | None:
        return None


def found(reference: str) -> Due:
    """The due as it stands. Raises: Declined: there is none."""
    due = reads.fetch_one(bank_store.due_read(reference), consistent=True)
    if due is None:
        raise Declined("unknown_reference")
    return due


def going_back(due: Due, back: tuple[str, int] | None, now: datetime) -> tuple[writes.Write, ...]:
    """The writes that ask a person to transfer money back."""
    if back is None:
        return ()
    reason, amount = back
    telemetry.metric("BankReturnWanted")
    money = Money(amount, due.amount.currency)
    return (bank_store.wanted(Work(new_id(_RETURN, now), Kind.RETURN, reason, money, now, due.reference)),)


def _intent(due: Due) -> Intent:
    account = accounts()[due.amount.currency]
    details = {**account, "reference": due.reference}
    action = NextAction("bank_transfer", None, details) if due.open else None
    return Intent(bank.snapshot(due, utc_now()), due.payment_id, None, action)


def _until_unchanged(act: Callable[[], T]) -> T:
    for _ in range(_TRIES):
        try:
            return act()
        except bank_store.DueChanged:
            continue
    raise ProviderUnavailable


@cache
def accounts() -> dict[str, Any]:
    """Our accounts by currency: what a payer has to know of each."""
    return {row["currency"]: row["shown"] for row in json.loads(_FILE.read_text("utf-8"))["accounts"]}
