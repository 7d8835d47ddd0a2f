"""The checks of logs find what they are for."""

import json

import pytest

from tests.support import bare_logs

WELL = '{"level":"info","event":"sent","correlation_id":"0bbc4d0f"}'


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):",
        "[ERROR] ValueError: the words of somebody",
        '["a list"]',
        '{"event":"sent"}',
        '{"event":"sent","correlation_id":"-"}',
        WELL + WELL,
        "",
    ],
)
def test_a_line_that_nobody_can_search_for_is_found(line: str) -> None:
    assert [line] == bare_logs.malformed([WELL, line])


def test_a_line_of_ours_and_one_of_the_runtime_are_well() -> None:
    assert [] == bare_logs.malformed([WELL, '{"level": "ERROR", "requestId": "c0ffee"}'])


def test_a_secret_is_found_wherever_it_stands_in_a_line() -> None:
    leaking = '{"event":"x","correlation_id":"c","url":"https://a/?key=hunter2hunter2"}'

    assert [("hunter2hunter2", leaking)] == bare_logs.leaks([WELL, leaking], ["hunter2hunter2", "sent"])


def test_what_a_request_brings_and_an_answer_hands_out_is_secret() -> None:
    event = {
        "headers": {"Authorization": "Bearer abc.def", "Order-Token": "ot", "Accept": "*/*"},
        "body": json.dumps({"email": "a@b", "password": "pw"}),
    }
    answer = {"body": json.dumps({"payment": {"client_secret": "cs"}, "data": [{"access_token": "at"}]})}

    assert ["abc.def", "ot", "pw"] == list(bare_logs.told_to(event))
    assert ["cs", "at"] == list(bare_logs.answered(answer))
    assert [] == list(bare_logs.told_to({"headers": None, "body": "no JSON"}))
