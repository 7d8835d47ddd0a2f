"""What the platform stands on, as tables to edit, and the CloudFormation resources made from them.

What there is many of (tables, queues, subscriptions, functions' logs and alarms) is one line here; what there is one of
stands in `resources.yaml`. `merge_template` puts both together for `chalice package --merge-template`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from infra import watch
from infra.watch import Resource, Resources

STAGE: Final = "${Stage}"
RECEIVES: Final = 5
"""How often a message is tried before it becomes a dead letter."""
TIMEOUT_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Table:
    """A DynamoDB table with the keys `pk` and `sk`. `index`: name, hash key and range key of its only index."""

    name: str
    index: tuple[str, str, str] | None = None
    stream: bool = False


TABLES: Final = (
    Table("catalogue"),
    Table("inventory"),
    Table("membership"),
    Table("payments", index=("due", "due_shard", "due_at")),
    Table("logistics"),
    Table("customs"),
    Table("rates"),
    Table("orders", index=("due", "due_shard", "due_at")),
    Table("ledger"),
    Table("settlement"),
    Table("clearing"),
    Table("outbox", index=("unsent", "unsent_shard", "created_at"), stream=True),
    Table("inbox"),
    Table("idempotency"),
    Table("audit", index=("days", "day", "at")),
    Table("privacy", index=("due", "due_shard", "due_at")),
)

TOPICS: Final = (
    "catalogue",
    "inventory",
    "membership",
    "payments",
    "logistics",
    "orders",
    "settlement",
    "privacy",
)

QUEUES: Final = (
    "payments-webhooks",
    "payments-statements",
    "logistics-scans",
    "catalogue-events",
    "inventory-events",
    "membership-events",
    "orders-events",
    "orders-papers",
    "payments-events",
    "logistics-events",
    "settlement-events",
    "settlement-runs",
    "settlement-papers",
    "clearing-jobs",
    "privacy-events",
)

SUBSCRIPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "catalogue-events": ("inventory.availability_changed",),
    "inventory-events": (
        "inventory.stock_moved",
        "orders.order_placed",
        "orders.order_cancelled",
        "orders.order_expired",
    ),
    "membership-events": (
        "membership.member_registered",
        "membership.staff_invited",
        "membership.code_requested",
        "membership.password_changed",
        "membership.member_erased",
        "settlement.destination_changed",
    ),
    "orders-events": (
        "payments.payment_authorised",
        "payments.payment_captured",
        "payments.payment_processing",
        "payments.payment_failed",
        "payments.refund_succeeded",
        "payments.refund_failed",
        "payments.return_requested",
        "payments.return_ended",
        "payments.payment_flagged",
        "payments.dispute_opened",
        "payments.dispute_closed",
        "payments.evidence_due",
        "logistics.shipment_moved",
        "membership.member_erased",
    ),
    "payments-events": (
        "payments.refund_requested",
        "payments.return_requested",
        "payments.capture_requested",
        "payments.cancellation_requested",
        "orders.evidence_gathered",
        "orders.buyer_forgotten",
        "membership.member_erased",
    ),
    "logistics-events": ("orders.buyer_forgotten",),
    "settlement-events": (
        "payments.payment_captured",
        "payments.refund_succeeded",
        "payments.refund_failed",
        "payments.fee_known",
        "payments.receipt_booked",
        "payments.receipt_returned",
        "payments.dispute_opened",
        "payments.dispute_closed",
        "payments.transfer_moved",
        "payments.bank_transfer_booked",
        "orders.share_completed",
        "orders.share_refunded",
    ),
    "privacy-events": ("privacy.export_requested", "membership.member_erased"),
}
"""Queue ← events. The part of an event's name before the dot is the topic it comes from."""


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function. `source`: the queue it reads, "stream", "schedule", "worker" (asked by another) or "api"."""

    handler: str
    source: str

    @property
    def logical_id(self) -> str:
        return "APIHandler" if self.source == "api" else _pascal(self.handler)

    @property
    def name(self) -> str:
        """The last part of its name on AWS, after `entrepot-<stage>-`."""
        return "api" if self.source == "api" else self.handler.replace("_", "-")


FUNCTIONS: Final = (
    Function("api_handler", "api"),
    Function("outbox_relay", "stream"),
    Function("outbox_sweep", "schedule"),
    Function("payments_webhooks", "payments-webhooks"),
    Function("payments_statements", "payments-statements"),
    Function("payments_events", "payments-events"),
    Function("payments_sweep", "schedule"),
    Function("customs_search", "worker"),
    Function("logistics_scans", "logistics-scans"),
    Function("logistics_events", "logistics-events"),
    Function("catalogue_events", "catalogue-events"),
    Function("inventory_events", "inventory-events"),
    Function("membership_events", "membership-events"),
    Function("orders_events", "orders-events"),
    Function("orders_papers", "orders-papers"),
    Function("orders_due", "schedule"),
    Function("rates_fetch", "schedule"),
    Function("settlement_events", "settlement-events"),
    Function("settlement_run", "schedule"),
    Function("settlement_runs", "settlement-runs"),
    Function("settlement_papers", "settlement-papers"),
    Function("settlement_transfers", "schedule"),
    Function("settlement_files", "schedule"),
    Function("clearing_run", "schedule"),
    Function("clearing_jobs", "clearing-jobs"),
    Function("audit_check", "schedule"),
    Function("privacy_events", "privacy-events"),
    Function("privacy_looks", "schedule"),
)

LAYERS: Final[Mapping[str, str]] = {
    "papers": "typst, a typesetter, and its fonts",
    "search": "tantivy, a search engine",
}
"""Heavy sets of packages, `layers/<name>/requirements.txt`; `.chalice/config.json` gives each to who needs it."""


ANOMALIES: Final[tuple[tuple[str, str, str, Mapping[str, str], int], ...]] = (
    (
        "audit-faults",
        "The audit log is not what was written: somebody has tampered with it, or a restore went wrong.",
        "AuditFaults",
        {},
        0,
    ),
    (
        "outbox-stuck",
        "Events were not published for ten minutes, neither by the relay nor by the sweep.",
        "OutboxStuck",
        {},
        0,
    ),
    (
        "tokens-reused",
        "A refresh token came a second time: it, or its successor, is in wrong hands. Its session has ended.",
        "AuditEntries",
        {"Action": "session.token_reused", "Outcome": "refused"},
        0,
    ),
    (
        "sign-ins-refused",
        "More than two hundred sign-ins were refused within five minutes.",
        "AuditEntries",
        {"Action": "session.open", "Outcome": "refused"},
        200,
    ),
    (
        "payment-provider-down",
        "A payment provider does not answer and is not called until a trial finds it well again.",
        "PaymentProviderDown",
        {},
        0,
    ),
    (
        "payment-flagged",
        "What a provider says of a payment is not ours: nothing moved, and a person has to look.",
        "PaymentFlagged",
        {},
        0,
    ),
    (
        "payments-not-asked",
        "A provider does not know a payment that we have with it: nobody hears any more how that payment ends.",
        "PaymentNotAsked",
        {},
        0,
    ),
    (
        "shares-without-money",
        "A merchant's share is delivered and due, and its order's money was never taken: it is not settled.",
        "SharesWithoutMoney",
        {},
        0,
    ),
    (
        "attempts-left-over",
        "An attempt to pay an order can be finished by nobody but a person: it stays open, or keeps a buyer's money.",
        "AttemptsLeftOver",
        {},
        0,
    ),
    (
        "return-failed",
        "A buyer's money that pays for nothing could not be given back: a person has to find how.",
        "PaymentReturnFailed",
        {},
        0,
    ),
    (
        "transfers-unfunded",
        "Our balance at a payment provider does not suffice for merchants' payouts: they wait until somebody funds it.",
        "TransfersUnfunded",
        {},
        0,
    ),
    (
        "clearing-breaks-overdue",
        "A difference between a provider or a bank and the ledger is a week old, and nobody has resolved it.",
        "ClearingBreaksOverdue",
        {},
        0,
    ),
    (
        "erasures-overdue",
        "Somebody asked to be forgotten more than 25 days ago, and something is still kept.",
        "ErasuresOverdue",
        {},
        0,
    ),
)
"""Alarms of what the platform counts itself: name, why, metric, its dimensions and what is still usual."""


def merge_template(root: Path) -> dict[str, Any]:
    """The whole template to merge into Chalice's: `infra/resources.yaml` and what the tables above say."""
    template: dict[str, Any] = yaml.safe_load((root / "infra" / "resources.yaml").read_text(encoding="utf-8"))
    made = _layers() | _tables() | _topics() | _queues() | _subscriptions() | _logs() | _alarms() | _watch()
    twice = made.keys() & template["Resources"].keys()
    if twice:
        raise ValueError(f"described twice: {sorted(twice)}")
    template["Resources"] |= made
    for function in FUNCTIONS:
        described = template["Resources"].setdefault(function.logical_id, {})
        described.setdefault("Properties", {}).update(_function(function))
    return template


