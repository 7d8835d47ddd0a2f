"""The daily job, in small turns over a queue: a page of movements, a page of the ledger, a shard of sums.

A day of a source is gathered page after page; then each shard of the ledger is looked through for what the source has
not told, and its sums are made. A message that comes twice finds everything done; a day that was not finished is handed
out again by the next run.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Final, Literal

import msgspec

from entrepot.cloud import aws, reads, telemetry, writes
from functions.clearing import store
from functions.clearing.domain import items as domain
from functions.clearing.domain import reports
from functions.clearing.domain.items import ACCOUNTS, OVERDUE_DAYS, Item, Movement, Outcome
from functions.clearing.service import judging
from functions.payments import facade as payments
from functions.settlement import facade as settlement

QUEUE: Final = "clearing-jobs"
SOURCES: Final = tuple(ACCOUNTS)
_PAGE: Final = 100
_OPEN_PAGE: Final = 50
_BATCH: Final = 10
_MOST_DAYS: Final = 31
"""Days of a source in one run; after a longer silence the next run goes on."""


class Job(msgspec.Struct, frozen=True, omit_defaults=True):
    stage: Literal["gather", "ledger", "sums", "open"]
    source: str = ""
    day: date | None = None
    shard: int = 0
    account: int = 0
    after: str = ""
    next_key: dict[str, str] = {}


_JOB: Final = msgspec.json.Decoder(Job)


def scheduled(now: datetime) -> None:
    """Hand out the days that are over and not complete, and what is open of those before."""
    jobs = [Job("gather", source, day) for source in SOURCES for day in _days_to_do(source, now)]
    jobs += [Job("open", shard=shard) for shard in range(store.SHARDS)]
    send(jobs)
    telemetry.metric("ClearingJobs", len(jobs))


def take(body: str, now: datetime) -> None:
    """One turn. Raises: ProviderUnavailable, Overtaken, Busy: to be sent again."""
    job = _JOB.decode(body)
    match job.stage:
        case "gather":
            _gather(job, now)
        case "ledger":
            _ledger(job, now)
        case "sums":
            make_sums(job.source, _day(job), job.shard)
        case "open":
            _open(job, now)


def send(jobs: Iterable[Job]) -> None:
    entries = [
        {"Id": str(number), "MessageBody": msgspec.json.encode(job).decode()}
        for number, job in enumerate(jobs)
    ]
    for start in range(0, len(entries), _BATCH):
        answer = aws.client("sqs").send_message_batch(
            QueueUrl=aws.queue_url(QUEUE), Entries=entries[start : start + _BATCH]
        )
        assert not answer.get("Failed"), "the queue of clearing takes no jobs"


def make_sums(source: str, day: date, shard: int) -> None:
    """Add a shard of a day up anew, whatever it holds."""
    store.tallied(source, day, shard, reports.added(store.items_of(source, day, shard)))


def _days_to_do(source: str, now: datetime) -> Iterator[date]:
    """The days after the last complete one; the mark moves on over those that have become complete."""
    done = reads.fetch_one(store.cleared_read(source), consistent=True)
    begins = settlement.first_day() or now.date() - timedelta(days=1)
    first = begins if done is None else done + timedelta(days=1)
    day, still = first, True
    while day < now.date() and (day - first).days < _MOST_DAYS:
        if still and len(store.tallies(source, day)) == store.SHARDS:
            writes.commit(store.cleared(source, day))
        else:
            still = False
            yield day
        day += timedelta(days=1)


def _gather(job: Job, now: datetime) -> None:
    day = _day(job)
    page = payments.movements(job.source, day, job.after or None, now)
    movements = [_ours(each) for each in page.items]
    found = [
        domain.of_movement(job.source, day, store.shard_of(each.movement_id), each) for each in movements
    ]
    touched = judging.look_at(found, now.date())
    if page.after:
        send([Job("gather", job.source, day, after=page.after)])
    else:
        send(Job("ledger", job.source, day, shard) for shard in range(settlement.SHARDS))
    _sums_anew(each for each in touched if each[:2] != (job.source, day))


def _ledger(job: Job, now: datetime) -> None:
    """What the ledger has booked on the day and no movement has claimed."""
    day, accounts = _day(job), ACCOUNTS[job.source]
    page = settlement.account_moved_on(accounts[job.account], day, job.shard, _PAGE, job.next_key or None)
    claims = reads.fetch(
        *(store.claim_read(job.source, entry.reverses or entry.fact) for entry in page.items), consistent=True
    ) if page.items else []  # fmt: skip
    alone = [
        domain.of_fact(
            job.source, day, job.shard, entry.fact, entry.rule, entry.booked_at or entry.occurred_at
        )
        for entry, claim in zip(page.items, claims, strict=True)
        if claim is None and entry.reverses is None
    ]
    touched = judging.look_at(alone, now.date())
    undone = [
        claim
        for entry, claim in zip(page.items, claims, strict=True)
        if claim is not None and entry.reverses is not None
    ]
    touched |= judging.look_again(undone, now.date())
    _sums_anew(each for each in touched if each != (job.source, day, job.shard))
    if page.next_key:
        send([Job("ledger", job.source, day, job.shard, job.account, next_key=dict(page.next_key))])
    elif job.account + 1 < len(accounts):
        send([Job("ledger", job.source, day, job.shard, job.account + 1)])
    else:
        make_sums(job.source, day, job.shard)


def _open(job: Job, now: datetime) -> None:
    """What is open may have come right since; what has not is counted."""
    page = store.open_page(job.shard, _OPEN_PAGE, job.next_key or None)
    touched = judging.look_again([(store.key_of(item), item.item_id) for item in page.items], now.date())
    _sums_anew(touched)
    overdue = sum(_overdue(item, now.date()) for item in page.items)
    if overdue:
        telemetry.metric("ClearingBreaksOverdue", overdue)
    if page.next_key:
        send([Job("open", shard=job.shard, next_key=dict(page.next_key))])


def _overdue(item: Item, today: date) -> bool:
    return item.outcome is Outcome.BREAK and item.age_days(today) > OVERDUE_DAYS


def _sums_anew(touched: Iterable[tuple[str, date, int]]) -> None:
    jobs = [Job("sums", source, day, shard) for source, day, shard in sorted(set(touched))]
    send(jobs)


def _ours(told: payments.Movement) -> Movement:
    """A provider's movement in clearing's words: a payout goes by its statement."""
    reference = told.reference
    if told.kind.value.startswith("payout"):
        reference = settlement.statement_of_payout(reference) or reference
    return Movement(
        told.movement_id,
        told.at,
        told.kind.value,
        reference,
        told.currency,
        told.gross,
        told.fee,
        told.presented,
    )


def _day(job: Job) -> date:
    assert job.day is not None, "a job of a source is of a day"
    return job.day
