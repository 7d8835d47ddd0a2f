"""What the relay makes of the records of the outbox's stream."""

from typing import Any

import pytest

from entrepot.cloud import dynamo, outbox, relay, writes
from entrepot.kernel.clock import utc_now
from tests.support.memory import Raw

_ARN = "arn:aws:lambda:eu-central-1:123456789012:function:entrepot-test-outbox-relay"


def _announced() -> Raw:
    """A row of the outbox, as a stream tells that it was written."""
    from entrepot.contracts.membership import PasswordChanged

    now = utc_now()
    event = PasswordChanged(event_id="evt_1", occurred_at=now, member_id="mbr_1")
    writes.commit(outbox.announce(event))
    found: Raw = dynamo.call("Scan", TableName="entrepot-test-outbox")["Items"][0]
    return found


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The events that went out."""
    out: list[str] = []
    monkeypatch.setattr(outbox, "publish", lambda topic, event, body: out.append(event))
    return out


def _told(row: Raw) -> None:
    record: dict[str, Any] = {"eventName": "INSERT", "dynamodb": {"NewImage": row}}
    _handler()(record, _ARN, utc_now())


def _handler() -> Any:
    return next(trigger.handle for trigger in relay.triggers.all if trigger.name == "outbox_relay")


def test_a_new_event_is_published_and_marked(aws: None, published: list[str]) -> None:
    _told(_announced())

    assert ["membership.password_changed"] == published
    assert () == outbox.unsent(int(outbox.shard("evt_1")), utc_now())


def test_an_event_that_was_sent_before_and_is_put_back_by_a_restore_is_not_published_again(
    aws: None, published: list[str]
) -> None:
    _announced()
    outbox.mark_sent("evt_1", utc_now())
    row = dynamo.call("Scan", TableName="entrepot-test-outbox")["Items"][0]

    _told(row)

    assert [] == published