def _function(function: Function) -> Resource:
    """What Chalice leaves open of a function: its name, its logs, and partial answers for batches."""
    properties: Resource = {
        "FunctionName": _named(function.name),
        "LoggingConfig": {"LogGroup": {"Ref": f"{function.logical_id}Logs"}, "LogFormat": "JSON"},
    }
    if function.source == "stream":
        properties["Events"] = {
            f"{function.logical_id}DynamodbEventSource": {
                "Properties": {
                    "Stream": {"Fn::GetAtt": ["OutboxTable", "StreamArn"]},
                    "StartingPosition": "TRIM_HORIZON",
                    "BisectBatchOnFunctionError": True,
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                    "MaximumRetryAttempts": 20,
                    "ParallelizationFactor": 4,
                }
            }
        }
    elif function.source in QUEUES:
        properties["Events"] = {
            f"{function.logical_id}SqsEventSource": {
                "Properties": {
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                    "ScalingConfig": {"MaximumConcurrency": {"Ref": "ConsumerConcurrency"}},
                }
            }
        }
    return properties


def _layers() -> Resources:
    return {
        f"{_pascal(layer)}Layer": {
            "Type": "AWS::Serverless::LayerVersion",
            "Properties": {
                "LayerName": {"Fn::Join": ["-", ["entrepot", {"Ref": "Stage"}, layer]]},
                "Description": holds,
                "ContentUri": f"layers/{layer}",
                "RetentionPolicy": "Delete",
            },
        }
        for layer, holds in LAYERS.items()
    }


