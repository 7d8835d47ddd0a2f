"""Workers: functions that one of ours asks and waits for, so that only they carry what is heavy.

Apart from the other triggers, since a worker needs neither a table nor an event.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from chalice.app import Blueprint

from entrepot.cloud import aws, telemetry

Asked = TypeVar("Asked", bound=msgspec.Struct)
Answer = TypeVar("Answer", bound=msgspec.Struct)

_PATIENCE: Final = aws.Patience(read_seconds=8, attempts=2, connections=4)
"""Twice eight seconds stay below what the gateway gives the API."""


class WorkerFailed(Exception):
    """A worker is out of reach, took too long or failed; its own log says why."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A function that another asks: for the tests and checks that go over all triggers."""

    name: str
    handle: Callable[..., Any]
    source: str = "worker"
    handlers: Mapping[Any, Any] = field(default_factory=dict)


class Workers:
    """The workers of one context, registered on a Chalice blueprint of their own."""

    def __init__(self, import_name: str) -> None:
        self.blueprint = Blueprint(import_name)
        self.all: list[Worker] = []

    def worker(self, asked: type[Asked]) -> Callable[[Callable[[Asked], msgspec.Struct]], Callable[..., Any]]:
        """A handler that takes what is asked and returns the answer."""

        def register(handler: Callable[[Asked], msgspec.Struct]) -> Callable[..., Any]:
            def run(event: Mapping[str, Any], context: Any) -> Any:
                telemetry.correlation_id.set(str(event["correlation_id"]))
                try:
                    return msgspec.to_builtins(handler(msgspec.convert(event["asked"], asked)))
                except Exception as error:  # noqa: BLE001  told to the log as ours, to Lambda by its type alone
                    telemetry.log_failure("worker_failed", error, worker=handler.__name__)
                    raise WorkerFailed(type(error).__name__) from None

            run.__name__ = handler.__name__
            self.all.append(Worker(run.__name__, run))
            registered: Callable[..., Any] = self.blueprint.lambda_function(name=run.__name__)(run)
            return registered

        return register


def ask(worker: str, asked: msgspec.Struct, answer: type[Answer]) -> Answer:
    """Ask a worker by the last part of its name, and wait.

    Raises: WorkerFailed.
    """
    event = {"correlation_id": telemetry.correlation_id.get(), "asked": asked}
    try:
        reply = _client().invoke(FunctionName=aws.name(worker), Payload=msgspec.json.encode(event))
        said = reply["Payload"].read()
        if "FunctionError" in reply:
            telemetry.log("worker_raised", level="error", worker=worker)
            raise WorkerFailed
        return msgspec.json.decode(said, type=answer)
    except (BotoCoreError, ClientError, msgspec.MsgspecError) as error:
        telemetry.log_failure("worker_out_of_reach", error, worker=worker)
        raise WorkerFailed from error


def _client() -> Any:
    return aws.client("lambda", _PATIENCE)
