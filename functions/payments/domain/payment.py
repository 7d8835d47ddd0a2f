"""A payment is its facts. Each fact only rises, so snapshots may come late, twice and in any order.

Merging is a join: amounts take the greater, sets their union, refunds go by id and rank, and what the provider
says of an unfinished attempt goes by the provider's clock, then by rank. The status is derived, never stored.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Busy, Kind, Refusal
from functions.payments.domain.facts import (
    Dispute,
    DisputeStatus,
    Fee,
    Refund,
    RefundStatus,
    Status,
    Word,
    joined,
    joined_disputes,
    joined_fees,
    later,
)

LAPSES_AFTER: Final = timedelta(days=7)
"""How long a card authorisation holds online. Source: https://docs.stripe.com/payments/place-a-hold-on-a-payment-method"""

TELL_FEES: Final = ("stripe",)
"""Providers that say later what they kept of a charge."""

CANNOT_REFUSE: Final = ("btcpay",)
"""Providers to which a payer can send money that nobody waits for any more."""

GOES_BACK: Final = "goes_back"
"""The flag of a payment that was called paid once its money was on its way back."""

INTO_BALANCES: Final = ("stripe",)
"""Providers for which a bank transfer goes into a balance of the payer's, out of which the payment is taken."""

_BALANCE_LOOKS: Final = 20
"""How often the sweep looks into such a balance once the payment is over: for two weeks, daily in the end."""

ACTS_BEFORE_LAPSE: Final = timedelta(hours=24)

ANSWERS_BEFORE: Final = timedelta(hours=48)
"""So that of the sweep's daily looks at a disputed payment at least one comes in time."""

_LATE_LOOKS: Final = 8
"""How often the sweep asks whether more came after the end: over three days, longer than such a provider watches."""

_FEE_LOOKS: Final = 6
"""How often the sweep asks for a fee that nobody told; after that clearing shows that it is missing."""

PATIENCE: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 1440))
"""How long the provider may be silent before it is asked, longer after each time it had nothing new to say."""


class CaptureMode(StrEnum):
    AUTOMATIC = "automatic"
    MANUAL = "manual"


class MethodNotAvailable(Refusal):
    code = "method_not_available"
    kind = Kind.RULE
    title = "No provider offers this payment method for this currency, market and way of capturing."


class AmountNotChargeable(Refusal):
    code = "amount_not_chargeable"
    kind = Kind.RULE
    title = "The payment provider cannot charge exactly this amount in this currency."


class ExceedsCaptured(Refusal):
    code = "exceeds_captured"
    kind = Kind.RULE
    title = "More than what was captured and not yet refunded."


class ExceedsAuthorised(Refusal):
    code = "exceeds_authorised"
    kind = Kind.RULE
    title = "More than what was authorised and is not yet given up or captured."


class CurrencyMismatch(Refusal):
    code = "currency_mismatch"
    kind = Kind.RULE
    title = "The amount is in another currency than the payment."


class AmountNotPositive(Refusal):
    code = "amount_not_positive"
    kind = Kind.RULE
    title = "The amount must be above zero."


class PaymentNotOpen(Refusal):
    code = "payment_not_open"
    kind = Kind.CONFLICT
    title = "This payment is not in a state that allows it."


class PaymentChanged(Busy):
    """The payment changed since it was read: read it again and decide again."""


