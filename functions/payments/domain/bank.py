"""What is owed by bank transfer, what came, and what has to go back: exact, partial, over, twice and late."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from entrepot.kernel.money import Money
from functions.payments.domain.facts import Refund, RefundStatus, Status, Word
from functions.payments.domain.payment import Snapshot


@dataclass(frozen=True, slots=True)
class Entry:
    """A booked line of a statement. `identity` is the same in every statement that tells of it.

    `came_back`: it is money of ours that somebody's bank sent back, `reason` being why in its code, where it says so.
    """

    identity: str
    account: str
    money: Money
    credit: bool
    booked_on: date
    text: str  # what the payer wrote; personal data, never in a log or an event
    came_back: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    identity: str
    amount: int


@dataclass(frozen=True, slots=True)
class Due:
    """One payment by bank transfer. Amounts are minor units of `amount.currency`.

    Less than the amount is kept here until the rest comes, and counts as nothing captured. `paid` and `cancelled`
    exclude one another: whichever was first stays.
    """

    reference: str
    payment_id: str
    amount: Money
    opened_at: datetime
    receipts: tuple[Receipt, ...] = ()
    paid_at: datetime | None = None
    cancelled: bool = False
    refunds: tuple[Refund, ...] = ()
    revision: int = 0

    @property
    def received(self) -> int:
        return sum(receipt.amount for receipt in self.receipts)

    @property
    def open(self) -> bool:
        return self.paid_at is None and not self.cancelled


class Kind(StrEnum):
    UNMATCHED = "unmatched"
    RETURN = "return"
    CLAIM = "claim"


@dataclass(frozen=True, slots=True)
class Work:
    """Something that a person has to do: find whose an entry is, transfer money back, or see that a buyer claims it.

    `reason`: "no_reference", "other_currency", "over", "twice", "late", "partial" or "refund". Money that goes back
    names `item_id` without its prefix in its remittance information: by that the statement tells that it is done. What
    is claimed at `link` is done when the provider has paid it out; without a link the provider has declined to open it.
    """

    item_id: str
    kind: Kind
    reason: str
    money: Money
    at: datetime
    reference: str = ""
    entry: Entry | None = None
    refund_id: str = ""
    link: str = ""


def with_receipt(due: Due, entry: Entry, now: datetime) -> tuple[Due, tuple[str, int] | None]:
    """The due with a receipt, and what of it goes back: why and how much.

    The currency is the due's own: whoever calls has looked.
    """
    assert entry.money.currency == due.amount.currency
    after = replace(due, receipts=(*due.receipts, Receipt(entry.identity, entry.money.amount)))
    if not due.open:
        return after, ("late" if due.cancelled else "twice", entry.money.amount)
    over = after.received - due.amount.amount
    if over < 0:
        return after, None
    return replace(after, paid_at=now), ("over", over) if over else None


def with_end(due: Due) -> tuple[Due, tuple[str, int] | None]:
    """The due cancelled, unless it was paid, and what came of it goes back."""
    if not due.open:
        return due, None
    return replace(due, cancelled=True), ("partial", due.received) if due.received else None


def with_refund(due: Due, refund: Refund) -> Due:
    """What somebody gave as its reason stays with the payment."""
    return replace(due, refunds=(*due.refunds, replace(refund, status=RefundStatus.PENDING, reason="")))


def with_refund_done(due: Due, refund_id: str) -> Due:
    done = RefundStatus.SUCCEEDED
    refunds = (replace(each, status=done) if each.refund_id == refund_id else each for each in due.refunds)
    return replace(due, refunds=tuple(refunds))


def snapshot(due: Due, now: datetime) -> Snapshot:
    """What the account says of the payment. Its money is captured once it is whole."""
    whole = due.amount.amount if due.paid_at else 0
    word = None
    if due.open:
        word = Word(Status.PROCESSING if due.received else Status.REQUIRES_ACTION, now)
    return Snapshot(
        due.paid_at or now,
        due.reference,
        due.amount.currency,
        amount=due.amount.amount,
        word=word,
        authorised=whole,
        captured=whole,
        cancelled=due.cancelled,
        refunds=due.refunds,
    )
