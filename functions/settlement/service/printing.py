"""Statements as PDF: asked for, written by a job that has the typesetter, handed out by links.

The queue is told an id alone. A statement that was issued does not change, so whoever writes its paper again writes the
same one.
"""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from entrepot.cloud import aws, reads, telemetry, writes
from entrepot.cloud.auth import Principal
from functions.membership.facade import merchant_read
from functions.settlement import payouts_bucket_gateway as bucket
from functions.settlement import store
from functions.settlement.domain.statement_paper import FORM, Paper, PaperState, paper
from functions.settlement.domain.statements import Statement, Status
from functions.settlement.service import reading

QUEUE: Final = "settlement-papers"
LINK_SECONDS: Final = 300

_TEMPLATE: Final = Path(__file__).parents[1] / "data" / "statement.typ"


class PaperWanted(msgspec.Struct, frozen=True):
    """What the queue holds."""

    statement_id: str


def ask(statement_id: str, caller: Principal, now: datetime) -> Paper:
    """Have the PDF of a statement written, unless it is there or on its way. Raises: NotFound: as `readable`."""
    reading.readable(statement_id, caller)
    seen = _found(statement_id)
    if seen is not None and seen.stands(now):
        return seen
    wanted = Paper(statement_id, FORM, PaperState.PENDING, now)
    try:
        writes.commit(store.paper_told(wanted, seen))
    except store.PaperMoved:  # somebody asked at the same moment, and has sent the message
        return _found(statement_id) or wanted
    body = msgspec.json.encode(PaperWanted(statement_id)).decode()
    aws.client("sqs").send_message(QueueUrl=aws.queue_url(QUEUE), MessageBody=body)
    return wanted


def shown(statement_id: str, caller: Principal, now: datetime) -> tuple[Paper | None, str | None]:
    """How far the PDF of a statement is, and where it is ready a link for LINK_SECONDS; None: nobody asked for it.

    Raises: NotFound: as `reading.statement`.
    """
    statement = reading.readable(statement_id, caller)
    found = _found(statement_id)
    if found is None or found.form != FORM or (found.state is PaperState.READY and not found.stands(now)):
        return None, None
    if found.state is not PaperState.READY:
        return found, None
    name = f"statement-{statement.number:04}-{statement_id}.pdf"
    return found, bucket.link(found.key, name, LINK_SECONDS)


def write(body: str) -> None:
    """The job: write what is still asked for; a failure is told to who asks, and raised to be tried again."""
    statement_id = msgspec.json.decode(body, type=PaperWanted).statement_id
    seen = _found(statement_id)
    statement = reads.fetch_one(store.statement_read(statement_id), consistent=True)
    if seen is None or seen.state is PaperState.READY or statement is None:
        telemetry.log("statement_paper_not_wanted", statement_id=statement_id)
        return
    assert statement.status is Status.ISSUED, (
        "only an issued statement is shown, so only that can be asked for"
    )
    made = replace(seen, form=FORM, state=PaperState.READY)
    try:
        bucket.put(made.key, _printed(statement), "application/pdf")
    except Exception:
        _tell(replace(seen, state=PaperState.FAILED), seen)
        telemetry.metric("StatementPapersFailed")
        raise
    _tell(made, seen)


def _printed(statement: Statement) -> bytes:
    from functions.logistics.facade import typeset

    merchant = reads.fetch_one(merchant_read(statement.merchant_id))
    assert merchant is not None, "a statement is its merchant's"
    said = paper(statement, store.parts(statement.statement_id), merchant.name)
    return typeset(_TEMPLATE, said, said.dated)


def _found(statement_id: str) -> Paper | None:
    return reads.fetch_one(store.paper_read(statement_id), consistent=True)


def _tell(told: Paper, seen: Paper) -> None:
    try:
        writes.commit(store.paper_told(told, seen))
    except store.PaperMoved:  # somebody asked anew, or another try wrote it
        telemetry.log("statement_paper_moved", statement_id=seen.statement_id)
