"""The requests of catalogue, customs, inventory, orders, logistics and payments."""

import json
from typing import Final

from infra.local.btcpay.signing import signature_header as btcpay_signature
from infra.local.carriers.payloads import Parcel, Scan, webhook
from infra.local.stripe.signing import signature_header
from tests.integration.matrix.asked import Asked
from tests.integration.matrix.callers import Caller, Names
from tests.integration.matrix.world import World
from tests.support.aws import SECRETS
from tests.support.bank import camt, camt_entry, in_base64
from tests.support.http import call
from tests.support.shop import BERLIN, CONTACT, HEADPHONES

_NEW: Final = {**HEADPHONES, "variants": [{**HEADPHONES["variants"][0], "sku": "NEW-1"}]}
_LINE: Final = {"sku": "<sku>", "quantity": 1}
_CART: Final = {"Cart-Token": "<cart_token>"}
_ORDER: Final = {"Order-Token": "<order_token>"}
_GUEST: Final = {"Cart-Token": "<guest_cart_token>"}


def _if_match(name: str) -> dict[str, str]:
    return {"If-Match": name}


def _of_stripe(secret: str) -> Asked:
    def signed(world: World) -> tuple[bytes, dict[str, str]]:
        payload = json.dumps(world.provider.events()[0]).encode()
        return payload, {"Stripe-Signature": signature_header(payload, secret, int(world.now.timestamp()))}

    return Asked("POST", "/v1/webhooks/stripe", signs=signed)


def _of_btcpay(secret: str) -> Asked:
    def signed(world: World) -> tuple[bytes, dict[str, str]]:
        payload = json.dumps({"type": "InvoiceSettled", "deliveryId": "d", "invoiceId": "i"}).encode()
        return payload, {"BTCPay-Sig": btcpay_signature(payload, secret)}

    return Asked("POST", "/v1/webhooks/btcpay", signs=signed)


def _of_carrier(secret: str) -> Asked:
    def signed(world: World) -> tuple[bytes, dict[str, str]]:
        scans = [Scan(world.now, "in_transit", "InTransit", "Leipzig, DE")]
        parcel = Parcel("yunexpress", "YT0000000001")
        made = webhook("aftership", parcel, scans, secret, world.now)
        return made.body, dict(made.headers)

    return Asked("POST", "/v1/webhooks/carriers/<source>", signs=signed)


def _movement(sku: str, warehouse: str) -> Asked:
    body = {"warehouse_id": warehouse, "units": 5, "cause": "receipt"}
    return Asked("POST", f"/v1/stock/{sku}/movements", body)


def _signed(right: Asked, wrong: Asked) -> Asked:
    return Asked(right.method, right.path, signs=right.signs, foreign=wrong)


def _placed(world: World, caller: Caller) -> Names:
    """An order that awaits payment, bought by the caller: whose token is theirs to use only who brings tokens has."""
    body = {
        "quote_id": caller.own["quote"],
        "option_id": caller.own["option"],
        "contact": CONTACT,
        "payment": {"method": "card"},
    }
    placed = call("POST", "/v1/orders", body, token=caller.token, headers={"Idempotency-Key": "before"}).json
    return {
        "unpaid": placed["id"],
        **({"order_token": placed["order_token"]} if "order_token" in caller.own else {}),
    }


