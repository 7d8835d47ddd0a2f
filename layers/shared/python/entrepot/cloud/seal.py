"""Personal data that is kept but hardly ever read: sealed by the stage's data key in KMS, bound to its purpose."""

import base64
import json
from typing import Any

from entrepot.cloud import aws


def sealed(value: Any, purpose: str) -> str:
    """A small JSON value (under 4 KB) as text that only KMS opens, and only for the same purpose."""
    answer = aws.client("kms").encrypt(
        KeyId=f"alias/{aws.name('data')}",
        Plaintext=json.dumps(value, ensure_ascii=False).encode(),
        EncryptionContext={"purpose": purpose},
    )
    return base64.b64encode(answer["CiphertextBlob"]).decode()


def opened(text: str, purpose: str) -> Any:
    """Raises: botocore.exceptions.ClientError: it was sealed for another purpose, or altered."""
    answer = aws.client("kms").decrypt(
        CiphertextBlob=base64.b64decode(text), EncryptionContext={"purpose": purpose}
    )
    return json.loads(answer["Plaintext"])
