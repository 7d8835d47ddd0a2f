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


class Way(StrEnum):
    """How a payout leaves: by a person, in a file that the bank is given, or as a transfer by a payment provider."""

    HAND = "hand"
    FILE = "file"
    TRANSFER = "transfer"


MOVES: Final = {
    PayoutStatus.CREATED: {PayoutStatus.SENT, PayoutStatus.RETURNED},
    PayoutStatus.SENT: {PayoutStatus.CREATED, PayoutStatus.PAID, PayoutStatus.RETURNED},
    PayoutStatus.PAID: {PayoutStatus.RETURNED},
    PayoutStatus.RETURNED: set(),
}
"""Sent: the bank has the order. Paid: it has taken the money. A bank sends money back before or after that. What has
not been sent is called off where its destination no longer stands. What a provider had no funds for, or was in a file
that was voided, has not been sent after all."""

TOLD: Final = {
    Way.HAND: {
        PayoutStatus.CREATED: {PayoutStatus.SENT},
        PayoutStatus.SENT: {PayoutStatus.PAID, PayoutStatus.RETURNED},
        PayoutStatus.PAID: {PayoutStatus.RETURNED},
    },
    Way.FILE: {
        PayoutStatus.SENT: {PayoutStatus.PAID, PayoutStatus.RETURNED},
        PayoutStatus.PAID: {PayoutStatus.RETURNED},
    },
    Way.TRANSFER: {},
}
"""What of it an operator may tell. A file alone sends what goes in files; of a transfer its provider tells all."""


class PayoutNotMovable(Refusal):
    """Facts: `status`, as it is, and `wanted`."""

    code: ClassVar[str] = "payout_not_movable"
    kind: ClassVar[Kind] = Kind.CONFLICT
    title: ClassVar[str] = "The payout is not in a state that allows it."


class PayoutDiffers(Refusal):
    """What a bank or provider tells of a payout is another amount than the payout's, or is a transfer that it did not
    leave by: a person looks. Facts: `payout_id`, `amount`, which is 0 of such a transfer, and `told`."""

    code: ClassVar[str] = "payout_differs"
    kind: ClassVar[Kind] = Kind.CONFLICT
    title: ClassVar[str] = "The payout is of another amount."


@dataclass(frozen=True, slots=True)
class Payout:
    """What a merchant is paid for one statement.

    `bank` is who it leaves us through: our bank, or the provider that transfers it. `destination` is masked.
    `reference` is the id of its file, or of the provider's transfer. `returned` is what of it came back, in
    minor units, and `reason` why. `asked` counts how often a provider was asked anew after it had refused; `ask_at` is
    when it is asked again.
    """

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
    way: Way = Way.HAND
    destination_id: str = ""
    destination: str = ""
    reference: str = ""
    returned: int = 0
    reason: str = ""
    asked: int = 0
    ask_at: datetime | None = None  # UTC

    def moved(self, to: PayoutStatus, at: datetime, entry_id: str | None = None) -> "Payout":
        """Raises: PayoutNotMovable."""
        if to not in MOVES[self.status]:
            raise PayoutNotMovable(status=self.status.value, wanted=to.value)
        entries = self.entries if entry_id is None else (*self.entries, entry_id)
        return replace(self, status=to, entries=entries, moved_at=at, revision=self.revision + 1)

    def came_back(self, returned: int, reason: str, at: datetime, entry_id: str) -> "Payout":
        """After so much of it in all has come back: the whole ends it, a part leaves it paid.

        Raises: PayoutNotMovable.
        """
        whole = returned == self.amount.amount
        if whole:
            after = self.moved(PayoutStatus.RETURNED, at, entry_id)
        elif self.status is PayoutStatus.PAID:
            after = replace(self, entries=(*self.entries, entry_id), moved_at=at, revision=self.revision + 1)
        else:
            raise PayoutNotMovable(status=self.status.value, wanted=PayoutStatus.RETURNED.value)
        return replace(after, returned=returned, reason=reason, ask_at=None)

    def in_file(self, file_id: str) -> "Payout":
        return replace(self, reference=file_id, revision=self.revision + 1)

    def out_of_file(self, at: datetime) -> "Payout":
        """Its file is never given to the bank: it waits for another."""
        if self.status is PayoutStatus.SENT:
            return replace(self.moved(PayoutStatus.CREATED, at), reference="")
        return replace(self, reference="", revision=self.revision + 1)

    def asked_for(self, at: datetime, next_at: datetime) -> "Payout":
        """Its provider is about to be asked for it, the first time or again, and about it at `next_at`."""
        if self.status is PayoutStatus.SENT:
            return self.ask_later(next_at)
        return replace(self.moved(PayoutStatus.SENT, at), ask_at=next_at)

    def refused_for_now(self, at: datetime, next_at: datetime) -> "Payout":
        """It has not been sent after all: at `next_at` it is asked for under another key."""
        return replace(self.moved(PayoutStatus.CREATED, at), ask_at=next_at, asked=self.asked + 1)

    def ask_later(self, next_at: datetime) -> "Payout":
        return replace(self, ask_at=next_at, revision=self.revision + 1)

    def asked_no_more(self, reference: str) -> "Payout":
        """Args: reference: the provider's transfer. To be saved with the move it belongs to."""
        return replace(self, ask_at=None, reference=reference)

    @property
    def key(self) -> str:
        """What its provider knows the request by: one that was refused for now is another request."""
        return f"{self.payout_id}-{self.asked}" if self.asked else self.payout_id


def tellable(payout: Payout, to: PayoutStatus) -> None:
    """Whether an operator may say so. Raises: PayoutNotMovable."""
    if to not in TOLD[payout.way].get(payout.status, set()):
        raise PayoutNotMovable(status=payout.status.value, wanted=to.value)


def end_to_end(payout_id: str) -> str:
    """How a bank file and a statement call a payout or a file: its id in the letters of SEPA, 29 of at most 35."""
    return payout_id.replace("_", "").upper()


@dataclass(frozen=True, slots=True)
class Hold:
    """That nothing is paid out to a merchant until a person lets it go."""

    merchant_id: str
    reason: str
    by: str  # the member who put it
    since: datetime  # UTC
