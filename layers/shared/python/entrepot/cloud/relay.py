"""What publishes the outbox: the relay, woken by the table's stream, and the sweep for what it missed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from entrepot.cloud import aws, outbox, telemetry
from entrepot.cloud.events import Triggers
from entrepot.kernel.clock import rfc3339

_LATE: Final = timedelta(seconds=60)
_STUCK: Final = timedelta(minutes=10)
"""Older than that the sweep has failed to publish an event several times, or does not keep up."""

triggers = Triggers(__name__)


def topic_arn(function_arn: str, topic: str) -> str:
    """The topic of a context, in the account and region of the function that publishes."""
    partition, _, region, account = function_arn.split(":")[1:5]
    return f"arn:{partition}:sns:{region}:{account}:{aws.name(topic)}"


@triggers.stream("${OutboxTable.StreamArn}")
def outbox_relay(record: Mapping[str, Any], function_arn: str, now: datetime) -> None:
    if record["eventName"] != "INSERT":
        return
    image = record["dynamodb"]["NewImage"]
    if "unsent_shard" not in image:  # published before, and put back by a restore
        return
    _send(image["pk"]["S"], image["topic"]["S"], image["event"]["S"], image["body"]["S"], function_arn, now)


@triggers.schedule("rate(1 minute)")
def outbox_sweep(now: datetime) -> None:
    caller = aws.client("sts").get_caller_identity()["Arn"].split(":")
    function_arn = f"arn:{caller[1]}:lambda:{aws.client('sns').meta.region_name}:{caller[4]}:function:sweep"
    sweep(function_arn, now)


def sweep(function_arn: str, now: datetime) -> int:
    """Publish what stayed unpublished for a minute. Returns: how many events."""
    found = [row for shard in range(outbox.SHARDS) for row in outbox.unsent(shard, now - _LATE)]
    stuck = sum(row.created_at < rfc3339(now - _STUCK) for row in found)
    if stuck:  # said before it is tried, for it may fail
        telemetry.metric("OutboxStuck", stuck)
    sent = 0
    for row in found:
        _send(row.pk, row.topic, row.event, row.body, function_arn, now)
        sent += 1
    if sent:
        telemetry.metric("OutboxSwept", sent)
    return sent


def _send(event_id: str, topic: str, event: str, body: str, function_arn: str, now: datetime) -> None:
    outbox.publish(topic_arn(function_arn, topic), event, body)
    outbox.mark_sent(event_id, now)
