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
from typing import Any, Final
from urllib.parse import urlsplit

KEYS: Final = ("pk", "sk")
_PREFIX: Final = "com.amazonaws.dynamodb.v20120810#"
_SINGLE: Final = ("PutItem", "UpdateItem", "DeleteItem")
_HOP: Final = ("connection", "content-length", "transfer-encoding", "host", "date", "server")

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
                return _refused("TransactionInProgressException", "The same transaction is in progress.")
            if token in self._done:
                items.clear()
                return None
            clashes = [item in self._held for item in items]
            if any(clashes):
                self.counted["cancelled"] += 1
                self._refusals.update({self._held[item] for item in items if item in self._held})
                self._refused_one.notify_all()
                return _cancelled(clashes)
            self._held.update(dict.fromkeys(items, token))
            self.counted["transactions"] += 1
            return None

    def wait_refused(self, token: str, times: int, longest_seconds: float) -> None:
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
                return _refused("TransactionConflictException", "Transaction is ongoing for the item")
            self.counted["writes"] += 1
            return None


class ConflictProxy(ThreadingHTTPServer):
    """Passes DynamoDB's protocol on to `upstream`; each transaction holds its items `held_seconds` longer.

    With `refusals` it lets go as soon as it was in the way that often: how often transactions meet then hangs on the
    sale, not on how fast the machine is, and `held_seconds` only ends the wait where nobody comes.
    Of every `lose_every` transactions that were written one has its answer lost; of 0 none.
    """

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, upstream: str, held_seconds: float, lose_every: int, refusals: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        address = urlsplit(upstream)
        self.upstream = (address.hostname or "", address.port or 80)
        self.held_seconds = held_seconds
        self._lose_every = lose_every
        self._refusals = refusals
        self.conflicts = Conflicts()
        self.local = threading.local()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, target: str, headers: list[tuple[str, str]], body: bytes) -> Answer | None:
        """One request: passed on, or refused for a conflict. None: its answer is lost."""
        operation = target.rpartition(".")[2]
        if operation == "TransactWriteItems":
            request = json.loads(body)
            items = [_item(action) for action in request["TransactItems"]]
            token = request.get("ClientRequestToken", "")
            refused = self.conflicts.begin(items, token)
            if refused is not None:
                return refused
            try:
                # what two-phase commit between partitions takes
                if self._refusals and items:
                    self.conflicts.wait_refused(token, self._refusals, self.held_seconds)
                else:
                    self.closing.wait(self.held_seconds)
                answer = self._pass_on(headers, body)
                lost = answer.status == 200 and self.conflicts.wrote(token, self._lose_every)
                return None if lost else answer
            finally:
                self.conflicts.end(items)
        if operation in _SINGLE:
            refused = self.conflicts.single(_key(json.loads(body)))
            if refused is not None:
                return refused
        return self._pass_on(headers, body)

    def _pass_on(self, headers: list[tuple[str, str]], body: bytes) -> Answer:
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = http.client.HTTPConnection(*self.upstream, timeout=30)
        connection.putrequest("POST", "/", skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        kept = [(name, value) for name, value in response.getheaders() if name.lower() not in _HOP]
        answer = Answer(response.status, kept, response.read())
        if response.will_close:
            connection.close()
            self.local.connection = None
        return answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer
    server: ConflictProxy

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = [(name, value) for name, value in self.headers.items() if name.lower() != "content-length"]
        answer = self.server.answer(self.headers["X-Amz-Target"], headers, body)
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
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
    proxy = ConflictProxy(upstream, held_seconds, lose_every, refusals)
    serving = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    serving.start()
    try:
        yield proxy
    finally:
        proxy.closing.set()
        proxy.shutdown()
        serving.join()
        proxy.server_close()


def _item(action: dict[str, Any]) -> Item:
    ((_, request),) = action.items()
    return _key(request)


def _key(request: dict[str, Any]) -> Item:
    key = request.get("Key") or request["Item"]
    return (request["TableName"], *(json.dumps(key[name], sort_keys=True) for name in KEYS))


def _cancelled(clashes: list[bool]) -> Answer:
    """Reasons stand in the order of the items, "None" where an item was not in the way."""
    codes = ["TransactionConflict" if clash else "None" for clash in clashes]
    conflict = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
    return _problem(
        "TransactionCanceledException",
        Message="Transaction cancelled, please refer cancellation reasons for specific reasons "
        f"[{', '.join(codes)}]",
        CancellationReasons=[conflict if clash else {"Code": "None"} for clash in clashes],
    )


def _refused(kind: str, message: str) -> Answer:
    return _problem(kind, message=message)


def _problem(kind: str, **fields: Any) -> Answer:
    body = json.dumps({"__type": _PREFIX + kind, **fields}).encode()
    return Answer(400, [("Content-Type", "application/x-amz-json-1.0")], body)
