"""Clients of KMS, secrets and queues without botocore, for the operations that functions call (ADR 81)."""

import os
from collections.abc import Callable, Sequence
from typing import Any, Final, TypedDict

import msgspec

from entrepot.cloud import transport


class _Answer(TypedDict, total=False):
    """What the operations below answer, as far as it is read. Binary is base64 in JSON, and bytes to us."""

    CiphertextBlob: bytes
    Failed: list[Any]
    KeyId: str
    MessageId: str
    Plaintext: bytes
    PublicKey: bytes
    QueueUrl: str
    SecretString: str
    Signature: bytes
    Successful: list[Any]


_SERVICES: Final = {
    "kms": transport.Service("kms", "TrentService", "1.1"),
    "secretsmanager": transport.Service("secretsmanager", "secretsmanager", "1.1"),
    "sqs": transport.Service("sqs", "AmazonSQS", "1.0"),
}
OPERATIONS: Final = {
    "kms": ("decrypt", "generate_data_key", "get_public_key", "sign"),
    "secretsmanager": ("get_secret_value",),
    "sqs": ("get_queue_url", "send_message", "send_message_batch"),
}
"""By service, as botocore's clients name them."""

_answer: Final = msgspec.json.Decoder(_Answer)
_refusal: Final = msgspec.json.Decoder(dict[str, Any])


def by_botocore() -> bool:
    """Whether ENTREPOT_AWS_CLIENT leaves everything to botocore: the reference of our transport, and the way back."""
    return os.environ.get("ENTREPOT_AWS_CLIENT") == "botocore"


class Client:
    """A service's client: the operations that functions call go by our transport, any other is `otherwise`'s."""

    def __init__(
        self, directly: transport.Transport, operations: Sequence[str], otherwise: Callable[[], Any]
    ) -> None:
        self._directly, self._otherwise = directly, otherwise
        for operation in operations:
            setattr(self, operation, self._operation("".join(map(str.capitalize, operation.split("_")))))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._otherwise(), name)

    def close(self) -> None:
        self._directly.close()

    def _operation(self, name: str) -> Callable[..., Any]:
        def ask(**arguments: Any) -> Any:
            answer = self._directly.send(name, msgspec.json.encode(arguments), _refusal)
            return _answer.decode(answer.body)

        return ask


def client(service: str, otherwise: Callable[[], Any]) -> Client | None:
    """Args: otherwise: gives botocore's client. Returns: None where only that one will do."""
    if service not in _SERVICES or by_botocore():
        return None
    directly = transport.from_environment(_SERVICES[service])
    return Client(directly, OPERATIONS[service], otherwise) if directly else None
