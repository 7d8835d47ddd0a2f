"""Whether every event was published and heard, told from what consumers have noted; and sent again where it was not."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from entrepot.cloud import outbox as cloud_outbox
from entrepot.kernel.clock import utc_now
from infra import outbox
from infra.outbox import Finding, check, repair
from infra.stage import Stage
from tests.support.pump import deliver, pump
from tests.support.shop import Shop


@pytest.fixture
def shop(traded: Stage) -> Iterator[Shop]:
    shop = Shop()
    pump()
    yield shop
    pump()


def _later(stage: Stage) -> outbox.Checked:
    return check(stage, now=utc_now() + timedelta(minutes=30))


def _place(shop: Shop) -> str:
    """The id of the event that tells of a new order, written and not published."""
    order_id = shop.place({"PHONES-1": 1})["id"]
    (event,) = [row for row in _unsent() if order_id in row.body]
    return str(event.pk)


def _unsent() -> list[Any]:
    later = utc_now() + timedelta(minutes=1)
    return [row for shard in range(cloud_outbox.SHARDS) for row in cloud_outbox.unsent(shard, later)]


def test_a_day_s_events_are_all_heard_by_all_who_subscribed(traded: Stage, shop: Shop) -> None:
    found = _later(traded)

    assert [] == found.findings
    assert found.heard > 5
    assert found.events == found.heard + found.unproven + found.dead


def test_an_event_that_waits_too_long_is_found_and_published(traded: Stage, shop: Shop) -> None:
    event_id = _place(shop)

    early, late = check(traded), _later(traded)

    assert [] == early.findings
    assert [("unsent", event_id)] == [(each.kind, each.event_id) for each in late.findings]
    assert 1 == repair(traded, late.findings)
    assert ["orders.order_placed"] == [event for event in pump() if event == "orders.order_placed"]
    assert [] == _later(traded).findings


def test_an_event_that_was_taken_out_of_the_way_is_found_and_put_back(traded: Stage, shop: Shop) -> None:
    event_id = _place(shop)
    traded.client("dynamodb").update_item(
        TableName=traded.called("outbox"),
        Key={"pk": {"S": event_id}, "sk": {"S": "event"}},
        UpdateExpression="REMOVE unsent_shard",
    )
    pump()

    found = _later(traded).findings

    assert [("held", event_id)] == [(each.kind, each.event_id) for each in found]
    assert 1 == repair(traded, found)
    assert "orders.order_placed" in pump()
    assert [] == _later(traded).findings


def test_an_event_that_is_marked_as_sent_and_never_was_is_found_and_sent_to_who_did_not_hear(
    traded: Stage, shop: Shop
) -> None:
    """The mutation that the check is for: the mark says so, and nobody else does."""
    event_id = _place(shop)
    cloud_outbox.mark_sent(event_id, utc_now())

    found = _later(traded).findings

    assert [("unheard", event_id, "inventory-events")] == [(f.kind, f.event_id, f.queue) for f in found]
    assert 1 == repair(traded, found)
    (body,) = _taken(traded, "inventory-events")
    assert event_id == json.loads(body)["event_id"]
    assert [] == deliver("inventory-events", body)
    assert [] == _later(traded).findings


def test_an_event_whose_row_is_gone_is_missed_by_its_order(traded: Stage, shop: Shop) -> None:
    event_id = _place(shop)
    pump()
    key = {"pk": {"S": event_id}, "sk": {"S": "event"}}
    dynamodb, table = traded.client("dynamodb"), traded.called("outbox")
    row = dynamodb.get_item(TableName=table, Key=key)["Item"]
    order_id = json.loads(row["body"]["S"])["order_id"]
    dynamodb.delete_item(TableName=table, Key=key)

    found = _later(traded).findings

    assert [Finding("missing", "orders.order_placed", about=order_id)] == found
    assert 0 == repair(traded, found)
    dynamodb.put_item(TableName=table, Item=row)
    assert [] == _later(traded).findings


def test_a_dead_letter_is_no_gap(traded: Stage, shop: Shop) -> None:
    event_id = _place(shop)
    (row,) = [row for row in _unsent() if row.pk == event_id]
    cloud_outbox.mark_sent(event_id, utc_now())
    url = traded.queue_url("inventory-events-dlq")
    traded.client("sqs").send_message(QueueUrl=url, MessageBody=row.body)

    found = _later(traded)

    assert ([], 1) == (found.findings, found.dead)
    _taken(traded, "inventory-events-dlq")
    assert [] == deliver("inventory-events", row.body)


def test_the_command_mends_only_what_was_confirmed_and_writes_it_into_the_audit_log(
    traded: Stage, shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = _place(shop)
    cloud_outbox.mark_sent(event_id, utc_now() + timedelta(seconds=1))
    monkeypatch.setattr(outbox, "check", lambda stage, minutes: _later(stage))

    ends = [
        outbox.main([*said, "--stage", "test"])
        for said in (["check"], ["repair"], ["repair", "--confirm", "9"])
    ]
    assert [1, 1, 1] == ends
    assert [] == _taken(traded, "inventory-events")

    assert 0 == outbox.main(["repair", "--confirm", "1", "--stage", "test"])

    assert "1 sent again, 0 rows missing" in capsys.readouterr().out
    assert 1 == len(bodies := _taken(traded, "inventory-events"))
    audited = [row["body"]["S"] for row in _rows(traded, "audit") if "body" in row]
    assert 1 == sum("outbox.repair" in body and event_id in body for body in audited)
    assert [] == deliver("inventory-events", bodies[0])


def _taken(stage: Stage, queue: str) -> list[str]:
    """The bodies of what waits in a queue: it waits no longer."""
    url, sqs = stage.queue_url(queue), stage.client("sqs")
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [message["Body"] for message in found]


def _rows(stage: Stage, table: str) -> list[Any]:
    found: list[Any] = stage.client("dynamodb").scan(TableName=stage.called(table))["Items"]
    return found
