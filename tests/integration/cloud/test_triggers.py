"""What a trigger does with a batch, and with what goes wrong in it."""

import json
from datetime import datetime
from typing import Any

import pytest

from entrepot.cloud.events import ScheduleFailed, Triggers


class Context:
    """A call that has so much time left, less some for each look at the clock."""

    invoked_function_arn = "arn:aws:lambda:eu-central-1:000000000000:function:entrepot-test-only"

    def __init__(self, milliseconds: int, each: int = 0) -> None:
        self._left, self._each = milliseconds, each

    def get_remaining_time_in_millis(self) -> int:
        self._left -= self._each
        return self._left


def batch(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": f"m{number}", "body": body, "receiptHandle": "r", "attributes": {}}
            for number, body in enumerate(bodies, 1)
        ]
    }


def failed(answer: Any) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def consumer(taken: list[str]) -> Any:
    triggers = Triggers(__name__)

    @triggers.messages("some-jobs")
    def some_jobs(body: str, now: datetime) -> None:
        if body == "bad":
            raise ValueError("bad, and with the words of somebody")
        taken.append(body)

    return some_jobs


def test_a_bad_message_fails_alone(capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[str] = []

    answer = consumer(taken)(batch("a", "bad", "c"), Context(30_000))

    assert (["m2"], ["a", "c"]) == (failed(answer), taken)
    (line,) = capsys.readouterr().out.splitlines()
    assert ("message_failed", "m2", "ValueError") == tuple(
        json.loads(line)[name] for name in ("event", "correlation_id", "error")
    )
    assert "words of somebody" not in line


def test_what_there_is_no_time_for_is_given_back(capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[str] = []

    answer = consumer(taken)(batch("bad", "b", "c", "d"), Context(21_000, each=5_000))

    assert (["m1", "m3", "m4"], ["b"]) == (failed(answer), taken)
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert ("out_of_time", 2) == (last["event"], last["left"])


def test_the_first_of_a_batch_is_taken_however_late_it_is() -> None:
    taken: list[str] = []

    answer = consumer(taken)(batch("a", "b"), Context(1_000))

    assert (["m2"], ["a"]) == (failed(answer), taken)


@pytest.mark.parametrize(
    ("left", "each", "expected"), [(30_000, 0, []), (21_000, 5_000, ["3"]), (10, 0, ["2"])]
)
def test_a_stream_goes_on_from_where_time_ran_out(left: int, each: int, expected: list[str]) -> None:
    triggers, seen = Triggers(__name__), []

    @triggers.stream("${OutboxTable.StreamArn}")
    def some_stream(record: Any, function_arn: str, now: datetime) -> None:
        seen.append(record["dynamodb"]["SequenceNumber"])

    records = [{"dynamodb": {"SequenceNumber": str(number)}} for number in (1, 2, 3)]

    answer = some_stream({"Records": records}, Context(left, each))

    assert expected == failed(answer)
    assert ["1", "2", "3"][: int(expected[0]) - 1 if expected else 3] == seen


def test_a_schedule_that_fails_tells_the_runtime_no_more_than_the_type(
    capsys: pytest.CaptureFixture[str],
) -> None:
    triggers = Triggers(__name__)

    @triggers.schedule("rate(1 day)")
    def some_night(now: datetime) -> None:
        raise ValueError("the words of somebody")

    event = {
        "id": "e1",
        "account": "",
        "region": "",
        "detail": {},
        "detail-type": "",
        "source": "",
        "time": "",
    }
    with pytest.raises(ScheduleFailed) as raised:
        some_night({**event, "version": "0", "resources": []}, None)

    assert ("ValueError", True) == (str(raised.value), raised.value.__suppress_context__)
    (line,) = capsys.readouterr().out.splitlines()
    assert ("schedule_failed", "e1", "ValueError", "some_night") == tuple(
        json.loads(line)[name] for name in ("event", "correlation_id", "error", "function")
    )
    assert "words of somebody" not in line
