"""A second stage on the same AWS, empty: what a backup is restored into."""

import json
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from infra.estate import QUEUES, TABLES, Table
from infra.stage import BUCKETS, Stage
from tests.support.aws import SECRETS


def made(stage: Stage, secret: dict[str, str] | None = None) -> Stage:
    """Everything of a stage that is not there yet: tables, queues with their dead letters, buckets, key and secret."""
    for table in TABLES:
        with suppress(ClientError):
            _table(stage, table)
    for queue in QUEUES:
        for name in (queue, f"{queue}-dlq"):
            stage.client("sqs").create_queue(QueueName=stage.called(name))
    for bucket in BUCKETS:
        with suppress(ClientError):
            place = {"LocationConstraint": "eu-central-1"}
            stage.client("s3").create_bucket(Bucket=stage.called(bucket), CreateBucketConfiguration=place)
    with suppress(ClientError):
        key = stage.client("kms").create_key()["KeyMetadata"]["KeyId"]
        stage.client("kms").create_alias(AliasName=f"alias/{stage.called('data')}", TargetKeyId=key)
    with suppress(ClientError):
        value = json.dumps(secret or SECRETS)
        stage.client("secretsmanager").create_secret(Name=stage.called("app"), SecretString=value)
    return stage


def _table(stage: Stage, table: Table) -> None:
    keys = ["pk", "sk", *(table.index[1:] if table.index else ())]
    options: dict[str, Any] = {}
    if table.index:
        name, hash_key, range_key = table.index
        index = {
            "IndexName": name,
            "KeySchema": _schema(hash_key, range_key),
            "Projection": {"ProjectionType": "ALL"},
        }
        options["GlobalSecondaryIndexes"] = [index]
    stage.client("dynamodb").create_table(
        TableName=stage.called(table.name),
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=_schema("pk", "sk"),
        BillingMode="PAY_PER_REQUEST",
        **options,
    )


def _schema(hash_key: str, range_key: str) -> list[dict[str, str]]:
    return [{"AttributeName": hash_key, "KeyType": "HASH"}, {"AttributeName": range_key, "KeyType": "RANGE"}]
