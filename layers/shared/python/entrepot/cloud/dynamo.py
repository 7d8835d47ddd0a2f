"""The one door to DynamoDB: every request of the platform passes `call`."""

from collections.abc import Callable
from typing import Any

from entrepot.cloud import aws

Observer = Callable[[str, dict[str, Any], dict[str, Any]], None]

observers: list[Observer] = []
"""Called after each request with its operation, arguments and answer: for measuring, never for logic."""


def call(operation: str, **arguments: Any) -> dict[str, Any]:
    """Send one request; the operation is DynamoDB's own name, such as "TransactWriteItems".

    Raises: botocore.exceptions.ClientError, and BotoCoreError where DynamoDB is out of reach.
    """
    if observers:
        arguments["ReturnConsumedCapacity"] = "TOTAL"
    answer: dict[str, Any] = aws.client("dynamodb")._make_api_call(operation, arguments)
    for observer in observers:
        observer(operation, arguments, answer)
    return answer
