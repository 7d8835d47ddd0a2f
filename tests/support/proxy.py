"""DynamoDB's transaction conflicts, in front of a stand-in that reports none.

On DynamoDB two transactions that touch one item at the same time cancel each other, and a single write meets
the same refusal while a transaction holds its item. The stand-in for AWS takes them one after the other, so what
a burst of buyers does to one item shows only through this proxy.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
"""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlsplit

KEYS: Final = ("pk", "sk")
_PREFIX: Final = "com.amazonaws.dynamodb.v20120810#"
SINGLE: Final = ("PutItem", "UpdateItem", "DeleteItem")
_HOP: Final = ("connection", "content-length", "transfer-encoding", "host", "date", "server")

_ONGOING: Final = "Transaction is ongoing for the item"

P = TypeVar("P", bound="Proxy")

Item = tuple[str, ...]
"""A table's name and the values of its keys."""


@dataclass(slots=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(slots=True)
class Conflicts:
    """Which items transactions hold at this moment, and what that has led to so far.

    counted: "transactions" and "writes" passed on; "cancelled" and "rejected" those refused for a conflict; "written"
    transactions, and those of them whose answer was "lost".
    """

    counted: Counter[str] = field(default_factory=Counter)
    _held: dict[Item, str] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)  # tokens of written transactions
    _refusals: Counter[str] = field(default_factory=Counter)  # by the token of the transaction in the way
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _refused_one: threading.Condition = field(init=False)

    def __post_init__(self) -> None:
        self._refused_one = threading.Condition(self._lock)

    def begin(self, items: list[Item], token: str) -> Answer | None:
        """Hold the items for one transaction; the answer to give instead where another holds one of them.

        `items` is emptied where the transaction was written before: it is told so, whoever holds its items now.
        """
        with self._lock:
            if token and token in self._held.values():
                return refused("TransactionInProgressException", "The same transaction is in progress.")
            if token in self._done:
                items.clear()
                return None
            clashes = [item in self._held for item in items]
            if any(clashes):
                self.counted["cancelled"] += 1
                self._refusals.update({self._held[item] for item in items if item in self._held})
                self._refused_one.notify_all()
                return cancelled(clashes)
            self._held.update(dict.fromkeys(items, token))
            self.counted["transactions"] += 1
            return None

    def waitrefused(self, token: str, times: int, longest_seconds: float) -> None:
        """Wait until that many others were refused for what this transaction holds, or for as long."""
        with self._refused_one:
            self._refused_one.wait_for(lambda: self._refusals[token] >= times, longest_seconds)

    def end(self, items: list[Item]) -> None:
        with self._lock:
            for item in items:
                del self._held[item]

    def wrote(self, token: str, lose_every: int) -> bool:
        """Note a transaction that was written. Returns: whether its answer gets lost."""
        with self._lock:
            self._done.add(token)
            self.counted["written"] += 1
            lost = lose_every > 0 and self.counted["written"] % lose_every == 0
            self.counted["lost"] += lost
            return lost

    def single(self, item: Item) -> Answer | None:
        """The answer to a single write whose item a transaction holds; None where it may pass."""
        with self._lock:
            if item in self._held:
                self.counted["rejected"] += 1
                return refused("TransactionConflictException", _ONGOING)
            self.counted["writes"] += 1
            return None


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came. `service`: whose, such as "DynamoDB_20120810"; `operation`: such as "PutItem"."""

    service: str
    operation: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes


class Proxy(ThreadingHTTPServer):
    """Passes the protocols of AWS on to `upstream` as they come; what else it does is said by `answer`."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        address = urlsplit(upstream)
        self.upstream = (address.hostname or "", address.port or 80)
        self.local = threading.local()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, asked: Asked) -> Answer | None:
        """What is answered; None where the connection is cut instead."""
        return self.passed_on(asked)

    def passed_on(self, asked: Asked) -> Answer:
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = http.client.HTTPConnection(*self.upstream, timeout=30)
        connection.putrequest("POST", asked.path, skip_host=True, skip_accept_encoding=True)
        for name, value in asked.headers:
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(asked.body)))
        connection.endheaders(asked.body)
        response = connection.getresponse()
        kept = [(name, value) for name, value in response.getheaders() if name.lower() not in _HOP]
        answer = Answer(response.status, kept, response.read())
        if response.will_close:
            connection.close()
            self.local.connection = None
        return answer


