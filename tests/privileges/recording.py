"""Which function called what: every call to AWS while a function of ours runs, written down with it.

A function runs from when a route's view or a trigger's handler is entered until it returns; what a test does by itself,
before and after, is nobody's and not kept. Many tests call what stands behind a trigger instead: that counts as the
trigger's function too. Calls are seen where botocore builds a request, before anything may refuse it, and where tests
put a twin of their own in botocore's place.

On AWS each function is a process of its own. Here all are one, so that what the platform remembers (a secret, a key, an
address) is forgotten whenever another function runs than before: it has to ask for itself.
"""

import functools
import importlib
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final
from unittest.mock import patch

from entrepot.cloud import aws, dynamo, http, reads, rows, writes
from entrepot.cloud.events import Triggers
from entrepot.cloud.workers import Workers
from tests.privileges import calls, starred
from tests.support import aws as stand_in
from tests.support import memory, queues, workers

API: Final = "api_handler"


@dataclass
class Recording:
    """`runs`: how often each function was entered. `seen`: how often each needed a pair, and in which test first.

    `nobodys` counts what tests called by themselves, also where they step in between while a function runs; but with
    `of_tests` that is the function's. `function` is who runs now: each recording has its own, so that one within
    another keeps to itself.
    """

    runs: Counter[str] = field(default_factory=Counter)
    seen: dict[str, dict[calls.Pair, tuple[int, str]]] = field(default_factory=dict)
    nobodys: int = 0
    of_tests: bool = False
    function: ContextVar[str | None] = field(default_factory=lambda: ContextVar("function", default=None))
    before: str | None = None

    def note(self, service: str, operation: str, arguments: Mapping[str, Any]) -> None:
        self._keep(calls.needed(service, operation, arguments))

    def opened(self, answer: Mapping[str, Any]) -> None:
        self._keep(calls.opened_with(answer))

    def _keep(self, pairs: Iterator[calls.Pair]) -> None:
        function = self.function.get()
        if function is None:
            self.nobodys += 1
            return
        seen = self.seen.setdefault(function, {})
        for pair in pairs:
            if pair not in seen and not self.of_tests and _from_a_test():
                self.nobodys += 1
                continue
            count, test = seen.get(pair, (0, os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]))
            seen[pair] = (count + 1, test)

    def pairs(self, function: str) -> frozenset[calls.Pair]:
        return frozenset(self.seen.get(function, {}))

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        seen = [
            [function, *pair, count, test]
            for function, pairs in sorted(self.seen.items())
            for pair, (count, test) in sorted(pairs.items())
        ]
        content = {"runs": self.runs, "nobodys": self.nobodys, "seen": seen}
        path.write_text(json.dumps(content, indent=0), encoding="utf-8")

    def add(self, path: Path) -> None:
        """What another process has saved."""
        content = json.loads(path.read_text(encoding="utf-8"))
        self.runs.update(content["runs"])
        self.nobodys += content["nobodys"]
        for function, action, resource, count, test in content["seen"]:
            seen = self.seen.setdefault(function, {})
            before, first = seen.get((action, resource), (0, test))
            seen[action, resource] = (before + count, first)


def merged(folder: Path) -> Recording:
    """What all processes have saved in a folder."""
    whole = Recording()
    for path in sorted(folder.glob("*.json")):
        whole.add(path)
    return whole


@contextmanager
def recording(*, of_tests: bool = False) -> Iterator[Recording]:
    """Everything is written down until the block ends.

    It is seen which function is entered, for which no trigger may have been imported before: the conftest of a folder
    that is named to pytest does that. With `of_tests` a test says so by `running`, and nothing is left behind.
    """
    registered = [
        name for name in sys.modules if name.startswith("functions.") and name.endswith(".triggers")
    ]
    assert of_tests or not registered, f"not seen to be entered, for they are registered: {registered}"
    made = Recording(of_tests=of_tests)
    with ExitStack() as held:
        for changes in (_leaving,) if of_tests else (_leaving, _entering, _behind):
            for owner, name, changed in changes(made):
                held.enter_context(patch.object(owner, name, changed))
        aws.forget()
        yield made
    aws.forget()


