"""The catalogue over HTTP, in one process: requests go through the edge as the gateway hands them over."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from entrepot.cloud import auth, dynamo, http, inbox
from entrepot.cloud.outbox import OutboxRow
from entrepot.cloud.writes import Write
from entrepot.contracts.inventory import AvailabilityChanged
from entrepot.kernel.clock import utc_now
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Kind, Refusal
from functions.catalogue import service
from functions.catalogue.routes import api

SHENZHEN = "mrc_01JD0000000000000000000001"
MILAN = "mrc_01JD0000000000000000000002"


class StockLeft(Refusal):
    code = "stock_left"
    kind = Kind.CONFLICT


@dataclass
class Answer:
    status: int
    body: Any
    headers: Mapping[str, Any]

    @property
    def code(self) -> str:
        code: str = self.body["code"]
        return code

    @property
    def etag(self) -> str:
        return str(self.headers["ETag"])


@dataclass
class Shelves:
    """Inventory's side of the port: SKUs with stock cannot be closed."""

    full: set[str] = field(default_factory=set)
    closed: list[str] = field(default_factory=list)

    def close_writes(self, sku: str) -> list[Write]:
        if sku in self.full:
            raise StockLeft(sku=sku)
        self.closed.append(sku)
        return []


class Market:
    """Two merchants, a shopper and anybody else, at the catalogue's door."""

    def __init__(self, shelves: Shelves) -> None:
        self.shelves = shelves
        self.requests: list[str] = []
        self._tokens: dict[str, str] = {}

    def get(self, path: str, who: str | None = None) -> Answer:
        return self.send("GET", path, who)

    def create(self, who: str = SHENZHEN, **changes: Any) -> Answer:
        return self.send("POST", "/v1/products", who, product(**changes))

    def published(self, who: str = SHENZHEN, **changes: Any) -> str:
        created = self.create(who, **changes)
        assert 201 == created.status, created.body
        answer = self.act(created.body["id"], "publish", who)
        assert 200 == answer.status, answer.body
        product_id: str = created.body["id"]
        return product_id

    def act(self, product_id: str, verb: str, who: str = SHENZHEN) -> Answer:
        return self.send("POST", f"/v1/products/{product_id}/{verb}", who)

    def patch(self, product_id: str, etag: str | None, who: str = SHENZHEN, **fields: Any) -> Answer:
        return self.send("PATCH", f"/v1/products/{product_id}", who, fields, etag)

    def delete(self, product_id: str, etag: str | None, who: str = SHENZHEN) -> Answer:
        return self.send("DELETE", f"/v1/products/{product_id}", who, None, etag)

    def ids(self, path: str = "/v1/products") -> list[str]:
        return [card["id"] for card in self.get(path).body["data"]]

    def report(self, sku: str, available: bool, sequence: int) -> AvailabilityChanged:
        now = utc_now()
        event = AvailabilityChanged(
            event_id=new_id("evt", now), occurred_at=now, sku=sku, available=available, sequence=sequence
        )
        service.on_availability_changed(event, inbox.once("catalogue-events", event.event_id, now), now)
        return event

    def events(self) -> list[dict[str, Any]]:
        """What was announced, oldest first."""
        rows = dynamo.call("Scan", TableName=OutboxRow.Meta.table_name)["Items"]
        bodies = [json.loads(row["body"]["S"]) for row in rows]
        return sorted(bodies, key=lambda body: body["occurred_at"])

    def send(
        self, method: str, target: str, who: str | None = None, body: Any = None, etag: str | None = None
    ) -> Answer:
        url = urlsplit(target)
        route, parameters = _routed(method, url.path)
        headers = {"content-type": "application/json"}
        if who is not None:
            headers["authorization"] = f"Bearer {self._token(who)}"
        if etag is not None:
            headers["if-match"] = etag
        request = SimpleNamespace(
            headers=headers,
            context={"requestId": "test"},
            raw_body=b"" if body is None else json.dumps(body, ensure_ascii=False).encode(),
            query_params=dict(parse_qsl(url.query)) or None,
        )
        self.requests.clear()
        answer = http._answer(route, request, parameters)
        decoded = json.loads(answer.body) if answer.body else None
        return Answer(answer.status_code, decoded, answer.headers)

    def _token(self, who: str) -> str:
        if who not in self._tokens:
            expires = int((utc_now() + timedelta(minutes=15)).timestamp())
            claims = {"sub": f"mbr_of_{who}", "role": "shopper", "exp": expires}
            if who.startswith("mrc_"):
                claims |= {"role": "merchant", "merchant_id": who}
            self._tokens[who] = auth.sign(claims, auth.ACCESS)
        return self._tokens[who]


def variant(sku: str, amount: int = 1990, **changes: Any) -> dict[str, Any]:
    return {"sku": sku, "price": {"amount": amount, "currency": "EUR"}, "weight_grams": 320, **changes}


def product(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Cup",
        "origin_country": "CN",
        "hs_code": "691110",
        "variants": [variant("CUP-1")],
        **changes,
    }


def _routed(method: str, path: str) -> tuple[http.Route, dict[str, str]]:
    for route in api.routes:
        pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", route.path)
        matched = re.fullmatch(pattern, path)
        if route.method == method and matched:
            return route, matched.groupdict()
    raise AssertionError(f"no route for {method} {path}")
