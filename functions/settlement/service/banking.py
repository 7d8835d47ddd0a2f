"""What our bank's statements say of payouts: it has taken the money, or somebody's bank has sent it back."""

from datetime import datetime

from entrepot.cloud.writes import Write
from entrepot.contracts.payments import BankTransferBooked
from functions.settlement.domain.payouts import Payout, PayoutDiffers, PayoutStatus
from functions.settlement.service import moving


def on_transfer_booked(event: BankTransferBooked, handled: Write, now: datetime) -> None:
    """A payout of ours was booked. What came back had left before, though the statement that says so may be late.

    Raises: NotFound; PayoutDiffers; PayoutNotMovable: it was never sent, or was said to be back without having left.
        Each is set aside for a person.
    """
    payout_id = event.reference

    def left(before: Payout) -> moving.Made | None:
        _same(before, event)
        if before.status is PayoutStatus.PAID or moving.has_left(before):
            return None
        return moving.left(before, now)

    def came_back(before: Payout) -> moving.Made | None:
        if not event.back or before.status is PayoutStatus.RETURNED:
            return None
        return moving.back(before, before.amount.amount, event.reason or "returned", now)

    moving.changed(payout_id, left)
    moving.changed(payout_id, came_back, handled)


def _same(payout: Payout, event: BankTransferBooked) -> None:
    if (payout.amount.amount, payout.amount.currency) != (event.amount, event.currency):
        raise PayoutDiffers(payout_id=payout.payout_id, amount=payout.amount.amount, told=event.amount)
