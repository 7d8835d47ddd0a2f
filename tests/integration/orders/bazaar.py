"""A furnished shop for the tests of orders: two merchants, goods, a clock that can be moved, and a copy of all tables.

Furnishing takes a second, so a module does it once and each test begins from the same copy.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from entrepot.cloud import auth, aws, dynamo, events, http, outbox
from entrepot.kernel.clock import utc_now
from entrepot.kernel.ids import new_id
from functions.payments import health, stripe_gateway
from infra.estate import TABLES
from infra.local.carriers.payloads import Parcel, Scan, webhook
from tests.support import memory, pump
from tests.support.aws import SECRETS, in_process
from tests.support.http import Answer, call
from tests.support.provider import Provider, running
from tests.support.shop import Merchant, Shop

FED_BY_THE_API = ("payments-webhooks", "payments-statements", "logistics-scans", "settlement-runs")
SCANNED = {
    "in_transit": "InTransit",
    "out_for_delivery": "OutForDelivery",
    "delivered": "Delivered",
    "exception": "Exception",
}
SHANGHAI = {
    "name": "李华",
    "line1": "南京东路 100 号",
    "city": "上海",
    "region": "SH",
    "postal_code": "200001",
    "country": "CN",
}
IMPORTER = {
    "kind": "cn_resident_id",
    "name": "李华",
    "number": "11010519491231002X",
}  # the example of GB 11643
BAG: dict[str, Any] = {
    "title": "Handbag",
    "origin_country": "IT",
    "hs_code": "420221",
    "variant": {"price": {"amount": 9900, "currency": "EUR"}, "weight_grams": 700},
}
SHIRT: dict[str, Any] = {
    "title": "T-shirt",
    "hs_code": "610910",
    "variant": {"price": {"amount": 5000, "currency": "CNY"}, "weight_grams": 200},
}


@dataclass
class Clock:
    """The time that the edge and the triggers read: that of this machine, moved by as much as a test says."""

    moved: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return utc_now() + self.moved

    def advance(self, **by: float) -> None:
        self.moved += timedelta(**by)

    @contextmanager
    def at(self, **by: float) -> Iterator[None]:
        """For a while it is later."""
        before = self.moved
        self.advance(**by)
        try:
            yield
        finally:
            self.moved = before


class Bazaar(Shop):
    """A Shop whose people hold tokens without having typed a password, and what a test of orders does in it."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self.provider = provider
        self.clock = Clock()
        self.shenzhen = self.merchant("CN", "CNY")
        self.milan = self.merchant("IT", "EUR")
        self.stocked("PHONES-1", 100, self.shenzhen)
        self.product(self.shenzhen, "SHIRT-1", **SHIRT)
        self.receive(self.shenzhen, "SHIRT-1", 100)
        self.bag = self.product(self.milan, "BAG-1", **BAG)
        self.receive(self.milan, "BAG-1", 100, country="IT", mode="overseas")
        self.settle_events()

    def paid(self, lines: dict[str, int], capture: str = "automatic", token: str | None = None) -> Any:
        """An order that its buyer has paid, and of which everybody has heard."""
        placed = self.place(lines, token=token, capture=capture)
        self.pay(placed)
        return placed

    def place_in_china(self, lines: dict[str, int], token: str | None = None) -> Any:
        """An order to a consignee whose yearly quota counts it."""
        quote = self.quote(lines, ship_to=SHANGHAI, currency="CNY", importer_identity=IMPORTER, token=token)
        return self._made(self.try_place(quote, token=token))

    def pay(self, placed: Any, payment_method: str = "pm_card_visa") -> None:
        self.provider.pay(placed, payment_method)
        self.hear()

    def hear(self) -> None:
        """Hand over what Stripe has to tell, and all that follows from it, until nothing moves any more."""
        while self.provider.new_events():
            self.provider.deliver()
            self.settle_events()
        self.settle_events()

    def scan(self, shipment: Any, *statuses: str, first: int = 0) -> None:
        """What the carrier tells of a parcel, a minute apart; everybody hears of it."""
        begins = self.clock.now()
        scans = [
            Scan(begins + timedelta(minutes=first + number), status, SCANNED[status], "Leipzig, DE")
            for number, status in enumerate(statuses)
        ]
        parcel = Parcel(shipment["carrier"], shipment["tracking_number"])
        signed = webhook("aftership", parcel, scans, SECRETS["aftership_secret"], begins)
        answer = call(
            "POST", "/v1/webhooks/carriers/aftership", raw=signed.body, headers=dict(signed.headers)
        )
        assert 200 == answer.status, answer.text
        self.settle_events()

    def tick(self, **later: float) -> None:
        """Let the schedules of orders run, so much later, and everybody hear of what they did."""
        import app

        names = ("version", "account", "region", "detail-type", "source", "time", "id", "resources")
        event = dict.fromkeys(names, "")
        with self.clock.at(**later):
            app.app.handler_map["orders_due"]({**event, "detail": {}}, None)
        self.hear()

    def cancel(
        self,
        placed: Any,
        token: str | None = None,
        lines: dict[str, int] | None = None,
        key: str | None = None,
    ) -> Answer:
        """By the member whose token is given, else by who holds the order's own token."""
        body: dict[str, Any] = {"reason": "changed my mind"}
        if lines is not None:
            body["lines"] = as_lines(lines)
        headers = {"Idempotency-Key": key} if key else self.key()
        if token is None:
            headers["Order-Token"] = placed["order_token"]
        return call("POST", f"/v1/orders/{placed['id']}/cancel", body, token=token, headers=headers)

    def refund(self, placed: Any, token: str, key: str | None = None, **wanted: Any) -> Answer:
        """`lines` as units by SKU, or `amount` as Money."""
        if "lines" in wanted:
            wanted["lines"] = as_lines(wanted["lines"])
        body = {"order_id": placed["id"], "reason": "scratched", **wanted}
        headers = {"Idempotency-Key": key} if key else self.key()
        return call("POST", "/v1/refunds", body, token=token, headers=headers)

    def seen_by(self, merchant: Merchant, placed: Any) -> Any:
        answer = call("GET", f"/v1/orders/{placed['id']}", token=merchant.token)
        assert 200 == answer.status, answer.text
        return answer.json

    def status(self, placed: Any) -> tuple[str, str]:
        """The order's own and its payment's."""
        order = self.order(placed)
        return (order["status"], order["payment_status"])

    def timeline(self, placed: Any) -> list[str]:
        return [entry["event"] for entry in self.order(placed)["timeline"]]

    def intents(self) -> list[dict[str, Any]]:
        """What the provider knows of payments, oldest first."""
        return list(self.provider.standin.account.store.objects["payment_intent"].values())

    def money(self) -> tuple[int, int]:
        """What the provider has received for all payments, and what of it went back."""
        objects = self.provider.standin.account.store.objects
        back = sum(refund["amount"] for refund in objects["refund"].values())
        return (sum(intent["amount_received"] for intent in self.intents()), back)

    def ledger(self) -> list[str]:
        """The facts that have an entry in the ledger, whose debits must equal its credits."""
        answer = call("GET", "/v1/ledger/trial-balance", token=self.operator)
        assert (200, True) == (answer.status, answer.json["balanced"]), answer.text
        items = dynamo.call("Scan", TableName=aws.name("ledger"))["Items"]
        return sorted(pk[6:] for pk in (item["pk"]["S"] for item in items) if pk.startswith("entry#"))

    def fault(self, mode: str = "unavailable") -> None:
        """Calls for payments fail so until it is healed."""
        fault = {"mode": mode, "path": "/v1/payment_intents"}
        self.provider._request("POST", "/test/faults", fault)

    def heal(self) -> None:
        self.provider.standin.faults.clear()

    def _account(self, role: str, merchant_id: str | None) -> str:
        return token(role, merchant_id)


