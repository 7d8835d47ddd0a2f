"""What a call to AWS needs of IAM: pairs of an action and a resource.

A resource is written short, by its logical name in the template: `OrdersTable`, `OrdersTable/index/due`,
`PapersBucket/papers/*`, `CatalogueTopic`, `DataKey`. A call that is not known here needs the pair (`kms:Encrypt`, "?"),
which no policy allows, so that it is found and not passed over.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

Pair = tuple[str, str]
Arguments = Mapping[str, Any]

UNKNOWN: Final = "?"
MAIL: Final = "identity/${MailDomain}"

_VERBS: Final = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}
"""A transaction is no action: each part of it is (Using IAM with DynamoDB transactions, developer guide)."""

_PREFIXES: Final = {"papers": ("papers/",), "payouts": ("files/", "statements/"), "exports": ("",)}
"""What objects of each bucket begin with, as far as policies tell them apart."""

_STAGE: Final = re.compile(r"entrepot-[a-z0-9]+-")

_keys: dict[str, str] = {}
"""Id or ARN of a key in KMS, as an answer by an alias has told it → its logical name."""


def needed(service: str, operation: str, arguments: Arguments) -> Iterator[Pair]:
    """The permissions without which the call is refused. Calls that need none give none."""
    if (service, operation) in _FREE:
        return
    known = _SERVICES.get(service)
    found = list(known(operation, arguments)) if known else []
    yield from found or [(f"{service}:{operation}", UNKNOWN)]


def learn(service: str, arguments: Arguments, answer: Arguments) -> None:
    """Remember which key an alias leads to: signing names the key itself."""
    alias, key = str(arguments.get("KeyId", "")), answer.get("KeyId")
    if service == "kms" and key and alias.startswith("alias/"):
        _keys[key] = _keys[key.rpartition("/")[2]] = _alias(alias)


def opened_with(answer: Arguments) -> Iterator[Pair]:
    """What a Decrypt needed: its request names no key, the answer does."""
    if "KeyId" in answer:
        yield "kms:Decrypt", _key(answer["KeyId"])


_FREE: Final = {
    ("sts", "GetCallerIdentity"),  # "No permissions are required" (API reference)
    ("kms", "Decrypt"),  # see `opened_with`
}


def _dynamodb(operation: str, arguments: Arguments) -> Iterator[Pair]:
    if operation == "TransactWriteItems":
        for item in arguments["TransactItems"]:
            for verb, body in item.items():
                yield _VERBS[verb], _table(body["TableName"])
    elif operation == "BatchGetItem":
        for table in arguments["RequestItems"]:
            yield "dynamodb:BatchGetItem", _table(table)
    elif operation in ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"):
        index = f"/index/{arguments['IndexName']}" if arguments.get("IndexName") else ""
        yield f"dynamodb:{operation}", _table(arguments["TableName"]) + index


def _sqs(operation: str, arguments: Arguments) -> Iterator[Pair]:
    action = {"SendMessageBatch": "SendMessage"}.get(operation, operation)
    if action in ("SendMessage", "GetQueueUrl"):
        name = arguments.get("QueueName") or arguments["QueueUrl"].rpartition("/")[2].rpartition(":")[2]
        yield f"sqs:{action}", logical(name, "Queue")


def _sns(operation: str, arguments: Arguments) -> Iterator[Pair]:
    if operation == "Publish":
        topic = arguments.get("TopicArn", "").rpartition(":")[2]
        yield "sns:Publish", logical(topic, "Topic") if topic else "*"


def _s3(operation: str, arguments: Arguments) -> Iterator[Pair]:
    bucket = logical(arguments.get("Bucket", ""), "Bucket")
    if operation in ("GetObject", "PutObject", "DeleteObject"):
        starts = _PREFIXES[_short(arguments["Bucket"])]
        start = next((start for start in starts if arguments["Key"].startswith(start)), None)
        yield f"s3:{operation}", f"{bucket}/{UNKNOWN if start is None else start + '*'}"
    elif operation == "ListObjectsV2":
        yield "s3:ListBucket", bucket


def _kms(operation: str, arguments: Arguments) -> Iterator[Pair]:
    if operation in ("GenerateDataKey", "GetPublicKey", "Sign"):
        yield f"kms:{operation}", _key(arguments["KeyId"])


def _secrets(operation: str, arguments: Arguments) -> Iterator[Pair]:
    if operation == "GetSecretValue":
        yield "secretsmanager:GetSecretValue", logical(arguments["SecretId"], "Secret")


def _ses(operation: str, arguments: Arguments) -> Iterator[Pair]:
    if operation == "SendEmail":
        yield "ses:SendEmail", MAIL


def _lambda(operation: str, arguments: Arguments) -> Iterator[Pair]:
    if operation == "Invoke":
        yield "lambda:InvokeFunction", logical(arguments["FunctionName"], "")


_SERVICES: Final[Mapping[str, Callable[[str, Arguments], Iterator[Pair]]]] = {
    "dynamodb": _dynamodb,
    "sqs": _sqs,
    "sns": _sns,
    "s3": _s3,
    "kms": _kms,
    "secretsmanager": _secrets,
    "sesv2": _ses,
    "lambda": _lambda,
}


def logical(name: str, kind: str) -> str:
    """`PaymentsWebhooksQueue` for "entrepot-test-payments-webhooks": the template's name of what is called so."""
    return "".join(part.capitalize() for part in _short(name).split("-")) + kind


def _short(name: str) -> str:
    return _STAGE.sub("", name, count=1)


def _table(name: str) -> str:
    return logical(name, "Table")


def _alias(alias: str) -> str:
    named = {"data": "DataKey", "tokens": "TokenKey", "tokens-other": "TokenKeyOther"}
    return named.get(_short(alias.removeprefix("alias/")), UNKNOWN)


def _key(key: str) -> str:
    return _alias(key) if key.startswith("alias/") else _keys.get(key, UNKNOWN)