@dataclass(frozen=True, slots=True)
class Payment:
    """Amounts are minor units of `amount.currency`. `revision` counts the writes of its row.

    `kept_until`: once its payer is forgotten, the last day on which the rest is kept. `payer` is the member whose card
    is to be kept (`keep`), or is chosen of those kept (`card_id`); `customer` is what the provider calls them. Of a
    payment that is taken from a balance `received` is all that ever came into that, and `returns` what of it goes back.
    """

    payment_id: str
    order_id: str
    amount: Money  # to be authorised
    method: str
    capture: CaptureMode
    created_at: datetime
    intent_id: str = ""
    word: Word | None = None
    authorised: int = 0
    authorised_at: datetime | None = None
    captured: int = 0
    cancelled: bool = False
    disputed: bool = False
    flags: tuple[str, ...] = ()
    refunds: tuple[Refund, ...] = ()
    fees: tuple[Fee, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    forgone: int = 0
    capture_requested: int = 0
    cancellation_requested: bool = False
    revision: int = 0
    provider: str = "stripe"
    kept_until: date | None = None
    payer: str = ""
    customer: str = ""
    keep: bool = False
    card_id: str = ""
    received: int = 0  # confirmed at a provider that cannot refuse money, whether or not it pays for anything
    returns: tuple[Refund, ...] = ()  # of what was received and pays for nothing

    @property
    def forgotten(self) -> bool:
        return self.kept_until is not None

    @property
    def at_rest(self) -> bool:
        """No refund is on its way, and no dispute waits for its end: nobody has to know who paid."""
        disputed = any(dispute.drawn and not dispute.decided for dispute in self.disputes)
        return not disputed and not any(refund.open for refund in (*self.refunds, *self.returns))

    @property
    def set_aside(self) -> int:
        """What was received too late, in part or in excess, and that nobody was asked to give back yet.

        A return that failed was given up by a person, who knows why: it is not asked for again.
        """
        if not (self.captured or self.cancelled):
            return 0
        return max(0, self.received - self.captured - sum(each.amount for each in self.returns))

    @property
    def by_balance(self) -> bool:
        """It is paid by a transfer into a balance that the provider keeps for this payment alone."""
        return self.method == "bank_transfer" and self.provider in INTO_BALANCES

    @property
    def covered(self) -> bool:
        """The whole amount is held for us or taken."""
        return self.authorised >= self.amount.amount and (self.captured > 0 or not self.cancelled)

    @property
    def status(self) -> Status:
        if self.captured:
            return Status.CAPTURED
        if self.cancelled:
            return Status.CANCELLED
        if self.covered:
            return Status.AUTHORISED
        if self.flags:
            return Status.FLAGGED
        return self.word.status if self.word else Status.CREATED

    @property
    def last_error(self) -> str | None:
        return self.word.error or None if self.word else None

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds if refund.status is RefundStatus.SUCCEEDED)

    @property
    def refundable(self) -> int:
        """Captured less every refund that has not failed."""
        taken = sum(refund.amount for refund in self.refunds if refund.status is not RefundStatus.FAILED)
        return max(0, self.captured - taken)

    @property
    def capturable(self) -> int:
        """Authorised, not given up, and not captured or about to be; a card can be captured once."""
        if self.captured or self.cancelled or self.capture_requested or self.cancellation_requested:
            return 0
        return max(0, self.authorised - self.forgone)

    @property
    def contested(self) -> bool:
        """A dispute is open or was lost; one that was won, or a bank's question that came to nothing, is over."""
        if self.disputes:
            return any(dispute.drawn and dispute.status is not DisputeStatus.WON for dispute in self.disputes)
        return self.disputed

    def dispute_of(self, dispute_id: str) -> Dispute | None:
        return next((dispute for dispute in self.disputes if dispute.dispute_id == dispute_id), None)

    def refund_of(self, refund_id: str) -> Refund | None:
        return next((refund for refund in self.refunds if refund.refund_id == refund_id), None)

    def return_of(self, return_id: str) -> Refund | None:
        return next((each for each in self.returns if each.refund_id == return_id), None)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the provider says of one payment at one moment.

    `amount` is the intent's own; None where the snapshot is not about the whole (a refund). `refunds` are those it
    tells of, not all there are. Amounts in it are minor units of `currency`.
    """

    at: datetime
    intent_id: str
    currency: str
    amount: int | None = None
    ours: bool = True  # our account, and the mode (live or test) of this stage
    word: Word | None = None
    authorised: int = 0
    captured: int = 0
    cancelled: bool = False
    disputed: bool = False
    refunds: tuple[Refund, ...] = ()
    fees: tuple[Fee, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    received: int = 0
    returns: tuple[Refund, ...] = ()


def mismatch(payment: Payment, snapshot: Snapshot) -> str | None:
    """What in a snapshot is not ours, in one word; None where all is."""
    if not snapshot.ours:
        return "account"
    if snapshot.currency != payment.amount.currency:
        return "currency"
    if snapshot.amount is not None and snapshot.amount != payment.amount.amount:
        return "amount"
    if payment.intent_id and snapshot.intent_id != payment.intent_id:
        return "intent"
    if any(_other_amount(payment, refund) for refund in (*snapshot.refunds, *snapshot.returns)):
        return "refund"
    return None


def merged(payment: Payment, snapshot: Snapshot) -> Payment:
    """The payment with what the snapshot adds. Of one that is not ours only the flag is kept.

    Money on its way back to its payer pays for nothing any more, whatever the provider says of it afterwards.
    """
    wrong = mismatch(payment, snapshot)
    if wrong:
        return replace(payment, flags=tuple(sorted({*payment.flags, wrong})))
    if _given_away(payment, snapshot):
        payment = replace(payment, flags=tuple(sorted({*payment.flags, GOES_BACK})))
        snapshot = replace(snapshot, authorised=0, captured=0, cancelled=True)
    return replace(
        payment,
        intent_id=snapshot.intent_id,
        word=later(payment.word, snapshot.word),
        authorised=max(payment.authorised, snapshot.authorised),
        authorised_at=_authorised_at(payment, snapshot),
        captured=max(payment.captured, snapshot.captured),
        cancelled=payment.cancelled or snapshot.cancelled,
        disputed=payment.disputed or snapshot.disputed,
        refunds=joined(payment.refunds, snapshot.refunds),
        fees=joined_fees(payment.fees, snapshot.fees),
        disputes=joined_disputes(payment.disputes, snapshot.disputes),
        received=max(payment.received, snapshot.received),
        returns=joined(payment.returns, snapshot.returns),
    )


def says_something(payment: Payment, after: Payment) -> bool:
    """Whether more changed than the time of the provider's last word."""
    return _timeless(payment.word) != _timeless(after.word) or replace(after, word=payment.word) != payment