def token(role: str, merchant_id: str | None = None, member_id: str | None = None) -> str:
    """An access token as a sign-in gives it, good for as far as a test moves the clock."""
    claims = {"sub": member_id or new_id("mbr", utc_now()), "role": role}
    if merchant_id:
        claims["merchant_id"] = merchant_id
    expires = int((utc_now() + timedelta(days=90)).timestamp())
    return auth.sign({**claims, "exp": expires}, auth.ACCESS)


def as_lines(units: dict[str, int]) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": quantity} for sku, quantity in units.items()]


def money(amount: int, currency: str = "EUR") -> dict[str, Any]:
    return {"amount": amount, "currency": currency}


def about(order_id: str, name: str) -> list[dict[str, Any]]:
    """The published events of a name that are about an order."""
    return [e for e in pump.events() if e["event"] == name and e.get("order_id") == order_id]


def dump() -> dict[str, list[str]]:
    """All that is kept anywhere: every item of every table, and what waits on the queues that the API feeds."""
    kept = {
        table.name: sorted(memory.readable(item) for item in memory.current().rows(table.name))
        for table in TABLES
    }
    for queue in FED_BY_THE_API:
        attributes = aws.client("sqs").get_queue_attributes(
            QueueUrl=aws.queue_url(queue), AttributeNames=["ApproximateNumberOfMessages"]
        )
        kept[queue] = [attributes["Attributes"]["ApproximateNumberOfMessages"]]
    return kept


