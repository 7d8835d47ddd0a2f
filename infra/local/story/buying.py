"""A shopper in Berlin buys from Shenzhen and from Milan: catalogue, cart, quote, order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import uuid4

from infra.local.seed import data
from infra.local.story.paper import moment, money
from infra.local.story.telling import Teller

PHONES: Final = "YL-PHONES-BLK"
BAG: Final = "DS-BAG-TAN"
BERLIN: Final[Mapping[str, str]] = {
    "name": "Lena Vogel",
    "line1": "Torstraße 140",
    "city": "Berlin",
    "postal_code": "10119",
    "country": "DE",
}
CONTACT: Final[Mapping[str, str]] = {"name": "Lena Vogel", "email": "shopper@example.com"}
CHARGES: Final = ("goods", "freight", "insurance", "duty", "import_tax", "fees")
CHARGE_NAMES: Final = {"import_tax": "import tax"}
_FIRST: Final = ("goods", "freight", "insurance")
"""The charges that an explanation of a parcel begins with."""
_SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class Seller:
    """A merchant of the demo with its staff's token and the one SKU that the story buys of it."""

    merchant_id: str
    name: str
    token: str
    sku: str
    on_hand: int  # before the sale


@dataclass(frozen=True, slots=True)
class Wish:
    """What is quoted and not yet ordered."""

    shopper: str  # token
    sellers: tuple[Seller, ...]
    quote: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sale:
    """An order that is placed and not yet paid."""

    order_id: str
    shopper: str  # token
    sellers: tuple[Seller, ...]
    total: Mapping[str, Any]
    client_secret: str


def wish(teller: Teller) -> Wish:
    """From the catalogue to the quote. Raises: StoryFailed, Unanswered."""
    shopper = teller.api.sign_in(teller.market.accounts["shopper"])
    merchants = {merchant.account: merchant for merchant in data.load().merchants}
    sellers = tuple(
        _seller(teller, merchants[account], sku)
        for account, sku in (("merchant", PHONES), ("merchant2", BAG))
    )
    _catalogue(teller, sellers)
    cart_id = _cart(teller, shopper, sellers)
    return Wish(shopper, sellers, _quote(teller, shopper, cart_id))


def _seller(teller: Teller, merchant: data.DemoMerchant, sku: str) -> Seller:
    token = teller.api.sign_in(teller.market.accounts[merchant.account])
    return Seller(merchant.id, merchant.name, token, sku, on_hand(teller, sku, token))


def on_hand(teller: Teller, sku: str, token: str) -> int:
    levels = teller.look(f"/v1/stock/{sku}", token)["warehouses"]
    return sum(int(level["on_hand"]) for level in levels)


def _catalogue(teller: Teller, sellers: Sequence[Seller]) -> None:
    paper = teller.paper
    paper.chapter("The catalogue: what is on sale, and where it comes from")
    teller.wait_a_little(lambda: _all_in_stock(teller))
    page = teller.call("GET", f"/v1/products?limit={_SHOWN}", note="the newest")
    paper.table([_card(card) for card in page["data"]], "llrl")
    for seller in sellers:
        product_id = teller.until(f"{seller.sku} is on sale and in stock", partial(_found, teller, seller))
        product = teller.call("GET", f"/v1/products/{product_id}", note=seller.name)
        names = [product["title"], *(text["title"] for text in product["texts"].values())]
        variant = next(variant for variant in product["variants"] if variant["sku"] == seller.sku)
        paper.table(
            [
                ("names", " · ".join(names)),
                ("customs", f"HS {product['hs_code']}, origin {product['origin_country']}"),
                (
                    "price",
                    f"{money(variant['price'])} before tax, {variant['weight_grams']} g, SKU {seller.sku}",
                ),
            ],
            "ll",
        )


def _all_in_stock(teller: Teller) -> bool:
    """Whether the catalogue has heard of the stock of its newest products: it does so by events."""
    cards = teller.look(f"/v1/products?limit={_SHOWN}")["data"]
    return all(variant["available"] for card in cards for variant in card["variants"])


def _card(card: Mapping[str, Any]) -> tuple[str, ...]:
    first, more = card["variants"][0], len(card["variants"]) - 1
    there = "in stock" if any(variant["available"] for variant in card["variants"]) else "sold out"
    return (
        card["title"],
        f"{first['sku']}{f' and {more} more' if more else ''}",
        money(first["price"]),
        there,
    )


def _found(teller: Teller, seller: Seller) -> str | None:
    """The product of a SKU once the catalogue knows that there is stock; events bring it that."""
    listed = teller.look(f"/v1/products?merchant={seller.merchant_id}&limit=100")["data"]
    for card in listed:
        for variant in card["variants"]:
            if variant["sku"] == seller.sku and variant["available"]:
                return str(card["id"])
    return None