def forgotten(payment: Payment, until: date) -> Payment:
    """The payment without its payer, and without the words that somebody gave for its refunds.

    Doing it twice changes nothing. The balance of a transfer stays known, for what comes into it later goes back.
    """
    return replace(
        payment,
        refunds=tuple(replace(refund, reason="") for refund in payment.refunds),
        kept_until=until,
        payer="",
        customer=payment.customer if payment.by_balance else "",
        card_id="",
    )


def cancelled_unmade(payment: Payment) -> Payment:
    """A payment for which no intent was ever made, closed so that a late start cannot make one usable."""
    assert not payment.intent_id
    return replace(payment, cancelled=True)


def with_refund(payment: Payment, refund_id: str, amount: Money, reason: str, now: datetime) -> Payment:
    """The payment with a refund requested.

    Raises: CurrencyMismatch, AmountNotPositive, ExceedsCaptured.
    """
    assert payment.refund_of(refund_id) is None, "a refund is requested once"
    _check_part(payment, amount)
    if amount.amount > payment.refundable:
        raise ExceedsCaptured(refundable=payment.refundable, currency=amount.currency)
    refund = Refund(refund_id, amount.amount, RefundStatus.REQUESTED, reason=reason, requested_at=now)
    return replace(payment, refunds=joined(payment.refunds, (refund,)))


def with_return(payment: Payment, return_id: str, now: datetime) -> Payment:
    """The payment with all that is set aside on its way back; why is the return's reason."""
    assert payment.set_aside, "nothing is set aside"
    whole = payment.received >= payment.amount.amount
    reason = "over" if payment.captured else "late" if whole else "partial"
    made = Refund(return_id, payment.set_aside, RefundStatus.REQUESTED, reason=reason, requested_at=now)
    return replace(payment, returns=joined(payment.returns, (made,)))


def with_capture(payment: Payment, amount: Money) -> Payment:
    """The payment with its one capture requested.

    Raises: PaymentNotOpen: nothing is left to capture. ExceedsAuthorised: more than is left. CurrencyMismatch,
        AmountNotPositive.
    """
    if payment.capture is not CaptureMode.MANUAL or payment.capturable == 0:
        raise PaymentNotOpen(status=payment.status.value)
    _check_part(payment, amount)
    if amount.amount > payment.capturable:
        raise ExceedsAuthorised(capturable=payment.capturable, currency=payment.amount.currency)
    return replace(payment, capture_requested=amount.amount)