def _tables() -> Resources:
    return {f"{_pascal(table.name)}Table": _table(table) for table in TABLES}


def _table(table: Table) -> Resource:
    keys = ("pk", "sk") + (table.index[1:] if table.index else ())
    properties: Resource = {
        "TableName": _named(table.name),
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
        "KeySchema": _key_schema("pk", "sk"),
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Ref": "DataKey"}},
        "DeletionProtectionEnabled": {"Fn::If": ["TablesLast", True, False]},
    }
    if table.index:
        name, hash_key, range_key = table.index
        index = {
            "IndexName": name,
            "KeySchema": _key_schema(hash_key, range_key),
            "Projection": {"ProjectionType": "ALL"},
        }
        properties["GlobalSecondaryIndexes"] = [index]
    if table.stream:
        properties["StreamSpecification"] = {"StreamViewType": "NEW_IMAGE"}
    return {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": properties,
    }


def _key_schema(hash_key: str, range_key: str) -> list[Resource]:
    return [{"AttributeName": hash_key, "KeyType": "HASH"}, {"AttributeName": range_key, "KeyType": "RANGE"}]


def _topics() -> Resources:
    return {
        f"{_pascal(topic)}Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": _named(topic), "KmsMasterKeyId": {"Ref": "DataKey"}},
        }
        for topic in TOPICS
    }


def _queues() -> Resources:
    resources: Resources = {}
    for queue in QUEUES:
        name = _pascal(queue)
        resources[f"{name}DeadLetters"] = _queue(f"{queue}-dlq", MessageRetentionPeriod=14 * 86_400)
        resources[f"{name}Queue"] = _queue(
            queue,
            MessageRetentionPeriod=14 * 86_400,
            VisibilityTimeout=6 * TIMEOUT_SECONDS,
            RedrivePolicy={
                "deadLetterTargetArn": {"Fn::GetAtt": [f"{name}DeadLetters", "Arn"]},
                "maxReceiveCount": RECEIVES,
            },
        )
    return resources


def _queue(name: str, **properties: Any) -> Resource:
    return {
        "Type": "AWS::SQS::Queue",
        "Properties": {"QueueName": _named(name), "KmsMasterKeyId": {"Ref": "DataKey"}, **properties},
    }


