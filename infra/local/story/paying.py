"""Three orders, three ways to pay: a card that its bank asks about, an app whose answer comes late, a transfer."""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import uuid4

from infra.local.story.buying import BERLIN, Sale, Seller, on_hand, placed_from
from infra.local.story.comparing import DOORS
from infra.local.story.paper import money
from infra.local.story.telling import Teller

SECURE_CARD: Final = "pm_card_threeDSecure2Required"
COFFEE: Final = "CV-COFFEE"
CREAM: Final = "RM-NIGHT-30"
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"

_CAMT: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
    "<Stmt><Id>{number}</Id><Acct><Id><IBAN>{iban}</IBAN></Id></Acct><Ntry>"
    '<Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
    "<BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>{number}</AcctSvcrRef><NtryDtls><TxDtls>"
    "<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>"
)


@dataclass(frozen=True, slots=True)
class Paid:
    """An order that is paid, as the last table of these chapters has it."""

    order: Mapping[str, Any]
    way: str


def pay_by_card(teller: Teller, sale: Sale) -> Paid:
    """The bank asks whether it is the payer; a signed webhook says that it was; stock falls."""
    paper = teller.paper
    paper.chapter("A card: its bank asks the payer (3-D Secure), a webhook tells us, stock falls")
    paper.say("In the shopper's browser, with a card that has to be confirmed:")
    intent = _intent(sale.client_secret)
    given = {"client_secret": sale.client_secret, "payment_method": SECURE_CARD}
    asked = teller.stripe(f"/test/payment_intents/{intent}/pay", given)
    teller.require(asked["status"] == "requires_action", "the card's bank asks the payer")
    order = teller.look(f"/v1/orders/{sale.order_id}", sale.shopper)
    teller.require(order["status"] == "awaiting_payment", "nothing is paid before the payer has answered")
    paper.say(f"{asked['status']}: the bank asks. Our order: {order['status']}. She confirms:")
    done = teller.stripe(f"/test/payment_intents/{intent}/authenticate", {"outcome": "succeed"})
    paper.say(f"{done['status']}. Meanwhile Stripe calls POST /v1/webhooks/stripe, signed.")
    order = _told(teller, sale.order_id, {}, "paid", sale.shopper)
    for seller in sale.sellers:
        teller.until(f"the stock of {seller.sku} has fallen by one", partial(_fallen_by_one, teller, seller))
        note = f"on hand {seller.on_hand} → {seller.on_hand - 1}"
        teller.call("GET", f"/v1/stock/{seller.sku}", token=seller.token, note=note)
    return Paid(order, "card, 3-D Secure, by Stripe")


def pay_by_alipay(teller: Teller) -> Paid:
    """A guest in Shanghai is sent to the app; the outcome is not known yet when they come back."""
    paper = teller.paper
    paper.chapter("Alipay: a guest in Shanghai is sent to the app, and the outcome comes late")
    name = DOORS["CN"]["name"]
    importer = {"kind": "cn_resident_id", "name": name, "number": made_up_number(uuid4().int)}
    placed = _ordered(teller, CREAM, DOORS["CN"], "CNY", "alipay", {"importer_identity": importer})
    action = placed["payment"]["next_action"]
    paper.say(f"{money(placed['total'])}, {placed['status']}. {action['kind']}, to")
    paper.say(action["url"])
    intent = _intent(placed["payment"]["client_secret"])
    paper.say("The guest pays there and comes back before Alipay has an answer:")
    token = {"Order-Token": placed["order_token"]}
    teller.stripe(f"/test/payment_intents/{intent}/process", {})
    _told(teller, placed["id"], token, "processing")
    paper.say("Then it has one:")
    teller.stripe(f"/test/payment_intents/{intent}/finish", {"outcome": "succeed"})
    return Paid(_told(teller, placed["id"], token, "paid"), "Alipay, by Stripe")


