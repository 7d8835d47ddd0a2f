"""A file of payouts for the bank: it grows part by part, is closed, and is written once."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from entrepot.kernel.money import Money
from functions.settlement.domain.banking import Debtor

PAYOUTS_PER_PART: Final = 16
"""Each is a payout, its place in the queue, its destination and its merchant's hold: 64 of the 80 items that a
transaction may touch."""

PARTS_PER_FILE: Final = 60


class FileStatus(StrEnum):
    """Open: payouts are being put in. Closed: it is complete, and not yet to be had. Ready: its payouts are sent.
    Void: it was never to be had, and its payouts wait for another."""

    OPEN = "open"
    CLOSED = "closed"
    READY = "ready"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Order:
    """One credit transfer of a file. `sealed` is the account it goes to, bound to `destination_id`."""

    payout_id: str
    amount: int  # minor units of the file's currency
    destination_id: str
    sealed: str


@dataclass(frozen=True, slots=True)
class PayoutFile:
    """What our bank is told of one account of ours. `total` in minor units; `digest` is SHA-256 of the written file."""

    file_id: str
    debtor: Debtor
    opened_at: datetime  # UTC
    status: FileStatus = FileStatus.OPEN
    parts: int = 0
    count: int = 0
    total: int = 0
    digest: str = ""
    ready_at: datetime | None = None  # UTC
    revision: int = 1

    @property
    def amount(self) -> Money:
        return Money(self.total, self.debtor.currency)

    @property
    def full(self) -> bool:
        return self.parts == PARTS_PER_FILE

    def with_part(self, orders: tuple[Order, ...]) -> "PayoutFile":
        return replace(
            self,
            parts=self.parts + 1,
            count=self.count + len(orders),
            total=self.total + sum(order.amount for order in orders),
            revision=self.revision + 1,
        )

    def closed(self) -> "PayoutFile":
        return replace(self, status=FileStatus.CLOSED, revision=self.revision + 1)

    def void(self) -> "PayoutFile":
        return replace(self, status=FileStatus.VOID, revision=self.revision + 1)

    def ready(self, digest: str, at: datetime) -> "PayoutFile":
        return replace(self, status=FileStatus.READY, digest=digest, ready_at=at, revision=self.revision + 1)
