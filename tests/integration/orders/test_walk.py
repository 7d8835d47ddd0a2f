"""Whatever happens to an order, in whatever order: at its end units, money and books agree with one another."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tests.integration.orders.bazaar import Bazaar, about, as_lines, money
from tests.support.http import Answer, call

BOUGHT = {"PHONES-1": 4, "SHIRT-1": 3, "BAG-1": 3}
STEPS = 9


class Walk:
    """One order of two merchants and what chance does to it."""

    def __init__(self, bazaar: Bazaar, seed: int) -> None:
        self.bazaar = bazaar
        self.chance = Random(seed)
        self.placed = bazaar.paid(BOUGHT, capture=self.chance.choice(["automatic", "manual"]))
        self.merchants = {"PHONES-1": bazaar.shenzhen, "SHIRT-1": bazaar.shenzhen, "BAG-1": bazaar.milan}
        self.parcels: list[Any] = []
        self.arrived: set[str] = set()
        self.done: list[str] = []

    def step(self) -> None:
        acts: list[Callable[[], Answer | None]] = [
            self.ship,
            self.ship,
            self.cancel_units,
            self.cancel_share,
            self.refund_units,
            self.refund_amount,
            self.deliver,
            self.deliver,
            self.wait,
            self.hear,
        ]
        act = self.chance.choice(acts)
        answer = act()
        self.done.append(f"{act.__name__}: {answer.status if answer else ''}")
        if answer is not None:
            assert answer.status in (200, 201, 403, 409, 422, 503), f"{self.done} {answer.text}"
        if self.chance.random() < 0.7:
            self.hear()

    def some(self) -> tuple[str, int]:
        sku = self.chance.choice(list(BOUGHT))
        return sku, self.chance.randint(1, BOUGHT[sku])

    def ship(self) -> Answer:
        sku, units = self.some()
        body = {
            "carrier": "yunexpress",
            "tracking_number": f"YT12345678{len(self.parcels):02}",
            "lines": as_lines({sku: units}),
        }
        path = f"/v1/orders/{self.placed['id']}/shipments"
        answer = call("POST", path, body, token=self.merchants[sku].token, headers=self.bazaar.key())
        if answer.status == 201:
            self.parcels.append(answer.json)
        return answer

    def cancel_units(self) -> Answer:
        sku, units = self.some()
        return self.bazaar.cancel(self.placed, lines={sku: units})

    def cancel_share(self) -> Answer:
        return self.bazaar.cancel(self.placed, self.merchants[self.some()[0]].token)

    def refund_units(self) -> Answer:
        sku, units = self.some()
        return self.bazaar.refund(self.placed, self.merchants[sku].token, lines={sku: units})

    def refund_amount(self) -> Answer:
        amount = self.chance.randint(1, self.placed["total"]["amount"] // 2)
        return self.bazaar.refund(self.placed, self.bazaar.operator, amount=money(amount))

    def deliver(self) -> None:
        waiting = [parcel for parcel in self.parcels if parcel["id"] not in self.arrived]
        if waiting:
            parcel = self.chance.choice(waiting)
            self.arrived.add(parcel["id"])
            self.bazaar.scan(parcel, "in_transit", "delivered")

    def wait(self) -> None:
        self.bazaar.tick(days=15)

    def hear(self) -> None:
        self.bazaar.hear()

    def finish(self) -> Any:
        """All that is left is shipped and arrives; the shares complete."""
        self.hear()
        for line in self.bazaar.order(self.placed)["lines"]:
            left = line["quantity"] - line["cancelled"] - line["shipped"]
            if left:
                number = f"YT12345678{len(self.parcels):02}"
                merchant = self.merchants[line["sku"]]
                self.parcels.append(
                    self.bazaar.ship(merchant, self.placed, {line["sku"]: left}, number=number)
                )
                self.hear()
        while len(self.arrived) < len(self.parcels):
            self.deliver()
        self.hear()
        self.wait()
        self.hear()
        return self.bazaar.order(self.placed)


@pytest.mark.parametrize("seed", range(9))
def test_whatever_happens_units_money_and_books_agree_at_the_end(bazaar: Bazaar, seed: int) -> None:
    walk = Walk(bazaar, seed)
    for _ in range(STEPS):
        walk.step()

    order = walk.finish()

    assert order["status"] in ("completed", "cancelled"), walk.done
    for line in order["lines"]:
        assert line["quantity"] == line["cancelled"] + line["shipped"]
        left = 100 - line["shipped"]
        stock = bazaar.stock(walk.merchants[line["sku"]], line["sku"])
        assert {"on_hand": left, "reserved": 0, "available": left} == stock, walk.done
    received, back = bazaar.money()
    assert 0 <= back <= received <= walk.placed["total"]["amount"]
    assert back == sum(refund["amount"]["amount"] for refund in order["refunds"])
    assert {"succeeded"} >= {refund["status"] for refund in order["refunds"]}
    shares = about(order["id"], "orders.share_completed")
    owed_back = sum(event["amount"] for event in about(order["id"], "orders.share_refunded"))
    kept = sum(share["paid"] - share["refunded"] for share in shares) - owed_back
    assert received - back == kept, f"{walk.done} {shares}"
    bazaar.ledger()  # and it balances
    assert order["timeline"][0]["event"] == "placed"
    assert 1 == [entry["event"] for entry in order["timeline"]].count("paid")
