"""Queues in memory: what the platform asks of SQS, answered from lists; for runs of thousands of messages.

Nothing here becomes visible again: a message that was taken is its taker's, who puts back what is refused.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from entrepot.cloud import aws

_SCHEME = "memory:"


class Queues:
    """A client of SQS, as much of it as is used. What it does not know it does not have."""

    def __init__(self) -> None:
        self._held: dict[str, deque[str]] = {}

    def get_queue_url(self, *, QueueName: str) -> dict[str, str]:  # noqa: N803  as botocore names them
        return {"QueueUrl": _SCHEME + QueueName}

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> dict[str, str]:  # noqa: N803
        self._held.setdefault(QueueUrl.removeprefix(_SCHEME), deque()).append(MessageBody)
        return {"MessageId": "message"}

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Any]) -> dict[str, Any]:  # noqa: N803
        for entry in Entries:
            self.send_message(QueueUrl=QueueUrl, MessageBody=entry["MessageBody"])
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def taken(self) -> list[tuple[str, str]]:
        """All that waits, by the short name of its queue: it waits no longer."""
        found = [
            (name.removeprefix(aws.name("")), body) for name, held in self._held.items() for body in held
        ]
        self._held.clear()
        return found


@contextmanager
def in_process() -> Iterator[Queues]:
    """A fresh set of queues in the place of SQS."""
    queues, client = Queues(), aws.client
    aws.queue_url.cache_clear()
    with patch.object(
        aws, "client", lambda service, *config: queues if service == "sqs" else client(service, *config)
    ):
        yield queues
    aws.queue_url.cache_clear()
