"""Each function of the packaged template as Lambda runs it, fed what its source really holds.

Under AWS's runtime client, in a bare environment, with its own role, memory and time, and nothing to write to but /tmp.
"""

import json
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from infra import checks
from infra.estate import FUNCTIONS
from infra.local import story
from infra.local.runtime import Start
from tests.support import bare_events, bare_logs
from tests.support.bare_cloud import BareStage, Call, bare
from tests.support.bare_day import EMAIL, Day, Told
from tests.support.e2e_market import Market

NAMES = sorted(function.logical_id for function in FUNCTIONS)
CONSUMERS = sorted(
    function.logical_id
    for function in FUNCTIONS
    if function.source not in ("api", "schedule", "stream", "worker")
)
SOURCES = {"api": "API", "worker": "Worker", "stream": "DynamoDB", "schedule": "Schedule"}


@dataclass(frozen=True)
class Lived:
    """A day that was told, with what had been called by its end."""

    stage: BareStage
    day: Day
    told: Told
    calls: tuple[Call, ...]

    def of(self, function: str) -> list[Call]:
        return [call for call in self.calls if call.function == function]

    @property
    def lines(self) -> list[str]:
        return [line for call in self.calls for line in call.done.logs]


@pytest.fixture(scope="module")
def lived(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    market.wait_quiet()
    with bare(market.up, tmp_path_factory.mktemp("bare")) as stage:
        stage.cloud.warm()
        day = Day(stage)
        try:
            told = day.tell()
            yield Lived(stage, day, told, tuple(stage.cloud.calls))
        finally:
            day.market.close()


@pytest.mark.parametrize("function", NAMES)
def test_something_comes_of_each_function(lived: Lived, function: str) -> None:
    expected, found = lived.told.found[function]
    assert expected == found


def test_every_function_of_the_template_was_given_events_of_its_source(lived: Lived) -> None:
    template = {name for name, _ in checks.functions(lived.stage.cloud.template)}
    wanted = {function.logical_id: {SOURCES.get(function.source, "SQS")} for function in FUNCTIONS}

    assert template == set(lived.told.found)
    assert wanted == {name: {call.source for call in lived.of(name)} for name in template}


def test_no_call_failed_and_no_message_was_given_back(lived: Lived) -> None:
    assert [] == [(call.function, call.done.error) for call in lived.calls if call.done.error]
    batches = [call for call in lived.calls if call.source in ("SQS", "DynamoDB")]
    assert [] == [(call.function, call.done.logs) for call in batches if _failed(call.done.answer)]


def test_each_stays_within_its_memory(lived: Lived, figures: list[str]) -> None:
    for name in NAMES:
        calls, limit = lived.of(name), lived.stage.cloud.functions[name].memory_mebibytes
        start = lived.stage.cloud.starts[name]
        assert isinstance(start, Start)
        warm = statistics.median(call.done.cpu_ms for call in calls)
        peak = max(call.done.peak_mebibytes for call in calls)
        figures.append(
            f"{name:<20} start {start.cpu_ms:4.0f} ms CPU, {start.wall_ms:5.0f} ms   "
            f"call {warm:6.1f} ms CPU (median of {len(calls)})   {peak:4.0f} of {limit} MiB"
        )
        assert 0 < peak < limit, name


def test_nothing_is_left_in_tmp_but_the_search_index_and_the_mark_of_xray(lived: Lived) -> None:
    left = lived.stage.cloud.left_in_tmp()

    index = [file for file in left["CustomsSearch"] if file.startswith("hs-index-")]
    others = {file for files in left.values() for file in files} - set(index)
    assert (True, set()) == (len(index) > 0, others - {".aws-xray/initialized"})


def test_every_line_of_the_logs_is_an_object_that_belongs_to_a_call(lived: Lived) -> None:
    assert len(lived.lines) > len(NAMES)
    assert [] == bare_logs.malformed(lived.lines)


def test_a_line_names_the_request_or_message_that_it_is_of(lived: Lived) -> None:
    for call in lived.calls:
        told = {json.loads(line)["correlation_id"] for line in call.done.logs}
        assert told <= _identities(call), (call.function, told)


def test_no_secret_and_nobody_stands_in_the_logs(lived: Lived) -> None:
    secrets = lived.stage.cloud.secrets | _of_the_stage(lived.stage) | {EMAIL}
    for call in lived.calls:
        if call.source == "API":
            secrets |= {*bare_logs.told_to(call.event), *bare_logs.answered(call.done.answer)}

    assert len(secrets) > 3 * len(NAMES)
    assert [] == bare_logs.leaks(lived.lines, secrets)


@pytest.mark.parametrize("function", CONSUMERS)
def test_a_batch_that_comes_again_with_a_bad_message_in_it_fails_in_that_alone(
    lived: Lived, function: str
) -> None:
    before = lived.day.market.balances()
    records = lived.of(function)[0].event["Records"]
    bad = {**records[0], "messageId": "bad", "body": '{"nobody": "knows this"}'}

    done = lived.stage.cloud.call(function, {"Records": [bad, *records]})

    assert (None, ["bad"]) == (done.error, _failed(done.answer))
    assert [] == bare_logs.malformed(done.logs)
    assert [] == [line for line in done.logs if "knows this" in line]
    lived.stage.cloud.settle()
    assert before == lived.day.market.balances()


def test_a_stream_goes_on_from_the_record_that_failed(lived: Lived) -> None:
    read = [record for call in lived.of("OutboxRelay") for record in call.event["Records"]]
    records = [record for record in read if record["eventName"] == "INSERT"][:2]
    image = {"unsent_shard": {"S": "0"}}  # of what nobody can say
    bad = {**records[0], "dynamodb": {**records[0]["dynamodb"], "SequenceNumber": "bad", "NewImage": image}}

    done = lived.stage.cloud.call("OutboxRelay", {"Records": [records[0], bad, *records]})

    assert (None, ["bad"]) == (done.error, _failed(done.answer))


def test_a_worker_that_fails_says_so_in_one_line_of_the_runtime(lived: Lived) -> None:
    done = lived.stage.cloud.call("CustomsSearch", {"correlation_id": "c0ffee", "asked": {"text": 1}})

    assert "WorkerFailed" == done.error_type
    assert [] == bare_logs.malformed(done.logs)
    assert "WorkerFailed" in done.logs[-1]


def test_a_consumer_with_little_time_left_takes_one_message_and_ends_properly(lived: Lived) -> None:
    cloud, market = lived.stage.cloud, lived.day.market
    skus = [market.stocked(units=1) for _ in range(3)]
    cloud.relay()
    waiting = cloud.received("InventoryEvents")
    assert len(waiting) >= 3

    done = cloud.call("InventoryEvents", cloud.batch("InventoryEvents", waiting), timeout_seconds=10)

    assert (None, [each["MessageId"] for each in waiting[1:]]) == (done.error, _failed(done.answer))
    assert "out_of_time" == json.loads(done.logs[-1])["event"]
    cloud.give_back("InventoryEvents", waiting)
    cloud.settle()
    assert dict.fromkeys(skus, 1) == {
        sku: lived.day.announced("inventory.availability_changed", sku) for sku in skus
    }


def test_a_consumer_that_is_ended_by_its_time_limit_does_it_once_when_it_comes_again(lived: Lived) -> None:
    cloud, market = lived.stage.cloud, lived.day.market
    sku = market.stocked(units=1)
    cloud.relay()
    waiting = cloud.received("InventoryEvents")

    late = cloud.call("InventoryEvents", cloud.batch("InventoryEvents", waiting), timeout_seconds=0.002)
    cloud.give_back("InventoryEvents", waiting)
    cloud.settle()

    assert "Sandbox.Timedout" == late.error_type
    assert 1 == lived.day.announced("inventory.availability_changed", sku)


def test_the_events_of_a_request_are_those_of_the_gateway(lived: Lived) -> None:
    """The builder of events knows the template's paths, and no others."""
    routes = bare_events.Routes(lived.stage.cloud.template)

    event = routes.event("GET", "/v1/products/prd_1?tag=a&tag=b", {"Accept": "x"}, b"")

    assert event is not None
    assert ("/v1/products/{product_id}", {"product_id": "prd_1"}, ["a", "b"], None) == (
        event["resource"],
        event["pathParameters"],
        event["multiValueQueryStringParameters"]["tag"],
        event["body"],
    )
    assert None is routes.event("GET", "/v2/products", {}, b"")


@pytest.mark.long
def test_the_story_comes_true_by_bare_functions_alone(lived: Lived, figures: list[str]) -> None:
    cloud, ended = lived.stage.cloud, threading.Event()
    first, began = len(cloud.calls), time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(cloud.by_itself, ended)
        try:
            told: list[str] = []
            story.tell(lived.stage, told.append)
        finally:
            ended.set()
        going.result()
    cloud.settle()

    figures.append(f"the story, by bare functions: {time.monotonic() - began:.1f} s")
    assert ["DE", "US", "CN"] in [line.split() for line in told]
    calls = cloud.calls[first:]
    assert [] == [(call.function, call.done.error) for call in calls if call.done.error]
    assert [] == bare_logs.malformed(line for call in calls for line in call.done.logs)
    assert 0 == lived.day.market.dead_letters()


def _failed(answer: Any) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def _identities(call: Call) -> set[str]:
    """What the lines of a call may name: the request, the message, the clock's event, or who asked the worker."""
    event = call.event
    match call.source:
        case "API":
            return {event["requestContext"]["requestId"]}
        case "SQS":
            return {record["messageId"] for record in event["Records"]}
        case "Schedule":
            return {event["id"]}
        case "Worker":
            return {event["correlation_id"]}
    return {record["dynamodb"]["Keys"]["pk"]["S"] for record in event["Records"]}


def _of_the_stage(stage: BareStage) -> set[str]:
    """Keys of providers and of our own, and the demo's passwords."""
    held = stage.client("secretsmanager").get_secret_value(SecretId=f"entrepot-{stage.stage}-app")
    people = [account["password"] for account in stage.accounts.values() if "password" in account]
    return {*json.loads(held["SecretString"]).values(), *people}
