"""A small stack of its own on the stand-in, to try things on."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.delivery import stacks
from infra.delivery.service import Access

SECONDS: Final = 20.0
"""How long anything is waited for."""
STACK: Final = "entrepot-probe"
ALARM: Final = "entrepot-probe-alarm"


@dataclass(frozen=True, slots=True)
class Ground:
    """A small stack of its own to try things on."""

    aws: Access

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    def propose(self, name: str, template: dict[str, Any], **asked: Any) -> dict[str, Any]:
        """Make a change set and wait. Returns: as it is described, with the values of properties."""
        client = self.client("cloudformation")
        kind = "UPDATE" if stacks.find(client, STACK) else "CREATE"
        client.create_change_set(
            StackName=STACK,
            ChangeSetName=name,
            ChangeSetType=kind,
            TemplateBody=json.dumps(template),
            **asked,
        )
        told: dict[str, Any] = until(
            lambda: client.describe_change_set(
                StackName=STACK, ChangeSetName=name, IncludePropertyValues=True
            ),
            lambda told: not told["Status"].endswith(("PENDING", "IN_PROGRESS")),
        )
        return told

    def carry_out(self, name: str) -> tuple[str, float]:
        """Execute a change set. Returns: the stack's last status, and the seconds that it took."""
        client = self.client("cloudformation")
        began = time.monotonic()
        client.execute_change_set(StackName=STACK, ChangeSetName=name)
        status = self.ended()
        return status, time.monotonic() - began

    def ended(self) -> str:
        client = self.client("cloudformation")
        told = until(
            lambda: client.describe_stacks(StackName=STACK)["Stacks"][0],
            lambda told: not told["StackStatus"].endswith("IN_PROGRESS"),
        )
        return str(told["StackStatus"])


def until(ask: Callable[[], Any], enough: Callable[[Any], bool]) -> Any:
    """The first answer that is enough, or the last one in twenty seconds."""
    limit = time.monotonic() + SECONDS
    told = ask()
    while not enough(told) and time.monotonic() < limit:
        time.sleep(0.05)
        told = ask()
    return told


def small(days: int = 4, key: str = "pk", **resources: Any) -> dict[str, Any]:
    """A template with a table, a queue and an alarm."""
    return {
        "Parameters": {"Release": {"Type": "String", "Default": "none"}},
        "Outputs": {"Release": {"Value": {"Ref": "Release"}}},
        "Resources": {
            "Table": {
                "Type": "AWS::DynamoDB::Table",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": {
                    "TableName": f"{STACK}-{key}",
                    "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
                    "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
                    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                    "DeletionProtectionEnabled": True,
                },
            },
            "Queue": {
                "Type": "AWS::SQS::Queue",
                "Properties": {"QueueName": f"{STACK}-queue", "MessageRetentionPeriod": days * 86_400},
            },
            "Alarm": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "AlarmName": ALARM,
                    "Namespace": "AWS/SQS",
                    "MetricName": "ApproximateNumberOfMessagesVisible",
                    "Dimensions": [{"Name": "QueueName", "Value": f"{STACK}-queue"}],
                    "Statistic": "Maximum",
                    "Period": 10,
                    "EvaluationPeriods": 1,
                    "Threshold": 0,
                    "ComparisonOperator": "GreaterThanThreshold",
                    "TreatMissingData": "notBreaching",
                },
            },
            **resources,
        },
    }


def refusal(call: Callable[[], Any]) -> str:
    """What was said against a call, "" if nothing was."""
    try:
        call()
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    except BotoCoreError as error:
        return str(error)
    return ""


def waiting(seconds: int) -> dict[str, Any]:
    """A resource that nobody will finish: it fails after so many seconds."""
    return {
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Wait": {
            "Type": "AWS::CloudFormation::WaitCondition",
            "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": str(seconds), "Count": 1},
        },
    }
