"""Whatever is wrong after a flash sale or any other load is found."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.load import ending
from tests.load.buyer import Bought
from tests.load.client import Answer
from tests.load.goods import Shelves
from tests.support import e2e_flash

SOLD, GONE, LIMIT = (201, None), (409, "out_of_stock"), (422, "purchase_limit_reached")


def sale(*told: tuple[str, tuple[int, str | None]]) -> e2e_flash.Sale:
    """Args: told: buyers and what they were answered; every order has an id of its own."""
    answers = tuple(
        answered(status, {"id": f"ord_{number}"} if status == 201 else {"code": code})
        for number, (_, (status, code)) in enumerate(told)
    )
    return e2e_flash.Sale(answers, 0, 1.0, tuple(buyer for buyer, _ in told))


def answered(status: int, document: Any) -> Answer:
    return Answer(status, {}, json.dumps(document), 0.1)


def found(done: e2e_flash.Sale, units: int, sold: int, limit: int | None, taken: list[int]) -> list[str]:
    stock = {"on_hand": units, "reserved": sold, "available": units - sold}
    written = dict.fromkeys(("orders", "reservations", "order_placed events"), sold)
    return e2e_flash.findings(done, units, stock, written, limit, taken)


GOOD = (("a", SOLD), ("a", LIMIT), ("b", SOLD), ("c", GONE))


def test_a_sale_of_exactly_the_units_within_the_limit_is_right() -> None:
    assert [] == found(sale(*GOOD), 2, 2, 1, [1, 1])
    assert [] == found(sale(*GOOD[:3]), 5, 2, 1, [1, 1])
    assert [] == found(sale(("a", SOLD), ("b", SOLD), ("c", GONE)), 2, 2, None, [])


@pytest.mark.parametrize(
    ("told", "units", "sold", "taken", "expected"),
    [
        ((*GOOD, ("d", SOLD)), 2, 2, [1, 1], "answers"),
        (GOOD[1:], 2, 1, [1], "answers"),
        (GOOD, 5, 2, [1, 1], "out_of_stock'): 1} without a reason"),
        ((("a", SOLD), ("a", SOLD), ("c", GONE)), 2, 2, [2], "2 orders of one buyer"),
        ((("a", SOLD), ("a", SOLD), ("c", GONE)), 2, 2, [2], "2 for one of them"),
        ((*GOOD, ("d", LIMIT)), 2, 2, [1, 1], "a buyer below the limit was refused for it"),
        ((*GOOD, ("d", (503, "busy"))), 2, 2, [1, 1], "busy'): 1} without a reason"),
        ((*GOOD, ("d", (500, "internal"))), 2, 2, [1, 1], "without a reason"),
        (GOOD, 2, 1, [1, 1], "orders written"),
        (GOOD, 2, 1, [1, 1], "stock"),
        (GOOD, 2, 2, [1], "1 units counted for 1 buyers"),
    ],
)
def test_what_is_wrong_with_a_sale_is_found(
    told: Any, units: int, sold: int, taken: list[int], expected: str
) -> None:
    assert any(expected in finding for finding in found(sale(*told), units, sold, 1, taken))


def test_an_order_given_to_two_buyers_is_found() -> None:
    twice = e2e_flash.Sale(tuple(answered(201, {"id": "ord_1"}) for _ in range(2)), 0, 1.0, ("a", "b"))

    assert "an order was given to two buyers" in found(twice, 2, 2, 1, [1, 1])


PAID_AT = datetime(2026, 11, 26, 10, tzinfo=UTC)


def bought(number: int, paid: bool = True) -> Bought:
    lines = [{"sku": "A", "quantity": 2}]
    placed = {"id": f"ord_{number}", "total": {"amount": 500, "currency": "EUR"}, "lines": lines}
    return Bought(placed, "a", PAID_AT if paid else None)


def read(
    number: int, status: str = "paid", payment: str = "captured", times: int = 1, amount: int = 500
) -> Answer:
    timeline = [{"event": "paid", "at": "2026-11-26T10:00:02Z"}] * times
    return answered(
        200,
        {
            "id": f"ord_{number}",
            "status": status,
            "payment_status": payment,
            "timeline": timeline,
            "total": {"amount": amount, "currency": "EUR"},
        },
    )


def test_orders_that_are_what_their_buyers_were_told_are_right() -> None:
    answers = [read(1), read(2, "awaiting_payment", "none", times=0)]

    assert [] == ending._orders([bought(1), bought(2, paid=False)], answers)


@pytest.mark.parametrize(
    "answer",
    [
        read(1, "awaiting_payment", "none", times=0),
        read(1, "paid", "authorised"),
        read(1, times=2),
        read(1, times=0),
        read(1, amount=501),
        answered(404, {"code": "not_found"}),
    ],
)
def test_an_order_that_is_another_than_its_buyer_was_told_is_found(answer: Answer) -> None:
    assert ending._orders([bought(1)], [answer])


@dataclass
class Books:
    """A market with nothing but its books and its stock."""

    rows: dict[str, int] = field(default_factory=dict)
    stood: dict[str, int] = field(default_factory=dict)
    balanced: bool = True
    operator: str = "token"

    def done(self, *_: Any, **__: Any) -> Any:
        accounts = [
            {"account": name, "debit": max(0, n), "credit": max(0, -n)} for name, n in self.rows.items()
        ]
        return {"balanced": self.balanced, "accounts": accounts}

    def stock(self, _: str) -> dict[str, int]:
        return self.stood


def test_the_ledger_has_what_was_paid_and_nothing_else() -> None:
    right = {"psp:stripe": 480, "psp_fee_expense": 20, "customer_funds": -500}
    orders = [bought(1), bought(2, paid=False)]

    assert [] == ending._books(Books(right), orders)  # type: ignore[arg-type]
    for wrong in (Books(right, balanced=False), Books({**right, "psp:stripe": 980}), Books({})):
        assert 1 == len(ending._books(wrong, orders))  # type: ignore[arg-type]


def test_stock_is_what_was_received_less_what_was_sold_or_is_held() -> None:
    shelves = Shelves("", "", {"A": 10}, (), ())
    orders = [bought(1), bought(2, paid=False)]
    right = {"on_hand": 8, "reserved": 2, "available": 6}

    assert [] == ending._stock(Books(stood=right), shelves, orders)  # type: ignore[arg-type]
    for wrong in ({**right, "on_hand": 7}, {**right, "reserved": 0, "available": 8}):
        assert 1 == len(ending._stock(Books(stood=wrong), shelves, orders))  # type: ignore[arg-type]