@contextmanager
def transactions() -> Iterator[list[int]]:
    """How many items each transaction of the block touched."""
    sizes: list[int] = []

    def watch(operation: str, arguments: dict[str, Any], answer: dict[str, Any]) -> None:
        if operation == "TransactWriteItems":
            sizes.append(len(arguments["TransactItems"]))

    dynamo.observers.append(watch)
    try:
        yield sizes
    finally:
        dynamo.observers.remove(watch)


@contextmanager
def meanwhile(
    owner: Any,
    name: str,
    *,
    before: Callable[[], object] | None = None,
    after: Callable[[], object] | None = None,
) -> Iterator[None]:
    """The first call of `owner.name` in the block has somebody else's act right before or after it."""
    original = getattr(owner, name)
    pending = [True]

    def act(*given: Any, **options: Any) -> Any:
        first = bool(pending)
        pending.clear()
        if first and before:
            before()
        result = original(*given, **options)
        if first and after:
            after()
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, act)
        yield
    assert not pending, f"{name} was never called"


@dataclass
class World:
    """The furnished shop and a copy of its tables, from which each test begins."""

    bazaar: Bazaar
    kept: memory.Kept

    def restored(self) -> Bazaar:
        restore(self.kept)
        pump._waiting()
        provider = self.bazaar.provider
        provider.control("reset")
        provider._delivered.clear()
        self.bazaar.clock.moved = timedelta()
        health.forget()
        return self.bazaar


def snapshot() -> memory.Kept:
    return memory.current().kept()


def restore(kept: memory.Kept) -> None:
    memory.current().restore(kept)


@contextmanager
def furnished(furnish: Sequence[Callable[[Bazaar], object]] = ()) -> Iterator[World]:
    """A world of its own AWS and provider.

    To be quick, the provider's client does not try again by itself, and the outbox has one shard to look through.
    """
    with pytest.MonkeyPatch.context() as patch, in_process("memory"), running() as provider:
        patch.setattr(stripe_gateway, "_RETRIES", 0)
        patch.setattr(outbox, "SHARDS", 1)
        stripe_gateway._client.cache_clear()
        bazaar = Bazaar(provider)
        for step in furnish:
            step(bazaar)
        patch.setattr(http, "utc_now", bazaar.clock.now)
        patch.setattr(events, "utc_now", bazaar.clock.now)
        yield World(bazaar, snapshot())
    stripe_gateway.forget()
