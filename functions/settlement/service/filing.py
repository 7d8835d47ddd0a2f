"""Files for our bank: what waits for an account is put into its file, part by part; then the file is written, once.

Each part is one transaction: its payouts leave the queue, and their destinations still stand. The file's bytes follow
from its parts, so that a run which died before all its payouts were marked as sent writes the very same file again.
Only then is it to be had: nothing can be paid of which we do not know that it was sent. Where meanwhile one of its
payouts must not leave any more the file is void, and the others wait for the next.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entrepot.cloud import aws, reads, telemetry, writes
from entrepot.cloud.writes import Write
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import Busy, NotFound
from functions.settlement import pain001, payouts_bucket_gateway, store
from functions.settlement.domain.banking import Debtor, debtors_in_use
from functions.settlement.domain.destinations import Destination
from functions.settlement.domain.payout_files import PAYOUTS_PER_PART, FileStatus, Order, PayoutFile
from functions.settlement.domain.payouts import Payout, PayoutStatus
from functions.settlement.payout_terms import payout_data
from functions.settlement.service import destinations, moving

LINK_SECONDS: Final = 300
CHANGED: Final = "destination_changed"
ON_HOLD: Final = "on_hold"

_TRIES: Final = 5
_IN_FILE: Final = (PayoutStatus.CREATED, PayoutStatus.SENT)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A payout that waits for a file, and why it must not go into one; "" where it may."""

    payout: Payout
    destination: Destination | None
    against: str


def run(now: datetime) -> list[str]:
    """Make the files of every account of ours. Returns: those that are ready now."""
    made: list[str] = []
    for debtor in debtors_in_use(payout_data().debtors, aws.STAGE, now.date()):
        made += _files_of(debtor, now)
    telemetry.metric("PayoutFilesReady", len(made))
    return made


def listed(limit: int, after: dict[str, str] | None) -> Page[PayoutFile]:
    """A page of files, newest first."""
    return store.files(limit, after)


def shown(file_id: str) -> tuple[PayoutFile, str | None]:
    """A file, and where it is ready a link that opens it for LINK_SECONDS. Raises: NotFound."""
    file = reads.fetch_one(store.file_read(file_id), consistent=True)
    if file is None:
        raise NotFound
    if file.status is not FileStatus.READY:
        return file, None
    return file, payouts_bucket_gateway.link(_key(file), f"{file.file_id}.xml", LINK_SECONDS)


def _files_of(debtor: Debtor, now: datetime) -> list[str]:
    made: list[str] = []
    overtaken = 0
    while overtaken < _TRIES:
        try:
            file = _step(debtor, now)
        except (store.Overtaken, store.AlreadyPosted):  # another run, or one that was given up on: look again
            overtaken += 1
            continue
        overtaken = 0
        if file is None:
            return made
        if file.status is FileStatus.READY:
            made.append(file.file_id)
    raise Busy


def _step(debtor: Debtor, now: datetime) -> PayoutFile | None:
    """The next thing to do for an account. Returns: its file after it; None: there is nothing to do.

    Raises: Overtaken.
    """
    file_id = reads.fetch_one(store.open_file_read(debtor), consistent=True)
    file = reads.fetch_one(store.file_read(file_id), consistent=True) if file_id else None
    if file is not None and file.status is FileStatus.VOID:
        return _emptied(file, now)
    if file is not None and file.status is FileStatus.CLOSED:
        return _written(file, now)
    waiting = _next(debtor, now) if file is None or not file.full else []
    if waiting:
        return _grown(debtor, file, waiting, now)
    if file is None:
        return None
    closed = file.closed()
    writes.commit(store.file_moved(file, closed))
    return closed


def _next(debtor: Debtor, now: datetime) -> list[_Waiting]:
    """Payouts for the next part of a file. Those that must not leave any more are called off on the way."""
    while waiting := _waiting(debtor):
        _call_off([each for each in waiting if each.against], now)
        left = [each for each in waiting if not each.against]
        if left:
            return left
    return []


def _waiting(debtor: Debtor) -> list[_Waiting]:
    """The next payouts that wait, each with what its merchant's destination is now."""
    ids = store.outgoing(debtor, PAYOUTS_PER_PART)
    if not ids:
        return []
    return _judged(ids)


def _judged(ids: Iterable[str]) -> list[_Waiting]:
    """Payouts, each with what its merchant's destination is now."""
    payouts: list[Payout] = reads.fetch(*(store.payout_read(each) for each in ids), consistent=True)
    about = [
        read
        for each in payouts
        for read in (
            store.destination_read(each.merchant_id, each.amount.currency), store.hold_read(each.merchant_id)
        )
    ]  # fmt: skip
    found = reads.fetch(*about, consistent=True)
    return [
        _Waiting(payout, destination, against(payout, destination, held=hold is not None))
        for payout, destination, hold in zip(payouts, found[::2], found[1::2], strict=True)
    ]


