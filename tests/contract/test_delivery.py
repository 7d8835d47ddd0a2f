"""The template holds what a deployment relies on: alarms that turn it back, a release it names, data that stays."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import pytest

from infra import checks, estate, package, targets
from infra.delivery import alarms, changes
from infra.estate import FUNCTIONS, QUEUES, TABLES
from tests.support.deployer import POLICY, allowed, needed

ROOT = Path(__file__).resolve().parents[2]


@cache
def template() -> dict[str, Any]:
    """The template as packaged."""
    return package.build(targets.host()).template


def resources(kind: str) -> dict[str, Any]:
    return {name: one for name, one in template()["Resources"].items() if one["Type"] == kind}


def test_every_alarm_that_turns_a_deployment_back_is_in_the_template():
    known = alarms.of_template(template(), "prod")

    assert {f"entrepot-prod-{name}" for name in alarms.DEFAULT} <= known.keys()
    assert len(alarms.DEFAULT) <= alarms.MOST


def test_the_alarm_of_a_release_stands_on_the_api_and_on_the_errors_of_every_function():
    rule = template()["Resources"]["ReleaseAlarm"]["Properties"]["AlarmRule"]["Fn::Sub"]

    named = re.findall(r'ALARM\("\$\{(\w+)\}"\)', rule)

    expected = {
        "ApiFailuresAlarm",
        "OutboxRelayAgeAlarm",
        *(f"{one.logical_id}ErrorsAlarm" for one in FUNCTIONS),
    }
    assert expected == set(named)
    assert set(named) <= resources("AWS::CloudWatch::Alarm").keys()
    assert rule == " OR ".join(f'ALARM("${{{name}}}")' for name in named)
    assert len(named) <= 100  # what a composite alarm takes
    assert len(rule) + 12 * len(named) < 10_240


def test_every_alarm_but_that_one_tells_somebody():
    for name, alarm in resources("AWS::CloudWatch::Alarm").items():
        assert [{"Ref": "AlarmsTopic"}] == alarm["Properties"]["AlarmActions"], name


@pytest.mark.parametrize(
    "kind", ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret"]
)
def test_what_holds_data_outlives_its_stack(kind):
    found = resources(kind)

    assert found
    assert set() == {
        name
        for name, one in found.items()
        if {"Retain"} != {one.get("DeletionPolicy"), one.get("UpdateReplacePolicy")}
    }


def test_every_type_that_holds_something_is_known_to_the_deployment():
    remade = {
        "AWS::ApiGateway::Deployment", "AWS::ApiGateway::Stage", "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard", "AWS::Events::Rule", "AWS::IAM::Role",
        "AWS::KMS::Alias", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Function", "AWS::Lambda::LayerVersion",
        "AWS::Lambda::Permission", "AWS::S3::BucketPolicy", "AWS::SNS::Subscription", "AWS::SQS::QueuePolicy",
        "AWS::WAFv2::WebACL", "AWS::WAFv2::WebACLAssociation",
    }  # fmt: skip
    kinds = {one["Type"] for one in checks.translate(template())["Resources"].values()}

    assert kinds == remade | set(changes.KEEPS)


def test_every_table_goes_back_in_time_and_is_not_deleted_where_tables_last():
    for table in TABLES:
        properties = template()["Resources"][f"{table.name.capitalize()}Table"]["Properties"]
        assert {"PointInTimeRecoveryEnabled": True} == properties["PointInTimeRecoverySpecification"]
        assert {"Fn::If": ["TablesLast", True, False]} == properties["DeletionProtectionEnabled"]
    assert "yes" == template()["Parameters"]["Lasting"]["Default"]


def test_the_stack_says_itself_which_release_it_has():
    assert {"Ref": "Release"} == template()["Outputs"]["Release"]["Value"]


def test_the_perimeter_is_in_the_template():
    (association,) = resources("AWS::WAFv2::WebACLAssociation").values()
    (api,) = resources("AWS::Serverless::Api").values()
    (every,) = api["Properties"]["MethodSettings"]

    assert {"Fn::GetAtt": ["WebACL", "Arn"]} == association["Properties"]["WebACLArn"]
    assert "${RestAPI}" in association["Properties"]["ResourceArn"]["Fn::Sub"]
    rules = [rule["Name"] for rule in template()["Resources"]["WebACL"]["Properties"]["Rules"]]
    assert {"rate", "sign-in-rate", "known-bad-inputs"} <= set(rules)
    assert ("/*", "*") == (every["ResourcePath"], every["HttpMethod"])
    assert 0 < every["ThrottlingRateLimit"] <= every["ThrottlingBurstLimit"]
    assert "REQUEST_TOO_LARGE" in api["Properties"]["GatewayResponses"]


def test_traces_and_logs_that_end_are_in_the_template():
    (api,) = resources("AWS::Serverless::Api").values()
    functions = dict(checks.functions(template()))

    assert api["Properties"]["TracingEnabled"]
    assert {"Active"} == {properties["Tracing"] for properties in functions.values()}
    groups = resources("AWS::Logs::LogGroup")
    assert {
        properties["LoggingConfig"]["LogGroup"]["Ref"] for properties in functions.values()
    } == groups.keys()
    assert all(one["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"} for one in groups.values())


def test_the_dashboard_shows_the_api_every_function_queue_and_table_by_the_names_they_have():
    (board,) = resources("AWS::CloudWatch::Dashboard").values()
    widgets = json.loads(board["Properties"]["DashboardBody"]["Fn::Sub"])["widgets"]
    shown = {tuple(metric) for widget in widgets for metric in widget["properties"]["metrics"]}

    for function in FUNCTIONS:
        assert ("AWS/Lambda", "Errors", "FunctionName", f"entrepot-${{Stage}}-{function.name}") in shown
    for queue in QUEUES:
        assert (
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            "QueueName",
            f"entrepot-${{Stage}}-{queue}",
        ) in shown
    for table in TABLES:
        assert (
            "AWS/DynamoDB",
            "ReadThrottleEvents",
            "TableName",
            f"entrepot-${{Stage}}-{table.name}",
        ) in shown
    assert ("AWS/ApiGateway", "5XXError", "ApiName", "entrepot-${Stage}") in shown
    for _, _, metric, dimensions, _ in estate.ANOMALIES:
        assert ("Entrepot/${Stage}", metric, *(part for pair in dimensions.items() for part in pair)) in shown
    assert _apart(widgets)


def _apart(widgets: list[Mapping[str, Any]]) -> bool:
    """Whether no chart lies over another, and each lies within the page's 24 columns."""
    taken: set[tuple[int, int]] = set()
    for one in widgets:
        cells = {
            (x, y)
            for x in range(one["x"], one["x"] + one["width"])
            for y in range(one["y"], one["y"] + one["height"])
        }
        if taken & cells or any(x >= 24 for x, _ in cells):
            return False
        taken |= cells
    return True


