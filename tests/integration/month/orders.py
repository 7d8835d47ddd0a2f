"""What becomes of one order, step by step, as a seed has it: how it is paid, shipped, and what goes wrong."""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from entrepot.kernel.money import Money
from infra.local.carriers.payloads import Parcel, Scan, webhook
from tests.integration.month.world import World
from tests.support.aws import SECRETS
from tests.support.http import Answer, call
from tests.support.shop import BERLIN, CONTACT

Step = Callable[[], None]

LONDON: Final = {
    **BERLIN,
    "line1": "1 High Street",
    "city": "London",
    "postal_code": "SW1A 1AA",
    "country": "GB",
}
NEW_YORK: Final = {
    **BERLIN,
    "line1": "1 Main Street",
    "city": "New York",
    "region": "NY",
    "postal_code": "10001",
    "country": "US",
}
CURRENCIES: Final = ("EUR", "USD", "GBP", "JPY", "CNY")
_PAID_BY: Final = {
    "card": 56,
    "held": 10,
    "secure": 8,
    "declined": 5,
    "alipay": 7,
    "bank": 10,
    "nothing": 4,
}
_TRANSFERS: Final = {"exact": 50, "parts": 14, "over": 10, "twice": 8, "late": 8, "short": 6, "unclear": 4}
_COURSES: Final = {
    "plain": 70,
    "cancelled": 4,
    "partly_cancelled": 6,
    "returned": 8,
    "returned_late": 3,
    "reduced": 4,
    "refund_sent_back": 2,
    "disputed": 3,
}


class Diary:
    """What happens when: steps of orders in the order of their time."""

    def __init__(self) -> None:
        self._steps: list[tuple[datetime, int, Step]] = []
        self._numbers = itertools.count()

    def note(self, at: datetime, step: Step) -> None:
        heapq.heappush(self._steps, (at, next(self._numbers), step))

    def due(self, until: datetime) -> tuple[datetime, Step] | None:
        """The oldest step up to then, and its time; it is no longer in the diary."""
        if not self._steps or self._steps[0][0] > until:
            return None
        at, _, step = heapq.heappop(self._steps)
        return at, step


