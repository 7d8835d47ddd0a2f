"""What AWS does in a function's name without a call of ours, or needs beside one: each rule with the page that says so.

A rule is about the template: where that changes, what is implied changes with it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from infra.estate import QUEUES, Function
from tests.privileges.calls import Pair

Resources = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Of:
    """What a rule looks at: the function, what it is known to need so far, and the template's resources."""

    function: Function
    needed: frozenset[Pair]
    resources: Resources


@dataclass(frozen=True, slots=True)
class Rule:
    """`source`: the documentation of AWS that says so."""

    name: str
    source: str
    pairs: Callable[[Of], Iterator[Pair]]


def _logs(of: Of) -> Iterator[Pair]:
    for action in ("CreateLogStream", "PutLogEvents"):
        yield f"logs:{action}", f"log-group/{of.function.name}"


def _traces(of: Of) -> Iterator[Pair]:
    for action in ("PutTelemetryRecords", "PutTraceSegments"):
        yield f"xray:{action}", "*"


def _polling(of: Of) -> Iterator[Pair]:
    if of.function.source in QUEUES:
        for action in ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage"):
            yield f"sqs:{action}", f"{of.function.logical_id}Queue"


def _streaming(of: Of) -> Iterator[Pair]:
    if of.function.source == "stream":
        for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"):
            yield f"dynamodb:{action}", "OutboxTable/stream"


def _sealed(of: Of, actions: set[str], keys: tuple[str, ...]) -> Iterator[Pair]:
    """A pair for each key, where a resource that is used by one of the actions is encrypted with our key."""
    used = {resource.partition("/")[0] for action, resource in of.needed if action in actions}
    if any(_encrypted(of.resources.get(name, {})) for name in used):
        for action in keys:
            yield f"kms:{action}", "DataKey"


def _encrypted(resource: dict[str, Any]) -> bool:
    """Whether a queue, topic, secret or bucket is encrypted with the stage's key for data."""
    properties = resource.get("Properties", {})
    places = [properties.get("KmsMasterKeyId"), properties.get("KmsKeyId")]
    rules = properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", ())
    places += [rule["ServerSideEncryptionByDefault"].get("KMSMasterKeyID") for rule in rules]
    return any(place in ({"Ref": "DataKey"}, {"Fn::GetAtt": ["DataKey", "Arn"]}) for place in places)


def _exchanged(of: Of) -> Iterator[Pair]:
    pairs = {"TokenKey": "TokenKeyOther", "TokenKeyOther": "TokenKey"}
    for action, resource in sorted(of.needed):
        if action.startswith("kms:") and resource in pairs:
            yield action, pairs[resource]


_GUIDE: Final = "https://docs.aws.amazon.com"

RULES: Final = (
    Rule(
        "what one key of tokens is used for, the other is after a rotation, which exchanges their aliases",
        "docs/adr/0055-two-keys-for-tokens.md and docs/runbooks/rotate-the-token-key.md",
        _exchanged,
    ),
    Rule(
        "a function writes its log",
        f"{_GUIDE}/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html; the group is the template's",
        _logs,
    ),
    Rule(
        "the runtime hands its traces to X-Ray",
        f"{_GUIDE}/lambda/latest/dg/services-xray.html: the daemon uploads segments and telemetry as the function",
        _traces,
    ),
    Rule(
        "Lambda polls a queue as the function",
        f"{_GUIDE}/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions",
        _polling,
    ),
    Rule(
        "Lambda reads a stream as the function",
        f"{_GUIDE}/aws-managed-policy/latest/reference/AWSLambdaDynamoDBExecutionRole.html",
        _streaming,
    ),
    Rule(
        "a message of an encrypted queue is opened as the function",
        f"{_GUIDE}/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html: a consumer decrypts",
        lambda of: _sealed(of, {"sqs:ReceiveMessage"}, ("Decrypt",)),
    ),
    Rule(
        "who sends to an encrypted queue has its data key made, and opens it again",
        f"{_GUIDE}/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html: a producer needs both",
        lambda of: _sealed(of, {"sqs:SendMessage"}, ("Decrypt", "GenerateDataKey")),
    ),
    Rule(
        "who publishes to an encrypted topic has its data key made, and opens it again",
        f"{_GUIDE}/sns/latest/dg/sns-key-management.html: a publisher needs both",
        lambda of: _sealed(of, {"sns:Publish"}, ("Decrypt", "GenerateDataKey")),
    ),
    Rule(
        "a secret under our key is opened as who reads it",
        f"{_GUIDE}/secretsmanager/latest/userguide/security-encryption.html: reading needs Decrypt",
        lambda of: _sealed(of, {"secretsmanager:GetSecretValue"}, ("Decrypt",)),
    ),
    Rule(
        "an object of a bucket under our key is opened as who reads it, or whose link is followed",
        f"{_GUIDE}/AmazonS3/latest/userguide/UsingKMSEncryption.html: a download needs Decrypt",
        lambda of: _sealed(of, {"s3:GetObject"}, ("Decrypt",)),
    ),
    Rule(
        "an object of a bucket under our key is sealed as who writes it",
        f"{_GUIDE}/AmazonS3/latest/userguide/UsingKMSEncryption.html: an upload in one part needs GenerateDataKey",
        lambda of: _sealed(of, {"s3:PutObject"}, ("GenerateDataKey",)),
    ),
)
"""Not here, since nothing needs it: tables (the key's own policy lets the account use it through DynamoDB), dead
letters (SQS moves messages itself), networks (no function is in a VPC), destinations of failures (there are none)."""


def implied(function: Function, recorded: frozenset[Pair], resources: Resources) -> dict[Pair, str]:
    """What the function needs beside its own calls, each with the name of a rule that says so."""
    found: dict[Pair, str] = {}
    for rule in RULES:
        for pair in rule.pairs(Of(function, recorded | found.keys(), resources)):
            found.setdefault(pair, rule.name)
    return found
