"""One of everything, so that a wrong request is wrong in one thing only; and the valid request of each route."""

import json
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.integration.orders.bazaar import Bazaar, dump, restore, snapshot
from tests.support.http import Answer, call
from tests.support.shop import BERLIN, CONTACT, HEADPHONES

Json = dict[str, Any]
SECURITY = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Valid:
    """A request that would be answered well. `who`: shopper, merchant, operator, or guest."""

    method: str
    path: str
    body: Json
    who: str = "guest"
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


class Scene:
    """A shop with a product, a cart, a quote, an unpaid and a paid order, a shipment; all kept as it was."""

    def __init__(self, bazaar: Bazaar) -> None:
        self.bazaar = bazaar
        merchant = bazaar.shenzhen
        self.tokens = {
            "guest": None,
            "shopper": bazaar.shopper(),
            "merchant": merchant.token,
            "operator": bazaar.operator,
        }
        self.product = call("POST", "/v1/products", product("EDGE-1"), token=merchant.token)
        cart = call("POST", "/v1/carts").json
        bazaar_cart = call("POST", "/v1/carts", token=self.tokens["shopper"]).json
        self.unpaid = bazaar.place({"PHONES-1": 2})
        self.paid = bazaar.paid({"PHONES-1": 3, "BAG-1": 1})
        self.quote = bazaar.quote({"PHONES-1": 2})
        self.names = {
            "product": self.product.json["id"],
            "etag": self.product.headers["ETag"],
            "warehouse": merchant.warehouses["CN:direct_mail"],
            "merchant": merchant.merchant_id,
            "cart": cart["id"],
            "cart_token": cart["cart_token"],
            "member_cart": bazaar_cart["id"],
            "quote": self.quote["id"],
            "option": self.quote["options"][0]["id"],
            "unpaid": self.unpaid["id"],
            "unpaid_token": self.unpaid["order_token"],
            "paid": self.paid["id"],
            "paid_token": self.paid["order_token"],
        }
        self.kept = dump()
        self.touched = True
        self._tables = snapshot()

    def repaired(self) -> None:
        """After a test that did not see all untouched at its end: the next one begins from what was."""
        if self.touched:
            restore(self._tables)
        self.touched = True

    def filled(self, value: Any) -> Any:
        """`value` with its `<names>` replaced by those of this scene."""
        if isinstance(value, str):
            for name, given in self.names.items():
                value = value.replace(f"<{name}>", given)
            return value
        if isinstance(value, dict):
            return {name: self.filled(each) for name, each in value.items()}
        return [self.filled(each) for each in value] if isinstance(value, list) else value

    def send(self, request: Valid, **changes: Any) -> Answer:
        """The request with its names filled in. `changes`: method, path, body, raw, who, headers (None drops one)."""
        headers: dict[str, str | None] = {
            "Idempotency-Key": "edge-key",
            **{name: self.filled(value) for name, value in request.headers},
            **changes.pop("headers", {}),
        }
        body = None if "raw" in changes else json.dumps(self.filled(changes.get("body", request.body)))
        return call(
            changes.get("method", request.method),
            self.filled(changes.get("path", request.path)),
            raw=changes.get("raw", body),
            token=self.tokens.get(changes.get("who", request.who)),
            headers={name: value for name, value in headers.items() if value is not None},
        )

    def assert_refused(self, answer: Answer, *expected: str | int, field: str | None = None) -> None:
        """A problem document with that status or code, naming the field, and nothing was written."""
        wrong = problems(answer, *expected, field=field)
        assert not wrong, wrong
        self.assert_untouched()

    def assert_untouched(self) -> None:
        found = dump()
        self.touched = self.kept != found
        new = {name: [row for row in rows if row not in self.kept[name]] for name, rows in found.items()}
        assert not self.touched, {name: rows for name, rows in new.items() if rows}


def problems(answer: Answer, *expected: str | int, field: str | None = None) -> list[str]:
    """What is wrong with a refusal; nothing, if it is a problem document with an expected status or code."""
    if answer.headers["Content-Type"] != "application/problem+json":
        return [f"no problem document: {answer.status} {answer.text[:200]}"]
    document = answer.json
    wrong = []
    if (
        not {"type", "title", "status", "code", "detail", "correlation_id"} <= document.keys()
        or not document["detail"]
    ):
        wrong.append(f"incomplete: {document}")
    if (
        answer.headers.get("X-Correlation-Id") != document.get("correlation_id")
        or SECURITY.items() - answer.headers.items()
    ):
        wrong.append(f"headers are missing: {answer.headers}")
    if answer.status != document["status"] or answer.status >= 500:
        wrong.append(f"{answer.status}: {document}")
    if answer.status not in expected and document["code"] not in expected:
        wrong.append(f"not {expected}: {document}")
    if field is not None and document.get("field") != field:
        wrong.append(f"not naming {field}: {document}")
    return wrong


def product(sku: str) -> Json:
    body = deepcopy(HEADPHONES)
    body["variants"][0]["sku"] = sku
    return body


