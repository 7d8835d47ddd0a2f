"""Defects to be found out: with each of them in force some cell has to be red."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from typing import Any
from unittest.mock import patch

from botocore.exceptions import BotoCoreError

from entrepot.cloud import dynamo, events, inbox, outbox, relay, transport, writes
from entrepot.kernel.ids import new_id
from functions.catalogue import store as catalogue
from functions.settlement.store import ledger


def condition_dropped() -> AbstractContextManager[Any]:
    """A SKU is given to whoever asks for it last."""
    claims = catalogue._claims

    def careless(*given: Any) -> list[writes.Write]:
        return [writes.put(write.row) for write in claims(*given)]

    return patch.object(catalogue, "_claims", careless)


def inbox_dropped() -> AbstractContextManager[Any]:
    """Every message is new."""

    def always_new(consumer: str, event_id: str, now: datetime) -> writes.Write:
        return inbox.once(consumer, new_id("evt", now), now)

    return patch.object(events, "once", always_new)


def posting_doubled() -> AbstractContextManager[Any]:
    added = ledger._added

    def doubled(balance: Any, shard: int) -> writes.Write:
        twice = balance.debits * 2 if balance.account == "psp:stripe" else balance.debits
        return added(type(balance)(balance.account, balance.currency, twice, balance.credits), shard)

    return patch.object(ledger, "_added", doubled)


@contextmanager
def token_dropped() -> Iterator[None]:
    """A write whose answer was lost is sent again as if it were another."""
    call = dynamo.call

    def forgetful(operation: str, **arguments: Any) -> dict[str, Any]:
        arguments.pop("ClientRequestToken", None)
        for _ in range(transport.ATTEMPTS - 1):
            with suppress(BotoCoreError), patch.object(transport, "ATTEMPTS", 1):
                return call(operation, **arguments)
        return call(operation, **arguments)

    with patch.object(dynamo, "call", forgetful):
        yield


def marked_before_published() -> AbstractContextManager[Any]:
    """What the relay could not publish is taken for sent."""

    def send(event_id: str, topic: str, event: str, body: str, function_arn: str, now: datetime) -> None:
        outbox.mark_sent(event_id, now)
        outbox.publish(relay.topic_arn(function_arn, topic), event, body)

    return patch.object(relay, "_send", send)


def batch_fails_whole() -> AbstractContextManager[Any]:
    """One message that cannot be taken keeps those beside it from being done with."""
    done, failed = events._Record.done, list[str]()

    def together(self: Any, take: Any) -> bool:
        if self.receipt == "0":  # the first of its batch
            failed.clear()
        if not done(self, take):
            failed.append(self.receipt)
        return not failed

    return patch.object(events._Record, "done", together)


def version_ignored() -> AbstractContextManager[Any]:
    """An event of whatever version is read as the one that is known."""

    class Careless:
        def decode(self, body: str) -> Any:
            read = json.loads(body)
            return events._Envelope(read["event"], 1, read["event_id"])

    return patch.object(events, "_ENVELOPE", Careless())