def pay_by_transfer(teller: Teller) -> Paid:
    """A guest in Berlin transfers the money; the bank's statement says so, and an operator brings it."""
    paper = teller.paper
    paper.chapter("A bank transfer: found in a statement (camt.053) by the order's own reference")
    placed = _ordered(teller, COFFEE, BERLIN, "EUR", "bank_transfer", {})
    account = placed["payment"]["next_action"]["details"]
    paper.table(
        [
            ("transfer", money(placed["total"])),
            ("to", f"{account['iban']}, {account['holder']}"),
            ("with", f"{account['reference']} (ISO 11649)"),
        ],
        "ll",
    )
    operator = teller.api.sign_in(teller.market.accounts["operator"])
    file = statement(account, placed["total"])
    body = {"format": "camt.053", "content": base64.b64encode(file).decode()}
    paper.say("A day later the bank's statement has it, and an operator imports that:")
    teller.call("POST", "/v1/bank-statements", body, expect=202, token=operator, note="queued")
    token = {"Order-Token": placed["order_token"]}
    return Paid(_told(teller, placed["id"], token, "paid"), "transfer to our own account")


def show_paid(teller: Teller, paid: list[Paid]) -> None:
    """The orders beside one another."""
    paper = teller.paper
    paper.space()
    rows = [
        (each.order["id"], each.way, money(each.order["total"]), each.order["payment_status"])
        for each in paid
    ]
    paper.table(rows, "llrl", ("order", "paid by", "total", "payment"))


def made_up_number(seed: int) -> str:
    """A number as China's residents have one, of a region that is nowhere: nobody bears it.

    Each telling takes another, so that nobody's quota of a year is used up.
    """
    born = date(1950, 1, 1) + timedelta(days=seed % 18_000)
    body = f"999999{born:%Y%m%d}{seed // 18_000 % 999 + 1:03d}"
    weighted = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True))
    return body + _CHECKS[weighted % 11]


def statement(account: Mapping[str, str], total: Mapping[str, Any]) -> bytes:
    """A statement of the bank with one credit, under the reference of the account's next action."""
    currency, amount = money(total).replace(",", "").split()
    return _CAMT.format(
        number=f"STORY{time.time_ns()}",
        iban=account["iban"],
        currency=currency,
        amount=amount,
        day=datetime.now(UTC).date().isoformat(),
        text=f"Kaffee {account['reference']}",
    ).encode()


def _ordered(
    teller: Teller, sku: str, door: Mapping[str, str], currency: str, method: str, more: Mapping[str, Any]
) -> Any:
    """One of a product, quoted and ordered by a guest."""
    wish = {"lines": [{"sku": sku, "quantity": 1}], "ship_to": door, "currency": currency, **more}
    note = f"1 × {sku}, to {door['city']}"
    quote = teller.call("POST", "/v1/quotes", wish, expect=201, note=note)
    return placed_from(teller, quote, method, None, {"Idempotency-Key": str(uuid4())}, f"by {method}")


def _told(
    teller: Teller, order_id: str, headers: Mapping[str, str], state: str, token: str | None = None
) -> Any:
    """The order once it is in that state, or its payment is; told as a look at it."""
    order = teller.until(
        f"{order_id} is {state}", _when(lambda: teller.look(f"/v1/orders/{order_id}", token, headers), state)
    )
    outcome = f"{order['status']}, payment {order['payment_status']}"
    teller.paper.call(f"GET /v1/orders/{order_id}", outcome)
    return order


def _when(look: Callable[[], Any], state: str) -> Callable[[], Any | None]:
    def probe() -> Any | None:
        order = look()
        return order if state in (order["status"], order["payment_status"]) else None

    return probe


def _fallen_by_one(teller: Teller, seller: Seller) -> bool | None:
    return True if on_hand(teller, seller.sku, seller.token) == seller.on_hand - 1 else None


def _intent(client_secret: str) -> str:
    return client_secret.partition("_secret")[0]
