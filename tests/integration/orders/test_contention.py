"""Transactions that meet on an item: DynamoDB cancels one of them, which is tried again, then told as what it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from entrepot.cloud import aws, dynamo
from tests.integration.orders.bazaar import Bazaar, dump
from tests.support import pump

Hit = Callable[[str, str], bool]


@contextmanager
def conflicting(hit: Hit, times: int) -> Iterator[list[str]]:
    """The next so many transactions are cancelled over the first of their items that `hit` (table, pk) names."""
    cancelled: list[str] = []
    call = dynamo.call

    def conflict(operation: str, **arguments: Any) -> dict[str, Any]:
        if operation == "TransactWriteItems" and len(cancelled) < times:
            keys = [_key(item) for item in arguments["TransactItems"]]
            if any(hit(*key) for key in keys):
                first = next(number for number, key in enumerate(keys) if hit(*key))
                cancelled.append(keys[first][0])
                codes = ["TransactionConflict" if number == first else "None" for number in range(len(keys))]
                raise ClientError(
                    {
                        "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
                        "CancellationReasons": [{"Code": code} for code in codes],
                        "ResponseMetadata": {"RetryAttempts": 0},
                    },
                    operation,
                )
        return call(operation, **arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamo, "call", conflict)
        patch.setattr("entrepot.cloud.writes.time.sleep", lambda seconds: None)
        yield cancelled


def _key(item: dict[str, Any]) -> tuple[str, str]:
    (body,) = item.values()
    named = body.get("Key") or body["Item"]
    return body["TableName"].removeprefix(aws.name("")), named["pk"]["S"]


def of(table: str, begins: str = "") -> Hit:
    return lambda name, pk: name == table and pk.startswith(begins)


def test_a_passing_conflict_is_not_seen_by_the_buyer(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2, "BAG-1": 1})

    with conflicting(of("orders"), times=4) as cancelled:
        answer = bazaar.try_place(quote)

    assert (201, 4) == (answer.status, len(cancelled))
    assert {"on_hand": 100, "reserved": 2, "available": 98} == bazaar.stock(bazaar.shenzhen, "PHONES-1")
    assert 1 == len(bazaar.intents())


def test_the_same_request_still_under_way_is_in_progress(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2})
    before = dump()

    with conflicting(of("idempotency"), times=99):
        answer = bazaar.try_place(quote, key="once")

    assert (409, "in_progress") == (answer.status, answer.code)
    assert before == dump()
    assert [] == bazaar.intents()
    assert 201 == bazaar.try_place(quote, key="once").status


def test_a_bucket_that_others_hold_is_left_for_another(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2})

    with conflicting(of("inventory", "stock#"), times=7) as cancelled:
        answer = bazaar.try_place(quote)

    assert (201, 7) == (answer.status, len(cancelled))
    assert {"on_hand": 100, "reserved": 2, "available": 98} == bazaar.stock(bazaar.shenzhen, "PHONES-1")


def test_stock_that_is_never_free_is_busy_and_not_out_of_stock(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2})
    before = dump()

    with conflicting(of("inventory", "stock#"), times=999):
        answer = bazaar.try_place(quote, key="once")

    assert (503, "busy") == (answer.status, answer.code)
    assert int(answer.headers["Retry-After"]) >= 1
    assert before == dump()
    assert 201 == bazaar.try_place(quote, key="once").status


@pytest.mark.parametrize("table", ["orders", "payments", "inventory", "outbox"])
def test_an_event_that_meets_a_conflict_is_tried_again_and_counts_once(bazaar: Bazaar, table: str) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    bazaar.provider.pay(placed)
    bazaar.provider.deliver()
    for queue, body in pump._waiting():
        assert [] == pump.deliver(queue, body)
    authorised, captured = (
        next(row for row in pump._unsent() if row.event == f"payments.payment_{what}")
        for what in ("authorised", "captured")
    )
    with conflicting(of(table), times=999):
        failed = pump.deliver("orders-events", authorised.body)
    again = [pump.deliver("orders-events", row.body) for row in (captured, authorised, authorised)]
    bazaar.hear()

    assert ["message"] == failed or table == "payments"  # an order that is paid writes nothing of payments
    assert [[], [], []] == again
    assert ("paid", "captured") == bazaar.status(placed)
    assert {"on_hand": 98, "reserved": 0, "available": 98} == bazaar.stock(bazaar.shenzhen, "PHONES-1")
    assert 1 == bazaar.timeline(placed).count("paid")
    assert ["capture", "fee"] == [fact.partition(":")[0] for fact in bazaar.ledger()]


def test_a_lasting_conflict_at_a_cancellation_leaves_all_as_it_was(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 2})
    before = dump()

    with conflicting(of("payments"), times=999):
        answer = bazaar.cancel(placed, key="once")

    assert (503, "busy") == (answer.status, answer.code)
    assert before == dump()
    assert 200 == bazaar.cancel(placed, key="once").status
    bazaar.hear()
    assert (placed["total"]["amount"],) * 2 == bazaar.money()
