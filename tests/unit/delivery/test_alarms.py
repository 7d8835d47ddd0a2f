"""Which alarms watch a deployment: those of the template, that the stage has, and that do not ring already."""

from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from infra.delivery import Refused, alarms

TEMPLATE = {
    "Resources": {
        "Release": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {"AlarmName": {"Fn::Sub": "entrepot-${Stage}-release"}},
        },
        **{
            f"Alarm{number}": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {"AlarmName": {"Fn::Sub": f"entrepot-${{Stage}}-a{number}"}},
            }
            for number in range(6)
        },
        "Queue": {"Type": "AWS::SQS::Queue"},
    }
}


def arn(name: str) -> str:
    return f"arn:aws:cloudwatch:eu-central-1:1:alarm:entrepot-prod-{name}"


def watched(
    states: dict[str, str], *wanted: str, minutes: int = 10, even_ringing: bool = False
) -> alarms.Watch:
    client = botocore.session.get_session().create_client("cloudwatch", region_name="eu-central-1")
    told = [
        {"AlarmName": f"entrepot-prod-{name}", "AlarmArn": arn(name), "StateValue": state}
        for name, state in states.items()
    ]
    answer: dict[str, Any] = {
        "CompositeAlarms": [one for one in told if one["AlarmName"].endswith("release")],
        "MetricAlarms": [one for one in told if not one["AlarmName"].endswith("release")],
    }
    with Stubber(client) as stub:
        stub.add_response(
            "describe_alarms",
            answer,
            {
                "AlarmNames": [f"entrepot-prod-{name}" for name in wanted],
                "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
            },
        )
        return alarms.watched(client, TEMPLATE, "prod", wanted, minutes, even_ringing=even_ringing)


def test_alarms_of_both_kinds_become_triggers():
    watch = watched({"release": "OK", "a1": "INSUFFICIENT_DATA"}, "release", "a1")

    assert {
        "RollbackTriggers": [
            {"Arn": arn("a1"), "Type": "AWS::CloudWatch::Alarm"},
            {"Arn": arn("release"), "Type": "AWS::CloudWatch::CompositeAlarm"},
        ],
        "MonitoringTimeInMinutes": 10,
    } == {
        **watch.configuration,
        "RollbackTriggers": sorted(watch.configuration["RollbackTriggers"], key=lambda one: one["Arn"]),
    }


def test_an_alarm_that_the_stage_does_not_have_yet_is_left_out_for_it_would_fail_the_update():
    watch = watched({"a1": "OK"}, "release", "a1")

    assert ("entrepot-prod-release",) == watch.absent
    assert {arn("a1")} == watch.triggers.keys()


def test_one_that_rings_is_refused_or_left_out():
    with pytest.raises(Refused, match="entrepot-prod-release rings already"):
        watched({"release": "ALARM"}, "release")
    assert {} == watched({"release": "ALARM"}, "release", even_ringing=True).triggers


@pytest.mark.parametrize(
    ("wanted", "minutes", "why"),
    [
        (("a9",), 10, "The template has no alarm entrepot-prod-a9"),
        (("a0", "a1", "a2", "a3", "a4", "a5"), 10, "takes 5 alarms for a deployment, not 6"),
        (("a0",), 181, "0 to 180 minutes, not 181"),
        (("a0",), -1, "0 to 180 minutes, not -1"),
    ],
)
def test_what_cloudformation_would_not_take_is_refused_before_it_is_asked(wanted, minutes, why):
    with pytest.raises(Refused, match=why):
        alarms.watched(None, TEMPLATE, "prod", wanted, minutes, even_ringing=False)


def test_no_alarm_at_all_clears_what_the_last_deployment_left():
    watch = alarms.watched(None, TEMPLATE, "prod", (), 0, even_ringing=False)

    assert {"RollbackTriggers": [], "MonitoringTimeInMinutes": 0} == watch.configuration
