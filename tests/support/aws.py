"""An AWS in this process (moto), with what the template would have made."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from moto import mock_aws

from entrepot.cloud import auth, aws, seal
from functions.inventory.service import levels
from functions.logistics import importing
from functions.membership import provider_documents
from functions.rates.service import reading
from infra.estate import QUEUES, TABLES, Table
from tests.support import workers

SECRETS = {
    "stripe_secret_key": "sk_test_stage",
    "stripe_webhook_secret": "whsec_stage",
    "aftership_secret": "aftership-stage",
    "easypost_secret": "easypost-stage",
    "seventeentrack_key": "17track-stage",
    "cursor_key": "cursor-key-of-the-test-stage",
    "order_token_key": "order-token-key-of-the-test-stage",
    "identity_key": "identity-key-of-the-test-stage",
    "audit_key": "audit-key-of-the-test-stage",
    "social_providers": '{"google": {"client_id": "google-client", "client_secret": "google-secret"}}',
}


@contextmanager
def in_process() -> Iterator[None]:
    """A fresh, empty AWS for one test; everything the platform caches about AWS is dropped before and after."""
    with mock_aws(), workers.in_process():
        forget()
        make_estate()
        yield
    forget()


def forget() -> None:
    """Drop what the platform caches of an AWS."""
    aws.forget()
    auth.forget_keys()
    importing.forget()
    provider_documents.forget()
    seal.forget()
    levels.forget()
    reading.forget()


def make_estate() -> None:
    """Tables, queues, keys and secrets of the stage, on whichever AWS the clients talk to."""
    for table in TABLES:
        _make_table(table)
    for queue in QUEUES:
        aws.client("sqs").create_queue(QueueName=aws.name(queue))
    kms = aws.client("kms")
    for alias in ("tokens", "tokens-other"):
        made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=f"alias/{aws.name(alias)}", TargetKeyId=made)
    data = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=f"alias/{aws.name('data')}", TargetKeyId=data)
    aws.client("secretsmanager").create_secret(Name=aws.name("app"), SecretString=json.dumps(SECRETS))
    aws.client("sesv2").create_email_identity(EmailIdentity="no-reply@entrepot.example")


def _make_table(table: Table) -> None:
    definitions = ["pk", "sk", *(table.index[1:] if table.index else ())]
    options = {}
    if table.index:
        name, hash_key, range_key = table.index
        index = {
            "IndexName": name,
            "KeySchema": _keys(hash_key, range_key),
            "Projection": {"ProjectionType": "ALL"},
        }
        options["GlobalSecondaryIndexes"] = [index]
    aws.client("dynamodb").create_table(
        TableName=aws.name(table.name),
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in definitions],
        KeySchema=_keys("pk", "sk"),
        BillingMode="PAY_PER_REQUEST",
        **options,
    )


def _keys(hash_key: str, range_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": hash_key, "KeyType": "HASH"},
        {"AttributeName": range_key, "KeyType": "RANGE"},
    ]
