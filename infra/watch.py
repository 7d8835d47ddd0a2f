"""What watches a stage as a whole: the alarm that turns a deployment back, and the dashboard."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

Resource = dict[str, Any]
Resources = dict[str, Resource]

OURS: Final = "Entrepot/${Stage}"
"""The namespace of what the platform counts itself; `telemetry.metric` says the same."""

_HIGH: Final = 6
_WIDE: Final = 12
_ROW: Final = 24
_PERIOD_SECONDS: Final = 60


def release_alarm(functions: Sequence[str], relays: Sequence[str]) -> Resource:
    """One alarm over those that a bad release rings: the API's failures, every function's errors, and events that wait.

    CloudFormation takes at most five triggers for an update, and there are some thirty alarms that matter. Dead letters
    are left out: theirs ring until somebody has emptied the queue, and would hold up the very release that mends the
    cause. It tells nobody, for those below it do.

    Args: functions, relays: logical ids.
    """
    alarms = [
        "ApiFailuresAlarm",
        *(f"{name}ErrorsAlarm" for name in functions),
        *(f"{name}AgeAlarm" for name in relays),
    ]
    return {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {
            "AlarmName": {"Fn::Sub": "entrepot-${Stage}-release"},
            "AlarmDescription": "What a release may have broken. It turns back a deployment that is watched.",
            "AlarmRule": {"Fn::Sub": " OR ".join(f'ALARM("${{{alarm}}}")' for alarm in alarms)},
        },
    }


def dashboard(
    functions: Sequence[str],
    relays: Sequence[str],
    queues: Sequence[str],
    tables: Sequence[str],
    counted: Sequence[tuple[str, Mapping[str, str]]],
) -> Resource:
    """The stage on one page.

    Args: functions, relays, queues, tables: names. counted: metrics of our own behind alarms, with their dimensions.
    """
    dead = [f"{queue}-dlq" for queue in queues]
    paid = [_own("PaymentStatus", Status=status) for status in ("captured", "failed")]
    throttled = [_table(name, f"{kind}ThrottleEvents") for name in tables for kind in ("Read", "Write")]
    charts = [
        _chart("Requests", [_api("Count"), _api("4XXError"), _api("5XXError")], "Sum"),
        _chart("Answer of the API, ms", [_api("Latency"), _api("IntegrationLatency")], "p99"),
        _chart("Payments", paid, "Sum"),
        _chart("Firewall", [_wall("AllowedRequests"), _wall("BlockedRequests")], "Sum"),
        _chart("Errors of functions", [_function(name, "Errors") for name in functions], "Sum"),
        _chart("Throttled calls", [_function(name, "Throttles") for name in functions], "Sum"),
        _chart("Duration, ms", [_function(name, "Duration") for name in functions], "p99"),
        _chart("Events that wait, ms", [_function(name, "IteratorAge") for name in relays], "Maximum"),
        _chart(
            "Oldest message, s", [_queue(name, "ApproximateAgeOfOldestMessage") for name in queues], "Maximum"
        ),
        _chart(
            "Dead letters", [_queue(name, "ApproximateNumberOfMessagesVisible") for name in dead], "Maximum"
        ),
        _chart("Throttled requests of tables", throttled, "Sum"),
        _chart("Written units", [_table(name, "ConsumedWriteCapacityUnits") for name in tables], "Sum"),
        _chart("Read units", [_table(name, "ConsumedReadCapacityUnits") for name in tables], "Sum"),
        _chart("What a person has to look at", [_own(name, **at) for name, at in counted], "Sum"),
    ]
    for place, chart in enumerate(charts):
        chart |= {"x": place * _WIDE % _ROW, "y": place * _WIDE // _ROW * _HIGH}
    body = json.dumps({"start": "-PT3H", "widgets": charts}, separators=(",", ":"))
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {
            "DashboardName": {"Fn::Sub": "entrepot-${Stage}"},
            "DashboardBody": {"Fn::Sub": body},
        },
    }


def _chart(title: str, metrics: list[list[Any]], statistic: str) -> Resource:
    return {
        "type": "metric",
        "width": _WIDE,
        "height": _HIGH,
        "properties": {
            "title": title,
            "region": "${AWS::Region}",
            "metrics": metrics,
            "stat": statistic,
            "period": _PERIOD_SECONDS,
        },
    }


def _api(metric: str) -> list[Any]:
    return ["AWS/ApiGateway", metric, "ApiName", "entrepot-${Stage}"]


def _function(name: str, metric: str) -> list[Any]:
    return ["AWS/Lambda", metric, "FunctionName", f"entrepot-${{Stage}}-{name}"]


def _queue(name: str, metric: str) -> list[Any]:
    return ["AWS/SQS", metric, "QueueName", f"entrepot-${{Stage}}-{name}"]


def _table(name: str, metric: str) -> list[Any]:
    return ["AWS/DynamoDB", metric, "TableName", f"entrepot-${{Stage}}-{name}"]


def _wall(metric: str) -> list[Any]:
    return ["AWS/WAFV2", metric, "WebACL", "entrepot-${Stage}", "Region", "${AWS::Region}", "Rule", "ALL"]


def _own(metric: str, **dimensions: str) -> list[Any]:
    return [OURS, metric, *(part for pair in dimensions.items() for part in pair)]
