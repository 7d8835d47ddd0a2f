"""A depot: the use cases of inventory in an AWS of this process; its catalogue is only a list of owners."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec

from entrepot.cloud import auth, dynamo, http, reads, writes
from entrepot.cloud import aws as platform
from entrepot.cloud.idempotency import Once
from entrepot.cloud.outbox import OutboxRow
from entrepot.cloud.rows import Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.clock import utc_now
from entrepot.kernel.refusals import NotFound
from functions.inventory import facade, store
from functions.inventory.domain.stock import Cause, Level, Movement
from functions.inventory.domain.warehouse import Mode
from functions.inventory.routes import api
from functions.inventory.service import movements, warehouses

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


class OwnerRow(Row):
    """Whose a SKU is: pk `owner#<sku>`."""

    class Meta:
        table_name = platform.name("catalogue")

    merchant_id = Text()


class Owners:
    def owned_by(self, sku: str, merchant_id: str) -> Write:
        return writes.check(
            OwnerRow(f"owner#{sku}", "owner"), OwnerRow.merchant_id == merchant_id, NotFound()
        )


@dataclass
class Depot:
    """Speaks of SKUs and units; keys, tokens and transactions are its own business."""

    rng: Random = field(default_factory=lambda: Random(7))
    keys: int = 0

    def own(self, sku: str, merchant_id: str = "mrc_1") -> None:
        writes.commit(writes.put(OwnerRow(f"owner#{sku}", "owner", merchant_id=merchant_id)))

    def warehouse(self, merchant_id: str | None = "mrc_1", country: str = "CN") -> str:
        made = warehouses.create(merchant_id, "Depot", country, Mode.DIRECT_MAIL, utc_now())
        return made.warehouse_id

    def move(
        self, sku: str, warehouse_id: str, units: int, cause: str = "receipt", key: str | None = None
    ) -> Movement:
        self.keys += 1
        once = Once("POST /v1/stock#mbr_1", key or f"key-{self.keys}", f"{sku}{units}{cause}", NOW)
        wanted = movements.Instruction(sku, warehouse_id, Cause(cause), units, "", "mrc_1", "mbr_1")
        return movements.move(wanted, once, NOW)

    def stocked(self, sku: str, units: int, country: str = "CN") -> str:
        """A SKU of merchant one with so many units in a warehouse of its own."""
        self.own(sku)
        warehouse_id = self.warehouse(country=country)
        self.move(sku, warehouse_id, units)
        return warehouse_id

    def shown(self, wanted: dict[str, int]) -> Any:
        """Units of each SKU per warehouse, as carts and quotes see them."""
        look = facade.glance(wanted, beside=0)
        return look.seen(reads.fetch(*look.reads), consistent=False)[1]

    def shelf(self, sku: str) -> facade.Shelf:
        shelf = reads.fetch_one(store.shelf_read(sku), consistent=True)
        assert shelf is not None
        return shelf

    def plan(self, *demands: facade.Demand) -> facade.Plan:
        shelves = [self.shelf(sku) for sku in {demand.sku for demand in demands}]
        return facade.plan(demands, shelves, self.rng)

    def place(self, order_id: str, *demands: facade.Demand) -> facade.Reservation:
        """As an order does it. Raises: OutOfStock, Busy."""
        plan = self.plan(*demands)
        while True:
            try:
                writes.commit(*plan.writes(order_id, NOW))
                return self.reservation(order_id)
            except facade.BucketShort as short:
                plan = plan.after(short)

    def reservation(self, order_id: str) -> facade.Reservation:
        found = reads.fetch_one(facade.reservation_read(order_id), consistent=True)
        assert found is not None
        return found

    def level(self, sku: str) -> Level:
        found = facade.audit(sku)
        return Level("all", found.available, found.reserved)

    def buckets(self, sku: str) -> list[tuple[int, int]]:
        return [(bucket.available, bucket.reserved) for bucket in store.buckets(sku)]

    def movements_of(self, order_id: str) -> list[tuple[str, str, dict[str, int]]]:
        return [
            (each.cause, each.warehouse_id, {line.sku: line.units for line in each.lines})
            for each in store.order_movements(order_id)
        ]

    def events(self, name: str) -> list[dict[str, Any]]:
        """Published bodies of one kind, oldest first."""
        answer = dynamo.call("Scan", TableName=platform.name("outbox"), ConsistentRead=True)
        found = [OutboxRow.from_raw_data(item) for item in answer["Items"]]
        bodies = [msgspec.json.decode(row.body) for row in found if row.event == name]
        return sorted(bodies, key=lambda body: (body["occurred_at"], body.get("sequence", 0)))


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]

    @property
    def code(self) -> str:
        code: str = self.body["code"]
        return code

    @property
    def field(self) -> str:
        name: str = self.body["field"]
        return name


@dataclass(frozen=True)
class _Request:
    headers: dict[str, str]
    raw_body: bytes
    query_params: dict[str, str]
    context: dict[str, str]


class Client:
    """Calls inventory's routes through the platform's HTTP edge, as one role."""

    def __init__(self, role: str, merchant_id: str | None) -> None:
        now = int(utc_now().timestamp())
        claims = {
            "sub": f"mbr_{merchant_id or role}",
            "role": role,
            "merchant_id": merchant_id,
            "exp": now + 600,
        }
        self.token = auth.sign(claims, auth.ACCESS)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        key: str | None = None,
        query: dict[str, Any] | None = None,
    ) -> Answer:
        given = path.split("/")
        for route in api.routes:
            parts = route.path.split("/")
            if (route.method, len(parts)) != (method, len(given)):
                continue
            pairs = list(zip(parts, given, strict=True))
            if all(part == text or part.startswith("{") for part, text in pairs):
                named = {part[1:-1]: text for part, text in pairs if part.startswith("{")}
                return self._answer(route, named, body, key, query)
        raise AssertionError(f"no route {method} {path}")

    def _answer(
        self, route: http.Route, named: dict[str, str], body: Any, key: str | None, query: Any
    ) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Idempotency-Key": key} if key else {})
        raw = b"" if body is None else msgspec.json.encode(body)
        texts = {name: str(value) for name, value in (query or {}).items() if value is not None}
        response = http._answer(route, _Request(headers, raw, texts, {}), named)
        return Answer(response.status_code, msgspec.json.decode(response.body))
