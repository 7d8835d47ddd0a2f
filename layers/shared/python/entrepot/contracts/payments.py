"""Events of payments. Amounts are minor units in the payment's currency."""

from dataclasses import dataclass
from typing import ClassVar

from entrepot.contracts.events import Event


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentEvent(Event):
    """What every event of a payment says. `amount` is what the event is about; the totals are after it."""

    payment_id: str
    order_id: str
    currency: str
    amount: int
    authorised: int
    captured: int
    refunded: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentAuthorised(PaymentEvent):
    NAME: ClassVar[str] = "payments.payment_authorised"


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentCaptured(PaymentEvent):
    """`fact` identifies the capture at the provider: one ledger entry for each."""

    NAME: ClassVar[str] = "payments.payment_captured"
    provider: str
    fact: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentProcessing(PaymentEvent):
    """An asynchronous method is under way; the order waits up to the method's own limit."""

    NAME: ClassVar[str] = "payments.payment_processing"


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentFailed(PaymentEvent):
    """An attempt was declined; the buyer may try again on the same intent. `reason` is the provider's code."""

    NAME: ClassVar[str] = "payments.payment_failed"
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentCancelled(PaymentEvent):
    NAME: ClassVar[str] = "payments.payment_cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentFlagged(PaymentEvent):
    """What the provider says is not ours in amount, currency, account or mode: nothing moved, a person looks."""

    NAME: ClassVar[str] = "payments.payment_flagged"
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RefundRequested(PaymentEvent):
    """The intention to refund `amount` is recorded; the provider is called by whoever takes this event."""

    NAME: ClassVar[str] = "payments.refund_requested"
    refund_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RefundSucceeded(PaymentEvent):
    NAME: ClassVar[str] = "payments.refund_succeeded"
    refund_id: str
    provider: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RefundFailed(PaymentEvent):
    """`had_succeeded`: it was told of as succeeded before, and the money is back at `provider`."""

    NAME: ClassVar[str] = "payments.refund_failed"
    refund_id: str
    reason: str
    provider: str = ""
    had_succeeded: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CaptureRequested(PaymentEvent):
    NAME: ClassVar[str] = "payments.capture_requested"


@dataclass(frozen=True, kw_only=True, slots=True)
class CancellationRequested(PaymentEvent):
    """The rest of an authorisation is no longer wanted and is let go at the provider."""

    NAME: ClassVar[str] = "payments.cancellation_requested"
