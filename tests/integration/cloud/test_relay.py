"""What the relay makes of the records of the outbox's stream."""

from datetime import timedelta
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


def test_an_event_that_the_sweep_cannot_publish_for_ten_minutes_is_counted_before_it_is_tried_again(
    aws: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Refused(Exception):
        pass

    def refuse(*_: str) -> None:
        raise Refused

    _announced()
    monkeypatch.setattr(outbox, "publish", refuse)

    for minutes, stuck in ((5, 0), (11, 1)):
        with pytest.raises(Refused):
            relay.sweep(_ARN, utc_now() + timedelta(minutes=minutes))
        assert stuck == capsys.readouterr().out.count('"OutboxStuck":1')


def test_a_sweep_publishes_what_waited_and_says_nothing_of_the_rest(
    aws: None, published: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    _announced()

    assert 0 == relay.sweep(_ARN, utc_now())
    assert 1 == relay.sweep(_ARN, utc_now() + timedelta(minutes=2))

    assert ["membership.password_changed"] == published
    assert "OutboxStuck" not in capsys.readouterr().out