def against(payout: Payout, destination: Destination | None, *, held: bool) -> str:
    """Why a payout must not leave any more; "" where it may."""
    if held:
        return ON_HOLD
    if destination is None or destination.stopped or destination.destination_id != payout.destination_id:
        return CHANGED
    return ""


def _call_off(refused: Iterable[_Waiting], now: datetime) -> None:
    """What must not leave any more is owed again: the next statement pays it where that may go."""
    for each in refused:
        amount = each.payout.amount.amount

        def step(before: Payout, against: str = each.against, amount: int = amount) -> moving.Made | None:
            if before.status is not PayoutStatus.CREATED or before.reference:
                return None
            return moving.back(before, amount, against, now, stop=False)

        moving.changed(each.payout.payout_id, step)


def _grown(debtor: Debtor, file: PayoutFile | None, waiting: Sequence[_Waiting], now: datetime) -> PayoutFile:
    file = file or PayoutFile(new_id("pof", now), debtor, now)
    found = {each.payout.payout_id: each.destination for each in waiting}
    orders = tuple(
        Order(each.payout.payout_id, each.payout.amount.amount, to.destination_id, to.sealed)
        for each in waiting
        if (to := found[each.payout.payout_id]) is not None
    )
    after = file.with_part(orders)
    writes.commit(
        *store.file_grown(after, orders),
        *(store.payout_moved(each.payout, each.payout.in_file(file.file_id)) for each in waiting),
        *(store.no_longer_outgoing(each.payout) for each in waiting),
        *_standing(waiting),
    )
    return after


def _standing(leaving: Iterable[_Waiting]) -> list[Write]:
    """Holds that nothing has come up against any of them. Raises, at commit: Overtaken."""
    there = {
        to.destination_id: store.still_there(to) for each in leaving if (to := each.destination) is not None
    }
    merchants = dict.fromkeys(each.payout.merchant_id for each in leaving)
    return [*there.values(), *(store.not_held(merchant_id) for merchant_id in merchants)]


def _written(file: PayoutFile, now: datetime) -> PayoutFile:
    """Write a closed file, mark its payouts as sent, and make it ready; or void it. Raises: Overtaken."""
    parts = list(store.file_parts(file.file_id))
    for part in parts:
        if not all(_may_leave(each) for each in _judged(order.payout_id for order in part)):
            void = file.void()
            writes.commit(store.file_moved(file, void))
            telemetry.log("payout_file_void", level="warning", file_id=file.file_id)
            return void
    content = pain001.rendered(file, [_transfer(order, file) for part in parts for order in part])
    payouts_bucket_gateway.put(_key(file), content, "application/xml")
    for part in parts:
        _sent(part, now)
    after = file.ready(hashlib.sha256(content).hexdigest(), now)
    writes.commit(store.file_moved(file, after), store.no_longer_open(file))
    telemetry.log("payout_file_ready", file_id=file.file_id, payouts=file.count)
    return after


def _may_leave(each: _Waiting) -> bool:
    """Whether a payout may still leave in its file: nothing has come up against it, and nobody told its end."""
    return not each.against and each.payout.status in _IN_FILE


def _sent(part: Sequence[Order], now: datetime) -> None:
    leaving = [
        each
        for each in _judged(order.payout_id for order in part)
        if each.payout.status is PayoutStatus.CREATED
    ]
    if leaving:
        moves = [
            store.payout_moved(each.payout, each.payout.moved(PayoutStatus.SENT, now)) for each in leaving
        ]
        writes.commit(*moves, *_standing(leaving))


def _emptied(file: PayoutFile, now: datetime) -> PayoutFile:
    """Have the payouts of a void file wait again, part by part; then the account has no file. Raises: Overtaken."""
    for part in store.file_parts(file.file_id):
        payouts: list[Payout] = reads.fetch(
            *(store.payout_read(order.payout_id) for order in part), consistent=True
        )
        again = [each for each in payouts if each.reference == file.file_id and each.status in _IN_FILE]
        if again:
            writes.commit(
                *(store.payout_moved(each, each.out_of_file(now)) for each in again),
                *(store.now_outgoing(each) for each in again),
            )
    writes.commit(store.no_longer_open(file))
    return file


def _transfer(order: Order, file: PayoutFile) -> pain001.Transfer:
    account = destinations.opened(order.sealed, order.destination_id)
    return pain001.Transfer(order.payout_id, Money(order.amount, file.debtor.currency), account)


def _key(file: PayoutFile) -> str:
    return f"files/{file.file_id}.xml"