def _cart(teller: Teller, shopper: str, sellers: Sequence[Seller]) -> str:
    paper = teller.paper
    paper.chapter("The cart: one of each, from two merchants on two continents")
    cart = teller.call("POST", "/v1/carts", expect=201, token=shopper)
    for seller in sellers:
        path = f"/v1/carts/{cart['id']}/lines/{seller.sku}"
        filled = teller.call("PUT", path, {"quantity": 1}, token=shopper)
    paper.table(
        [
            (
                f"{line['quantity']} ×",
                line["title"],
                money(line["unit_price"]),
                line["warning"] or "available",
            )
            for line in filled["lines"]
        ],
        "rlrl",
    )
    return str(cart["id"])


def _quote(teller: Teller, shopper: str, cart_id: str) -> Any:
    paper = teller.paper
    paper.chapter("The quote: one price, all in, at the door in Berlin")
    body = {"cart_id": cart_id, "ship_to": BERLIN, "currency": "EUR"}
    quote = teller.call("POST", "/v1/quotes", body, expect=201, token=shopper)
    paper.say(f"Valid until {moment(quote['expires_at'])} UTC. Rates: {quote['rates']}.")
    paper.table(
        [
            (
                f"option {number}",
                " + ".join(dict.fromkeys(parcel["carrier"] for parcel in option["parcels"])),
                f"{option['promise']['earliest']} to {option['promise']['latest']}",
                money(option["freight"]),
                money(option["total"]),
            )
            for number, option in enumerate(quote["options"], start=1)
        ],
        "lllrr",
        ("", "carriers", "arrives", "freight", "total"),
    )
    option = quote["options"][0]
    paper.space()
    paper.say("The first option, line by line:")
    show_landed_cost(teller, option)
    teller.require(
        option["total"]["amount"] == sum(line["total"]["amount"] for line in option["lines"]),
        "the sum of the lines is the option's total",
    )
    paper.space()
    paper.say("Each amount with the rule that it follows, parcel by parcel, and the rule's source:")
    show_explanations(teller, option)
    return quote


def show_landed_cost(teller: Teller, option: Mapping[str, Any]) -> None:
    """Charges down, lines across, the sum to the right."""
    lines = option["lines"]
    rows = [
        (
            CHARGE_NAMES.get(charge, charge),
            *(money(line[charge]) for line in lines),
            money(option[charge]),
        )
        for charge in CHARGES
    ]
    rows.append(("total", *(money(line["total"]) for line in lines), money(option["total"])))
    regimes = {line["sku"]: parcel["regime"] for parcel in option["parcels"] for line in parcel["lines"]}
    rows.insert(0, ("regime", *(regimes[line["sku"]] for line in lines), ""))
    head = ("", *(f"{line['quantity']} × {line['sku']}" for line in lines), "order")
    teller.paper.table(rows, "l" + "r" * (len(lines) + 1), head)


def show_explanations(teller: Teller, option: Mapping[str, Any]) -> None:
    """What each amount rests on, and what the price does not hold."""
    rows: list[tuple[str, str, str]] = []
    before = ""
    for entry in option["explain"]:
        charge = entry["charge"]
        if charge in _FIRST and before not in ("", *_FIRST):
            rows.append(("", "", ""))  # the next parcel
        amount = "" if charge == "regime" else money(entry["amount"])
        rows.append((CHARGE_NAMES.get(charge, charge), amount, _why(entry)))
        before = charge
    teller.paper.table(rows, "lrl")
    for missing in option["not_included"]:
        teller.paper.say(f"Not included: {missing['charge']}. {missing['reason']} ({missing['source']})")


def _why(entry: Mapping[str, Any]) -> str:
    sentences = [f"{entry['rule']}: {entry['source']}", entry["note"]]
    return " ".join(f"{text.rstrip('.')}." for text in sentences if text)


def order(teller: Teller, wish: Wish) -> Sale:
    """The first option of the quote, ordered. Raises: StoryFailed, Unanswered."""
    paper = teller.paper
    paper.chapter("The order: placed once, however often it is sent")
    option = wish.quote["options"][0]
    key = {"Idempotency-Key": str(uuid4())}
    note = f"Idempotency-Key: {key['Idempotency-Key']}"
    placed = placed_from(teller, wish.quote, "card", wish.shopper, key, note)
    again = placed_from(teller, wish.quote, "card", wish.shopper, key, "the same again")
    teller.require(placed["id"] == again["id"], "the same request under the same key is the same order")
    teller.require(placed["total"] == option["total"], "the order costs what the quote said")
    paper.say(f"Both answer {placed['id']}: {money(again['total'])}, {again['status']},")
    paper.say(f"to be paid by {moment(again['pay_before'])} UTC.")
    secret = again["payment"]["client_secret"]
    teller.require(bool(secret), "the payment provider has the intent")
    return Sale(placed["id"], wish.shopper, wish.sellers, placed["total"], secret)


def placed_from(
    teller: Teller,
    quote: Mapping[str, Any],
    method: str,
    shopper: str | None,
    key: Mapping[str, str],
    note: str = "",
) -> Any:
    """An order from the first option of a quote. Args: shopper: a token; None for a guest."""
    body = {
        "quote_id": quote["id"],
        "option_id": quote["options"][0]["id"],
        "contact": CONTACT,
        "payment": {"method": method},
    }
    return teller.call("POST", "/v1/orders", body, expect=201, token=shopper, headers=key, note=note)
