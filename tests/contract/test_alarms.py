"""Each alarm listens to something that is said: a metric that AWS publishes of that resource, or one that we count.

An alarm on a metric that nobody publishes stays silent for ever, and nothing else would show it.
"""

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from entrepot.cloud import telemetry
from infra import estate
from infra.estate import FUNCTIONS, QUEUES

ROOT: Final = Path(__file__).resolve().parents[2]
Resources = Mapping[str, Mapping[str, Any]]

_OF_AWS: Final = {
    # "Available CloudWatch metrics for Amazon SQS", developer guide
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): ("QueueName", {"Maximum"}),
    # "Types of metrics for Lambda functions", developer guide
    ("AWS/Lambda", "Errors"): ("FunctionName", {"Sum"}),
    ("AWS/Lambda", "Throttles"): ("FunctionName", {"Sum"}),
    ("AWS/Lambda", "IteratorAge"): ("FunctionName", {"Maximum"}),
    # "Amazon API Gateway dimensions and metrics", developer guide: of a REST API by its name
    ("AWS/ApiGateway", "5XXError"): ("ApiName", {"Sum"}),
}
"""What AWS publishes: namespace and metric → its dimension, and the statistics that make sense of it."""


OURS: Final = {"Fn::Sub": "Entrepot/${Stage}"}
"""The namespace of what a stage counts. A metric may have no dimensions (embedded metric format, DimensionSet)."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A call of `telemetry.metric` in our code: the metric, the names of its dimensions, and where."""

    metric: str
    dimensions: frozenset[str]
    place: str


@cache
def read(place: str, source: str) -> tuple[frozenset[Counted], frozenset[str]]:
    """The metrics that a module counts, and every text in it. Raises: AssertionError: a metric's name is no text."""
    metrics, words = set(), set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words.add(node.value)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "telemetry.metric":
            name = node.args[0]
            assert isinstance(name, ast.Constant), f"{place}:{node.lineno} counts what it does not name"
            named = {keyword.arg for keyword in node.keywords if keyword.arg} - {"value", "unit", "beside"}
            metrics.add(Counted(str(name.value), frozenset(named), f"{place}:{node.lineno}"))
    return frozenset(metrics), frozenset(words)


