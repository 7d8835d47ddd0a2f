"""Dead letters listed, shown, redriven and discarded: none is lost, none is told with personal data in it."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra import letters
from infra.letters import NotMoved, discard, peeked, redrive, shown
from infra.stage import Stage

QUEUE = "settlement-events"


@pytest.fixture
def dead(traded: Stage) -> list[str]:
    """Three dead letters of a queue that has none else; their ids."""
    for queue in (QUEUE, f"{QUEUE}-dlq", "payments-webhooks-dlq"):
        _emptied(traded, queue)
    bodies = [
        {"event": "payments.fee_known", "event_id": f"evt_{number}", "amount": number} for number in range(3)
    ]
    for body in bodies:
        _die(traded, QUEUE, json.dumps(body))
    return [letter.message_id for letter in peeked(traded, QUEUE)]


def _emptied(stage: Stage, queue: str) -> None:
    url, sqs = stage.queue_url(queue), stage.client("sqs")
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def _die(stage: Stage, queue: str, body: str) -> None:
    attributes = {"event": {"DataType": "String", "StringValue": "payments.fee_known"}}
    stage.client("sqs").send_message(
        QueueUrl=stage.queue_url(f"{queue}-dlq"), MessageBody=body, MessageAttributes=attributes
    )


def _waiting(stage: Stage, queue: str) -> list[Any]:
    answer = stage.client("sqs").receive_message(
        QueueUrl=stage.queue_url(queue),
        MaxNumberOfMessages=10,
        VisibilityTimeout=0,
        MessageAttributeNames=["All"],
    )
    return list(answer.get("Messages", []))


def test_looking_leaves_every_letter_where_it_is(traded: Stage, dead: list[str]) -> None:
    assert dead == [letter.message_id for letter in peeked(traded, QUEUE)]
    assert 3 == len(_waiting(traded, f"{QUEUE}-dlq"))


@pytest.fixture
def sqs_cannot_move(traded: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the stand-in for AWS answers, which does not know the operation."""

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "InvalidAction"}}, "StartMessageMoveTask")

    monkeypatch.setattr(traded.client("sqs"), "start_message_move_task", refuse)


@pytest.mark.usefixtures("sqs_cannot_move")
def test_a_queue_with_more_letters_than_one_answer_holds_is_seen_whole(
    traded: Stage, dead: list[str]
) -> None:
    for number in range(25):
        _die(traded, QUEUE, json.dumps({"event": "payments.fee_known", "event_id": f"evt_more_{number}"}))

    assert 28 == len({letter.message_id for letter in peeked(traded, QUEUE)})
    assert 28 == redrive(traded, QUEUE, None)
    assert [] == peeked(traded, QUEUE)


@pytest.mark.parametrize(("status", "ends_well"), [("COMPLETED", True), ("FAILED", False)])
def test_sqs_moves_a_whole_queue_by_itself_where_it_can(
    traded: Stage, dead: list[str], monkeypatch: pytest.MonkeyPatch, *, status: str, ends_well: bool
) -> None:
    asked: list[str] = []
    task = {"Status": status, "ApproximateNumberOfMessagesMoved": 3}
    sqs = traded.client("sqs")
    monkeypatch.setattr(sqs, "start_message_move_task", lambda **said: asked.append(said["SourceArn"]))
    monkeypatch.setattr(sqs, "list_message_move_tasks", lambda **_: {"Results": [task]}, raising=False)

    if ends_well:
        assert 3 == redrive(traded, QUEUE, None)
    else:
        with pytest.raises(NotMoved, match="FAILED"):
            redrive(traded, QUEUE, None)

    assert [f"entrepot-test-{QUEUE}-dlq"] == [arn.rpartition(":")[2] for arn in asked]
    assert [] == _waiting(traded, QUEUE)


