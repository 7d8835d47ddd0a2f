"""What AWS hands a function, made of what is really there: requests, messages, records of a stream, and the clock.

Sources: "Using Lambda with Amazon SQS", "… with DynamoDB streams", "… with EventBridge" in the AWS Lambda developer
guide, and "Input format of a Lambda function for proxy integration" in that of API Gateway.
"""

import base64
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from infra.checks import proxy_event
from infra.package import REGION


class Routes:
    """The paths of a template's API."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        paths = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
        found = [(path, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))) for path in paths]
        self._patterns = sorted(found, key=lambda each: each[0].count("{"))

    def event(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> dict[str, Any] | None:
        """The event of a request; None where the gateway would answer by itself, for it knows no such path."""
        address = urlsplit(target)
        matches = ((path, pattern.fullmatch(address.path)) for path, pattern in self._patterns)
        resource, match = next(((path, match) for path, match in matches if match), ("", None))
        if match is None:
            return None
        query: dict[str, list[str]] = {}
        for name, value in parse_qsl(address.query, keep_blank_values=True):
            query.setdefault(name, []).append(value)
        event = proxy_event(method, address.path, body.decode("utf-8", "surrogateescape") or None)
        event["resource"] = event["requestContext"]["resourcePath"] = resource
        event["requestContext"]["requestId"] = str(uuid.uuid4())
        event["headers"] = {**event["headers"], **headers}
        event["multiValueHeaders"] = {name: [value] for name, value in event["headers"].items()}
        event["queryStringParameters"] = {name: values[-1] for name, values in query.items()} or None
        event["multiValueQueryStringParameters"] = query or None
        named = {name: unquote(value) for name, value in match.groupdict().items()}
        event["pathParameters"] = named or None
        return event


def of_messages(received: Sequence[Mapping[str, Any]], source_arn: str) -> dict[str, Any]:
    """A batch as SQS's poller hands it over, of what `ReceiveMessage` gave."""
    return {"Records": [_message(each, source_arn) for each in received]}


def _message(received: Mapping[str, Any], source_arn: str) -> dict[str, Any]:
    attributes = {
        name: {
            "dataType": value["DataType"],
            "stringValue": value.get("StringValue"),
            "stringListValues": [],
            "binaryListValues": [],
        }
        for name, value in received.get("MessageAttributes", {}).items()
    }
    return {
        "messageId": received["MessageId"],
        "receiptHandle": received["ReceiptHandle"],
        "body": received["Body"],
        "attributes": dict(received.get("Attributes", {})),
        "messageAttributes": attributes,
        "md5OfBody": received["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": source_arn,
        "awsRegion": REGION,
    }


def of_records(read: Sequence[Mapping[str, Any]], source_arn: str) -> dict[str, Any]:
    """A batch as the stream's poller hands it over, of what `GetRecords` gave."""
    return {"Records": [{**_plain(each), "eventSourceARN": source_arn} for each in read]}


def _plain(value: Any) -> Any:
    """As JSON has it: moments in seconds, bytes in base64."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def of_clock(rule_arn: str) -> dict[str, Any]:
    """What EventBridge sends for a rule's schedule."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": rule_arn.split(":")[4],
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [rule_arn],
        "detail": {},
    }
