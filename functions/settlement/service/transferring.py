"""Transfers to merchants' connected accounts: the intention is written down, then the provider is asked for it.

Whether an answer ever came or not, a transfer is found again by the id of its payout: so a payout that
has been silent is asked about, and asked for again only where there is none. Each time it is asked for, the transaction
that says so holds that its destination still stands and that its merchant is not on hold.
"""

from datetime import datetime, timedelta
from typing import Final

from entrepot.cloud import reads, telemetry, writes
from entrepot.cloud.writes import Write
from entrepot.contracts.payments import TransferMoved
from entrepot.kernel.ids import is_id
from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Busy, Refusal
from functions.payments import facade as payments
from functions.settlement import store
from functions.settlement.domain.payouts import Payout, PayoutDiffers, PayoutStatus
from functions.settlement.service import destinations, filing, moving

PATIENCE: Final = timedelta(minutes=5)
"""After which a silent transfer is asked about."""

UNFUNDED: Final = timedelta(hours=1)
"""After which a transfer is asked for again for which our balance at the provider did not suffice."""

SET_ASIDE: Final = timedelta(hours=1)
"""After which a transfer is asked about again that a person has to look at."""

_NO_FUNDS: Final = frozenset({"balance_insufficient", "insufficient_funds"})
_MOST_OF_A_SHARD: Final = 12
_REVERSED: Final = "reversed"


def sweep(now: datetime) -> int:
    """Ask for and about every transfer whose time has come. Returns: of how many the end is known.

    A payout that cannot be looked after waits for its next turn and stops no other; a provider that is known not to
    answer ends the run.
    """
    done = 0
    for shard in range(store.SHARDS):
        for payout_id in store.to_ask(shard, now, _MOST_OF_A_SHARD):
            try:
                done += pursue(payout_id, now)
            except payments.ProviderUnavailable:
                telemetry.metric("TransfersWait")
                if payments.transfers_stopped(now):
                    return done
                _put_off(payout_id, now, PATIENCE)
            except Refusal as refusal:
                telemetry.log("transfer_not_asked", level="error", payout_id=payout_id, code=refusal.code)
                _put_off(payout_id, now, SET_ASIDE)
    return done


def pursue(payout_id: str, now: datetime) -> bool:
    """Have a payout transferred, or find what became of it. Returns: whether its end is known.

    Raises: ProviderUnavailable: it is asked about later. Busy, PayoutDiffers.
    """
    payout = reads.fetch_one(store.payout_read(payout_id), consistent=True)
    if payout is None or payout.ask_at is None or payout.ask_at > now:
        return False
    made = payments.transfer_found(payout_id, now) if _asked_before(payout) else None
    if made is None:
        payout = _begun(payout, now)
        if payout.ask_at is None:
            return True
        under_way = reads.fetch_one(store.transferring_read(payout), consistent=True)
        if under_way is None or payout.status is not PayoutStatus.SENT:  # another run is at it
            return False
        account = destinations.opened(under_way.sealed, under_way.destination_id)
        try:
            made = payments.transfer(payout_id, payout.amount, account.number, payout.key, now)
        except payments.Declined as refusal:
            made = payments.transfer_found(payout_id, now)
            if made is None:
                return _refused(payout, refusal.reason, now)
        except payments.AmountNotChargeable as refusal:
            return _refused(payout, refusal.code, now)
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
    """Record what is known of a transfer: that it was made, and what of it came back.

    Raises: PayoutDiffers: it is not what its payout was left by, and not all of it came back.
    """

    def made(before: Payout) -> moving.Made | None:
        _same(before, transfer)
        if before.status is PayoutStatus.CREATED and before.ask_at is not None:
            return moving.left(before.moved(PayoutStatus.SENT, now), now, transfer.transfer_id)
        if before.status is not PayoutStatus.SENT:
            _known(before, transfer)
            return None
        return moving.left(before, now, transfer.transfer_id)

    def came_back(before: Payout) -> moving.Made | None:
        if before.reference != transfer.transfer_id or before.status is not PayoutStatus.PAID:
            return None
        if transfer.reversed <= before.returned:
            return None
        return moving.back(before, transfer.reversed, _REVERSED, now)

    moving.changed(transfer.reference, made)
    moving.changed(transfer.reference, came_back, handled)


def _asked_before(payout: Payout) -> bool:
    """Whether its provider may have made a transfer for it."""
    return payout.status is PayoutStatus.SENT or payout.asked > 0


def _begun(payout: Payout, now: datetime) -> Payout:
    """Write down that the provider is about to be asked, while the destination still stands; or call the payout off.

    Where another run has changed it meanwhile it stays as that has left it.
    """

    def step(before: Payout) -> moving.Made | None:
        if before.revision != payout.revision:
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


def _refused(payout: Payout, reason: str, now: datetime) -> bool:
    """The provider has said no: for now, where our balance is short; else what is owed is owed again."""

    def step(before: Payout) -> moving.Made | None:
        if before.status is not PayoutStatus.SENT or before.ask_at is None or before.key != payout.key:
            return None
        if reason not in _NO_FUNDS:
            return moving.back(before, before.amount.amount, reason, now)
        under_way = reads.fetch_one(store.transferring_read(before), consistent=True)
        if under_way is None:
            return None
        after = before.refused_for_now(now, now + UNFUNDED)
        return after, store.asked_again(before, after, under_way)

    after = moving.changed(payout.payout_id, step)
    if reason in _NO_FUNDS:
        telemetry.log(
            "transfer_unfunded", level="error", payout_id=payout.payout_id, currency=payout.amount.currency
        )
        telemetry.metric("TransfersUnfunded")
    return after.ask_at is None


def _put_off(payout_id: str, now: datetime, wait: timedelta) -> None:
    """Have others asked for and about first."""

    def step(before: Payout) -> moving.Made | None:
        if before.ask_at is None or before.ask_at > now:
            return None
        under_way = reads.fetch_one(store.transferring_read(before), consistent=True)
        if under_way is None:
            return None
        after = before.ask_later(now + wait)
        return after, store.asked_again(before, after, under_way)

    try:
        moving.changed(payout_id, step)
    except Busy:  # it stays due
        return


def _same(payout: Payout, transfer: payments.Transfer) -> None:
    if transfer.amount != payout.amount:
        raise PayoutDiffers(
            payout_id=payout.payout_id, amount=payout.amount.amount, told=transfer.amount.amount
        )


def _known(payout: Payout, transfer: payments.Transfer) -> None:
    kept = transfer.amount.amount - transfer.reversed
    if payout.reference != transfer.transfer_id and kept:
        raise PayoutDiffers(payout_id=payout.payout_id, amount=0, told=kept)
