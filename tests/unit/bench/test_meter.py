"""The meter counts what it stands around, once, and leaves nothing behind."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import botocore.client
import botocore.session
import pytest

from bench import capacity
from bench.meter import Log, Meter, Series, measured, p99
from bench.wire import Wire, body_bytes
from entrepot.cloud import aws as platform
from entrepot.cloud import dynamo

TABLE = "entrepot-test-inventory"
KEY = {"pk": {"S": "sku#A"}, "sk": {"S": "row"}}


def put(size: int) -> None:
    dynamo.call("PutItem", TableName=TABLE, Item={**KEY, "text": {"S": "x" * size}})


def get() -> object:
    return dynamo.call("GetItem", TableName=TABLE, Key=KEY, ConsistentRead=True)


def test_requests_and_units_are_counted_and_looking_is_not(aws) -> None:
    put(5000)

    def work() -> None:
        get()
        put(10)
        dynamo.call(
            "TransactWriteItems",
            TransactItems=[{"Delete": {"TableName": TABLE, "Key": KEY}}],
        )

    sample = Meter(counting=True)
    sample.run(work)

    found = sample.sample
    assert {"GetItem": 1, "PutItem": 1, "TransactWriteItems": 1} == found.calls
    assert (2.0, 5 + 2) == (found.read, found.write)
    assert {} == found.others


def test_a_refused_write_is_paid_for_and_its_refusal_comes_through(aws) -> None:
    put(1500)
    meter = Meter(counting=True)

    def twice() -> None:
        dynamo.call(
            "PutItem",
            TableName=TABLE,
            Item=KEY,
            ConditionExpression="attribute_not_exists (#0)",
            ExpressionAttributeNames={"#0": "pk"},
        )

    with pytest.raises(Exception, match="ConditionalCheckFailed"):
        meter.run(twice)

    assert (2, {"PutItem": 1}) == (meter.sample.write, meter.sample.calls)


def test_what_the_meter_stood_around_is_as_it_was(aws) -> None:
    before = dynamo.call, botocore.client.BaseClient._make_api_call, socket.socket.sendall

    with pytest.raises(KeyError):
        Meter(counting=True).run(lambda: dict[str, int]()["none"])
    Meter(counting=True).run(get)

    assert before == (dynamo.call, botocore.client.BaseClient._make_api_call, socket.socket.sendall)


def test_calls_of_other_services_are_counted_by_name(aws) -> None:
    url = platform.queue_url("payments-webhooks")
    meter = Meter(counting=False)

    meter.run(lambda: platform.client("sqs").send_message(QueueUrl=url, MessageBody="{}"))

    assert ({"sqs.SendMessage": 1}, {}) == (meter.sample.others, meter.sample.calls)
    assert 0 < meter.sample.sending <= meter.sample.cpu


def test_the_log_is_counted_in_bytes(monkeypatch) -> None:
    log = Log()
    monkeypatch.setattr(sys, "stdout", log)
    meter = Meter(counting=False, log=log)
    log.write("before")

    meter.run(lambda: log.write("Straße"))

    assert 7 == meter.sample.logged


def test_cpu_is_split_into_ours_and_what_sending_takes(monkeypatch) -> None:
    def spend(loops: int) -> int:
        return sum(number * number for number in range(loops))

    monkeypatch.setattr(dynamo, "call", lambda operation, **_: {"spent": spend(400_000)})

    cost = measured("split", lambda _: (spend(100_000), dynamo.call("GetItem")), [None] * 9)

    assert cost.sending > 2 * cost.own > 0


def test_the_first_runs_are_counted_and_only_the_others_are_timed(aws) -> None:
    looked = []
    series = Series("reads", beside=lambda: looked.append(1), counted=2)

    for _ in range(6):
        series.run(get)

    cost = series.cost()
    assert (6, 6, 4, 4) == (len(looked), series.runs, cost.times, len(cost.each))
    assert (1, 0, 1.0, 0.0) == (cost.requests, cost.transactions, cost.read_units, cost.write_units)


def test_p99_is_reached_by_one_of_a_hundred() -> None:
    assert 99 == p99(list(range(1, 101)))
    assert 4 == p99([4, 1, 3])


@pytest.mark.parametrize("body", [b"", b'{"Item": {}}' * 400])
def test_bytes_are_those_of_the_bodies_as_a_server_sees_them(body) -> None:
    wire = Wire()
    with serving(body) as (port, seen):
        client = botocore.session.get_session().create_client(
            "dynamodb",
            region_name="eu-central-1",
            endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        with wire.listening():
            for _ in range(2):
                client.get_item(TableName="some-table", Key=KEY)
        client.close()

    assert (sum(seen), 2 * len(body or b"{}")) == (wire.sent, wire.received)


def test_chunks_and_several_messages_are_taken_apart() -> None:
    head = b"HTTP/1.1 200 OK\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n"
    plain = head + b"Content-Length: 3\r\n\r\nabc"

    assert 15 + 3 == body_bytes(chunked + plain)
    with pytest.raises(AssertionError, match="2 bytes of a body of 3"):
        body_bytes(plain[:-1])


def test_a_meter_that_forgot_the_index_would_be_seen(aws) -> None:
    """The rows of the outbox move in their index, so that what they cost is more than themselves."""
    meter = Meter(counting=True)
    row = KEY | {"unsent_shard": {"S": "1"}, "created_at": {"S": "2026"}}

    meter.run(lambda: dynamo.call("PutItem", TableName="entrepot-test-outbox", Item=row))

    assert 1 + 1 == meter.sample.write
    assert "outbox" in capacity._INDEXED


@contextmanager
def serving(body: bytes) -> Iterator[tuple[int, list[int]]]:
    """A server that answers every request with a body, and notes how large the requests' bodies were."""
    seen: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            seen.append(len(self.rfile.read(int(self.headers["Content-Length"]))))
            answer = body or b"{}"
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.block_on_close = False  # the client keeps its connection open
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
