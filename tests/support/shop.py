"""A shop in this process: accounts, goods and buyers, over the API as any client would use it."""

import itertools
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from entrepot.kernel.clock import utc_now
from tests.support.http import Answer, call
from tests.support.pump import pump

BERLIN = {
    "name": "Anna Schmidt",
    "line1": "Torstraße 1",
    "city": "Berlin",
    "postal_code": "10119",
    "country": "DE",
}
CONTACT = {"name": "Anna Schmidt", "email": "anna@example.com"}
HEADPHONES: dict[str, Any] = {
    "title": "Headphones",
    "origin_country": "CN",
    "hs_code": "851830",
    "variants": [
        {
            "sku": "PHONES-1",
            "price": {"amount": 20000, "currency": "CNY"},
            "weight_grams": 300,
            "dimensions_mm": {"length": 200, "width": 180, "height": 80},
        }
    ],
}


@dataclass
class Merchant:
    """A merchant's staff, signed in, with the warehouses opened so far."""

    merchant_id: str
    token: str
    warehouses: dict[str, str] = field(default_factory=dict)


class Shop:
    """Every method asserts that its calls are answered as they should be; `try_…` gives the answer instead."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.operator = self._account("operator", None)

    def merchant(self, country: str = "CN", currency: str = "CNY", commission: str = "0.08") -> Merchant:
        body = {
            "name": f"Merchant {next(self._numbers)}",
            "country": country,
            "payout_currency": currency,
            "commission_rate": commission,
        }
        merchant_id = self._made(call("POST", "/v1/merchants", body, token=self.operator))["id"]
        return Merchant(merchant_id, self._account("merchant", merchant_id))

    def shopper(self) -> str:
        """The token of a new member."""
        return self._account("shopper", None)

    def warehouse(self, merchant: Merchant, country: str = "CN", mode: str = "direct_mail") -> str:
        key = f"{country}:{mode}"
        if key not in merchant.warehouses:
            body = {"name": f"{country} {mode}", "country": country, "mode": mode}
            answer = call("POST", "/v1/warehouses", body, token=merchant.token)
            merchant.warehouses[key] = self._made(answer)["id"]
        return merchant.warehouses[key]

    def product(self, merchant: Merchant, sku: str, **changes: Any) -> str:
        """A published product with one variant. `changes` are of the product; `variant` holds those of the variant."""
        variant = {**HEADPHONES["variants"][0], "sku": sku, **changes.pop("variant", {})}
        body = {**HEADPHONES, **changes, "variants": [variant]}
        made = self._made(call("POST", "/v1/products", body, token=merchant.token))
        answer = call("POST", f"/v1/products/{made['id']}/publish", token=merchant.token)
        assert 200 == answer.status, answer.text
        return str(made["id"])

    def receive(self, merchant: Merchant, sku: str, units: int, **warehouse: str) -> None:
        body = {"warehouse_id": self.warehouse(merchant, **warehouse), "units": units, "cause": "receipt"}
        self._made(call("POST", f"/v1/stock/{sku}/movements", body, token=merchant.token, headers=self.key()))

    def stocked(
        self,
        sku: str,
        units: int,
        merchant: Merchant | None = None,
        purchase_limit: int | None = None,
        **warehouse: str,
    ) -> Merchant:
        """A product on sale with so many units in one warehouse."""
        owner = merchant or self.merchant()
        self.product(owner, sku, variant={"purchase_limit": purchase_limit})
        self.receive(owner, sku, units, **warehouse)
        return owner

    def stock(self, merchant: Merchant, sku: str) -> dict[str, int]:
        """on_hand, reserved and available over all warehouses."""
        answer = call("GET", f"/v1/stock/{sku}", token=merchant.token)
        assert 200 == answer.status, answer.text
        rows = answer.json["warehouses"]
        return {name: sum(row[name] for row in rows) for name in ("on_hand", "reserved", "available")}

    def try_quote(self, lines: dict[str, int], **changes: Any) -> Answer:
        body = {
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()],
            "ship_to": BERLIN,
            "currency": "EUR",
            **changes,
        }
        token = body.pop("token", None)
        return call("POST", "/v1/quotes", body, token=token)

    def quote(self, lines: dict[str, int], **changes: Any) -> Any:
        return self._made(self.try_quote(lines, **changes))

    def try_place(
        self,
        quote: Any,
        key: str | None = None,
        token: str | None = None,
        option: int = 0,
        capture: str = "automatic",
        method: str = "card",
    ) -> Answer:
        body = {
            "quote_id": quote["id"],
            "option_id": quote["options"][option]["id"],
            "contact": CONTACT,
            "payment": {"method": method, "capture": capture},
        }
        headers = {"Idempotency-Key": key} if key else self.key()
        return call("POST", "/v1/orders", body, token=token, headers=headers)

    def place(self, lines: dict[str, int], token: str | None = None, **options: Any) -> Any:
        """An order awaiting its payment, as POST /v1/orders answered it."""
        return self._made(self.try_place(self.quote(lines, token=token), token=token, **options))

    def order(self, placed: Any) -> Any:
        answer = call("GET", f"/v1/orders/{placed['id']}", headers={"Order-Token": placed["order_token"]})
        assert 200 == answer.status, answer.text
        return answer.json

    def ship(
        self, merchant: Merchant, placed: Any, lines: dict[str, int], number: str = "YT1234567890"
    ) -> Any:
        body = {
            "carrier": "yunexpress",
            "tracking_number": number,
            "lines": [{"sku": sku, "quantity": units} for sku, units in lines.items()],
        }
        return self._made(
            call(
                "POST",
                f"/v1/orders/{placed['id']}/shipments",
                body,
                token=merchant.token,
                headers=self.key(),
            )
        )

    def settle_events(self) -> list[str]:
        return pump()

    @staticmethod
    def key() -> dict[str, str]:
        return {"Idempotency-Key": str(uuid4())}

    @staticmethod
    def _made(answer: Answer) -> Any:
        assert 201 == answer.status, answer.text
        return answer.json

    def _account(self, role: str, merchant_id: str | None) -> str:
        from functions.membership.facade import seed_account

        email, password = f"{role}{next(self._numbers)}@example.com", f"correct horse {uuid4()}"
        seed_account(email, password, role, merchant_id, utc_now())
        answer = call("POST", "/v1/sessions", {"email": email, "password": password})
        return str(self._made(answer)["access_token"])
