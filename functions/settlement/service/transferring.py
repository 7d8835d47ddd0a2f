"""Transfers to merchants' connected accounts: the intention is written down, then the provider is asked for it.

Whether an answer ever came or not, a transfer is found again by the id of its payout: so a payout that
has been silent is asked about, and asked for again only where there is none.
"""

from datetime import datetime, timedelta
from typing import Final

from entrepot.cloud import reads, telemetry, writes
from entrepot.cloud.writes import Write
from entrepot.contracts.payments import TransferMoved
from entrepot.kernel.ids import is_id
from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Refusal
from functions.payments import facade as payments
from functions.settlement import store
from functions.settlement.domain.payouts import Payout, PayoutDiffers, PayoutStatus
from functions.settlement.service import destinations, filing, moving

PATIENCE: Final = timedelta(minutes=5)
"""After which a silent transfer is asked about."""

UNFUNDED: Final = timedelta(hours=1)
"""After which a transfer is asked for again for which our balance at the provider did not suffice."""

_NO_FUNDS: Final = frozenset({"balance_insufficient", "insufficient_funds"})
_MOST_OF_A_SHARD: Final = 12
_REVERSED: Final = "reversed"


def sweep(now: datetime) -> int:
    """Ask for and about every transfer whose time has come. Returns: of how many the end is known.

    A payout that cannot be looked after stops no other; a provider that does not answer ends the run.
    """
    done = 0
    for shard in range(store.SHARDS):
        for payout_id in store.to_ask(shard, now, _MOST_OF_A_SHARD):
            try:
                done += pursue(payout_id, now)
            except payments.ProviderUnavailable:
                telemetry.metric("TransfersWait")
                return done
            except Refusal as refusal:
                telemetry.log("transfer_not_asked", level="error", payout_id=payout_id, code=refusal.code)
    return done


def pursue(payout_id: str, now: datetime) -> bool:
    """Have a payout transferred, or find what became of it. Returns: whether its end is known.

    Raises: ProviderUnavailable: it is asked about later. Busy, PayoutDiffers.
    """
    payout = reads.fetch_one(store.payout_read(payout_id), consistent=True)
    if payout is None or payout.ask_at is None:
        return False
    first = payout.status is PayoutStatus.CREATED
    if first:
        payout = _begun(payout, now)
    if payout.ask_at is None:
        return True
    under_way = reads.fetch_one(store.transferring_read(payout), consistent=True)
    if under_way is None:  # another run is at it
        return False
    made = None if first else payments.transfer_found(payout_id, now)
    if made is None:
        account = destinations.opened(under_way.sealed, under_way.destination_id)
        try:
            made = payments.transfer(payout_id, payout.amount, account.number, payout.key, now)
        except payments.Declined as refusal:
            made = payments.transfer_found(payout_id, now)
            if made is None:
                return _refused(payout_id, refusal.reason, now)
        except payments.AmountNotChargeable as refusal:
            return _refused(payout_id, refusal.code, now)
    told(made, now)
    return True


def on_transfer_moved(event: TransferMoved, handled: Write, now: datetime) -> None:
    """What the provider tells by itself, in any order and as often as it likes.

    Raises: NotFound, PayoutDiffers: to be set aside for a person.
    """
    if not is_id(event.reference, "pot"):
        writes.commit(handled)
        return
    amount = Money(event.amount, event.currency)
    told(payments.Transfer(event.transfer_id, event.reference, amount, event.reversed), now, handled)


def told(transfer: payments.Transfer, now: datetime, handled: Write | None = None) -> None:
    """Record what is known of a transfer: that it was made, and what of it came back."""

    def made(before: Payout) -> moving.Made | None:
        _same(before, transfer)
        if before.status is not PayoutStatus.SENT:
            return None
        return moving.left(before, now, transfer.transfer_id)

    def came_back(before: Payout) -> moving.Made | None:
        if transfer.reversed <= before.returned or before.status is not PayoutStatus.PAID:
            return None
        return moving.back(before, transfer.reversed, _REVERSED, now)

    moving.changed(transfer.reference, made)
    moving.changed(transfer.reference, came_back, handled)


def _begun(payout: Payout, now: datetime) -> Payout:
    """Write down that the provider is about to be asked, while the destination still stands; or call the payout off."""

    def step(before: Payout) -> moving.Made | None:
        if before.status is not PayoutStatus.CREATED or before.ask_at is None:
            return None
        destination, hold = reads.fetch(
            store.destination_read(before.merchant_id, before.amount.currency),
            store.hold_read(before.merchant_id),
            consistent=True,
        )
        against = filing.against(before, destination, held=hold is not None)
        if against:
            return moving.back(before, before.amount.amount, against, now, stop=False)
        under_way = reads.fetch_one(store.transferring_read(before), consistent=True)
        if under_way is None:
            return None
        after = before.asked_for(now, now + PATIENCE)
        standing = [store.still_there(destination), store.not_held(before.merchant_id)]
        return after, [*store.asked_again(before, after, under_way), *standing]

    return moving.changed(payout.payout_id, step)


def _refused(payout_id: str, reason: str, now: datetime) -> bool:
    """The provider has said no: for now, where our balance is short; else what is owed is owed again."""

    def step(before: Payout) -> moving.Made | None:
        if before.status is not PayoutStatus.SENT or before.ask_at is None:
            return None
        if reason not in _NO_FUNDS:
            return moving.back(before, before.amount.amount, reason, now)
        under_way = reads.fetch_one(store.transferring_read(before), consistent=True)
        if under_way is None:
            return None
        after = before.ask_later(now + UNFUNDED, anew=True)
        return after, store.asked_again(before, after, under_way)

    after = moving.changed(payout_id, step)
    if reason in _NO_FUNDS:
        telemetry.metric("TransfersUnfunded")
    return after.ask_at is None


def _same(payout: Payout, transfer: payments.Transfer) -> None:
    if transfer.amount != payout.amount:
        raise PayoutDiffers(
            payout_id=payout.payout_id, amount=payout.amount.amount, told=transfer.amount.amount
        )
