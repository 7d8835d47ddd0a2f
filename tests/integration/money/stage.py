"""The platform in one process with nothing around it: time, chance, queues and Stripe are this module's.

No socket, no thread and no real clock, so that a step takes milliseconds and a seed tells the whole story again.
"""

import contextvars
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import pytest
import stripe

from entrepot.cloud import aws, dynamo, outbox, telemetry
from entrepot.kernel import clock, ids
from functions.payments import health, stripe_gateway
from infra.local.stripe import store as stripe_store
from infra.local.stripe.account import Account
from infra.local.stripe.api import Api
from infra.local.stripe.controls import Controls
from infra.local.stripe.faults import Faults
from infra.local.stripe.serving import Request
from infra.local.stripe.store import Store
from tests.integration.orders.bazaar import Bazaar
from tests.support import memory
from tests.support.aws import SECRETS, in_process
from tests.support.provider import Provider
from tests.support.pump import subscribers

BEGINS: Final = datetime(2026, 11, 25, 8, tzinfo=UTC)
UNITS: Final = 5000
_TICK: Final = timedelta(milliseconds=1)
_WRITES: Final = ("TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem")
Key = tuple[str, str, str]
"""The name of a table on AWS, pk and sk."""


class Silence:
    """Where the log goes: a walk writes tens of thousands of lines that nobody reads."""

    def write(self, text: str) -> None:
        """Nothing."""

    def flush(self) -> None:
        """Nothing."""


class Killed(BaseException):
    """The process died here. No handler of the platform may survive it, so it is no Exception."""


class Time:
    """What stands for `datetime` in the kernel's clock: it goes on by a millisecond whenever somebody looks."""

    fromisoformat = staticmethod(datetime.fromisoformat)

    def __init__(self) -> None:
        self.moment = BEGINS

    def now(self, zone: object = None) -> datetime:
        self.moment += _TICK
        return self.moment

    def time(self) -> float:
        """Seconds since 1970, for the stand-in."""
        return self.moment.timestamp()


@dataclass
class Trouble:
    """What goes wrong during one act.

    `dies_after`: of which write to a table the process dies, counted from 1. `overtaken_at`: before which write
    somebody else acts. `provider`: for each call to Stripe what happens to it, as long as the list lasts.
    """

    dies_after: int = 0
    overtaken_at: int = 0
    provider: list[str] = field(default_factory=list)


CALL_FATES: Final = ("answered", "lost before", "lost after", "down", "dies after")
"""A call to Stripe is answered; its request or its answer is lost; it is refused; or we die when it has acted."""


class Line(stripe.HTTPClient):
    """The way to Stripe and back."""

    name = "line"

    def __init__(self, api: Api, stage: "Stage") -> None:
        super().__init__()
        self._api, self._stage = api, stage

    def request(
        self, method: str, url: str, headers: Any, post_data: Any = None, **_: Any
    ) -> tuple[str, int, dict[str, str]]:
        fates = self._stage.trouble.provider
        fate = fates.pop(0) if fates else "answered"
        if fate == "down":
            return json.dumps({"error": {"type": "api_error", "message": "down"}}), 503, {}
        if fate == "lost before":
            raise stripe.APIConnectionError("no connection")  # type: ignore[no-untyped-call]
        address = urlsplit(url)
        lower = {name.lower(): str(value) for name, value in headers.items()}
        body = (post_data or "").encode() if isinstance(post_data, str | None) else post_data
        reply = self._api(Request(method.upper(), address.path, address.query, lower, body))
        if fate == "dies after":
            raise Killed(f"{method} {address.path}")
        if reply is None or fate == "lost after":
            raise stripe.APIConnectionError("the answer is lost")  # type: ignore[no-untyped-call]
        return reply.body.decode(), reply.status, dict(reply.headers)

    def close(self) -> None:
        """Nothing is open."""


class Stripe(Provider):
    """The stand-in without its server."""

    def __init__(self, stage: "Stage") -> None:
        self.account = Account(Store(), has_endpoint=False)
        self.faults = Faults()
        controls = Controls(self.account, None, self.faults)
        self.api = Api(self.account, controls, self.faults, SECRETS["stripe_secret_key"])
        self.line = Line(self.api, stage)
        self._delivered = set()

    def things(self, kind: str) -> list[dict[str, Any]]:
        return list(self.account.store.objects[kind].values())

    def held(self, currency: str) -> int:
        """What it keeps for us, its fees taken."""
        moved = self.things("balance_transaction")
        return sum(each["net"] for each in moved if each["currency"] == currency.lower())

    def tried(self, path: str, **fields: str) -> bool:
        """Whether a test control, or what the payer does, was possible as things are."""
        return bool(self._replied("POST", f"/test/{path}", fields).status == 200)

    def _request(self, method: str, path: str, fields: dict[str, str] | None = None) -> Any:
        reply = self._replied(method, path, fields)
        assert reply.status == 200, reply.body
        return json.loads(reply.body)

    def _replied(self, method: str, path: str, fields: dict[str, str] | None) -> Any:
        address = urlsplit(path)
        headers = {
            "authorization": f"Bearer {SECRETS['stripe_secret_key']}",
            "content-type": "application/x-www-form-urlencoded",
        }
        body = urlencode(fields or {}).encode()
        reply = self.api(Request(method, address.path, address.query, headers, body))
        assert reply is not None
        return reply


