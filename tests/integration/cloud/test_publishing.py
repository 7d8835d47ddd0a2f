"""What publishes the outbox, as its stream and its clock call it: each event to the topic of its own context."""

import json
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

import app
from entrepot.cloud import aws, dynamo, outbox, relay, writes
from entrepot.kernel.clock import rfc3339, utc_now
from infra.estate import TOPICS
from tests.support.pump import Context

ARN: Final = "arn:aws:lambda:eu-central-1:123456789012:function:entrepot-test-outbox-relay"


@pytest.fixture
def heard(aws: None) -> dict[str, str]:
    """A queue behind each topic, as the template has them: the queue's address by the topic's name."""
    return {topic: _listening(topic) for topic in TOPICS}


def _listening(topic: str) -> str:
    arn = aws.client("sns").create_topic(Name=aws.name(topic))["TopicArn"]
    url: str = aws.client("sqs").create_queue(QueueName=f"heard-{topic}")["QueueUrl"]
    queue = f"arn:aws:sqs:eu-central-1:123456789012:heard-{topic}"
    aws.client("sns").subscribe(
        TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"}
    )
    return url


def _bodies(url: str) -> list[str]:
    received = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [message["Body"] for message in received.get("Messages", [])]


def _written(event_id: str, topic: str, at: datetime) -> None:
    row = outbox.OutboxRow(
        event_id, "event", topic=topic, event=f"{topic}.happened", body=json.dumps({"of": topic}),
        correlation_id="-", created_at=rfc3339(at), unsent_shard=outbox.shard(event_id),
    )  # fmt: skip
    writes.commit(writes.create(row, outbox.AlreadyAnnounced()))


def _record(event_id: str, kind: str = "INSERT") -> dict[str, Any]:
    row = _row(event_id)
    keys = {"pk": row["pk"], "sk": row["sk"]}
    return {
        "eventName": kind,
        "dynamodb": {"NewImage": row, "Keys": keys, "SequenceNumber": f"of-{event_id}"},
        "awsRegion": "eu-central-1",
    }


def _row(event_id: str) -> dict[str, Any]:
    key = {"pk": {"S": event_id}, "sk": {"S": "event"}}
    found: dict[str, Any] = dynamo.call("GetItem", TableName=aws.name("outbox"), Key=key)["Item"]
    return found


def _relayed(*records: dict[str, Any]) -> Any:
    return app.app.handler_map["outbox_relay"]({"Records": list(records)}, Context(ARN))


def _swept() -> None:
    app.app.handler_map["outbox_sweep"](
        {
            "id": "tick", "account": "", "region": "", "detail": {}, "detail-type": "", "source": "",
            "time": "", "version": "0", "resources": [],
        },
        None,
    )  # fmt: skip


def test_the_relay_sends_each_event_to_the_topic_of_its_context_and_marks_it(heard):
    for topic in TOPICS:
        _written(f"evt_{topic}", topic, utc_now())

    answer = _relayed(*(_record(f"evt_{topic}") for topic in TOPICS))

    assert {"batchItemFailures": []} == answer
    assert {topic: [json.dumps({"of": topic})] for topic in TOPICS} == {
        topic: _bodies(url) for topic, url in heard.items()
    }
    assert not [topic for topic in TOPICS if "unsent_shard" in _row(f"evt_{topic}")]


def test_the_relay_passes_over_what_is_no_new_event(heard):
    _written("evt_1", "orders", utc_now())

    assert {"batchItemFailures": []} == _relayed(_record("evt_1", "MODIFY"))

    assert [] == _bodies(heard["orders"])
    assert "unsent_shard" in _row("evt_1")


def test_an_event_that_cannot_be_published_is_named_to_the_stream_and_stays_unsent(heard):
    aws.client("sns").delete_topic(TopicArn=relay.topic_arn(ARN, "privacy"))
    for event_id, topic in (("evt_1", "orders"), ("evt_2", "privacy"), ("evt_3", "payments")):
        _written(event_id, topic, utc_now())

    answer = _relayed(*(_record(f"evt_{number}") for number in (1, 2, 3)))

    assert {"batchItemFailures": [{"itemIdentifier": "of-evt_2"}]} == answer
    assert [1, 0] == [len(_bodies(heard[topic])) for topic in ("orders", "payments")]
    assert ["evt_2", "evt_3"] == [
        name for name in ("evt_1", "evt_2", "evt_3") if "unsent_shard" in _row(name)
    ]


def test_the_sweep_sends_what_waited_for_a_minute_and_leaves_the_rest_to_the_relay(heard):
    long_ago = utc_now() - timedelta(minutes=2)
    for topic in TOPICS:
        _written(f"evt_{topic}", topic, long_ago)
    _written("evt_new", "orders", utc_now())

    _swept()
    _swept()

    assert dict.fromkeys(TOPICS, 1) == {topic: len(_bodies(url)) for topic, url in heard.items()}
    assert "unsent_shard" in _row("evt_new")
