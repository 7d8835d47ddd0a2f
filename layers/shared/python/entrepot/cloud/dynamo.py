"""The one door to DynamoDB: every request of the platform passes `call`."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypedDict

import msgspec

from entrepot.cloud import aws, direct, transport

Observer = Callable[[str, dict[str, Any], dict[str, Any]], None]

observers: list[Observer] = []
"""Called after each request with its operation, arguments and answer: for measuring, never for logic."""


class Value(TypedDict, total=False):
    """An attribute in DynamoDB's notation. Binary is base64 in JSON, and bytes to us, as with botocore."""

    S: str
    N: str
    B: bytes
    BOOL: bool
    NULL: bool
    M: "dict[str, Value]"
    L: "list[Value]"
    SS: list[str]
    NS: list[str]
    BS: list[bytes]


Item = dict[str, Value]


class Reason(TypedDict, total=False):
    Code: str
    Message: str | None
    Item: Item


class Answered(TypedDict, total=False):
    """What any of the operations below answers, as far as it answers."""

    Item: Item
    Items: list[Item]
    Attributes: Item
    Responses: dict[str, list[Item]]
    UnprocessedKeys: dict[str, Any]
    UnprocessedItems: dict[str, Any]
    LastEvaluatedKey: Item
    Count: int
    ScannedCount: int
    ConsumedCapacity: Any


_Refused = TypedDict(
    "_Refused",
    {
        "__type": str,
        "message": str | None,
        "Message": str | None,
        "Item": Item,
        "CancellationReasons": list[Reason],
    },
    total=False,
)

_OPERATIONS: Final = frozenset(
    (
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactWriteItems",
        "UpdateItem",
    )
)
_answer: Final = msgspec.json.Decoder(Answered)
_refusal: Final = msgspec.json.Decoder(_Refused)


def call(operation: str, **arguments: Any) -> dict[str, Any]:
    """Send one request; the operation is DynamoDB's own name, such as "TransactWriteItems".

    Raises: botocore.exceptions.ClientError, and BotoCoreError where DynamoDB is out of reach.
    """
    if observers:
        arguments["ReturnConsumedCapacity"] = "TOTAL"
    directly = _direct() if operation in _OPERATIONS else None
    answer = _by_botocore(operation, arguments) if directly is None else _sent(directly, operation, arguments)
    for observer in observers:
        observer(operation, arguments, answer)
    return answer


def forget() -> None:
    """Drop the connections: for tests whose AWS is elsewhere."""
    if _direct.cache_info().currsize and (held := _direct()) is not None:
        held.close()
    _direct.cache_clear()


@cache
def _direct() -> transport.Transport | None:
    return None if direct.by_botocore() else transport.from_environment(transport.DYNAMODB)


def _sent(directly: transport.Transport, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    answer = directly.send(operation, msgspec.json.encode(arguments), _refusal)
    parsed: dict[str, Any] = dict(_answer.decode(answer.body))
    parsed["ResponseMetadata"] = {
        "RequestId": answer.request_id,
        "HTTPStatusCode": 200,
        "RetryAttempts": answer.repeated,
    }
    return parsed


def _by_botocore(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = aws.client("dynamodb")._make_api_call(operation, arguments)
    return answer
