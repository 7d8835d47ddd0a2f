"""Payouts: what of a statement leaves for its merchant, once, and what becomes of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Kind, Refusal


class PayoutStatus(StrEnum):
    CREATED = "created"
    SENT = "sent"
    PAID = "paid"
    RETURNED = "returned"


MOVES: Final = {
    PayoutStatus.CREATED: {PayoutStatus.SENT},
    PayoutStatus.SENT: {PayoutStatus.PAID, PayoutStatus.RETURNED},
    PayoutStatus.PAID: {PayoutStatus.RETURNED},
    PayoutStatus.RETURNED: set(),
}
"""Sent: the bank has the order. Paid: it has taken the money. A bank sends money back before or after that."""


class PayoutNotMovable(Refusal):
    """Facts: `status`, as it is, and `wanted`."""

    code: ClassVar[str] = "payout_not_movable"
    kind: ClassVar[Kind] = Kind.CONFLICT
    title: ClassVar[str] = "The payout is not in a state that allows it."


@dataclass(frozen=True, slots=True)
class Payout:
    """What a merchant is paid for one statement. `bank`: the account of ours that it leaves."""

    payout_id: str
    statement_id: str
    merchant_id: str
    amount: Money
    bank: str
    status: PayoutStatus
    created_at: datetime  # UTC
    entries: tuple[str, ...]
    moved_at: datetime | None = None
    revision: int = 1

    def moved(self, to: PayoutStatus, at: datetime, entry_id: str | None) -> "Payout":
        """Raises: PayoutNotMovable."""
        if to not in MOVES[self.status]:
            raise PayoutNotMovable(status=self.status.value, wanted=to.value)
        entries = self.entries if entry_id is None else (*self.entries, entry_id)
        return replace(self, status=to, entries=entries, moved_at=at, revision=self.revision + 1)


@dataclass(frozen=True, slots=True)
class Hold:
    """That nothing is paid out to a merchant until a person lets it go."""

    merchant_id: str
    reason: str
    by: str  # the member who put it
    since: datetime  # UTC
