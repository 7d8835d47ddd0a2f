"""An AWS in this process, with what the template would have made: DynamoDB in memory (ADR 76), the rest by moto."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from unittest.mock import patch

import moto.kms.models
import moto.kms.utils
from moto import mock_aws

from entrepot.cloud import auth, aws, dynamo, seal
from functions.inventory.service import levels
from functions.logistics import importing
from functions.membership import provider_documents
from functions.orders.service import merchants
from functions.payments import health
from functions.rates.service import reading
from infra.estate import QUEUES, TABLES
from tests.support import memory, tables, workers

SECRETS = {
    "stripe_secret_key": "sk_test_stage",
    "stripe_webhook_secret": "whsec_stage",
    "btcpay_store_id": "store-of-the-test-stage",
    "btcpay_api_key": "btcpay-key-of-the-test-stage",
    "btcpay_webhook_secret": "btcpay-stage",
    "aftership_secret": "aftership-stage",
    "easypost_secret": "easypost-stage",
    "seventeentrack_key": "17track-stage",
    "cursor_key": "cursor-key-of-the-test-stage",
    "order_token_key": "order-token-key-of-the-test-stage",
    "identity_key": "identity-key-of-the-test-stage",
    "audit_key": "audit-key-of-the-test-stage",
    "social_providers": '{"google": {"client_id": "google-client", "client_secret": "google-secret"}}',
}


DYNAMODB = os.environ.get("ENTREPOT_TEST_DYNAMODB", "memory")
"""Where tests that do not say it keep their tables: "memory", or "moto" to run them all on the slower twin."""


@contextmanager
def in_process(dynamodb: str = DYNAMODB) -> Iterator[None]:
    """A fresh, empty AWS for one test; everything the platform caches about AWS is dropped before and after.

    Args: dynamodb: "memory" or "moto".
    """
    in_memory = dynamodb == "memory"
    keys = patch.object(moto.kms.models, "generate_private_key", _private_key)
    with mock_aws(), keys, workers.in_process():
        # Clients stay from test to test: making five takes longer than most tests, and moto answers those it knows.
        forget_what_is_there()
        make_estate(with_tables=not in_memory)
        with memory.in_process() if in_memory else nullcontext():
            yield
    forget_what_is_there()


def forget() -> None:
    """Drop what the platform caches of an AWS, and the clients that lead to it."""
    aws.forget()
    dynamo.forget()
    forget_what_is_there()


def forget_what_is_there() -> None:
    """Drop what the platform caches of an AWS."""
    aws.forget_what_is_there()
    auth.forget_keys()
    importing.forget()
    provider_documents.forget()
    seal.forget()
    levels.forget()
    merchants.forget()
    reading.forget()
    health.forget()


def make_estate(with_tables: bool = True) -> None:
    """Tables, queues, keys and secrets of the stage, on whichever AWS the clients talk to."""
    for table in TABLES if with_tables else ():
        aws.client("dynamodb").create_table(**tables.described(table, aws.name(table.name)))
    for queue in QUEUES:
        aws.client("sqs").create_queue(QueueName=aws.name(queue))
    for bucket in ("papers", "exports", "payouts"):
        _make_bucket(bucket)
    kms = aws.client("kms")
    for alias in ("tokens", "tokens-other"):
        made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=f"alias/{aws.name(alias)}", TargetKeyId=made)
    data = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=f"alias/{aws.name('data')}", TargetKeyId=data)
    aws.client("secretsmanager").create_secret(Name=aws.name("app"), SecretString=json.dumps(SECRETS))
    aws.client("sesv2").create_email_identity(EmailIdentity="no-reply@entrepot.example")


_generated = moto.kms.utils.generate_private_key


def _private_key(spec: str) -> object:
    # moto makes an RSA key for a symmetric one too, which nothing reads and which takes most of a second.
    return _unread(spec) if spec == "SYMMETRIC_DEFAULT" else _generated(spec)


@cache
def _unread(spec: str) -> object:
    return _generated(spec)


def _make_bucket(name: str) -> None:
    """A bucket's name is everybody's, unlike a table's: another account of the same test run may hold it already."""
    s3 = aws.client("s3")
    taken = (s3.exceptions.BucketAlreadyExists, s3.exceptions.BucketAlreadyOwnedByYou)
    with suppress(*taken):
        s3.create_bucket(
            Bucket=aws.name(name), CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