CATALOGUE: Final = (
    Asked("POST", "/v1/products", _NEW),
    Asked("GET", "/v1/products"),
    Asked("GET", "/v1/products/<product>", foreign=Asked("GET", "/v1/products/<~draft>")),
    Asked("PATCH", "/v1/products/<product>", {"title": "Better"}, headers=_if_match("<product_etag>")),
    Asked("DELETE", "/v1/products/<draft>", headers=_if_match("<draft_etag>")),
    Asked("POST", "/v1/products/<deleted>/restore"),
    Asked("GET", "/v1/products/<product>/revisions"),
    Asked("POST", "/v1/products/<draft>/publish"),
    Asked("POST", "/v1/products/<product>/unpublish"),
    Asked("GET", "/v1/hs-codes/<hs_code>"),
    Asked("POST", "/v1/hs-codes/suggestions", {"text": "wireless headphones"}),
)
INVENTORY: Final = (
    Asked(
        "GET",
        "/v1/warehouses",
        shows="warehouse",
        of_staff=Asked("GET", "/v1/warehouses?merchant=<merchant>", shows="warehouse"),
    ),
    Asked("POST", "/v1/warehouses", {"name": "Second", "country": "CN", "mode": "bonded"}),
    Asked(
        "POST",
        "/v1/stock/<sku>/movements",
        _movement("", "<warehouse>").body,
        crossed=(_movement("<~sku>", "<warehouse>"), _movement("<sku>", "<~warehouse>")),
    ),
    Asked("GET", "/v1/stock/<sku>"),
)
ORDERS: Final = (
    Asked("POST", "/v1/carts"),
    Asked("GET", "/v1/carts/<cart>", headers=_CART),
    Asked("PUT", "/v1/carts/<cart>/lines/<sku>", {"quantity": 3}, headers=_CART),
    Asked("DELETE", "/v1/carts/<cart>/lines/<sku>", headers=_CART),
    Asked(
        "POST",
        "/v1/carts/<cart>/merge",
        {"from_cart_id": "<guest_cart>"},
        headers=_GUEST,
        crossed=(Asked("POST", "/v1/carts/<cart>/merge", {"from_cart_id": "<~cart>"}, headers=_GUEST),),
    ),
    Asked(
        "POST",
        "/v1/quotes",
        {"cart_id": "<cart>", "ship_to": BERLIN, "currency": "EUR"},
        headers=_CART,
    ),
    Asked(
        "POST",
        "/v1/orders",
        {
            "quote_id": "<quote>",
            "option_id": "<option>",
            "contact": CONTACT,
            "payment": {"method": "card"},
        },
    ),
    Asked("GET", "/v1/orders", shows="listed"),
    Asked("GET", "/v1/orders/<order>", headers=_ORDER),
    Asked(
        "POST",
        "/v1/orders/<unpaid>/payments",
        {"method": "card"},
        headers=_ORDER,
        before=_placed,
        foreign=Asked("POST", "/v1/orders/<~order>/payments", {"method": "card"}, headers=_ORDER),
    ),
    Asked("POST", "/v1/orders/<order>/pack", {"lines": [_LINE]}),
    Asked("POST", "/v1/orders/<order>/cancel", {"reason": "too late", "lines": [_LINE]}, headers=_ORDER),
    Asked(
        "POST",
        "/v1/orders/<order>/shipments",
        {"carrier": "yunexpress", "tracking_number": "YT1234567890", "lines": [_LINE]},
    ),
    Asked("GET", "/v1/shipments/<shipment>", headers={"Order-Token": "<shipment_token>"}),
    Asked("GET", "/v1/shipments/<shipment>/documents"),
    Asked("POST", "/v1/shipments/<shipment>/documents"),
    Asked("POST", "/v1/refunds", {"order_id": "<order>", "lines": [_LINE], "reason": "scratched"}),
)
OUTSIDE: Final = (
    _signed(_of_stripe(SECRETS["stripe_webhook_secret"]), _of_stripe("another")),
    _signed(_of_btcpay(SECRETS["btcpay_webhook_secret"]), _of_btcpay("another")),
    _signed(_of_carrier(SECRETS["aftership_secret"]), _of_carrier("another")),
    Asked(
        "POST",
        "/v1/bank-statements",
        {"format": "camt.053", "content": in_base64(camt([camt_entry("2.00", "again", "B2")]))},
    ),
    Asked("GET", "/v1/bank-statements/unmatched"),
    Asked("POST", "/v1/bank-statements/unmatched/<work>/assign", {"reference": "<reference>"}),
)
