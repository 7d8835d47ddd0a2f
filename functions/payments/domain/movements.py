"""What moved on a balance of ours, as the provider or the bank reports it: clearing compares it with the ledger."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from entrepot.kernel.money import Money


class Moved(StrEnum):
    """What a movement is; its `reference` says of what."""

    CAPTURE = "capture"  # the capture's fact: intent and running total
    REFUND = "refund"  # our refund's id, or the provider's where it was made there by hand
    REFUND_RETURNED = "refund_returned"  # likewise
    DISPUTE = "dispute"  # the dispute's id
    DISPUTE_WON = "dispute_won"  # likewise
    RECEIPT = "receipt"  # the bank entry's identity
    RECEIPT_RETURNED = "receipt_returned"  # likewise
    PAYOUT = "payout"  # our payout's id, or the provider's where it names none of ours
    PAYOUT_RETURNED = "payout_returned"  # likewise
    OTHER = "other"  # the provider's own id, or none


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement. The balance changed by `gross` less `fee`, in minor units of `currency`; below zero money left.

    `movement_id` is the provider's own and never told of two movements. `presented` is what the payer was charged,
    where that was in another currency than the balance.
    """

    movement_id: str
    at: datetime  # UTC
    kind: Moved
    reference: str
    currency: str
    gross: int
    fee: int = 0
    presented: Money | None = None

    @property
    def net(self) -> int:
        return self.gross - self.fee


@dataclass(frozen=True, slots=True)
class MovementPage:
    """Some movements of a day. `after` leads to the next page; None: there are no more."""

    items: tuple[Movement, ...]
    after: str | None = None
