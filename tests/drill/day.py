"""A stage with a day's business, and with what a disaster catches on its way."""

import threading
from dataclasses import dataclass
from typing import Any, Final

from infra.backup import rows, standing
from infra.backup.making import Say
from infra.backup.rows import Tally, line, scanned
from infra.local import story
from infra.local.stack import Running
from infra.stage import Stage
from tests.support.e2e_market import Market, intent_of, until

LETTER: Final = '{"event": "payments.fee_known", "version": 1, "event_id": "evt_00000000000000000000000000"}'
"""A dead letter that no consumer can read: it lacks its fields."""


@dataclass(frozen=True)
class Left:
    """What was under way when the stage was lost: two orders, as POST /v1/orders answered them."""

    waiting: Any  # for its payment; the event that it was placed was never published
    unheard: Any  # the event that it was placed was published, and lay in a queue that is no more
    sku: str


def of(up: Running) -> Stage:
    return Stage(up.stage, up.aws_endpoint)


def traded(up: Running, orders: int, say: Say) -> Left:
    """The story, so many paid orders beside it, and what is under way at the end."""
    stage, market = of(up), Market(up)
    story.tell(up, lambda _: None)
    say("the story was told")
    sku = market.stocked(units=orders + 10)
    for _ in range(orders):
        market.control(f"payment_intents/{intent_of(market.placed(sku))}/pay")
    market.wait_quiet()
    say(f"{orders} more orders were paid, and every event was heard")
    papers = stage.bucket("papers")
    paper = {"Key": "drill/a paper.pdf", "Body": b"%PDF-1.7", "ContentType": "application/pdf"}
    stage.client("s3").put_object(Bucket=papers, **paper)
    url = stage.queue_url("settlement-events-dlq")
    stage.client("sqs").send_message(QueueUrl=url, MessageBody=LETTER)
    standing.stop(stage, say, only=["inventory-events"])
    unheard = market.placed(sku)
    until("the event of an order is published", lambda: "sent_at" in event_of(stage, unheard))
    standing.stop(stage, say, only=["outbox-relay", "outbox-sweep"])
    waiting = market.placed(sku)
    assert "sent_at" not in event_of(stage, waiting)
    market.close()
    stage.close()
    return Left(waiting, unheard, sku)


def event_of(stage: Stage, order: Any) -> dict[str, Any]:
    """The row of the outbox that tells that an order was placed."""
    (found,) = [
        row
        for row in scanned(stage, "outbox")
        if row["event"]["S"] == "orders.order_placed" and order["id"] in row["body"]["S"]
    ]
    return found


def stopped(stage: Stage, say: Say) -> None:
    """The stage stands still, and what had begun has ended: its tables do not move any more."""
    standing.stop(stage, say)
    pause, before = threading.Event(), ""
    for _ in range(60):
        now = rows.whole({table: _tally(stage, table) for table in stage.tables})
        if now == before:
            return
        before = now
        pause.wait(0.5)
    raise AssertionError("the stage does not come to rest")


def _tally(stage: Stage, table: str) -> Tally:
    tally = Tally()
    for row in scanned(stage, table):
        tally.add(line(row))
    return tally
