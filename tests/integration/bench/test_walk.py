"""The walk of the bench measures every case of a sale, on tables in memory; the libraries' floors are left out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from unittest.mock import patch

import pytest

from bench import budgets, cases, growth
from bench.floors import Floors
from bench.meter import Log
from bench.walk import Row, Walk
from entrepot.cloud import aws as platform
from entrepot.cloud import dynamo
from functions.catalogue import service
from infra.estate import FUNCTIONS
from tests.support import workers
from tests.support.aws import in_process
from tests.support.http import call
from tests.support.provider import Provider, running

ORDERS = 2


class NoFloors:
    """In place of the floors, which need a server: each is one millisecond."""

    def beside(self, _case: str, _kinds: Any) -> Any:
        return lambda: None

    def of(self, _case: str, _kind: str) -> float:
        return 1.0


@contextmanager
def platform_in_memory() -> Iterator[tuple[Walk, Provider]]:
    with in_process("memory"), running() as provider, workers.in_process():
        yield Walk(cast("Floors", NoFloors()), Log()), provider


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    with platform_in_memory() as (walk, provider), patch.object(cases, "_LISTED", 2):
        cases.all_of_them(walk, cases.Stand(), provider, ORDERS)
        return {row.cost.name: row for row in walk.rows()}


def test_each_part_of_an_order_is_measured_once_for_each_order(rows) -> None:
    assert set(budgets.ORDER) <= set(rows)
    once = set(budgets.ORDER) - {"webhook"}
    assert dict.fromkeys(once, 1.0) == {name: rows[name].per_order for name in once}


@pytest.mark.parametrize(
    "name",
    [
        *(
            "list of 24",
            "list of a category",
            "detail",
            "availability",
            "HS codes, with the worker",
            "an order",
        ),
        *("orders of a member", "statements of a merchant", "a statement", "sign in", "refund"),
    ],
)
def test_what_no_order_needs_is_measured_and_not_counted_as_part_of_one(rows, name) -> None:
    assert 0 == rows[name].per_order
    assert rows[name].cost.cpu > 0


@pytest.mark.parametrize(
    "name", ["ship", "scan", "logistics-scans", "pack", "settlement-runs", "clock of orders"]
)
def test_a_sale_goes_on_to_the_merchant_s_statement(rows, name) -> None:
    assert rows[name].per_order > 0


def test_the_first_word_of_a_payment_is_the_one_that_is_recorded(rows) -> None:
    """What Stripe says beside it is heard as well, and costs a look."""
    assert 1 == rows["payments consumer"].cost.transactions
    assert 1 == rows["orders consumer"].cost.transactions
    assert rows["webhook"].per_order > 1
    assert 0 == rows["payments-webhooks charge.succeeded"].cost.transactions


def test_reads_take_the_requests_that_their_budgets_allow(rows) -> None:
    assert (1, 1) == (rows["list of 24"].cost.requests, rows["detail"].cost.requests)


def test_each_case_runs_in_a_function_that_there_is(rows) -> None:
    assert {row.function for row in rows.values()} <= {function.handler for function in FUNCTIONS}


def test_one_request_more_would_be_seen() -> None:
    listed = service.listed

    def twice(*arguments: Any) -> Any:
        listed(*arguments)
        return listed(*arguments)

    with platform_in_memory() as (walk, _), patch.object(service, "listed", twice):
        shop = cases.Stand()
        shop.product(shop.merchant(), "BENCH-0")
        walk.run("list of 24", lambda: cases.ok(call("GET", "/v1/products?limit=24")), page=True)

        (row,) = walk.rows()

    assert 2 == row.cost.requests


def test_copies_of_rows_have_keys_of_their_own_and_are_what_they_copy(aws_of_moto) -> None:
    pattern = [
        {"pk": {"S": "product#prd_1"}, "sk": {"S": "product"}, "product": {"S": '{"id":"prd_1"}'}},
        {"pk": {"S": "address#hash"}, "sk": {"S": "claim"}, "member_id": {"S": "somebody"}},
    ]

    growth.put_copies("catalogue", pattern, ({"prd_1": f"prd_{number}"} for number in range(2, 62)))

    table = platform.name("catalogue")
    key = {"pk": {"S": "product#prd_61"}, "sk": {"S": "product"}}
    found = dynamo.call("GetItem", TableName=table, Key=key)["Item"]
    assert {**key, "product": {"S": '{"id":"prd_61"}'}} == found
    assert 2 * 60 == len(_items(table))


def _items(table: str) -> list[Any]:
    return list(dynamo.call("Scan", TableName=table)["Items"])
