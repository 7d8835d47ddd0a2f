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


class CaptureRequested(PaymentEvent, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "payments.capture_requested"


class CancellationRequested(PaymentEvent, frozen=True, kw_only=True):
    """The rest of an authorisation is no longer wanted and is let go at the provider."""

    NAME: ClassVar[str] = "payments.cancellation_requested"
