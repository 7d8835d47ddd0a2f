"""Triggers: what a queue, a schedule or a stream calls. A consumer imports no code of the API.

Each message stands for itself: those that failed are named to the queue, which sends them again; the others are done.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from chalice.app import Blueprint

from entrepot.cloud import telemetry
from entrepot.cloud.inbox import AlreadyHandled, once
from entrepot.cloud.writes import Write
from entrepot.contracts.events import Event, decoded
from entrepot.kernel.clock import utc_now
from entrepot.kernel.refusals import Kind, Refusal

Handler = Callable[[Any, Write, datetime], None]
"""Takes the event, the inbox's write to commit with the effect, and the time."""


Function = Callable[[Any, Any], Any]
"""What Lambda calls: takes AWS's event and context."""


_FOR_ONE_MS: Final = 15_000
"""What one message may take: a provider that does not answer is waited for three times five seconds."""


class ScheduleFailed(Exception):
    """A scheduled function failed, with the type of the error; its own log says where."""


class _Envelope(msgspec.Struct):
    event: str
    version: int
    event_id: str


_ENVELOPE: msgspec.json.Decoder[_Envelope] = msgspec.json.Decoder(_Envelope)


class UnknownVersion(Refusal):
    """An event whose fields mean something else than what this code knows: it waits for the code that does."""

    code = "unknown_version"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Trigger:
    """A function that AWS calls: for the tests and checks that go over all of them."""

    name: str
    source: str
    handle: Callable[..., Any]
    handlers: Mapping[type[Event], Handler]


class Triggers:
    """The triggers of one context, registered on a Chalice blueprint of their own."""

    def __init__(self, import_name: str) -> None:
        self.blueprint = Blueprint(import_name)
        self.all: list[Trigger] = []

    def consumer(self, queue: str, handlers: Mapping[type[Event], Handler]) -> Function:
        """A consumer of published events from the queue `<context>-events`; assign it to `<context>_events`."""
        by_name = {kind.NAME: (kind, handler) for kind, handler in handlers.items()}

        def take(body: str, now: datetime) -> None:
            envelope = _ENVELOPE.decode(body)
            kind, handler = by_name[envelope.event]
            if envelope.version != kind.VERSION:
                raise UnknownVersion(published=envelope.event, version=envelope.version)
            try:
                handler(decoded(kind, body), once(queue, envelope.event_id, now), now)
            except AlreadyHandled:
                telemetry.log("event_repeated", published=envelope.event, event_id=envelope.event_id)

        return self._queue(queue, take, handlers)

    def messages(self, queue: str) -> Callable[[Callable[[str, datetime], None]], Function]:
        """A handler of plain messages: takes the body and the time."""

        def register(handler: Callable[[str, datetime], None]) -> Function:
            return self._queue(queue, handler, {})

        return register

    def schedule(self, expression: str) -> Callable[[Callable[[datetime], None]], Function]:
        """A handler that a clock calls: takes the time."""

        def register(handler: Callable[[datetime], None]) -> Function:
            def run(event: Any) -> None:
                telemetry.correlation_id.set(event.event_id)
                try:
                    handler(utc_now())
                except Exception as error:  # noqa: BLE001  the runtime logs what is raised, text and all
                    telemetry.log_failure("schedule_failed", error, function=handler.__name__)
                    raise ScheduleFailed(type(error).__name__) from None

            run.__name__ = handler.__name__
            self.all.append(Trigger(run.__name__, expression, handler, {}))
            return _function(self.blueprint.schedule(expression, name=run.__name__)(run))

        return register

    def stream(self, arn: str) -> Callable[[Callable[[Mapping[str, Any], str, datetime], None]], Function]:
        """A handler of a table's stream: takes a record, the function's own ARN and the time, oldest first."""

        def register(
            handler: Callable[[Mapping[str, Any], str, datetime], None],
        ) -> Function:
            def run(event: Any) -> dict[str, Any]:
                records = event.to_dict()["Records"]
                for place, record in enumerate(records):
                    if place and _out_of_time(event.context, len(records) - place):
                        return _failed([record["dynamodb"]["SequenceNumber"]])
                    try:
                        handler(record, event.context.invoked_function_arn, utc_now())
                    except Exception as error:  # noqa: BLE001  a bug or an outage: the message is tried again
                        telemetry.log_failure("record_failed", error, function=handler.__name__)
                        return _failed([record["dynamodb"]["SequenceNumber"]])
                return _failed([])

            run.__name__ = handler.__name__
            self.all.append(Trigger(run.__name__, arn, handler, {}))
            return _function(self.blueprint.on_dynamodb_record(arn, name=run.__name__, batch_size=25)(run))

        return register

    def _queue(
        self, queue: str, take: Callable[[str, datetime], None], handlers: Mapping[type[Event], Handler]
    ) -> Function:
        def run(event: Any) -> dict[str, Any]:
            records = [_Record(record) for record in event.to_dict()["Records"]]
            failed: list[str] = []
            for place, record in enumerate(records):
                if place and _out_of_time(event.context, len(records) - place):
                    return _failed([*failed, *(left.receipt for left in records[place:])])
                if not record.done(take):
                    failed.append(record.receipt)
            return _failed(failed)

        run.__name__ = queue.replace("-", "_")
        self.all.append(Trigger(run.__name__, queue, take, handlers))
        resource = "".join(part.capitalize() for part in queue.split("-")) + "Queue"
        named = "${" + resource + ".QueueName}"
        return _function(self.blueprint.on_sqs_message(queue=named, name=run.__name__, batch_size=10)(run))


def _failed(items: Sequence[str]) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": item} for item in items]}


def _out_of_time(context: Any, left: int) -> bool:
    """Whether another message might outlast the function, whose end would undo none and count against all of them.

    The first of a batch is always taken, so that a batch of slow ones gets on.
    """
    if context is None or context.get_remaining_time_in_millis() >= _FOR_ONE_MS:
        return False
    telemetry.log("out_of_time", level="warning", left=left)
    return True


def _function(registered: Any) -> Function:
    function: Function = registered
    return function


class _Record:
    """One message of a queue's batch."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.receipt: str = record["messageId"]
        self._body: str = record["body"]

    def done(self, take: Callable[[str, datetime], None]) -> bool:
        telemetry.correlation_id.set(self.receipt)
        try:
            take(self._body, utc_now())
        except Refusal as refusal:
            telemetry.log("message_refused", level="warning", code=refusal.code)
            return False
        except Exception as error:  # noqa: BLE001  a bug or an outage: the message is tried again
            telemetry.log_failure("message_failed", error)
            return False
        return True
