"""The account: its store, and the events that every change of it publishes."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from infra.local.stripe.serving import Json
from infra.local.stripe.store import API_VERSION, Store, now

# The id and idempotency key of the request being served; events name them.
CAUSE: Final[ContextVar[tuple[str | None, str | None]]] = ContextVar("cause", default=(None, None))


def _nobody(event: Json) -> None:
    """No endpoint is registered."""


@dataclass(slots=True)
class Account:
    """`announce` hands an event to the webhook endpoint; it must not block."""

    store: Store = field(default_factory=Store)
    announce: Callable[[Json], None] = _nobody
    has_endpoint: bool = False

    def publish(self, name: str, thing: Json, previous: Json | None = None) -> None:
        """Record an event with a snapshot of the object as it is now, and announce it."""
        request_id, key = CAUSE.get()
        data: Json = {"object": json.loads(json.dumps(thing))}
        if previous is not None:
            data["previous_attributes"] = previous
        event: Json = {
            "id": self.store.new_id("event"),
            "object": "event",
            "api_version": API_VERSION,
            "created": now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": int(self.has_endpoint),
            "request": {"id": request_id, "idempotency_key": key},
            "type": name,
        }
        self.store.add(event)
        if self.has_endpoint:
            self.store.undelivered[event["id"]] = 0
            self.announce(event)