def test_one_letter_of_several_is_redriven_with_what_it_carries(traded: Stage, dead: list[str]) -> None:
    assert 1 == redrive(traded, QUEUE, {dead[1]})

    (message,) = _waiting(traded, QUEUE)
    assert "evt_1" == json.loads(message["Body"])["event_id"]
    assert "payments.fee_known" == message["MessageAttributes"]["event"]["StringValue"]
    assert sorted([dead[0], dead[2]]) == sorted(letter.message_id for letter in peeked(traded, QUEUE))


def test_who_dies_between_sending_and_deleting_loses_nothing(
    traded: Stage, dead: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def die(**_: Any) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(traded.client("sqs"), "delete_message", die)
        with pytest.raises(Died):
            redrive(traded, QUEUE, {dead[0]})

    assert 1 == len(_waiting(traded, QUEUE))


def test_a_letter_that_could_not_be_sent_stays_dead(
    traded: Stage, dead: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unsent(Exception):
        pass

    def refuse(**_: Any) -> None:
        raise Unsent

    with monkeypatch.context() as patch:
        patch.setattr(letters, "_HIDDEN_SECONDS", 0)
        patch.setattr(traded.client("sqs"), "send_message", refuse)
        with pytest.raises(Unsent):
            redrive(traded, QUEUE, set(dead))

    assert [] == _waiting(traded, QUEUE)
    assert 3 == len(peeked(traded, QUEUE))


def test_discarded_letters_go_nowhere(traded: Stage, dead: list[str]) -> None:
    assert 2 == discard(traded, QUEUE, {dead[0], dead[2]})

    assert [dead[1]] == [letter.message_id for letter in peeked(traded, QUEUE)]
    assert [] == _waiting(traded, QUEUE)


def test_a_webhook_is_not_shown_for_it_may_tell_of_people(traded: Stage, dead: list[str]) -> None:
    body = json.dumps({"id": "pi_3PabcdefGHIJKLMN", "billing_details": {"email": "anna@example.com"}})
    _die(traded, "payments-webhooks", f"stripe {body}")

    (letter,) = peeked(traded, "payments-webhooks")
    told = "\n".join(shown(traded, letter))

    assert "pi_3PabcdefGHIJKLMN" in told
    assert "anna" not in told


def test_the_reason_is_what_the_function_logged_of_that_message(traded: Stage, dead: list[str]) -> None:
    logs, group = traded.client("logs"), f"/aws/lambda/{traded.called(QUEUE)}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    at = int(peeked(traded, QUEUE)[0].sent_at.timestamp() * 1000) + 5
    lines = [
        {"event": "message_refused", "code": "another", "correlation_id": dead[1]},
        {"event": "message_failed", "error": "KeyError", "at": "rules.py:7", "correlation_id": dead[0]},
        {"event": "event_repeated", "correlation_id": dead[0]},
    ]
    events = [{"timestamp": at, "message": json.dumps(line)} for line in lines]
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)

    told = "\n".join(shown(traded, peeked(traded, QUEUE)[0]))

    assert "first failure: message_failed error=KeyError at=rules.py:7" in told
    assert "another" not in told


def test_the_command_moves_nothing_unless_the_number_is_confirmed(
    traded: Stage, dead: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*arguments: str) -> int:
        return letters.main([*arguments, "--stage", "test"])

    assert 1 == said("list")
    assert f"3  {QUEUE}" in capsys.readouterr().out
    assert 0 == said("show", QUEUE)
    assert 0 == said("redrive", QUEUE, "--all")
    assert "--confirm 3 does it" in capsys.readouterr().out
    assert 1 == said("redrive", QUEUE, "--all", "--confirm", "2")
    assert 1 == said("redrive", QUEUE, "no-such-letter", "--confirm", "1")
    assert 3 == len(peeked(traded, QUEUE))

    assert 0 == said("redrive", QUEUE, "--event", "payments.fee_known", "--confirm", "3")

    assert [] == peeked(traded, QUEUE)
    assert 3 == len(_waiting(traded, QUEUE))
    rows = traded.client("dynamodb").scan(TableName=traded.called("audit"))["Items"]
    assert 1 == sum("letters.redrive" in row["body"]["S"] for row in rows if "body" in row)
