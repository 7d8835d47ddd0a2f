"""Events of payments. Amounts are minor units in the payment's currency."""

from typing import ClassVar

from entrepot.contracts.events import Event


class PaymentEvent(Event, frozen=True, kw_only=True):
    """What every event of a payment says. `amount` is what the event is about; the totals are after it."""

    payment_id: str
    order_id: str
    currency: str
    amount: int
    authorised: int
    captured: int
    refunded: int


class PaymentAuthorised(PaymentEvent, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "payments.payment_authorised"


class PaymentCaptured(PaymentEvent, frozen=True, kw_only=True):
    """`fact` identifies the capture at the provider: one ledger entry for each."""

    NAME: ClassVar[str] = "payments.payment_captured"
    provider: str
    fact: str


class PaymentProcessing(PaymentEvent, frozen=True, kw_only=True):
    """An asynchronous method is under way; the order waits up to the method's own limit."""

    NAME: ClassVar[str] = "payments.payment_processing"


class PaymentFailed(PaymentEvent, frozen=True, kw_only=True):
    """An attempt was declined; the buyer may try again on the same intent. `reason` is the provider's code."""

    NAME: ClassVar[str] = "payments.payment_failed"
    reason: str


class PaymentCancelled(PaymentEvent, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "payments.payment_cancelled"


class PaymentFlagged(PaymentEvent, frozen=True, kw_only=True):
    """What the provider says is not ours in amount, currency, account or mode: nothing moved, a person looks."""

    NAME: ClassVar[str] = "payments.payment_flagged"
    reason: str


class RefundRequested(PaymentEvent, frozen=True, kw_only=True):
    """The intention to refund `amount` is recorded; the provider is called by whoever takes this event."""

    NAME: ClassVar[str] = "payments.refund_requested"
    refund_id: str


class RefundSucceeded(PaymentEvent, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "payments.refund_succeeded"
    refund_id: str
    provider: str


class RefundFailed(PaymentEvent, frozen=True, kw_only=True):
    """`had_succeeded`: it was told of as succeeded before, and the money is back at `provider`."""

    NAME: ClassVar[str] = "payments.refund_failed"
    refund_id: str
    reason: str
    provider: str = ""
    had_succeeded: bool = False


class ReturnRequested(PaymentEvent, frozen=True, kw_only=True):
    """A provider that cannot refuse money has `amount` that pays for nothing; the intention to return it is recorded.

    `reason`: "over" (more than was due), "partial" (less, and no more came in time) or "late" (all of it, too late).
    """

    NAME: ClassVar[str] = "payments.return_requested"
    return_id: str
    reason: str


class ReturnEnded(PaymentEvent, frozen=True, kw_only=True):
    """What was to go back has, or could not: `outcome` is "succeeded" or "failed", `reason` the provider's code.

    One that had succeeded may be told as failed afterwards, for a bank can send it back.
    """

    NAME: ClassVar[str] = "payments.return_ended"
    return_id: str
    outcome: str
    reason: str = ""


class CaptureRequested(PaymentEvent, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "payments.capture_requested"


class CancellationRequested(PaymentEvent, frozen=True, kw_only=True):
    """The rest of an authorisation is no longer wanted and is let go at the provider."""

    NAME: ClassVar[str] = "payments.cancellation_requested"


class FeeKnown(PaymentEvent, frozen=True, kw_only=True):
    """What the provider kept of a charge, told once for each.

    `amount` is the gross of the charge; it and `fee` are minor units of `fee_currency`, in which the provider keeps our
    balance: mostly the payment's own. `fact` is the entry on the provider's account.
    """

    NAME: ClassVar[str] = "payments.fee_known"
    provider: str
    charge_id: str
    fact: str
    fee: int
    fee_currency: str


class DisputeOpened(PaymentEvent, frozen=True, kw_only=True):
    """The payer's bank took `amount` back, for the time being; `fee` (minor units of `fee_currency`) is not returned.

    Told once for each dispute. `answer_by` is the last moment for evidence, in RFC 3339; empty where none is wanted.
    """

    NAME: ClassVar[str] = "payments.dispute_opened"
    provider: str
    dispute_id: str
    reason: str
    fee: int
    fee_currency: str
    answer_by: str = ""


class EvidenceDue(PaymentEvent, frozen=True, kw_only=True):
    """A dispute is still unanswered and can soon no longer be: told each day until it is answered or too late."""

    NAME: ClassVar[str] = "payments.evidence_due"
    dispute_id: str


class DisputeClosed(PaymentEvent, frozen=True, kw_only=True):
    """The bank has decided: `outcome` is "won", and `amount` is back at `provider`, or "lost", and it stays away.

    `dispute_opened` of the same dispute comes before or after it, for events have no order.
    """

    NAME: ClassVar[str] = "payments.dispute_closed"
    provider: str
    dispute_id: str
    outcome: str


class ReceiptBooked(Event, frozen=True, kw_only=True):
    """Money came to an account of ours, and whose it is may not be known yet; a capture says so afterwards.

    `fact` is the entry on the account; `booked_on` the bank's own day. `amount` is in minor units.
    """

    NAME: ClassVar[str] = "payments.receipt_booked"
    provider: str
    fact: str
    currency: str
    amount: int
    booked_on: str


class ReceiptReturned(Event, frozen=True, kw_only=True):
    """Money that had come to an account of ours, and paid nothing, has left it again. As `receipt_booked`."""

    NAME: ClassVar[str] = "payments.receipt_returned"
    provider: str
    fact: str
    currency: str
    amount: int
    booked_on: str


class TransferMoved(Event, frozen=True, kw_only=True):
    """What a provider says of a transfer of our own money to an account connected to ours, as it stands.

    `reference` is the id under which a context of ours had asked for it. `reversed` of `amount` came back in all: it
    only rises, and events have no order. Minor units of `currency`.
    """

    NAME: ClassVar[str] = "payments.transfer_moved"
    provider: str
    transfer_id: str
    reference: str
    currency: str
    amount: int
    reversed: int


class BankTransferBooked(Event, frozen=True, kw_only=True):
    """Our bank has booked a transfer that a context of ours had ordered: told once for each entry of a statement.

    `reference` is the id of what it was ordered for. `back`: the money came back to us, and
    `reason` is why, in the bank's code (ISO 20022 external return reason), empty where it does not say. `entry` names
    the entry of the statement. `amount` in minor units of `currency`.
    """

    NAME: ClassVar[str] = "payments.bank_transfer_booked"
    reference: str
    currency: str
    amount: int
    back: bool
    reason: str
    entry: str