PRODUCT = Valid(
    "POST",
    "/v1/products",
    {
        **product("EDGE-2"),
        "description": "Over the ear.",
        "tags": ["audio"],
        "brand": "Shengyin",
        "category_id": "audio",
        "texts": {"de": {"title": "Kopfhörer"}},
    },
    "merchant",
)
PATCH = Valid("PATCH", "/v1/products/<product>", {"title": "Better"}, "merchant", (("If-Match", "<etag>"),))
WAREHOUSE = Valid("POST", "/v1/warehouses", {"name": "Second", "country": "CN", "mode": "bonded"}, "merchant")
MOVEMENT = Valid(
    "POST",
    "/v1/stock/PHONES-1/movements",
    {"warehouse_id": "<warehouse>", "units": 5, "cause": "receipt", "note": "from the maker"},
    "merchant",
)
MERCHANT = Valid(
    "POST",
    "/v1/merchants",
    {"name": "Third", "country": "DE", "payout_currency": "EUR", "commission_rate": "0.08"},
    "operator",
)
REGISTER = Valid("POST", "/v1/members", {"email": "new@example.com", "password": "correct horse battery"})
VERIFY = Valid("POST", "/v1/members/verify", {"email": "new@example.com", "code": "123456"})
SIGN_IN = Valid("POST", "/v1/sessions", {"email": "new@example.com", "password": "correct horse battery"})
REFRESH = Valid("POST", "/v1/sessions/refresh", {"refresh_token": "a.b.c"})
CART_LINE = Valid(
    "PUT",
    "/v1/carts/<cart>/lines/PHONES-1",
    {"quantity": 2},
    headers=(("Cart-Token", "<cart_token>"),),
)
MERGE = Valid(
    "POST",
    "/v1/carts/<member_cart>/merge",
    {"from_cart_id": "<cart>"},
    "shopper",
    (("Cart-Token", "<cart_token>"),),
)
QUOTE = Valid(
    "POST",
    "/v1/quotes",
    {
        "lines": [{"sku": "PHONES-1", "quantity": 2}],
        "ship_to": {**BERLIN, "line2": "Hinterhof", "phone": "+49 30 1234567"},
        "currency": "EUR",
        "incoterm": "ddp",
    },
)
ORDER = Valid(
    "POST",
    "/v1/orders",
    {
        "quote_id": "<quote>",
        "option_id": "<option>",
        "contact": {**CONTACT, "phone": "+49 30 1234567"},
        "payment": {"method": "card", "capture": "automatic"},
    },
)
CANCEL = Valid(
    "POST",
    "/v1/orders/<paid>/cancel",
    {"reason": "changed my mind", "lines": [{"sku": "PHONES-1", "quantity": 1}]},
    headers=(("Order-Token", "<paid_token>"),),
)
PACK = Valid("POST", "/v1/orders/<paid>/pack", {"lines": [{"sku": "PHONES-1", "quantity": 1}]}, "merchant")
SHIPMENT = Valid(
    "POST",
    "/v1/orders/<paid>/shipments",
    {
        "carrier": "yunexpress",
        "tracking_number": "YT1234567890",
        "lines": [{"sku": "PHONES-1", "quantity": 1}],
    },
    "merchant",
)
REFUND = Valid(
    "POST",
    "/v1/refunds",
    {"order_id": "<paid>", "amount": {"amount": 100, "currency": "EUR"}, "reason": "scratched"},
    "operator",
)
REFUND_LINES = Valid(
    "POST",
    "/v1/refunds",
    {"order_id": "<paid>", "lines": [{"sku": "PHONES-1", "quantity": 1}], "reason": "scratched"},
    "merchant",
)

ALL = (
    PRODUCT,
    PATCH,
    WAREHOUSE,
    MOVEMENT,
    MERCHANT,
    REGISTER,
    VERIFY,
    SIGN_IN,
    REFRESH,
    CART_LINE,
    MERGE,
    QUOTE,
    ORDER,
    CANCEL,
    PACK,
    SHIPMENT,
    REFUND,
    REFUND_LINES,
)


def leaves(value: Any, path: str = "") -> list[str]:
    """The place of every value in a document, as `lines[0].quantity`."""
    if isinstance(value, dict):
        return [
            leaf for name, each in value.items() for leaf in leaves(each, f"{path}.{name}" if path else name)
        ]
    if isinstance(value, list):
        return [leaf for number, each in enumerate(value) for leaf in leaves(each, f"{path}[{number}]")]
    return [path]


def changed(document: Json, place: str, value: Any) -> Json:
    """A copy of the document with another value at a place; a missing one is added."""
    copied = deepcopy(document)
    *steps, last = [
        int(step[:-1]) if step.endswith("]") else step
        for step in place.replace("[", ".[").replace(".[", ".").split(".")
    ]
    at: Any = copied
    for step in steps:
        at = at[step]
    at[last] = value
    return copied