def with_forgone(payment: Payment, amount: Money) -> Payment:
    """The payment with part of its authorisation given up; with all of it, its cancellation is requested.

    Raises: as `with_capture`.
    """
    if payment.capturable == 0:
        raise PaymentNotOpen(status=payment.status.value)
    _check_part(payment, amount)
    if amount.amount > payment.capturable:
        raise ExceedsAuthorised(capturable=payment.capturable, currency=payment.amount.currency)
    rest = payment.capturable - amount.amount
    return replace(payment, forgone=payment.forgone + amount.amount, cancellation_requested=rest == 0)


def with_cancellation(payment: Payment) -> Payment:
    """The payment with its cancellation requested.

    Raises: PaymentNotOpen: it was captured, or is about to be.
    """
    if payment.captured or payment.capture_requested:
        raise PaymentNotOpen(status=payment.status.value)
    return replace(payment, cancellation_requested=True)


def about_to_lapse(payment: Payment, now: datetime) -> bool:
    """An authorisation with something left to capture that would soon end by itself."""
    if payment.authorised_at is None or not payment.covered or payment.capturable == 0:
        return False
    return now >= payment.authorised_at + LAPSES_AFTER - ACTS_BEFORE_LAPSE


def unanswered(payment: Payment, now: datetime) -> tuple[Dispute, ...]:
    """Disputes that nobody has answered and that can soon no longer be answered."""
    return tuple(
        dispute
        for dispute in payment.disputes
        if dispute.status is DisputeStatus.OPEN
        and not dispute.evidence_sent
        and dispute.answer_by is not None
        and dispute.answer_by - ANSWERS_BEFORE <= now < dispute.answer_by
    )


def next_look(payment: Payment, asked: int, now: datetime) -> datetime | None:
    """When the sweep looks at a payment next, after asking `asked` times in vain; None: never again.

    One without an intent is its order's to start; one that is captured or cancelled has only refunds left to watch.
    """
    patience = now + PATIENCE[min(asked, len(PATIENCE) - 1)]
    if any(refund.open for refund in (*payment.refunds, *payment.returns)):
        return patience
    if not all(dispute.over for dispute in payment.disputes):
        return now + PATIENCE[-1]
    if payment.captured and not payment.fees and payment.provider in TELL_FEES and asked < _FEE_LOOKS:
        return patience
    ended = payment.captured or payment.cancelled
    if ended and payment.intent_id and payment.provider in CANNOT_REFUSE and asked < _LATE_LOOKS:
        return patience
    if ended and payment.intent_id and payment.by_balance and asked < _BALANCE_LOOKS:
        return patience
    if not payment.intent_id or ended:
        return None
    waits = payment.covered and payment.capturable > 0 and payment.capture is CaptureMode.MANUAL
    if waits and payment.authorised_at is not None:
        return max(patience, payment.authorised_at + LAPSES_AFTER - ACTS_BEFORE_LAPSE)
    return patience


def payment_status(payment: Payment | None) -> str:
    """A payment in the API's words: what its order shows as `payment_status`."""
    if payment is None:
        return "none"
    if payment.contested:
        return "disputed"
    if payment.captured:
        back = payment.refunded
        return "captured" if not back else "refunded" if back >= payment.captured else "partially_refunded"
    known = (Status.PROCESSING, Status.AUTHORISED, Status.FAILED)
    return payment.status.value if payment.status in known else "none"


def _check_part(payment: Payment, amount: Money) -> None:
    if amount.currency != payment.amount.currency:
        raise CurrencyMismatch(field="amount.currency")
    if amount.amount <= 0:
        raise AmountNotPositive(field="amount.amount")


def _other_amount(payment: Payment, refund: Refund) -> bool:
    held = payment.refund_of(refund.refund_id) or payment.return_of(refund.refund_id)
    return held is not None and held.amount != refund.amount


def _given_away(payment: Payment, snapshot: Snapshot) -> bool:
    """Whether a first capture would be of money that goes back. A return that failed was made up for by a person."""
    if payment.provider not in CANNOT_REFUSE or payment.captured or not snapshot.captured:
        return False
    back = sum(each.amount for each in payment.returns)
    return back > 0 and max(payment.received, snapshot.received) - back < snapshot.captured


def _timeless(word: Word | None) -> tuple[Status, str] | None:
    return (word.status, word.error) if word else None


def _authorised_at(payment: Payment, snapshot: Snapshot) -> datetime | None:
    if not snapshot.authorised:
        return payment.authorised_at
    return min(payment.authorised_at or snapshot.at, snapshot.at)
