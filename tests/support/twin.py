"""A second stage on the same AWS, empty: what a backup is restored into."""

import json
from contextlib import suppress

from botocore.exceptions import ClientError

from infra.estate import QUEUES, TABLES
from infra.stage import BUCKETS, Stage
from tests.support import tables
from tests.support.aws import SECRETS


def made(stage: Stage, secret: dict[str, str] | None = None) -> Stage:
    """Everything of a stage that is not there yet: tables, queues with their dead letters, buckets, key and secret."""
    for table in TABLES:
        with suppress(ClientError):
            stage.client("dynamodb").create_table(**tables.described(table, stage.called(table.name)))
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
