"""What the stand-in remembers, kept in one JSON file between starts. All of it is guarded by one lock."""

from __future__ import annotations

import json
import os
import secrets
import string
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from infra.local.stripe.serving import Json

_ALPHABET: Final = string.ascii_letters + string.digits
_KEPT: Final = ("invoices", "pulls", "payouts", "objects", "undelivered")


class Misuse(Exception):
    """An error of the API: what it answers, and with which status."""

    def __init__(self, status: int, code: str, message: str, *, path: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        problem = {"code": code, "message": message}
        self.body: object = problem if path is None else [{"path": path, "message": message}]


def now() -> int:
    """Seconds since the epoch."""
    return int(time.time())


def random_word(length: int = 22) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _nobody(event: Json) -> None:
    """No endpoint is registered."""


class Store:
    """Invoices, pull payments and payouts by id, each as the API shows it. An invoice's payments are under "payments".

    `objects["event"]` are the webhooks, `undelivered` maps those not delivered to the attempts made: as the courier of
    the stand-in for Stripe wants them.
    """

    def __init__(self, store_id: str, url: Callable[[], str]) -> None:
        """Args: url: the base address of the stand-in itself."""
        self.lock = threading.RLock()
        self.store_id = store_id
        self.url = url
        self.announce: Callable[[Json], None] = _nobody
        self.has_endpoint = False
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        with self.lock:
            self.invoices: dict[str, Json] = {}
            self.pulls: dict[str, Json] = {}
            self.payouts: dict[str, Json] = {}
            self.objects: dict[str, dict[str, Json]] = {"event": {}}
            self.undelivered: dict[str, int] = {}

    def publish(self, kind: str, invoice: Json, **more: object) -> None:
        """Tell of an invoice."""
        delivery = random_word()
        body: Json = {
            "deliveryId": delivery,
            "webhookId": "webhook-of-the-stand-in",
            "originalDeliveryId": delivery,
            "isRedelivery": False,
            "type": kind,
            "timestamp": now(),
            "storeId": invoice["storeId"],
            "invoiceId": invoice["id"],
            "metadata": invoice["metadata"],
            **more,
        }
        event: Json = {"id": delivery, "type": kind, "body": body}
        self.objects["event"][delivery] = event
        if self.has_endpoint:
            self.undelivered[delivery] = 0
            self.announce(event)

    def load(self, path: Path) -> None:
        """Raises: ValueError, KeyError: it is no state file."""
        if path.exists():
            document = json.loads(path.read_text(encoding="utf-8"))
            for name in _KEPT:
                setattr(self, name, document[name])

    def save(self, path: Path) -> None:
        with self.lock:
            document = {name: getattr(self, name) for name in _KEPT}
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = path.with_suffix(".scratch")
            scratch.unlink(missing_ok=True)
            opened = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(opened, "w", encoding="utf-8") as file:
                json.dump(document, file)
            scratch.replace(path)