class ConflictProxy(Proxy):
    """Each transaction holds its items `held_seconds` longer.

    With `refusals` it lets go as soon as it was in the way that often: how often transactions meet then hangs on the
    sale, not on how fast the machine is, and `held_seconds` only ends the wait where nobody comes.
    Of every `lose_every` transactions that were written one has its answer lost; of 0 none.
    """

    def __init__(self, upstream: str, held_seconds: float, lose_every: int, refusals: int) -> None:
        super().__init__(upstream)
        self.held_seconds = held_seconds
        self._lose_every = lose_every
        self._refusals = refusals
        self.conflicts = Conflicts()

    def answer(self, asked: Asked) -> Answer | None:
        """One request: passed on, or refused for a conflict. None: its answer is lost."""
        if asked.operation == "TransactWriteItems":
            request = json.loads(asked.body)
            items = items_of(request)
            token = request.get("ClientRequestToken", "")
            held = self.conflicts.begin(items, token)
            if held is not None:
                return held
            try:
                # what two-phase commit between partitions takes
                if self._refusals and items:
                    self.conflicts.waitrefused(token, self._refusals, self.held_seconds)
                else:
                    self.closing.wait(self.held_seconds)
                answer = self.passed_on(asked)
                lost = answer.status == 200 and self.conflicts.wrote(token, self._lose_every)
                return None if lost else answer
            finally:
                self.conflicts.end(items)
        if asked.operation in SINGLE:
            held = self.conflicts.single(key_of(json.loads(asked.body)))
            if held is not None:
                return held
        return self.passed_on(asked)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer
    server: Proxy

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = [(name, value) for name, value in self.headers.items() if name.lower() != "content-length"]
        service, _, operation = self.headers.get("X-Amz-Target", "").rpartition(".")
        if not operation:  # of those services that are asked by a form
            operation = dict(parse_qsl(body.decode(errors="replace"))).get("Action", "")
        answer = self.server.answer(Asked(service, operation, self.path, headers, body))
        if answer is None:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        if not any(name == "Date" for name, _ in answer.headers):
            self.send_header("Date", self.date_time_string())
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def finish(self) -> None:
        super().finish()
        connection = getattr(self.server.local, "connection", None)
        if connection is not None:
            connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class calls it so
        pass


@contextmanager
def conflicting(
    upstream: str, held_seconds: float = 0.005, lose_every: int = 0, refusals: int = 0
) -> Iterator[ConflictProxy]:
    """The proxy in front of the stand-in at `upstream`."""
    with served(ConflictProxy(upstream, held_seconds, lose_every, refusals)) as proxy:
        yield proxy


@contextmanager
def served(proxy: P) -> Iterator[P]:
    """A proxy that answers as long as the block lasts."""
    serving = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    serving.start()
    try:
        yield proxy
    finally:
        proxy.closing.set()
        proxy.shutdown()
        serving.join()
        proxy.server_close()


def items_of(request: dict[str, Any]) -> list[Item]:
    """The items that a transaction touches, in its order."""
    return [key_of(body) for action in request["TransactItems"] for body in action.values()]


def key_of(request: dict[str, Any]) -> Item:
    key = request.get("Key") or request["Item"]
    return (request["TableName"], *(json.dumps(key[name], sort_keys=True) for name in KEYS))


def cancelled(clashes: list[bool], code: str = "TransactionConflict", message: str = _ONGOING) -> Answer:
    """Reasons stand in the order of the items, "None" where an item was not in the way."""
    codes = [code if clash else "None" for clash in clashes]
    reason = {"Code": code, "Message": message}
    return problem(
        "TransactionCanceledException",
        Message="Transaction cancelled, please refer cancellation reasons for specific reasons "
        f"[{', '.join(codes)}]",
        CancellationReasons=[reason if clash else {"Code": "None"} for clash in clashes],
    )


def refused(kind: str, message: str, status: int = 400) -> Answer:
    return problem(kind, status, message=message)


def problem(kind: str, status: int = 400, **fields: Any) -> Answer:
    body = json.dumps({"__type": _PREFIX + kind, **fields}).encode()
    return Answer(status, [("Content-Type", "application/x-amz-json-1.0")], body)