@dataclass
class Order:
    """One order's way; whatever is refused on it is a defect.

    `owed_back`: refunds that the buyer's bank has sent back after the merchant was settled without them.
    """

    world: World
    diary: Diary
    number: int
    placed: Any = None
    currency: str = "EUR"
    paid_by: str = ""
    course: str = ""
    units: dict[str, int] = field(default_factory=dict)
    owed_back: int = 0

    def place(self) -> None:
        chance, market = self.world.chance, self.world.market
        self.currency = chance.choices(CURRENCIES, (40, 25, 15, 10, 10))[0]
        self.paid_by, self.course = _drawn(chance, _PAID_BY), _drawn(chance, _COURSES)
        if self.paid_by == "bank":
            self.currency = "EUR"
        wanted = chance.sample(sorted(market.stalls), 2 if chance.randrange(6) == 0 else 1)
        self.units = {sku: chance.choice((1, 1, 1, 2, 3)) for sku in wanted}
        place = chance.choice((BERLIN, BERLIN, LONDON, NEW_YORK))
        quote = market.quote(self.units, currency=self.currency, ship_to=place)
        payment = {"method": {"alipay": "alipay", "bank": "bank_transfer"}.get(self.paid_by, "card")}
        if self.paid_by == "held":
            payment["capture"] = "manual"
        option = chance.choice(quote["options"])
        body = {"quote_id": quote["id"], "option_id": option["id"], "contact": CONTACT, "payment": payment}
        self.placed = _made(call("POST", "/v1/orders", body, headers=market.key()))
        self._pay()

    # Paying

    def _pay(self) -> None:
        match self.paid_by:
            case "nothing":
                return
            case "bank":
                self._transfer(_drawn(self.world.chance, _TRANSFERS))
            case "secure":
                self._shopper("pay", payment_method="pm_card_threeDSecure2Required")
                self._in(lambda: self._paid("authenticate", outcome="succeed"), minutes=3)
            case "declined":
                self._shopper("fail", payment_method="pm_card_chargeDeclined")
                self._in(lambda: self._paid("pay", payment_method="pm_card_visa"), minutes=5)
            case "alipay":
                self._in(lambda: self._paid("finish", outcome="succeed"), minutes=9)
            case _:
                self._in(lambda: self._paid("pay", payment_method="pm_card_visa"), minutes=2)

    def _paid(self, action: str, **fields: str) -> None:
        self._shopper(action, **fields)
        self._goes_on()

    def _shopper(self, action: str, **fields: str) -> None:
        self.world.stripe.control(f"payment_intents/{self._intent}/{action}", **fields)

    def _transfer(self, kind: str) -> None:
        total, reference = self.placed["total"], self.placed["payment"]["next_action"]["details"]["reference"]
        whole = int(total["amount"])

        def sends(amount: int, text: str = reference) -> Step:
            return lambda: self.world.bank.book(Money(amount, "EUR"), f"order {text}")

        first = {"parts": whole * 6 // 10, "over": whole + 500, "short": whole // 2}.get(kind, whole)
        if kind == "unclear":
            self._in(sends(whole, f"{reference[:-1]}?"), hours=20)
            self._in(self._assign, hours=60)
        else:
            self._in(sends(first), days=9 if kind == "late" else 0, hours=20)
        if kind == "parts":
            self._in(sends(whole - first), hours=50)
        if kind == "twice":
            self._in(sends(whole), hours=70)
        if kind not in ("late", "short"):
            self._goes_on(days=4)

    def _assign(self) -> None:
        """An operator finds whose the transfer is."""
        from functions.payments import statements

        reference = self.placed["payment"]["next_action"]["details"]["reference"]
        token = self.world.market.operator
        for item in statements.unmatched(100, None).items:
            if item.work.entry is not None and reference[:-1] in item.work.entry.text:
                path = f"/v1/bank-statements/unmatched/{item.work.item_id}/assign"
                answer = call("POST", path, {"reference": reference}, token=token)
                assert 200 == answer.status, answer.text

    # From the payment to the end

    def _goes_on(self, **first: float) -> None:
        """What the order's course is, once it is paid; `first`: how long that takes."""
        ships = timedelta(**first) + timedelta(days=1)
        match self.course:
            case "cancelled":
                self._after(ships - timedelta(hours=12), lambda: self._cancel(None))
                return
            case "partly_cancelled":
                self._after(ships - timedelta(hours=12), self._cancel_some)
            case "reduced":
                self._after(ships + timedelta(days=3), self._reduce)
            case "returned" | "refund_sent_back":
                self._after(ships + timedelta(days=9), self._return_some)
            case "returned_late":
                self._after(ships + timedelta(days=24), self._return_some)
            case "disputed" if self.paid_by != "bank":
                self._after(ships + timedelta(days=8), self._dispute)
        self._after(ships, self._ship)

    def _ship(self) -> None:
        market = self.world.market
        for sku, merchant in market.stalls.items():
            if not self.units.get(sku):
                continue
            parcel = market.ship(
                merchant, self.placed, {sku: self.units[sku]}, f"YT{self.number:06}{sku[-1]}"
            )
            self._in(lambda parcel=parcel: self._delivered(parcel), days=5)  # type: ignore[misc]

    def _delivered(self, shipment: Any) -> None:
        scan = Scan(self.world.clock.now(), "delivered", "Delivered", "Leipzig, DE")
        parcel = Parcel(shipment["carrier"], shipment["tracking_number"])
        signed = webhook("aftership", parcel, [scan], SECRETS["aftership_secret"], self.world.clock.now())
        path = "/v1/webhooks/carriers/aftership"
        answer = call("POST", path, raw=signed.body, headers=dict(signed.headers))
        assert 200 == answer.status, answer.text

    def _cancel(self, lines: dict[str, int] | None) -> None:
        body: dict[str, Any] = {"reason": "changed my mind"}
        if lines:
            body["lines"] = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
        headers = {**self.world.market.key(), "Order-Token": self.placed["order_token"]}
        answer = call("POST", f"/v1/orders/{self.placed['id']}/cancel", body, headers=headers)
        assert 200 == answer.status, answer.text

    def _cancel_some(self) -> None:
        sku = next(iter(self.units))
        if sum(self.units.values()) == 1:
            return
        self._cancel({sku: 1})
        self.units[sku] -= 1

    def _return_some(self) -> None:
        """A merchant takes one unit back."""
        sku = next(iter(self.units))
        lines = [{"sku": sku, "quantity": 1}]
        self._refund(self.world.market.stalls[sku].token, lines=lines)
        if self.course == "refund_sent_back" and self.paid_by != "bank":
            self._in(self._send_back, days=self.world.chance.choice((3, 16)))

    def _reduce(self) -> None:
        """An operator gives a tenth back."""
        amount = {"amount": max(1, self.placed["total"]["amount"] // 10), "currency": self.currency}
        self._refund(self.world.market.operator, amount=amount)

    def _refund(self, token: str, **wanted: Any) -> None:
        body = {"order_id": self.placed["id"], "reason": "scratched", **wanted}
        _made(call("POST", "/v1/refunds", body, token=token, headers=self.world.market.key()))

    def _send_back(self) -> None:
        """The payer's bank sends the refund back. Before the order is complete its merchant is owed it again."""
        refunds = self.world.stripe.account.store.objects["refund"]
        mine = [each for each in refunds.values() if each["payment_intent"] == self._intent]
        if self.world.market.order(self.placed)["status"] == "completed":
            self.owed_back += mine[0]["amount"]
        self.world.stripe.control(f"refunds/{mine[0]['id']}/finish", outcome="fail")

    def _dispute(self) -> None:
        charge = self.world.stripe.object("payment_intent", self._intent)["latest_charge"]
        dispute = self.world.stripe.control(f"charges/{charge}/dispute", reason="product_not_received")
        outcome = self.world.chance.choice(("won", "lost"))
        self._in(lambda: self._decided(dispute["id"], outcome), days=12)

    def _decided(self, dispute_id: str, outcome: str) -> None:
        self.world.stripe.control(f"disputes/{dispute_id}/close", outcome=outcome)

    @property
    def _intent(self) -> str:
        return str(self.placed["payment"]["client_secret"]).partition("_secret")[0]

    def _in(self, step: Step, **span: float) -> None:
        self._after(timedelta(**span), step)

    def _after(self, span: timedelta, step: Step) -> None:
        self.diary.note(self.world.clock.now() + span, step)


def _drawn(chance: Any, weights: dict[str, int]) -> str:
    return str(chance.choices(list(weights), list(weights.values()))[0])


def _made(answer: Answer) -> Any:
    assert 201 == answer.status, answer.text
    return answer.json
