"""A few cells of `make faults`: they end as in calm, a seed strikes the same again, and defects turn them red."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from random import Random
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from entrepot.cloud import aws, dynamo, outbox
from tests.integration.faults import mutations
from tests.integration.faults.cases import CASES
from tests.integration.faults.run import Begun, Runner
from tests.integration.faults.stage import Stage, hosted, impatient
from tests.integration.faults.table import wrongs
from tests.support.faults import FAULTS, Weather

SEED = "1"
OFTEN = 0.6
READ: Any = {"TableName": aws.name("orders"), "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}}
QUICK = (
    ("place", "answer lost"),
    ("place", "Stripe out"),
    ("place", "conflict"),
    ("place", "clock refused"),
    ("pay", "throttled"),
    ("pay", "poison"),
)


@pytest.fixture(scope="module")
def stage(ministack: str) -> Iterator[Stage]:
    with hosted(ministack) as stage:
        yield stage


@pytest.fixture(scope="module")
def runner(stage: Stage) -> Runner:
    return Runner(stage, SEED)


@pytest.fixture(scope="module")
def begun(runner: Runner) -> Callable[[str], Begun]:
    """A use case as it begins, prepared once."""
    known: dict[str, Begun] = {}

    def prepared(name: str) -> Begun:
        if name not in known:
            known[name] = runner.begun(next(case for case in CASES if case.name == name))
            assert () == known[name].wrong
        return known[name]

    return prepared


@pytest.mark.parametrize(("case", "fault"), QUICK)
def test_a_use_case_under_a_fault_ends_as_in_calm(
    runner: Runner, begun: Callable[[str], Begun], case: str, fault: str
) -> None:
    cell = runner.under(begun(case), fault)

    assert [] == wrongs([cell], SEED)
    assert cell.struck > 0


def test_a_seed_strikes_the_same_requests_again_and_another_seed_others(
    stage: Stage, runner: Runner, begun: Callable[[str], Begun]
) -> None:
    first, again = (runner.under(begun("pay"), "cut") for _ in range(2))
    other = Runner(stage, "2").under(begun("pay"), "cut")

    assert {"not done, connection cut"} == {strike.what for strike in first.strikes}
    assert first.strikes == again.strikes
    assert first.strikes != other.strikes


@pytest.mark.parametrize(
    ("mutation", "case", "fault", "first"),
    [
        (mutations.condition_dropped, "publish", "answer lost", 3),
        (mutations.inbox_dropped, "pay", "twice", 1),
        (mutations.posting_doubled, "pay", "cut", 1),
        (mutations.token_dropped, "sign-up", "answer lost", 2),
        (mutations.batch_fails_whole, "pay", "poison", 1),
        (mutations.version_ignored, "pay", "poison", 1),
    ],
)
def test_a_platform_that_is_broken_on_purpose_turns_a_cell_red(
    stage: Stage,
    begun: Callable[[str], Begun],
    mutation: Callable[[], AbstractContextManager[Any]],
    case: str,
    fault: str,
    first: int,
) -> None:
    """`first`: the seed that has found it before; where it no longer does, one of the next must."""
    before = begun(case)

    with mutation():
        assert any(Runner(stage, str(first + more), OFTEN).under(before, fault).wrong for more in range(6))


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("throttled", {"ProvisionedThroughputExceededException", "ThrottlingException"}),
        ("error 500", {"InternalServerError"}),
    ],
)
def test_the_proxy_says_what_dynamodb_says(stage: Stage, fault: str, code: set[str]) -> None:
    with pytest.raises(ClientError) as refused:
        struck(
            stage, fault, "GetItem", TableName=aws.name("orders"), Key={"pk": {"S": "a"}, "sk": {"S": "b"}}
        )

    assert refused.value.response["Error"]["Code"] in code


def test_a_clock_that_is_refused_is_set_by_the_answer(stage: Stage) -> None:
    try:
        assert ["signature expired"] == struck(stage, "clock refused", "GetItem", **READ)
    finally:
        dynamo.forget()


def test_a_client_that_does_not_set_its_clock_is_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dynamo, "_direct", lambda: None)

    with pytest.raises(ClientError) as refused:
        struck(stage, "clock refused", "GetItem", **READ)

    assert "InvalidSignatureException" == refused.value.response["Error"]["Code"]


@pytest.mark.parametrize("fault", ["no answer", "late answer", "cut", "answer lost"])
def test_where_no_answer_comes_the_client_gives_up_and_a_write_is_done_or_not_as_the_fault_says(
    stage: Stage, fault: str
) -> None:
    key = {"pk": {"S": f"of {fault}"}, "sk": {"S": "b"}}

    with impatient(), pytest.raises(BotoCoreError):
        struck(stage, fault, "PutItem", TableName=aws.name("orders"), Item=key)

    found = dynamo.call("GetItem", TableName=aws.name("orders"), Key=key)
    assert ("Item" in found) == (fault in ("late answer", "answer lost"))


def test_a_transaction_in_progress_is_refused_to_its_own_token_and_to_others(stage: Stage) -> None:
    puts = [{"Put": {"TableName": aws.name("orders"), "Item": {"pk": {"S": "mine"}, "sk": {"S": "b"}}}}]

    with pytest.raises(ClientError) as refused:
        struck(stage, "in progress", "TransactWriteItems", TransactItems=puts)

    assert "TransactionInProgressException" == refused.value.response["Error"]["Code"]


def test_a_query_that_is_not_answered_is_an_outage_like_any_other(stage: Stage) -> None:
    """pynamodb makes an error of its own of it, which would be answered 500."""
    (cut,) = (fault for fault in FAULTS if fault.name == "cut")
    assert stage.proxy is not None
    stage.proxy.storm(Weather(cut, {0: 99}, Random(SEED)))
    try:
        with pytest.raises(BotoCoreError):
            outbox.unsent(0, stage.now())
    finally:
        stage.proxy.calm()


def struck(stage: Stage, name: str, operation: str, **arguments: Any) -> list[str]:
    """One request, all of whose attempts are struck. Returns: how."""
    (fault,) = (each for each in FAULTS if each.name == name)
    weather = Weather(fault, {0: 99}, Random(SEED))
    assert stage.proxy is not None
    stage.proxy.storm(weather)
    try:
        dynamo.call(operation, **arguments)
    finally:
        stage.proxy.calm()
        assert weather.strikes
    return [strike.what for strike in weather.strikes]