def _subscriptions() -> Resources:
    resources: Resources = {}
    for queue, events in SUBSCRIPTIONS.items():
        arn = {"Fn::GetAtt": [f"{_pascal(queue)}Queue", "Arn"]}
        topics = sorted({event.partition(".")[0] for event in events})
        for topic in topics:
            resources[f"{_pascal(queue)}From{_pascal(topic)}"] = {
                "Type": "AWS::SNS::Subscription",
                "Properties": {
                    "Protocol": "sqs",
                    "TopicArn": {"Ref": f"{_pascal(topic)}Topic"},
                    "Endpoint": arn,
                    "RawMessageDelivery": True,
                    "FilterPolicy": {"event": [event for event in events if event.startswith(f"{topic}.")]},
                },
            }
        resources[f"{_pascal(queue)}Policy"] = _queue_policy(queue, topics)
    return resources


def _queue_policy(queue: str, topics: list[str]) -> Resource:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": {"Fn::GetAtt": [f"{_pascal(queue)}Queue", "Arn"]},
        "Condition": {
            "ArnEquals": {"aws:SourceArn": [{"Ref": f"{_pascal(topic)}Topic"} for topic in topics]}
        },
    }
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [{"Ref": f"{_pascal(queue)}Queue"}],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        },
    }


def _logs() -> Resources:
    return {
        f"{function.logical_id}Logs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": {"Fn::Sub": f"/aws/lambda/entrepot-{STAGE}-{function.name}"},
                "RetentionInDays": {"Ref": "LogRetentionDays"},
            },
        }
        for function in FUNCTIONS
    }


def _alarms() -> Resources:
    resources: Resources = {}
    for queue in QUEUES:
        resources[f"{_pascal(queue)}DeadLettersAlarm"] = _alarm(
            f"{queue}-dead-letters",
            "A message was given up after its last try: read the runbook of dead letters.",
            ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"),
            {"QueueName": {"Fn::GetAtt": [f"{_pascal(queue)}DeadLetters", "QueueName"]}},
        )
    for function in FUNCTIONS:
        dimensions = {"FunctionName": {"Ref": function.logical_id}}
        for metric, why in (
            ("Errors", "calls failed"),
            ("Throttles", "calls were refused for want of capacity"),
        ):
            resources[f"{function.logical_id}{metric}Alarm"] = _alarm(
                f"{function.name}-{metric.lower()}",
                f"The function {function.name}: {why}.",
                ("AWS/Lambda", metric, "Sum"),
                dimensions,
            )
        if function.source == "stream":
            resources[f"{function.logical_id}AgeAlarm"] = _alarm(
                f"{function.name}-age",
                "Events wait for more than a minute before they are published.",
                ("AWS/Lambda", "IteratorAge", "Maximum"),
                dimensions,
                threshold=60_000,
            )
    for name, why, metric, counted, usual in ANOMALIES:
        resources[f"{_pascal(name)}Alarm"] = _alarm(
            name, why, ({"Fn::Sub": watch.OURS}, metric, "Sum"), counted, threshold=usual
        )
    return resources


def _watch() -> Resources:
    """The alarm that turns a deployment back, and the dashboard."""
    relays = [function for function in FUNCTIONS if function.source == "stream"]
    return {
        "ReleaseAlarm": watch.release_alarm(
            [function.logical_id for function in FUNCTIONS], [relay.logical_id for relay in relays]
        ),
        "Dashboard": watch.dashboard(
            [function.name for function in FUNCTIONS],
            [relay.name for relay in relays],
            QUEUES,
            [table.name for table in TABLES],
            [(metric, counted) for _, _, metric, counted, _ in ANOMALIES],
        ),
    }


def _alarm(
    name: str,
    why: str,
    measure: tuple[str | Resource, str, str],
    dimensions: Mapping[str, Any],
    threshold: int = 0,
) -> Resource:
    """Rings when the metric (namespace, name, statistic) exceeds the threshold in any five minutes."""
    namespace, metric, statistic = measure
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": _named(name),
            "AlarmDescription": why,
            "Namespace": namespace,
            "MetricName": metric,
            "Statistic": statistic,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "AlarmsTopic"}],
        },
    }


def _named(name: str) -> Resource:
    return {"Fn::Sub": f"entrepot-{STAGE}-{name}"}


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace("_", "-").split("-"))
