"""Events, moved by hand: what outbox, topics and queues do on AWS, one message after the other, in this process.

Who gets what is read from the table that the template is made of, so that a missing subscription fails a test here.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from entrepot.cloud import aws, dynamo, outbox, reads
from entrepot.kernel.clock import utc_now
from infra.estate import SUBSCRIPTIONS, TIMEOUT_SECONDS


def subscribers(event: str) -> list[str]:
    """The queues that an event reaches."""
    return [queue for queue, events in SUBSCRIPTIONS.items() if event in events]


@cache
def consumers() -> dict[str, Callable[..., Any]]:
    """The function behind each queue."""
    import app

    return {
        trigger.source: app.app.handler_map[trigger.name]
        for triggers in app.TRIGGERS
        for trigger in triggers.all
        if trigger.source.replace("-", "_") == trigger.name
    }


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells a function of itself, at the beginning of its time."""

    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:outbox-relay"

    def get_remaining_time_in_millis(self) -> int:
        return TIMEOUT_SECONDS * 1000


def deliver(queue: str, body: str) -> list[str]:
    """One message to the consumer of a queue. Returns: the ids of failed messages, none when it was taken."""
    return ["message" for _ in deliver_batch(queue, [body])]


def deliver_batch(queue: str, bodies: Sequence[str]) -> list[int]:
    """Messages to the consumer of a queue, together. Returns: the places of those that failed."""
    records = [
        {
            "messageId": str(place),
            "body": body,
            "receiptHandle": "receipt",
            "attributes": {},
            "messageAttributes": {},
        }
        for place, body in enumerate(bodies)
    ]
    answer = consumers()[queue]({"Records": records}, None)
    return [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


def pump(most: int = 500) -> list[str]:
    """Publish what waits in the outbox and on the queues that the API feeds, until nothing is left.

    Returns: the events published, in order. Raises: AssertionError: a consumer refused one.
    """
    published: list[str] = []
    while len(published) < most:
        rows = _unsent()
        messages = _waiting()
        if not rows and not messages:
            return published
        for queue, body in messages:
            assert [] == deliver(queue, body), f"{queue} refused {body[:200]}"
        for row in rows:
            publish(row)
            published.append(row.event)
    raise AssertionError("the events never end")


def publish(row: Any, times: int = 1) -> None:
    """An event to everyone who subscribed to it, and mark it sent."""
    for queue in subscribers(row.event):
        for _ in range(times):
            assert [] == deliver(queue, row.body), f"{queue} refused {row.body[:300]}"
    outbox.mark_sent(row.pk, utc_now())


def events() -> list[dict[str, Any]]:
    """Every event ever written, oldest first."""
    raw = dynamo.call("Scan", TableName=aws.name("outbox"))["Items"]
    return sorted((json.loads(item["body"]["S"]) for item in raw), key=lambda event: event["event_id"])


def _unsent() -> list[Any]:
    found: list[Any] = []
    for shard in range(outbox.SHARDS):
        found += reads.query(outbox.OutboxRow, str(shard), lambda row: row, index="unsent").items
    return sorted(found, key=lambda row: row.pk)


def _waiting() -> list[tuple[str, str]]:
    found = []
    for queue in (
        "payments-webhooks",
        "payments-statements",
        "logistics-scans",
        "settlement-runs",
        "clearing-jobs",
    ):
        url = aws.queue_url(queue)
        while (
            batch := aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages")
        ):
            for message in batch:
                found.append((queue, message["Body"]))
                aws.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found