@cache
def sources() -> dict[str, str]:
    paths = [path for folder in ("functions", "layers/shared") for path in (ROOT / folder).rglob("*.py")]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def alarms(resources: Resources) -> dict[str, Mapping[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource.get("Type") == "AWS::CloudWatch::Alarm"
    }


def deaf(resources: Resources, code: Mapping[str, str]) -> list[str]:
    """A line for each alarm that cannot ring, or not for the reason that it gives."""
    modules = [read(place, source) for place, source in code.items()]
    ours = {metric for metrics, _ in modules for metric in metrics}
    words = {word for _, texts in modules for word in texts}
    found = []
    for name, alarm in alarms(resources).items():
        wrong = _unsaid(alarm, ours, words) if alarm["Namespace"] == OURS else _unheard(alarm, resources)
        found += [f"{name}: {reason}" for reason in wrong]
    return found


def _unsaid(alarm: Mapping[str, Any], ours: set[Counted], words: set[str]) -> Iterator[str]:
    dimensions = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
    if not any(each.metric == alarm["MetricName"] and each.dimensions == dimensions.keys() for each in ours):
        yield f"nothing counts {alarm['MetricName']} by {sorted(dimensions)}"
    for value in sorted(set(dimensions.values()) - words):
        yield f"nothing in the code is called {value}"
    if alarm["Statistic"] != "Sum":
        yield "what is counted is summed"


def _unheard(alarm: Mapping[str, Any], resources: Resources) -> Iterator[str]:
    published = _OF_AWS.get((alarm["Namespace"], alarm["MetricName"]))
    if published is None:
        yield f"AWS publishes no {alarm['Namespace']} {alarm['MetricName']} that is known here"
        return
    dimension, statistics = published
    named = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
    if named.keys() != {dimension}:
        yield f"it is published by {dimension}, not by {sorted(named)}"
    elif not _exists(dimension, named[dimension], alarm, resources):
        yield f"there is no such {dimension}: {named[dimension]}"
    if alarm["Statistic"] not in statistics:
        yield f"the {alarm['Statistic']} of it says nothing"


def _exists(dimension: str, value: Any, alarm: Mapping[str, Any], resources: Resources) -> bool:
    if dimension == "QueueName":
        queue, attribute = value["Fn::GetAtt"]
        return bool(attribute == "QueueName" and resources[queue]["Type"] == "AWS::SQS::Queue")
    if dimension == "FunctionName":
        of_streams = {one.logical_id for one in FUNCTIONS if one.source == "stream"}
        all_of_them = {one.logical_id for one in FUNCTIONS}
        return value["Ref"] in (of_streams if alarm["MetricName"] == "IteratorAge" else all_of_them)
    return bool(value == resources["RestAPI"]["Properties"]["Name"])


@pytest.fixture(scope="module")
def resources() -> Resources:
    made: Resources = estate.merge_template(ROOT)["Resources"]
    return made


def test_each_alarm_is_on_a_metric_that_is_published(resources: Resources) -> None:
    assert len(alarms(resources)) > 60
    assert [] == deaf(resources, sources())


@pytest.mark.parametrize(
    ("alarm", "changed", "said"),
    [
        ("AuditFaultsAlarm", {"MetricName": "AuditFault"}, "nothing counts AuditFault by []"),
        ("AuditFaultsAlarm", {"Dimensions": [{"Name": "Day", "Value": "refused"}]}, "AuditFaults by ['Day']"),
        ("TokensReusedAlarm", {"Dimensions": []}, "nothing counts AuditEntries by []"),
        (
            "TokensReusedAlarm",
            {
                "Dimensions": [
                    {"Name": "Action", "Value": "session.reused"},
                    {"Name": "Outcome", "Value": "refused"},
                ]
            },
            "nothing in the code is called session.reused",
        ),
        ("ApiFailuresAlarm", {"MetricName": "5xx"}, "AWS publishes no AWS/ApiGateway 5xx"),
        (
            "ApiFailuresAlarm",
            {"Dimensions": [{"Name": "ApiName", "Value": "entrepot"}]},
            "no such ApiName",
        ),
        (
            "OrdersDueErrorsAlarm",
            {"MetricName": "IteratorAge", "Statistic": "Maximum"},
            "no such FunctionName",
        ),
        ("OrdersDueErrorsAlarm", {"Statistic": "Average"}, "the Average of it says nothing"),
        (
            "OrdersEventsDeadLettersAlarm",
            {"Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["OrdersTopic", "QueueName"]}}]},
            "no such QueueName",
        ),
    ],
)
def test_an_alarm_that_could_never_ring_is_found(
    resources: Resources, alarm: str, changed: Mapping[str, Any], said: str
) -> None:
    other = {
        **resources,
        alarm: {**resources[alarm], "Properties": {**resources[alarm]["Properties"], **changed}},
    }

    assert any(said in line for line in deaf(other, sources())), deaf(other, sources())


def test_a_metric_that_is_no_longer_counted_is_missed(resources: Resources) -> None:
    silent = {place: text.replace('"AttemptsLeftOver"', '"Attempts"') for place, text in sources().items()}

    assert ["AttemptsLeftOverAlarm: nothing counts AttemptsLeftOver by []"] == deaf(resources, silent)


def test_what_the_code_counts_reaches_the_alarms_namespace(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.metric("AuditEntries", beside={"chain": "c"}, Action="session.open", Outcome="refused")

    line = json.loads(capsys.readouterr().out)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert OURS["Fn::Sub"].replace("${Stage}", "test") == directive["Namespace"]
    assert [["Action", "Outcome"]] == directive["Dimensions"]
    assert {"session.open": "Action", "refused": "Outcome"} == {
        line[name]: name for name in ("Action", "Outcome")
    }
    assert [{"Name": "AuditEntries", "Unit": "Count"}] == directive["Metrics"]
    assert 1 == line["AuditEntries"]


def test_all_alarms_tell_the_topic_and_are_quiet_where_nothing_is_said(resources: Resources) -> None:
    for name, alarm in alarms(resources).items():
        assert [{"Ref": "AlarmsTopic"}] == alarm["AlarmActions"], name
        # Each of these metrics is there only when there is something to count.
        assert "notBreaching" == alarm["TreatMissingData"], name
        assert ("GreaterThanThreshold", 300, 1) == (
            alarm["ComparisonOperator"],
            alarm["Period"],
            alarm["EvaluationPeriods"],
        ), name


def test_cloudwatch_may_tell_the_encrypted_topic(resources: Resources) -> None:
    statements = resources["DataKey"]["Properties"]["KeyPolicy"]["Statement"]
    allowed = [
        statement["Action"]
        for statement in statements
        if "cloudwatch.amazonaws.com" in str(statement["Principal"])
    ]

    assert [{"kms:Decrypt", "kms:GenerateDataKey"}] == [set(actions) for actions in allowed]


def test_whatever_can_fail_by_itself_has_its_alarm(resources: Resources) -> None:
    listened = [
        json.dumps([alarm["MetricName"], alarm["Dimensions"]]) for alarm in alarms(resources).values()
    ]

    for function in FUNCTIONS:
        for metric in ("Errors", "Throttles"):
            assert any(f'"{metric}"' in each and f'"{function.logical_id}"' in each for each in listened)
    assert len(QUEUES) == sum("DeadLetters" in each for each in listened)
