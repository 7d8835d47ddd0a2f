"""Warehouses, products and stock of the demo, over HTTP as the merchants' staff would bring them in."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from infra.local.accounts import Accounts
from infra.local.client import Client
from infra.local.seed.data import Demo, DemoProduct

AT_ONCE: Final = 4
"""As many as the front lets through."""


@dataclass(frozen=True, slots=True)
class Done:
    """What stands, and how much of it was put there now."""

    warehouses: int
    products: int
    new_products: int
    receipts: int

    def __str__(self) -> str:
        text = f"{self.products} products in {self.warehouses} warehouses"
        if self.new_products or self.receipts:
            return f"{text}, {self.new_products} new, {self.receipts} receipts of stock"
        return f"{text}, all there already"


def create(base_url: str, accounts: Accounts, demo: Demo, tell: Callable[[str], None]) -> Done:
    """Bring in what is not there yet. Raises: Unanswered."""
    client = Client(base_url)
    tell("signing in")
    tokens = {one.account: client.sign_in(accounts[one.account]) for one in demo.merchants}
    tell("warehouses")
    places = _warehouses(client, tokens, demo)
    on_sale = {sku for one in demo.merchants for sku in _skus_on_sale(client, one.id)}
    new, receipts = [], []

    def bring_in(product: DemoProduct) -> None:
        token = tokens[product.account]
        fresh = not on_sale.issuperset(product.skus) and _put_on_sale(client, token, product.product)
        if fresh:
            new.append(product)
        receipts.extend(_stock(client, token, product, places, known=not fresh))
        tell(f"{len(new)} of {len(demo.products)} products, {len(receipts)} receipts of stock")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(bring_in, demo.products):
            pass  # taking each result raises what went wrong there
    return Done(len(places), len(demo.products), len(new), len(receipts))


def _warehouses(client: Client, tokens: Mapping[str, str], demo: Demo) -> dict[str, str]:
    """The id of each warehouse by its key.

    They are opened one after the other: where no warehouse stands in the buyer's country, the one opened first
    serves, and that has to be Shenzhen and Milan.
    """
    places = {}
    known = {account: _own(client, token) for account, token in tokens.items()}
    for one in demo.warehouses:
        found = known[one.account].get(one.name)
        if found is None:
            body = {"name": one.name, "country": one.country, "mode": one.mode}
            made = client.call("POST", "/v1/warehouses", body, token=tokens[one.account]).expect(201)
            found = str(made["id"])
        places[one.key] = found
    return places


def _own(client: Client, token: str) -> dict[str, str]:
    """The ids of the warehouses that a merchant may use, by name."""
    listed = client.call("GET", "/v1/warehouses?limit=100", token=token).expect(200)
    return {row["name"]: row["id"] for row in listed["data"]}


def _skus_on_sale(client: Client, merchant_id: str) -> set[str]:
    found: set[str] = set()
    query: dict[str, str] = {"merchant": merchant_id, "limit": "100"}
    while True:
        page = client.call("GET", f"/v1/products?{urlencode(query)}").expect(200)
        found |= {variant["sku"] for card in page["data"] for variant in card["variants"]}
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def _put_on_sale(client: Client, token: str, body: Mapping[str, Any]) -> bool:
    """Whether it was new. A product that its merchant has taken off sale is left so."""
    answer = client.call("POST", "/v1/products", body, token=token)
    if answer.code == "sku_taken":
        return False
    made = answer.expect(201)
    client.call("POST", f"/v1/products/{made['id']}/publish", token=token).expect(200)
    return True


def _stock(
    client: Client, token: str, product: DemoProduct, places: Mapping[str, str], known: bool
) -> list[str]:
    """The SKUs received now: in each warehouse once, and nowhere that has held the SKU before."""
    received = []
    for sku, units in product.stock.items():
        held: set[str] = set()
        if known:
            levels = client.call("GET", f"/v1/stock/{sku}", token=token).expect(200)
            held = {level["warehouse_id"] for level in levels["warehouses"]}
        for key, count in units.items():
            if places[key] in held:
                continue
            body = {"warehouse_id": places[key], "units": count, "cause": "receipt", "note": "First delivery"}
            headers = {"Idempotency-Key": f"demo-{sku}-{key}"}
            path = f"/v1/stock/{sku}/movements"
            client.call("POST", path, body, token=token, headers=headers).expect(201)
            received.append(sku)
    return received
