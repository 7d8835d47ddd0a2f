"""Mail through Amazon SES. No line break reaches a subject or an address: both are made of checked parts."""

import os
from typing import Any, Final

from entrepot.cloud import aws

MAIL_FROM: Final = os.environ.get("ENTREPOT_MAIL_FROM", "no-reply@entrepot.example")


def send(to: str, subject: str, text: str) -> None:
    """One plain mail to one address. SES knows no idempotency key: a repeated call is a second mail.

    Raises: botocore.exceptions.ClientError: SES did not take it.
    """
    content: dict[str, Any] = {
        "Simple": {
            "Subject": {"Data": subject, "Charset": "UTF-8"},
            "Body": {"Text": {"Data": text, "Charset": "UTF-8"}},
        }
    }
    aws.client("sesv2").send_email(
        FromEmailAddress=MAIL_FROM, Destination={"ToAddresses": [to]}, Content=content
    )
