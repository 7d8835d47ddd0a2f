"""What happens to money on a market: buyers, payers, merchants, operators, the bank, Stripe, queues and the clock.

Each act is one step of a walk. Chance says which, about what, and what goes wrong meanwhile: a call to Stripe that is
lost, refused or answered to nobody, a process that dies between two writes. Who was not answered asks again under the
same key, later or never. Webhooks and messages come in any order, twice, late or not at all.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Final

from entrepot.cloud import aws, outbox, reads, relay
from infra.local.carriers.payloads import Parcel, Scan, webhook
from tests.integration.money.stage import BEGINS, CALL_FATES, Killed, Stage, Trouble
from tests.integration.orders.bazaar import SCANNED, as_lines, money
from tests.support.aws import SECRETS
from tests.support.bank import camt, camt_entry, in_base64
from tests.support.documents import document
from tests.support.http import Answer, call
from tests.support.provider import webhook as told_by_stripe
from tests.support.pump import consumers, deliver
from tests.support.shop import CONTACT

ANSWERS: Final = (200, 201, 202, 204, 403, 404, 409, 412, 422, 429, 503)
"""What a step may be answered. Nothing gives a 500."""

CURRENCIES: Final = ("EUR", "EUR", "EUR", "GBP", "USD", "JPY")
SKUS: Final = ("PHONES-1", "SHIRT-1", "BAG-1")
CARDS: Final = (
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_pendingRefund",
    "pm_card_refundFail",
    "pm_card_threeDSecure2Required",
    "pm_card_chargeDeclined",
)
PAYOUT_OUTCOMES: Final = ("sent", "sent", "paid", "paid", "returned")
OURS: Final = ("orders", "payments", "settlement", "entrepot.cloud.relay")
"""Whose schedules run: those of the money, and the outbox's sweep."""

_RELAY: Final = "arn:aws:lambda:eu-central-1:123456789012:function:outbox-relay"
_KEYS_LAST: Final = timedelta(hours=23)
_FOUND_BY_CLEARING: Final = ("charge.dispute.", "refund.failed", "charge.refund.updated", "refund.updated")
"""Webhooks that the sweep cannot make up for, since the payment was at rest: these come late, but they come."""

Act = Callable[[], None]


@dataclass(frozen=True)
class Unanswered:
    """A request whose answer was lost; its sender asks again while keys are kept (24 hours)."""

    label: str
    send: Callable[[], Answer]
    at: datetime


