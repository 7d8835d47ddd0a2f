"""A furnished shop on an AWS that can be put back to how it was, so that each run of a use case begins alike.

There are two: a stand-in of its own process, asked over HTTP through the proxy that injects faults; and tables in
memory with the rest by moto, for the hundreds of runs in which the process dies.
"""

import copy
import json
import os
import random
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any, Final, Protocol

import botocore.session
import pytest
from botocore.config import Config
from botocore.retries.standard import ExponentialBackoff

from entrepot.cloud import aws, dynamo, events, http, outbox, telemetry, transport, writes
from entrepot.cloud.transport import Transport
from entrepot.kernel import ids
from functions.payments import stripe_gateway
from infra.estate import QUEUES, SUBSCRIPTIONS, TABLES, TOPICS
from tests.integration.faults.stripe_out import Line
from tests.integration.orders.bazaar import Bazaar
from tests.support import e2e_cloud, memory, passwords, proxy
from tests.support.aws import forget_what_is_there, in_process
from tests.support.e2e_rows import rows
from tests.support.faults import FAULTS, FaultProxy
from tests.support.provider import Provider, running

Raw = dict[str, Any]
Kept = Mapping[str, Mapping[tuple[str, str], Raw]]

PATIENCE_SECONDS: Final = 0.4
"""How long a client waits where answers do not come; elsewhere it waits for as long as it always does."""

_PAUSE_SECONDS: Final = 0.005
_BATCH: Final = 25
_STRIPE: Final = ("objects", "aliases", "unsettled", "detached", "undelivered", "answers")


class Tables(Protocol):
    """All rows of the stage, read and put back by nobody of the platform."""

    def rows(self, table: str) -> list[Raw]: ...

    def keep(self) -> Any: ...

    def restore(self, kept: Any) -> None: ...


