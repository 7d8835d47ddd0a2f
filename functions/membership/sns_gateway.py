"""Text messages through Amazon SNS."""

from typing import Any, Final

from entrepot.cloud import aws

_TRANSACTIONAL: Final[dict[str, Any]] = {
    "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}
}


def send(to: str, text: str) -> None:
    """One text message to one number in E.164. SNS knows no idempotency key: a repeated call is a second message.

    Raises: botocore.exceptions.ClientError: SNS did not take it.
    """
    aws.client("sns").publish(PhoneNumber=to, Message=text, MessageAttributes=_TRANSACTIONAL)