class Market:
    """`told`: what was done, in the words of a story; it is printed when something is wrong. `look`: called where a
    step is half done and somebody else's is over.
    """

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage, self.bazaar, self.stripe = stage, stage.bazaar, stage.stripe
        self.chance = Random(seed)
        self.told: list[str] = []
        self.orders: list[dict[str, Any]] = []
        self.parcels: list[Any] = []
        self.handed_out: dict[str, None] = {}
        self.references: dict[str, tuple[int, str]] = {}
        self.unanswered: list[Unanswered] = []
        self.lost: set[str] = set()
        self.heard: set[str] = set()
        self.statements: list[list[str]] = []
        self.booked: dict[str, tuple[int, str]] = {}
        self._sent_back: set[str] = set()
        self._keys = iter(range(10**9))
        self.acts = self._acts()
        self.look: Act = lambda: None
        stage.meanwhile = self._somebody_else

    # Steps

    def step(self) -> None:
        """One act, in a third of all cases with something going wrong."""
        act = self._some_act()
        self.told.append(act.__name__)
        self.stage.trouble = self._trouble()
        try:
            act()
        except Killed as death:
            self.note(f"killed after {death}")
        finally:
            self.stage.trouble = Trouble()

    def _somebody_else(self) -> None:
        """Acts between another's reading and writing: mostly Stripe, of which several webhooks come at once."""
        act = self._some_act() if self.chance.random() < 0.4 else self.hear_and_consume
        self.note(f"[meanwhile {act.__name__}")
        act()
        self.told[-1] += "]"
        self.look()

    def note(self, words: str) -> None:
        self.told[-1] += f" · {words}"

    def _some_act(self) -> Act:
        return self.chance.choices([act for act, _ in self.acts], [weight for _, weight in self.acts])[0]

    def _trouble(self) -> Trouble:
        trouble = Trouble()
        if self.chance.random() < 0.15:
            trouble.dies_after = self.chance.randint(1, 4)
            self.note(f"dies after write {trouble.dies_after}")
        if self.chance.random() < 0.25:
            trouble.overtaken_at = self.chance.randint(1, 3)
        if self.chance.random() < 0.2:
            trouble.provider = self.chance.choices(CALL_FATES, (3, 2, 4, 1, 2), k=3)
            self.note(f"provider {trouble.provider}")
        return trouble

    def _acts(self) -> list[tuple[Act, int]]:
        return [
            (self.place, 6),
            (self.attempt_again, 2),
            (self.pay, 14),
            (self.finish_payment, 4),
            (self.decline, 1),
            (self.ask_again, 4),
            (self.hear_webhook, 18),
            (self.hear_webhook_again, 3),
            (self.lose_webhooks, 3),
            (self.publish, 18),
            (self.consume, 34),
            (self.cancel, 2),
            (self.refund, 4),
            (self.ship, 12),
            (self.carrier_tells, 8),
            (self.dispute, 1),
            (self.close_dispute, 2),
            (self.refund_ends, 3),
            (self.bank_statement, 5),
            (self.statement_again, 2),
            (self.assign, 1),
            (self.pass_time, 10),
            (self.run_schedule, 12),
            (self.pay_out, 2),
            (self.bank_takes_payout, 5),
            (self.hold, 1),
        ]

    # Buyers

    def place(self) -> None:
        skus = self.chance.sample(SKUS, self.chance.choice((1, 1, 2, 3)))
        lines = {sku: self.chance.randint(1, 3) for sku in skus}
        method = self.chance.choices(("card", "manual", "bank_transfer", "alipay"), (5, 2, 2, 1))[0]
        currency = "EUR" if method == "bank_transfer" else self.chance.choice(CURRENCIES)
        quote = self.asked("quote", "POST", "/v1/quotes", self._quote(lines, currency))
        if quote is None or quote.status != 201:
            return
        body = {
            "quote_id": quote.json["id"],
            "option_id": quote.json["options"][0]["id"],
            "contact": CONTACT,
            "payment": {"method": "card", "capture": "manual"} if method == "manual" else {"method": method},
        }
        self.note(f"{lines} {currency} {method}")
        self.asked("order", "POST", "/v1/orders", body, key=True)

    def some_order(self, *statuses: str) -> dict[str, Any] | None:
        """One of the newest, mostly, so that things happen to it at once; and mostly one that is in such a state."""
        orders = self.orders
        if statuses and self.chance.random() < 0.8:
            orders = [order for order in orders if self._status(order) in statuses]
        if not orders:
            return None
        return self.chance.choice(orders[-4:] if self.chance.random() < 0.6 else orders)

    def _status(self, order: dict[str, Any]) -> str:
        rows = self.stage.store._tables[aws.name("orders")].items
        return str(rows[f"order#{order['id']}", "order"]["status"]["S"])

    def attempt_again(self) -> None:
        order = self.some_order("awaiting_payment")
        if order is None:
            return
        body = {"method": self.chance.choice(("card", "alipay", "bank_transfer"))}
        headers = {"Order-Token": order["order_token"]}
        self.asked("attempt", "POST", f"/v1/orders/{order['id']}/payments", body, headers, key=True)

    def pay(self) -> None:
        """Somebody who was given the client's secret types in a card, or allows the wallet."""
        intents = [each for each in self._payable() if each["status"].startswith("requires_")]
        if intents:
            intent = self.chance.choice(intents)
            fields = {} if intent["payment_method_types"] != ["card"] else {"payment_method": self.card()}
            done = self.stripe.tried(f"payment_intents/{intent['id']}/pay", **fields)
            self.note(f"{intent['id']} {fields} {done}")

    def finish_payment(self) -> None:
        waiting = [each for each in self._payable() if each["status"] in ("requires_action", "processing")]
        if waiting:
            intent = self.chance.choice(waiting)
            outcome = self.chance.choice(("succeed", "succeed", "fail"))
            self.stripe.tried(f"payment_intents/{intent['id']}/finish", outcome=outcome)
            self.note(f"{intent['id']} {outcome}")

    def decline(self) -> None:
        if intents := self._payable():
            self.stripe.tried(f"payment_intents/{self.chance.choice(intents)['id']}/fail")

    def ask_again(self) -> None:
        """Who was not answered sends the same again."""
        if self.unanswered:
            self.repeated(self.unanswered.pop(self.chance.randrange(len(self.unanswered))))

    def repeated(self, asked: Unanswered) -> None:
        """Later than a key is kept nobody asks again."""
        self.note(asked.label)
        if self.stage.time.moment - asked.at < _KEYS_LAST:
            self._sent(asked)

    def cancel(self) -> None:
        order = self.some_order("awaiting_payment", "paid", "partially_shipped")
        if order is None:
            return
        body: dict[str, Any] = {"reason": "changed my mind"}
        if self.chance.random() < 0.5:
            body["lines"] = as_lines(self._some_of(order))
        token = self.chance.choice((None, None, self.bazaar.shenzhen.token, self.bazaar.milan.token))
        headers = {} if token else {"Order-Token": order["order_token"]}
        path = f"/v1/orders/{order['id']}/cancel"
        self.asked("cancel", "POST", path, body, headers, token=token, key=True)

    # Merchants, carriers and operators

    def ship(self) -> None:
        if order := self.some_order("paid", "partially_shipped"):
            lines = self._some_of(order)
            if self.chance.random() < 0.7:  # all that its merchant has to send
                bag = "BAG-1" in lines
                whole = {line["sku"]: line["quantity"] for line in order["lines"]}
                lines = {sku: units for sku, units in whole.items() if (sku == "BAG-1") is bag}
            self.shipped(order, lines)

    def shipped(self, order: dict[str, Any], lines: dict[str, int]) -> None:
        merchant = self.bazaar.milan if "BAG-1" in lines else self.bazaar.shenzhen
        body = {
            "carrier": "yunexpress",
            "tracking_number": f"YT{next(self._keys):010}",
            "lines": as_lines(lines),
        }
        path = f"/v1/orders/{order['id']}/shipments"
        self.asked("ship", "POST", path, body, token=merchant.token, key=True)

    def carrier_tells(self) -> None:
        for parcel in self.chance.sample(self.parcels, min(len(self.parcels), 3)):
            self.scanned(parcel, self.chance.choice(("in_transit", "delivered", "delivered")))

    def scanned(self, parcel: Any, status: str) -> None:
        scan = Scan(self.stage.time.now(), status, SCANNED[status], "Leipzig, DE")
        known = Parcel(parcel["carrier"], parcel["tracking_number"])
        signed = webhook("aftership", known, [scan], SECRETS["aftership_secret"], self.stage.time.now())
        answer = call(
            "POST", "/v1/webhooks/carriers/aftership", raw=signed.body, headers=dict(signed.headers)
        )
        assert answer.status == 200, answer.text

    def refund(self) -> None:
        order = self.some_order("paid", "partially_shipped", "shipped", "delivered", "completed")
        if order is None:
            return
        body: dict[str, Any] = {"order_id": order["id"], "reason": "scratched"}
        token = self.bazaar.operator
        if self.chance.random() < 0.5:
            lines = self._some_of(order)
            body["lines"] = as_lines(lines)
            token = self.bazaar.milan.token if "BAG-1" in lines else self.bazaar.shenzhen.token
        else:
            total = order["total"]
            part = self.chance.randint(1, max(1, total["amount"] // self.chance.choice((1, 2, 5))))
            body["amount"] = money(part, total["currency"])
        self.asked("refund", "POST", "/v1/refunds", body, token=token, key=True)

    # Stripe

    def hear_webhook(self) -> None:
        waiting = self._untold()
        for event in self.chance.sample(waiting, min(len(waiting), self.chance.choice((1, 1, 3)))):
            self.hear(event)

    def hear_webhook_again(self) -> None:
        known = [event for event in self.stripe.things("event") if event["id"] in self.heard]
        if known:
            self.hear(self.chance.choice(known))

    def hear_and_consume(self) -> None:
        """The newest that Stripe has to tell, and what waits in the queue of webhooks."""
        for event in self._untold()[-3:]:
            self.hear(event)
        for body in list(self.stage.queues.waiting["payments-webhooks"]):
            self.delivered("payments-webhooks", body)

    def lose_webhooks(self) -> None:
        """Stripe gives up on all that it has to tell of some payment."""
        losable = [event for event in self._untold() if not event["type"].startswith(_FOUND_BY_CLEARING)]
        if losable:
            about = _about(self.chance.choice(losable))
            self.lost.update(event["id"] for event in losable if _about(event) == about)
            self.note(about)

    def hear(self, event: dict[str, Any]) -> None:
        """The webhook comes in; Stripe sends it again unless it is answered with 200."""
        self.note(event["type"])
        answer = told_by_stripe(event)
        assert answer.status in (200, 503), answer.text
        if answer.status == 200:
            self.heard.add(event["id"])

    def dispute(self) -> None:
        charges = [each for each in self.stripe.things("charge") if each["captured"] and not each["disputed"]]
        if charges:
            charge = self.chance.choice(charges)
            self.note(charge["id"])
            self.stripe.tried(f"charges/{charge['id']}/dispute")

    def close_dispute(self) -> None:
        open_ones = [each for each in self.stripe.things("dispute") if each["status"] not in ("won", "lost")]
        if open_ones:
            outcome = self.chance.choice(("won", "lost"))
            self.stripe.tried(f"disputes/{self.chance.choice(open_ones)['id']}/close", outcome=outcome)
            self.note(outcome)

    def refund_ends(self) -> None:
        """A refund that was on its way arrives or fails; one that had arrived may come back."""
        refunds = [each for each in self.stripe.things("refund") if each["status"] != "failed"]
        if refunds:
            refund = self.chance.choice(refunds)
            comes_back = refund["status"] == "succeeded" or self.chance.random() < 0.3
            outcome = "fail" if comes_back else "succeed"
            if refund["status"] == "pending" or self.chance.random() < 0.2:
                self.stripe.tried(f"refunds/{refund['id']}/finish", outcome=outcome)
                self.note(f"{refund['status']} {outcome}")

    def authorisation_lapses(self) -> None:
        held = [each for each in self.stripe.things("payment_intent") if each["status"] == "requires_capture"]
        if held:
            self.stripe.tried(f"payment_intents/{self.chance.choice(held)['id']}/lapse")

    # The bank

    def bank_statement(self) -> None:
        """A statement with some new lines: transfers of buyers, of whatever amount, and what we sent back."""
        entries = [self._credit() for _ in range(self.chance.randint(1, 2))]
        entries += [self.sent_back(work) for work in self.returns()[:1] if self.chance.random() < 0.6]
        if self.statements and self.chance.random() < 0.3:
            entries.append(self.chance.choice(self.chance.choice(self.statements)))  # it overlaps another
        self.imported(entries)

    def statement_again(self) -> None:
        if self.statements:
            self.imported(self.chance.choice(self.statements))

    def imported(self, entries: list[str]) -> None:
        self.statements.append(entries)
        body = {"format": "camt.053", "content": in_base64(camt(entries))}
        self.asked("statement", "POST", "/v1/bank-statements", body, token=self.bazaar.operator)

    def sent_back(self, work: dict[str, Any]) -> str:
        """The line of a statement by which a transfer of ours shows."""
        amount, currency = work["money"]["amount"], work["money"]["currency"]
        self._sent_back.add(work["item_id"])
        text = str(work["item_id"]).rpartition("_")[2]
        return self._entry(amount, currency, f"RETOURE {text}", "DBIT")

    def assign(self) -> None:
        """A person finds whose an unmatched line is, or errs."""
        unmatched = [work for work in self.works() if work["kind"] == "unmatched"]
        if unmatched and self.references:
            item, reference = self.chance.choice(unmatched), self.chance.choice(list(self.references))
            path = f"/v1/bank-statements/unmatched/{item['item_id']}/assign"
            self.asked("assign", "POST", path, {"reference": reference}, token=self.bazaar.operator)

    def works(self) -> list[dict[str, Any]]:
        """What waits for a person at the bank."""
        rows = self.stage.store.rows("payments")
        return [document(row, "work") for row in rows if "work" in row]

    def returns(self) -> list[dict[str, Any]]:
        """Money that a person has to transfer back, and has not."""
        return [
            work
            for work in self.works()
            if work["kind"] == "return" and work["item_id"] not in self._sent_back
        ]

    def _credit(self) -> str:
        if not self.references or self.chance.random() < 0.15:
            return self._entry(self.chance.randint(1, 9000), "EUR", "fuer die Tasche", "CRDT")
        reference = self.chance.choice(list(self.references))
        amount, currency = self.references[reference]
        amount = self.chance.choice((amount, amount, amount, max(1, amount // 2), amount + 100, 1))
        return self._entry(amount, currency, f"Danke {reference}", "CRDT")

    def _entry(self, amount: int, currency: str, text: str, side: str) -> str:
        number = f"B{next(self._keys):08}"
        self.booked[number] = (amount if side == "CRDT" else -amount, currency)
        return camt_entry(f"{amount // 100}.{amount % 100:02}", text, number, currency, side)

    # Payouts

    def bank_takes_payout(self) -> None:
        payouts = self.documents("settlement", "payout")
        if payouts:
            self.payout_moves(self.chance.choice(payouts)["payout_id"], self.chance.choice(PAYOUT_OUTCOMES))

    def payout_moves(self, payout_id: str, status: str) -> None:
        path = f"/v1/payouts/{payout_id}/outcome"
        self.note(status)
        self.asked("outcome", "POST", path, {"status": status}, token=self.bazaar.operator)

    def pay_out(self) -> None:
        """The daily run of settlement."""
        self.scheduled("settlement_run")

    def hold(self) -> None:
        merchant = self.chance.choice((self.bazaar.shenzhen, self.bazaar.milan)).merchant_id
        path, token = f"/v1/merchants/{merchant}/payout-hold", self.bazaar.operator
        if self.chance.random() < 0.4:
            self.asked("hold", "PUT", path, {"reason": "looking into it"}, token=token)
        else:
            self.asked("let go", "DELETE", path, token=token)

    # What runs by itself

    def publish(self) -> None:
        """The relay publishes some of what waits, in any order, and marks it."""
        rows = self.unsent()
        for row in self.chance.sample(rows, min(len(rows), self.chance.choice((1, 4, 12)))):
            self.relayed(row)

    def relayed(self, row: Any) -> None:
        relay._send(row.pk, row.topic, row.event, row.body, _RELAY, self.stage.time.now())

    def unsent(self) -> list[Any]:
        return list(reads.query(outbox.OutboxRow, "0", lambda row: row, index="unsent").items)

    def consume(self) -> None:
        """Some messages are handed out, now and then twice; one stays until its consumer has got through."""
        for _ in range(self.chance.choice((1, 3, 6))):
            if waiting := self.waiting():
                self._handed_out(waiting)

    def _handed_out(self, waiting: Sequence[str]) -> None:
        queue = self.chance.choice(waiting)
        messages = self.stage.queues.waiting[queue]
        body = messages[self.chance.randrange(len(messages))]
        self.note(f"{queue} {_named(body)}")
        taken = self.delivered(queue, body)
        if taken and self.chance.random() < 0.1:
            self.note("twice")
            self.stage.queues.waiting[queue].append(body)

    def delivered(self, queue: str, body: str) -> bool:
        """Whether the consumer took the message, which then leaves the queue."""
        failed = deliver(queue, body)
        messages = self.stage.queues.waiting[queue]
        if failed:
            self.note("to be sent again")
        elif body in messages:  # somebody else may have been handed it too, and was first
            messages.remove(body)
        return not failed

    def waiting(self) -> list[str]:
        """The queues with messages that somebody consumes."""
        known = consumers()
        return sorted(
            queue for queue, bodies in self.stage.queues.waiting.items() if bodies and queue in known
        )

    def pass_time(self) -> None:
        """Days only in the first month: tokens last for three."""
        minutes = (timedelta(minutes=1), timedelta(minutes=20))
        later = (timedelta(hours=5), timedelta(days=1), timedelta(days=8))
        young = self.stage.time.moment < BEGINS + timedelta(days=30)
        by = self.chance.choices((*minutes, *later), (8, 6, 4, 3, 2) if young else (8, 6, 0, 0, 0))[0]
        self.note(str(by))
        self.stage.time.moment += by

    def run_schedule(self) -> None:
        name = self.chance.choice(schedules())
        self.note(name)
        self.scheduled(name)

    def scheduled(self, name: str) -> None:
        import app

        names = ("version", "account", "region", "detail-type", "source", "time", "id", "resources")
        app.app.handler_map[name]({**dict.fromkeys(names, ""), "detail": {}}, None)

    # Requests

    def asked(
        self,
        label: str,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        token: str | None = None,
        key: bool = False,
    ) -> Answer | None:
        """What the API answers; None where its answer was lost, and then its sender may ask again."""
        sent = dict(headers or {})
        if key:
            sent["Idempotency-Key"] = f"key-{next(self._keys)}"
        send = partial(call, method, path, body, headers=sent, token=token)
        return self._sent(Unanswered(label, send, self.stage.time.moment))

    def _sent(self, asked: Unanswered) -> Answer | None:
        try:
            answer = asked.send()
        except Killed as death:
            self.unanswered.append(asked)
            self.note(f"unanswered {death}")
            return None
        assert answer.status in ANSWERS, f"{asked.label}: {answer.status} {answer.text}"
        self.note(f"{answer.status} {answer.code or ''}" if answer.status >= 400 else str(answer.status))
        if answer.status == 503:
            self.unanswered.append(asked)
        if answer.status < 300 and answer.text:
            self._learnt(asked.label, answer.json)
        return answer

    def _learnt(self, label: str, body: Any) -> None:
        if label == "order" and all(body["id"] != order["id"] for order in self.orders):
            self.orders.append(body)
        if label == "ship":
            self.parcels.append(body)
        payment = body.get("payment") if label == "order" else body if label == "attempt" else None
        if not payment:
            return
        if payment.get("client_secret"):
            self.handed_out[payment["client_secret"].partition("_secret")[0]] = None
        details = (payment.get("next_action") or {}).get("details") or {}
        if "reference" in details:
            total = self._total_of(payment["id"])
            self.references[details["reference"]] = total

    def _total_of(self, payment_id: str) -> tuple[int, str]:
        known = {each["payment_id"]: each["amount"] for each in self.documents("payments", "payment")}
        return known[payment_id]["amount"], known[payment_id]["currency"]

    def documents(self, table: str, kind: str) -> list[Any]:
        """The documents of a table whose rows are of a kind, by their attribute of that name."""
        return [
            document(row, kind)
            for row in self.stage.store.rows(table)
            if row["sk"]["S"] == kind and kind in row
        ]

    def card(self) -> str:
        return self.chance.choice(CARDS)

    def _payable(self) -> list[dict[str, Any]]:
        """The intents that a payer knows of."""
        return [each for each in self.stripe.things("payment_intent") if each["id"] in self.handed_out]

    def _untold(self) -> list[dict[str, Any]]:
        past = self.heard | self.lost
        return [event for event in self.stripe.things("event") if event["id"] not in past]

    def _some_of(self, order: dict[str, Any]) -> dict[str, int]:
        line = self.chance.choice(order["lines"])
        return {line["sku"]: self.chance.randint(1, line["quantity"])}

    @staticmethod
    def _quote(lines: dict[str, int], currency: str) -> dict[str, Any]:
        from tests.support.shop import BERLIN

        return {"lines": as_lines(lines), "ship_to": BERLIN, "currency": currency}


def schedules() -> Sequence[str]:
    """What the clock calls of the money's contexts."""
    import app

    return [
        trigger.name
        for triggers in app.TRIGGERS
        for trigger in triggers.all
        if trigger.source.startswith(("rate(", "cron(")) and trigger.handle.__module__.startswith(_MODULES)
    ]


_MODULES: Final = tuple(name if "." in name else f"functions.{name}." for name in OURS)


def _named(body: str) -> str:
    """What a message is about."""
    found = re.search(r'"(?:event|type|merchant_id|statement_id)": ?"([\w.]+)"', body)
    return found[1] if found else "?"


def _about(event: dict[str, Any]) -> str:
    """The payment that an event of Stripe is about."""
    thing = event["data"]["object"]
    return str(thing["id"] if thing["object"] == "payment_intent" else thing["payment_intent"])