class Hosted:
    """Tables of a stand-in, asked past the proxy."""

    def __init__(self, endpoint: str) -> None:
        self.client = plain_client("dynamodb", endpoint)

    def rows(self, table: str) -> list[Raw]:
        return list(rows(self.client, aws.name(table)))

    def keep(self) -> Kept:
        return {table.name: {_key(row): row for row in self.rows(table.name)} for table in TABLES}

    def restore(self, kept: Kept) -> None:
        for table, before in kept.items():
            now = {_key(row): row for row in self.rows(table)}
            changes: list[Raw] = [
                {"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}}
                for pk, sk in now.keys() - before.keys()
            ]
            changes += [{"PutRequest": {"Item": row}} for key, row in before.items() if now.get(key) != row]
            for start in range(0, len(changes), _BATCH):
                part = {aws.name(table): changes[start : start + _BATCH]}
                self.client.batch_write_item(RequestItems=part)


class InMemory:
    def rows(self, table: str) -> list[Raw]:
        return memory.current().rows(table)

    def keep(self) -> memory.Kept:
        return memory.current().kept()

    def restore(self, kept: memory.Kept) -> None:
        memory.current().restore(kept)


class Log:
    """What the platform writes: the last lines, for who has to find out what went wrong."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=400)

    def write(self, text: str) -> None:
        self.lines.append(text.strip())

    def flush(self) -> None:
        """Nothing."""


@dataclass
class Moment:
    """All that a run may change, as it is now."""

    tables: Any
    stripe: Any
    heard: frozenset[str]


@dataclass
class Stage:
    """`skew`: by how much the clock of whoever works now is wrong. `line`: that to Stripe."""

    tables: Tables
    bazaar: Bazaar
    sqs: Any
    proxy: FaultProxy | None = None
    skew: timedelta = timedelta()
    log: Log = field(default_factory=Log)
    line: Line = field(default_factory=Line)
    urls: dict[str, str] = field(default_factory=dict)

    @property
    def stripe(self) -> Provider:
        return self.bazaar.provider

    def now(self) -> datetime:
        """The time as the platform reads it."""
        return self.bazaar.clock.now() + self.skew

    def calm(self) -> None:
        """From now on nothing strikes, and what might be struck is counted anew."""
        self.line.calm()
        if self.proxy is not None:
            self.proxy.calm()

    def keep(self) -> Moment:
        self.empty_queues()
        store = self.stripe.standin.account.store
        held = copy.deepcopy({name: getattr(store, name) for name in _STRIPE})
        return Moment(self.tables.keep(), held, frozenset(self.stripe._delivered))

    def restore(self, moment: Moment, seed: str) -> None:
        """Everything as it was, and chance as the seed says."""
        self.tables.restore(moment.tables)
        store = self.stripe.standin.account.store
        for name, value in copy.deepcopy(moment.stripe).items():
            setattr(store, name, value)
        self.line.calm()
        self.stripe._delivered = set(moment.heard)
        self.empty_queues()
        self.bazaar.clock.moved, self.skew = timedelta(), timedelta()
        forget_what_is_there()
        if self.proxy is not None:
            dynamo.forget()  # a client that has set its clock
        random.seed(seed)
        _chance.seed(seed)
        self.log.lines.clear()

    def received(self, queue: str) -> list[str]:
        """What waits in a queue; it is taken out."""
        if queue not in self.urls:
            self.urls[queue] = self.sqs.get_queue_url(QueueName=aws.name(queue))["QueueUrl"]
        found: list[str] = []
        while batch := self.sqs.receive_message(QueueUrl=self.urls[queue], MaxNumberOfMessages=10).get(
            "Messages"
        ):
            found += [message["Body"] for message in batch]
            entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(batch)]
            self.sqs.delete_message_batch(QueueUrl=self.urls[queue], Entries=entries)
        return found

    def empty_queues(self) -> None:
        for queue in QUEUES:
            self.received(queue)


_chance: Final = random.Random()


@contextmanager
def hosted(endpoint: str, client: str = "") -> Iterator[Stage]:
    """On the stand-in at `endpoint`, in an account of its own, through a proxy in calm.

    Args: client: "botocore" for that instead of the thin one.
    """
    with (
        pytest.MonkeyPatch.context() as patch,
        proxy.served(FaultProxy(endpoint, FAULTS, held_seconds=3 * PATIENCE_SECONDS)) as between,
        running() as provider,
    ):
        patch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        with e2e_cloud.account(between.url, client=client):
            _topics(endpoint)
            with _furnished(patch, Hosted(endpoint), provider, between) as stage:
                stage.sqs = plain_client("sqs", endpoint)
                yield stage


@contextmanager
def in_this_process() -> Iterator[Stage]:
    with pytest.MonkeyPatch.context() as patch, running() as provider:
        patch.setenv("ENTREPOT_AWS_CLIENT", "botocore")  # moto stands behind it
        with in_process("memory"), _furnished(patch, InMemory(), provider, None) as stage:
            yield stage


@contextmanager
def _furnished(
    patch: pytest.MonkeyPatch, tables: Tables, provider: Provider, between: FaultProxy | None
) -> Iterator[Stage]:
    """What takes time in earnest (pauses, a slow hash) is made quick, and what hangs on chance hangs on a seed."""
    log = Log()
    patch.setattr(telemetry, "sys", SimpleNamespace(stdout=log))
    patch.setattr(stripe_gateway, "_RETRIES", 0)
    patch.setattr(outbox, "SHARDS", 1)
    patch.setattr(ids, "os", SimpleNamespace(urandom=_chance.randbytes))
    patch.setattr(ExponentialBackoff, "delay_amount", lambda self, context: _PAUSE_SECONDS)
    patch.setattr(Transport, "_delay", lambda self, attempt, throttled: _PAUSE_SECONDS)
    patch.setattr(writes, "_FIRST_PAUSE_SECONDS", _PAUSE_SECONDS / 5)
    passwords.make_cheap()
    stripe_gateway._client.cache_clear()
    stage = Stage(tables, Bazaar(provider), aws.client("sqs"), between, log=log)
    patch.setattr(provider.standin.faults, "strike", stage.line.strike)
    patch.setattr(http, "utc_now", stage.now)
    patch.setattr(events, "utc_now", stage.now)
    try:
        yield stage
    finally:
        stripe_gateway.forget()


@contextmanager
def impatient() -> Iterator[None]:
    """Clients of DynamoDB give up soon: for faults that consist in waiting."""
    short = Config(connect_timeout=PATIENCE_SECONDS, read_timeout=PATIENCE_SECONDS)
    config, usual = aws._config, dynamo._direct()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aws, "_config", lambda *of: config(*of).merge(short))
        patch.setattr(dynamo, "_direct", cache(lambda: _impatient(usual)))
        _forget_clients()
        yield
    _forget_clients()


def _forget_clients() -> None:
    aws.client.cache_clear()
    aws._whole.cache_clear()


def _impatient(usual: Transport | None) -> Transport | None:
    if usual is None:
        return None
    place = (transport.DYNAMODB, usual._region, usual._url, usual._credentials)
    return Transport(*place, read_seconds=PATIENCE_SECONDS, connect_seconds=PATIENCE_SECONDS)


def plain_client(service: str, endpoint: str) -> Any:
    """A client with nothing between it and the stand-in, in the account that the platform is in now."""
    session = botocore.session.get_session()
    return session.create_client(
        service,
        endpoint_url=endpoint,
        config=Config(max_pool_connections=2),
        aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key="testing",
    )


def _topics(endpoint: str) -> None:
    """Topics and who has subscribed to which of their events, as the template has it."""
    sns, sqs = plain_client("sns", endpoint), plain_client("sqs", endpoint)
    arns = {topic: sns.create_topic(Name=aws.name(topic))["TopicArn"] for topic in TOPICS}
    for queue, events_of in SUBSCRIPTIONS.items():
        url = sqs.get_queue_url(QueueName=aws.name(queue))["QueueUrl"]
        asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn = asked["Attributes"]["QueueArn"]
        topics = sorted({event.partition(".")[0] for event in events_of})
        policy = {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": [arns[topic] for topic in topics]}},
                }
            ]
        }
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        for topic in topics:
            wanted = [event for event in events_of if event.startswith(f"{topic}.")]
            sns.subscribe(
                TopicArn=arns[topic],
                Protocol="sqs",
                Endpoint=arn,
                Attributes={"RawMessageDelivery": "true", "FilterPolicy": json.dumps({"event": wanted})},
            )


def _key(row: Raw) -> tuple[str, str]:
    return row["pk"]["S"], row["sk"]["S"]
