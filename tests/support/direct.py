"""Stripe's stand-in without a socket: Stripe's own library asks it through a door of ours, in this process.

What it has to tell is kept until somebody asks for it; its clock is the caller's.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import stripe

from entrepot.kernel.clock import Clock
from functions.payments import stripe_gateway
from infra.local.stripe import store
from infra.local.stripe.account import Account
from infra.local.stripe.api import Api
from infra.local.stripe.controls import Controls
from infra.local.stripe.faults import Faults
from infra.local.stripe.serving import Request
from tests.support.aws import SECRETS


class Stripe:
    """The stand-in as a buyer, a bank and a test see it."""

    def __init__(self) -> None:
        self._told: list[Any] = []
        self.account = Account(announce=self._told.append, has_endpoint=True)
        faults = Faults()
        self.answer = Api(
            self.account, Controls(self.account, None, faults), faults, SECRETS["stripe_secret_key"]
        )

    def control(self, path: str, **fields: str) -> Any:
        """A test control: what a buyer or a bank does."""
        body = json.dumps(fields).encode()
        reply = self.answer(Request("POST", f"/test/{path}", "", {}, body))
        assert reply is not None
        assert 200 == reply.status, reply.body
        return json.loads(reply.body)

    def object(self, kind: str, identifier: str) -> Any:
        return self.account.store.objects[kind][identifier]

    def told(self) -> list[Any]:
        """The events since it was last asked. The stand-in keeps none of them."""
        told, self._told[:] = list(self._told), []
        self.account.store.objects["event"].clear()
        self.account.store.undelivered.clear()
        return told

    def held(self) -> dict[str, int]:
        """What it holds for us by currency, in its own units."""
        sums: dict[str, int] = {}
        for entry in self.account.store.objects["balance_transaction"].values():
            currency = entry["currency"].upper()
            sums[currency] = sums.get(currency, 0) + entry["net"]
        return sums


class _Door(stripe.HTTPClient):
    name = "direct"

    def __init__(self, standin: Stripe) -> None:
        super().__init__()
        self._standin = standin

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        address = urlsplit(url)
        body = post_data.encode() if isinstance(post_data, str) else post_data or b""
        lower = {name.lower(): value for name, value in (headers or {}).items()}
        reply = self._standin.answer(Request(method.upper(), address.path, address.query, lower, body))
        if reply is None:
            raise ConnectionError("the stand-in has closed the connection")
        return reply.body.decode(), reply.status, {"content-type": reply.content_type, **reply.headers}

    def close(self) -> None:
        """Nothing is open."""


@contextmanager
def in_process(now: Clock) -> Iterator[Stripe]:
    """A fresh stand-in that everybody who asks Stripe asks. `now` is its clock too."""
    standin = Stripe()
    seconds = SimpleNamespace(time=lambda: _seconds(now()))
    stripe_gateway._client.cache_clear()
    with (
        patch.object(stripe_gateway, "_http", lambda: _Door(standin)),
        patch.object(store, "time", seconds),
        patch.dict("os.environ", ENTREPOT_STRIPE_URL="http://stripe.invalid"),
    ):
        yield standin
    stripe_gateway._client.cache_clear()


def _seconds(moment: datetime) -> float:
    return moment.timestamp()