class Queues:
    """SQS as the platform calls it, and what topics hand on: bodies by queue, in no order that anybody may rely on."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[str]] = defaultdict(list)

    def get_queue_url(self, QueueName: str) -> dict[str, str]:  # noqa: N803  boto's names
        return {"QueueUrl": QueueName}

    def send_message(self, QueueUrl: str, MessageBody: str) -> dict[str, Any]:  # noqa: N803
        self.waiting[QueueUrl.removeprefix(aws.name(""))].append(MessageBody)
        return {}

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        for entry in Entries:
            self.send_message(QueueUrl, entry["MessageBody"])
        return {}

    def receive_message(self, QueueUrl: str, MaxNumberOfMessages: int) -> dict[str, Any]:  # noqa: N803
        """All there is, and it is gone with that: only furnishing asks so."""
        bodies = self.waiting.pop(QueueUrl.removeprefix(aws.name("")), [])
        return {"Messages": [{"Body": body, "ReceiptHandle": ""} for body in bodies]} if bodies else {}

    def delete_message(self, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        """It was gone when it was received."""


class Stage:
    """`touched`: the keys of the rows that were written since they were last looked at. `meanwhile`: what somebody else
    does between another's reading and writing.
    """

    def __init__(self) -> None:
        self.time, self.queues, self.trouble = Time(), Queues(), Trouble()
        self.touched: dict[Key, None] = {}
        self.meanwhile: Callable[[], None] = lambda: None
        self.stripe = Stripe(self)
        self.store: memory.Memory
        self.bazaar: Bazaar
        self._kept: memory.Kept
        self._chance = random.Random()

    def furnish(self) -> None:
        """The shop before the first order, from which every walk begins."""
        self.store = memory.current()
        self.bazaar = Bazaar(self.stripe)
        for merchant, sku, where in (
            (self.bazaar.shenzhen, "PHONES-1", {}),
            (self.bazaar.shenzhen, "SHIRT-1", {}),
            (self.bazaar.milan, "BAG-1", {"country": "IT", "mode": "overseas"}),
        ):
            self.bazaar.receive(merchant, sku, UNITS, **where)
        self._kept = self.store.kept()

    def begin(self, seed: int) -> None:
        """Everything as it was before the first order, and chance as the seed says."""
        self.store.restore(self._kept)
        self.stripe.account.store.clear()
        self.queues.waiting.clear()
        self.touched.clear()
        self.trouble = Trouble()
        self.time.moment = BEGINS + timedelta(hours=1)
        self._chance.seed(seed)
        random.seed(seed)
        health.forget()

    def call(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """The door to the tables: notes what is written, lets others act before, and the process die after a write."""

        def called(operation: str, **arguments: Any) -> Any:
            if operation not in _WRITES:
                return real(operation, **arguments)
            trouble = self.trouble
            trouble.overtaken_at -= 1
            if trouble.overtaken_at == 0:
                self.trouble = Trouble()
                contextvars.Context().run(self.meanwhile)
                self.trouble = trouble
            answer = real(operation, **arguments)
            self.touched.update(dict.fromkeys(_keys(operation, arguments)))
            trouble.dies_after -= 1
            if trouble.dies_after == 0:
                raise Killed(operation)
            return answer

        return called

    def published(self, topic_arn: str, event: str, body: str) -> None:
        for queue in subscribers(event):
            self.queues.waiting[queue].append(body)

    def random_bytes(self, count: int) -> bytes:
        return self._chance.randbytes(count)

    def choice(self, letters: str) -> str:
        return self._chance.choice(letters)


@contextmanager
def set_up() -> Iterator[Stage]:
    """A furnished stage; everything that would differ from one run to the next is replaced."""
    with in_process("memory"), pytest.MonkeyPatch.context() as patch:
        stage = Stage()
        real_client = aws.client
        patch.setattr(clock, "datetime", stage.time)
        patch.setattr(stripe_store, "time", stage.time)
        patch.setattr(ids, "os", SimpleNamespace(urandom=stage.random_bytes))
        patch.setattr(stripe_store, "secrets", SimpleNamespace(choice=stage.choice))
        aws.queue_url.cache_clear()
        patch.setattr(telemetry, "sys", SimpleNamespace(stdout=Silence()))
        patch.setattr(
            aws, "client", lambda *asked: stage.queues if asked == ("sqs",) else real_client(*asked)
        )
        patch.setattr(outbox, "SHARDS", 1)
        patch.setattr(outbox, "publish", stage.published)
        patch.setattr(dynamo, "call", stage.call(dynamo.call))
        client = stripe.StripeClient(
            SECRETS["stripe_secret_key"], http_client=stage.stripe.line, max_network_retries=0
        )
        patch.setattr(stripe_gateway, "_client", lambda key, url: client)
        stage.furnish()
        yield stage
    aws.queue_url.cache_clear()


def _keys(operation: str, arguments: dict[str, Any]) -> Iterator[Key]:
    actions = arguments.get("TransactItems") or [{operation: arguments}]
    for action in actions:
        (body,) = action.values()
        key = body.get("Key") or body["Item"]
        yield body["TableName"], key["pk"]["S"], key["sk"]["S"]
