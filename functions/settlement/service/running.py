"""The settlement run: the clock finds who is due and hands each merchant to a queue, where it is settled and paid.

A hundred thousand merchants are a hundred thousand messages, each settled by itself: one that fails is tried again
and then lies with the dead letters, and nobody waits for it. A message that comes twice finds nothing to do.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from entrepot.cloud import aws, reads, telemetry, writes
from entrepot.cloud.auth import Principal
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import NotFound, Refusal
from functions.membership.facade import merchant_read
from functions.settlement import store
from functions.settlement.domain import rules
from functions.settlement.domain.ledger import Entry
from functions.settlement.domain.schedules import Schedule
from functions.settlement.domain.shares import pending_release
from functions.settlement.service import closing, paying, settling, transferring

QUEUE: Final = "settlement-runs"

_BATCH: Final = 10
"""As many messages as SQS takes at once."""

_STATEMENTS: Final = 4
"""Two thousand lines in one turn, well within a function's time; what is left is another turn."""


class Turn(msgspec.Struct, frozen=True):
    """That a merchant is to be settled and paid. `stamps`: what its due rows read, by shard."""

    merchant_id: str
    stamps: list[tuple[int, str]] = []


_TURN: Final = msgspec.json.Decoder(Turn)


def scheduled(now: datetime) -> None:
    """Close the days that are over, let reserves go, and hand every merchant with something to do to the queue."""
    closing.close_days(now)
    release(now)
    waiting = list(turns())
    for start in range(0, len(waiting), _BATCH):
        _send(waiting[start : start + _BATCH])
    telemetry.metric("MerchantsDue", len(waiting))


def take(body: str, now: datetime) -> None:
    """One merchant's turn. Raises: what `settle` raises, so that the queue brings it again."""
    turn = _TURN.decode(body)
    issued = settled(turn, now, _STATEMENTS)
    if len(issued) == _STATEMENTS:
        _send([turn])
    for payout_id in paying.pay_merchant(turn.merchant_id, now).payouts:
        _transferred(payout_id, now)
    telemetry.metric("StatementsIssued", len(issued))


def _transferred(payout_id: str, now: datetime) -> None:
    """Have a payout transferred at once, where that is its way; what fails is left to the sweep."""
    try:
        transferring.pursue(payout_id, now)
    except Refusal as refusal:
        telemetry.log("transfer_not_made", level="warning", payout_id=payout_id, code=refusal.code)


def release(now: datetime) -> list[str]:
    """Let every reserve go whose day has come: the merchant is owed it with its next statement.

    Returns: the statements that they were held back of.
    """
    done: list[str] = []
    for reserve in store.to_let_go(now):
        fact = f"reserve-released:{reserve.statement_id}"
        postings = rules.reserve_released(reserve.merchant_id, reserve.amount)
        entry = Entry(new_id("ent", now), fact, "reserve_released", now, postings, now)
        line = pending_release(reserve.merchant_id, reserve.amount, fact, entry.entry_id, now)
        try:
            writes.commit(store.let_go_of(reserve), *store.posted(entry), *store.now_pending(line))
        except (store.Overtaken, store.AlreadyPosted):  # another run was first
            continue
        done.append(reserve.statement_id)
    return done


def schedule_of(merchant_id: str, caller: Principal) -> Schedule:
    """Raises: NotFound: another's, or no such merchant."""
    if caller.merchant_id not in (None, merchant_id):
        raise NotFound
    _known(merchant_id)
    return reads.fetch_one(store.schedule_read(merchant_id), consistent=True) or Schedule()


def set_schedule(merchant_id: str, schedule: Schedule) -> Schedule:
    """Raises: NotFound."""
    _known(merchant_id)
    writes.commit(store.scheduled(merchant_id, schedule))
    return schedule


def turns() -> Iterator[Turn]:
    """Of every merchant with something to settle or to be paid."""
    due = store.due()
    for merchant_id, stamps in due.items():
        yield Turn(merchant_id, stamps)
    for merchant_id in store.unpaid():
        if merchant_id not in due:
            yield Turn(merchant_id)


def _send(turns: Sequence[Turn]) -> None:
    entries = [
        {"Id": str(number), "MessageBody": msgspec.json.encode(turn).decode()}
        for number, turn in enumerate(turns)
    ]
    answer = aws.client("sqs").send_message_batch(QueueUrl=aws.queue_url(QUEUE), Entries=entries)
    for failed in answer.get("Failed", []):
        # It stays due, so that the next run hands it on.
        telemetry.log("turn_not_sent", level="error", code=failed["Code"])
        telemetry.metric("TurnsNotSent", 1)


def settled(turn: Turn, now: datetime, most: int | None = None) -> list[str]:
    """Settle the merchant of a turn. Returns: the statements issued. Raises: what `settle` raises."""
    issued = settling.settle(turn.merchant_id, now, most)
    if turn.stamps and not store.pending(turn.merchant_id, 1):
        _no_longer_due(turn.merchant_id, turn.stamps)
    return issued


def _no_longer_due(merchant_id: str, stamps: Sequence[tuple[int, str]]) -> None:
    for shard, stamp in stamps:
        try:
            writes.commit(store.no_longer_due(merchant_id, shard, stamp))
        except store.Overtaken:  # something became pending meanwhile: the next run sees it
            continue


def _known(merchant_id: str) -> None:
    if reads.fetch_one(merchant_read(merchant_id)) is None:
        raise NotFound