def test_charts_over_one_another_would_be_seen():
    chart = {"x": 0, "y": 0, "width": 12, "height": 6}

    assert _apart([chart, chart | {"x": 12}])
    assert not _apart([chart, chart | {"x": 6}])
    assert not _apart([chart | {"x": 18}])


IMPLIED = {"iam:PassRole"}
"""By handing a role to CloudFormation, which is no call of its own."""


def _called(sources: str) -> set[tuple[str, str]]:
    """The calls to AWS that stand in Python sources: service and operation."""
    session = botocore.session.get_session()
    found = set()
    for service in ("cloudformation", "cloudwatch", "s3", "sts"):
        assert f'client("{service}")' in sources
        for operation in session.get_service_model(service).operation_names:
            name = botocore.xform_name(operation)
            if re.search(rf'\.{name}\(|get_paginator\("{name}"\)', sources):
                found.add((service, operation))
    return found


def test_who_deploys_may_do_what_the_code_calls_and_nothing_else():
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "infra" / "delivery").glob("*.py"))

    assert needed(_called(sources)) | IMPLIED == allowed()
    assert set(re.findall(r'client\("(\w+)"\)', sources)) == {"cloudformation", "cloudwatch", "s3", "sts"}


def test_a_call_that_nobody_allowed_would_be_seen():
    sources = "".join(f'client("{name}")' for name in ("cloudformation", "cloudwatch", "s3", "sts"))

    assert {"s3:DeleteObject"} == needed(_called(f"{sources}s3.delete_object(Bucket=bucket)"))
    assert {"s3:ListBucket"} == needed(_called(f'{sources}s3.get_paginator("list_objects_v2")'))


def test_who_deploys_reaches_only_the_stage():
    policy = json.loads(POLICY.read_text(encoding="utf-8"))

    for statement in policy["Statement"]:
        assert "Allow" == statement["Effect"]
        if statement["Sid"] == "Alarms":  # composite alarms are described by nobody whose right is narrower
            assert "*" == statement["Resource"]
        elif statement["Sid"] == "Transform":
            assert statement["Resource"].endswith(":aws:transform/Serverless-2016-10-31")
        else:
            assert "entrepot-${Stage}" in statement["Resource"]
