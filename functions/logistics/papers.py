"""Papers of shipments: asked for, written by a job, handed out by links, forgotten.

The queue is told ids alone: the job composes anew what the papers say, so nothing personal lies in a message or a row.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec

from entrepot.cloud import aws, reads, telemetry, writes
from entrepot.cloud.buckets import bucket
from entrepot.kernel.refusals import Busy
from functions.logistics import store
from functions.logistics.domain.declaration import KINDS, Declaration, Papers, State, prefix

QUEUE: Final = "orders-papers"
LINK_SECONDS: Final = 300
_BUCKET: Final = bucket("papers", "application/pdf")
"""Where papers lie for thirty days."""
_TRIES: Final = 5


class PapersWanted(msgspec.Struct, frozen=True):
    """What the queue holds."""

    order_id: str
    shipment_id: str


def found(order_id: str, shipment_id: str, now: datetime) -> Papers | None:
    """The papers of a shipment as they were last asked for, and as who reads them now has them."""
    kept = _kept(order_id, shipment_id)
    return kept.read_at(now) if kept else None


def ask(declared: Declaration, now: datetime) -> Papers:
    """Have the papers of a shipment written, unless they are there or on their way.

    Where nobody can be told that they are wanted they have failed, and what kept it rises.
    """
    seen = _kept(declared.order_id, declared.shipment_id)
    if seen is not None and seen.stands(declared.digest, now):
        return seen
    wanted = Papers(declared.order_id, declared.shipment_id, declared.digest, State.PENDING, now)
    try:
        writes.commit(store.papers_asked(wanted, seen))
    except store.PapersMoved:
        # Somebody asked at the same moment, and has sent the message.
        return found(declared.order_id, declared.shipment_id, now) or wanted
    body = msgspec.json.encode(PapersWanted(wanted.order_id, wanted.shipment_id)).decode()
    try:
        aws.client("sqs").send_message(QueueUrl=aws.queue_url(QUEUE), MessageBody=body)
    except Exception:
        _tell(replace(wanted, state=State.FAILED), wanted)
        raise
    return wanted


def write(declared: Declaration) -> None:
    """The job: write what is still asked for, once; a failure is told to who asks, and raised to be tried again."""
    seen = _kept(declared.order_id, declared.shipment_id)
    if seen is None or (seen.state is State.READY and seen.digest == declared.digest):
        telemetry.log("papers_not_wanted", shipment_id=declared.shipment_id)
        return
    made = Papers(seen.order_id, seen.shipment_id, declared.digest, State.READY, seen.asked_at)
    try:
        _put(declared, made)
    except Exception:
        _tell(replace(seen, state=State.FAILED), seen)
        raise
    if not _tell(made, seen) and _kept(seen.order_id, seen.shipment_id) is None:
        _BUCKET.drop_under(prefix(seen.order_id))  # forgotten while they were written


def links(papers: Papers) -> Iterator[tuple[str, str, str]]:
    """Of papers that are ready: the kind of each, a file's name and a link that opens it for a while."""
    for kind in KINDS:
        name = f"{kind}-{papers.shipment_id}.pdf"
        yield kind, name, _BUCKET.link(papers.key(kind), name, LINK_SECONDS)


def forget(order_id: str) -> None:
    """Drop all papers of an order, and that there were any; once more does no harm.

    Raises: Busy: they were asked for and written all the while.
    """
    for _ in range(_TRIES):
        if all(_dropped(papers) for papers in store.papers_of(order_id)):
            break
    else:
        raise Busy
    dropped = _BUCKET.drop_under(prefix(order_id))
    telemetry.log("papers_forgotten", order_id=order_id, papers=dropped)


def _kept(order_id: str, shipment_id: str) -> Papers | None:
    return reads.fetch_one(store.papers_read(order_id, shipment_id), consistent=True)


def _dropped(seen: Papers) -> bool:
    """Whether nothing is known of papers any more that were as seen."""
    try:
        writes.commit(store.papers_dropped(seen))
    except store.PapersMoved:
        return False
    return True


def _put(declared: Declaration, made: Papers) -> None:
    from functions.logistics import typst_gateway  # heavy, and in the layer of this job alone
    from functions.logistics.domain.paperwork import PAPERS

    for kind in KINDS:
        _BUCKET.put(made.key(kind), typst_gateway.rendered(PAPERS[kind](declared)))


def _tell(papers: Papers, seen: Papers) -> bool:
    """Whether it is still as it was seen, and now as told."""
    try:
        writes.commit(store.papers_told(papers, seen))
    except store.PapersMoved:
        return False
    return True
