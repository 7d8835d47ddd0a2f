"""What is known of a payment beside its amounts: the provider's word, refunds, fees, disputes. Each only rises.

Two accounts of one fact are joined: the later word, the greater amount, the higher rank. Order and number of the
accounts do not matter.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

F = TypeVar("F")


class Status(StrEnum):
    CREATED = "created"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    FAILED = "failed"
    FLAGGED = "flagged"
    AUTHORISED = "authorised"
    CANCELLED = "cancelled"
    CAPTURED = "captured"


class RefundStatus(StrEnum):
    REQUESTED = "requested"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class DisputeStatus(StrEnum):
    """By rank: an inquiry may become a dispute, which is answered and then decided."""

    INQUIRY = "inquiry"  # a question of the bank; no money moves
    INQUIRY_CLOSED = "inquiry_closed"
    OPEN = "open"  # the amount has left our balance
    UNDER_REVIEW = "under_review"
    LOST = "lost"
    WON = "won"  # the amount is back


_WORD_RANK: Final = (Status.CREATED, Status.REQUIRES_ACTION, Status.PROCESSING, Status.FAILED)
# A bank can send a refund back days after it succeeded, so failed stands above succeeded.
_REFUND_RANK: Final = tuple(RefundStatus)
_DISPUTE_RANK: Final = tuple(DisputeStatus)
_OPEN: Final = (RefundStatus.REQUESTED, RefundStatus.PENDING)


@dataclass(frozen=True, slots=True)
class Word:
    """What the provider last said of an unfinished attempt; `error` is its code where the attempt failed."""

    status: Status
    at: datetime
    error: str = ""

    @property
    def rank(self) -> tuple[datetime, int, str]:
        return (self.at, _WORD_RANK.index(self.status), self.error)


@dataclass(frozen=True, slots=True)
class Refund:
    """Part of the captured money on its way back. `amount` is in minor units of the payment's currency."""

    refund_id: str
    amount: int
    status: RefundStatus
    provider_refund_id: str = ""
    error: str = ""
    reason: str = ""
    requested_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.status in _OPEN


@dataclass(frozen=True, slots=True)
class Fee:
    """What the provider kept of one charge. `amount` is the gross; both are minor units of `currency`, in which the
    provider keeps our balance: it need not be the payment's. `fact` is the entry on its account."""

    charge_id: str
    fact: str
    amount: int
    fee: int
    currency: str

    @property
    def rank(self) -> tuple[str, int, int, str]:
        return (self.fact, self.amount, self.fee, self.currency)


@dataclass(frozen=True, slots=True)
class Dispute:
    """The payer's bank wants `amount` (minor units of the payment's currency) back. `fee` is what that costs us, in
    minor units of `fee_currency`; `answer_by` is the last moment for evidence."""

    dispute_id: str
    amount: int
    reason: str
    status: DisputeStatus
    fee: int = 0
    fee_currency: str = ""
    answer_by: datetime | None = None
    evidence_sent: bool = False

    @property
    def drawn(self) -> bool:
        """The money has left our balance, now or before."""
        return self.status not in (DisputeStatus.INQUIRY, DisputeStatus.INQUIRY_CLOSED)

    @property
    def over(self) -> bool:
        """Nothing more will be heard of it."""
        return self.decided or self.status is DisputeStatus.INQUIRY_CLOSED

    @property
    def decided(self) -> bool:
        return self.status in (DisputeStatus.LOST, DisputeStatus.WON)


def later(ours: Word | None, theirs: Word | None) -> Word | None:
    if ours is None or theirs is None:
        return ours or theirs
    return max(ours, theirs, key=lambda word: word.rank)


def joined(ours: Iterable[Refund], theirs: Iterable[Refund]) -> tuple[Refund, ...]:
    """Refunds by id, ordered by it; of two accounts of one refund the facts of both."""
    return _by_id(ours, theirs, lambda refund: refund.refund_id, _joined_refund)


def joined_fees(ours: Iterable[Fee], theirs: Iterable[Fee]) -> tuple[Fee, ...]:
    """Fees by charge: one each."""
    return _by_id(
        ours, theirs, lambda fee: fee.charge_id, lambda one, two: max(one, two, key=lambda fee: fee.rank)
    )


def joined_disputes(ours: Iterable[Dispute], theirs: Iterable[Dispute]) -> tuple[Dispute, ...]:
    return _by_id(ours, theirs, lambda dispute: dispute.dispute_id, _joined_dispute)


def _by_id(
    ours: Iterable[F], theirs: Iterable[F], name: Callable[[F], str], join: Callable[[F, F], F]
) -> tuple[F, ...]:
    known = {name(fact): fact for fact in ours}
    for fact in theirs:
        held = known.get(name(fact))
        known[name(fact)] = join(held, fact) if held is not None else fact
    return tuple(known[each] for each in sorted(known))


def _joined_refund(ours: Refund, theirs: Refund) -> Refund:
    return replace(
        ours,
        status=max(ours.status, theirs.status, key=_REFUND_RANK.index),
        provider_refund_id=max(ours.provider_refund_id, theirs.provider_refund_id),
        error=max(ours.error, theirs.error),
        reason=max(ours.reason, theirs.reason),
        requested_at=ours.requested_at or theirs.requested_at,
    )


def _joined_dispute(ours: Dispute, theirs: Dispute) -> Dispute:
    fee, fee_currency = max((ours.fee, ours.fee_currency), (theirs.fee, theirs.fee_currency))
    moments = [moment for moment in (ours.answer_by, theirs.answer_by) if moment is not None]
    return replace(
        ours,
        amount=max(ours.amount, theirs.amount),
        reason=max(ours.reason, theirs.reason),
        status=max(ours.status, theirs.status, key=_DISPUTE_RANK.index),
        fee=fee,
        fee_currency=fee_currency,
        answer_by=max(moments, default=None),
        evidence_sent=ours.evidence_sent or theirs.evidence_sent,
    )