@contextmanager
def running(recorded: Recording, function: str) -> Iterator[None]:
    """Calls within are the function's. One that another asks in this process is itself again afterwards."""
    recorded.runs[function] += 1
    if recorded.before != function:
        stand_in.forget_what_is_there()
    recorded.before = function
    token = recorded.function.set(function)
    try:
        with writes.nothing_beside():
            yield
    finally:
        recorded.function.reset(token)


def _from_a_test() -> bool:
    """Whether what runs now was called by a test that stepped in between, and not by the function itself."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code is not _ENTERED:
        if frame.f_code.co_filename.startswith(_TESTS) and not frame.f_code.co_filename.endswith(_TWINS):
            return True
        frame = frame.f_back
    return False


def _as(
    recorded: Recording, function: str, handler: Callable[..., Any], *, always: bool = True
) -> Callable[..., Any]:
    """The handler, run as the function; where not `always`, only if none is running yet."""

    @functools.wraps(handler)
    def entered(*arguments: Any, **named: Any) -> Any:
        with running(recorded, function) if always or not recorded.function.get() else nullcontext():
            return handler(*arguments, **named)

    return entered


Changes = Iterator[tuple[Any, str, Any]]
"""What is another while recording: whose, its name, and what it is."""


def _leaving(made: Recording) -> Changes:
    """Where calls leave for AWS."""
    yield aws, "session", _session(made)
    yield memory.Memory, "call", _twin(made, memory.Memory.call)
    yield dynamo, "_sent", _sent(made, dynamo._sent)
    yield workers.InProcess, "invoke", _invoked(made, workers.InProcess.invoke)
    for name in ("get_queue_url", "send_message", "send_message_batch"):
        yield queues.Queues, name, _queued(made, getattr(queues.Queues, name))
    yield reads, "fetch", _fetched(made, reads.fetch)


_ENTERED: Final = next(code for code in _as.__code__.co_consts if getattr(code, "co_name", "") == "entered")
_TESTS: Final = f"{Path(__file__).resolve().parents[1]}{os.sep}"
_TWINS: Final = (f"privileges{os.sep}recording.py", f"support{os.sep}workers.py")


def _fetched(made: Recording, fetch: Callable[..., Any]) -> Callable[..., Any]:
    """One key is read by GetItem and more by BatchGetItem; a place that asks for as many as there are may need both."""

    def noted(*asked: reads.Read[Any], **options: Any) -> Any:
        tables = {rows.table_name(read.row) for read in asked}
        if tables and starred.least_of(sys._getframe(1)) < 2:
            for table in tables:
                made.note("dynamodb", "GetItem", {"TableName": table})
                made.note("dynamodb", "BatchGetItem", {"RequestItems": {table: {}}})
        return fetch(*asked, **options)

    return noted


def _behind(made: Recording) -> Changes:
    """What stands behind each trigger, as tests call it too; the application has to be registered before.

    A consumer's handler belongs to its function whoever calls it. What a clock or a plain message wakes may be somebody
    else's part as well, so that it counts only where no function runs.
    """
    for trigger in (trigger for context in app().TRIGGERS for trigger in context.all):
        for handler in {getattr(each, "__wrapped__", each) for each in trigger.handlers.values()}:
            module = sys.modules[handler.__module__]
            yield module, handler.__name__, _as(made, trigger.name, handler)
    for function, place in USE_CASES.items():
        module_name, name = place.split(":")
        module = importlib.import_module(module_name)
        yield module, name, _as(made, function, getattr(module, name), always=False)


USE_CASES: Final = {
    "outbox_sweep": "entrepot.cloud.relay:sweep",
    "payments_webhooks": "functions.payments.webhooks:handle",
    "payments_statements": "functions.payments.statements:take_in",
    "payments_sweep": "functions.payments.sweep:sweep",
    "logistics_scans": "functions.logistics.service:take_message",
    "orders_papers": "functions.orders.service.documents:write",
    "orders_due": "functions.orders.service.clock:run",
    "rates_fetch": "functions.rates.service.fetching:fetch",
    "settlement_run": "functions.settlement.service.running:scheduled",
    "settlement_runs": "functions.settlement.service.running:take",
    "settlement_papers": "functions.settlement.service.printing:write",
    "settlement_transfers": "functions.settlement.service.transferring:sweep",
    "settlement_files": "functions.settlement.service.filing:run",
    "clearing_run": "functions.clearing.service.jobs:scheduled",
    "clearing_jobs": "functions.clearing.service.jobs:take",
    "audit_check": "functions.audit.service:check_yesterday",
    "privacy_looks": "functions.privacy.service.erasing:look",
}
"""What the triggers call that are no consumers: a trigger is one line, and this is what it says."""


def app() -> Any:
    return importlib.import_module("app")


def _entering(made: Recording) -> Changes:
    """Where functions are entered."""
    yield http, "_answer", _as(made, API, http._answer)
    queue, worker = Triggers._queue, Workers.worker

    def as_queue(self: Triggers, name: str, take: Any, handlers: Mapping[Any, Any]) -> Any:
        function = name.replace("-", "_")
        entered = {kind: _as(made, function, handler) for kind, handler in handlers.items()}
        return queue(self, name, _as(made, function, take), entered)

    def as_registering(register: Any) -> Any:
        def with_handler(self: Triggers, given: str) -> Any:
            return lambda handler: register(self, given)(_as(made, handler.__name__, handler))

        return with_handler

    def as_worker(self: Workers, asked: Any) -> Any:
        return lambda handler: worker(self, asked)(_as(made, handler.__name__, handler))

    yield Triggers, "_queue", as_queue
    for name in ("schedule", "stream"):
        yield Triggers, name, as_registering(getattr(Triggers, name))
    yield Workers, "worker", as_worker


def _session(made: Recording) -> Any:
    """The one session, with two ears: at the request's arguments, and at the answer, which alone names some keys."""
    original = aws.session.__wrapped__

    def asked(params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        context["asked"] = dict(params)
        made.note(model.service_model.service_name, model.name, params)

    def answered(parsed: Mapping[str, Any], model: Any, context: Mapping[str, Any], **_: Any) -> None:
        calls.learn(model.service_model.service_name, context.get("asked", {}), parsed)
        if model.name == "Decrypt":
            made.opened(parsed)

    @functools.cache
    def session() -> Any:
        opened = original()
        opened.register("before-parameter-build", asked)
        opened.register("after-call", answered)
        return opened

    return session


def _twin(made: Recording, call: Any) -> Any:
    def noted(self: Any, operation: str, **arguments: Any) -> Any:
        made.note("dynamodb", operation, arguments)
        return call(self, operation, **arguments)

    return noted


def _sent(made: Recording, send: Any) -> Any:
    """Requests to DynamoDB that botocore does not see."""

    def noted(directly: Any, operation: str, arguments: Any) -> Any:
        made.note("dynamodb", operation, arguments)
        return send(directly, operation, arguments)

    return noted


def _invoked(made: Recording, invoke: Any) -> Any:
    def noted(self: Any, **arguments: Any) -> Any:
        made.note("lambda", "Invoke", arguments)
        return invoke(self, **arguments)

    return noted


def _queued(made: Recording, method: Any) -> Any:
    operation = "".join(part.capitalize() for part in method.__name__.split("_"))

    def noted(self: Any, **arguments: Any) -> Any:
        made.note("sqs", operation, arguments)
        return method(self, **arguments)

    return noted
