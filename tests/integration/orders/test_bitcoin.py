"""Orders paid in bitcoin, and all that goes wrong on the way: nobody pays twice, the books hold what the server has.

After each test the books are compared with the server: what it has confirmed less what it has paid out.
"""

import json
from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal
from itertools import permutations
from typing import Any

import pytest

from functions.payments import book, statements
from functions.payments.btcpay import gateway as btcpay_gateway
from infra.local.btcpay import claims, invoices
from infra.local.btcpay.signing import signature_header
from tests.integration.orders.bazaar import Bazaar, World, about, dump
from tests.support import btcpay, pump
from tests.support.btcpay import Server
from tests.support.http import Answer, call


class Till:
    """The shop beside the server, and what buyers and the network do at it."""

    def __init__(self, bazaar: Bazaar, server: Server) -> None:
        self.bazaar, self.server = bazaar, server

    def place(self, **options: Any) -> Any:
        return self.bazaar.place({"PHONES-1": 2}, method="bitcoin", **options)

    def try_place(self, key: str | None = None) -> Answer:
        return self.bazaar.try_place(self.bazaar.quote({"PHONES-1": 2}), key, method="bitcoin")

    def invoice(self, placed: Any) -> Any:
        (found,) = [each for each in self.server.invoices() if each["metadata"]["shopOrder"] == placed["id"]]
        return found

    def act(self, placed: Any, action: str, **fields: Any) -> None:
        self.server.control(f"invoices/{self.invoice(placed)['id']}/{action}", **fields)

    def pay(self, placed: Any, outcome: str = "exact") -> None:
        self.act(placed, "pay", outcome=outcome)
        self.hear()

    def hear(self) -> None:
        """Hand over what the server has to tell, and all that follows from it."""
        for body in self.server.events():
            self.tell(body)

    def tell(self, body: bytes) -> None:
        answer = btcpay.webhook(body)
        assert 200 == answer.status, answer.text
        self.bazaar.settle_events()

    def sweep(self, **later: float) -> None:
        import app

        names = ("version", "account", "region", "detail-type", "source", "time", "id", "resources")
        with self.bazaar.clock.at(**later):
            app.app.handler_map["payments_sweep"]({**dict.fromkeys(names, ""), "detail": {}}, None)
        self.bazaar.settle_events()

    def claim(self, pull: Any, **fields: Any) -> None:
        """The buyer asks for the money, and gets it."""
        self.server.control(f"pull-payments/{pull['id']}/claim", **fields)

    def claims(self, placed: Any) -> list[dict[str, Any]]:
        """What the buyer sees of money that goes back."""
        claims = self.bazaar.order(placed).get("claims") or []
        return [{name: each[name] for name in each if name != "id"} for each in claims]

    def balances(self) -> dict[str, int]:
        """What is on each account, debits less credits; those with nothing are left out."""
        answer = call("GET", "/v1/ledger/trial-balance", token=self.bazaar.operator)
        assert (200, True) == (answer.status, answer.json["balanced"]), answer.text
        found = {each["account"]: each["debit"] - each["credit"] for each in answer.json["accounts"]}
        return {account: amount for account, amount in found.items() if amount}

    def work(self) -> list[tuple[str, int]]:
        """What a person has to see to: why, and how much."""
        return [(each.work.reason, each.work.money.amount) for each in statements.unmatched(50, None).items]

    def held(self) -> int:
        """What the server has confirmed less what it has paid out, in minor units."""
        store = self.server.standin.store
        worth = (invoices.came(each, ("Settled",)) * invoices.RATE * 100 for each in store.invoices.values())
        paid = (
            Decimal(p["originalAmount"]) * 100 for p in store.payouts.values() if p["state"] == "Completed"
        )
        return sum(int(each.to_integral_value(ROUND_DOWN)) for each in worth) - int(sum(paid))


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[Server]:
    with btcpay.running() as server:
        yield server


@pytest.fixture
def till(bazaar: Bazaar, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Till]:
    server.control("reset")
    monkeypatch.setattr(btcpay_gateway, "utc_now", bazaar.clock.now)
    till = Till(bazaar, server)
    yield till
    server.heal()
    till.hear()
    till.sweep(hours=2)
    assert till.held() == till.balances().get("psp:btcpay", 0)


def due(placed: Any) -> int:
    return int(placed["total"]["amount"])


def captures(placed: Any) -> list[int]:
    return [event["amount"] for event in about(placed["id"], "payments.payment_captured")]


def test_the_buyer_is_told_where_to_pay_how_much_and_until_when(till: Till) -> None:
    placed = till.place()

    action = placed["payment"]["next_action"]
    invoice = till.invoice(placed)
    (method,) = invoices.payment_methods(invoice)
    assert ("btcpay_invoice", invoice["checkoutLink"]) == (action["kind"], action["url"])
    assert {
        "method": "BTC-CHAIN",
        "destination": method["destination"],
        "payment_link": method["paymentLink"],
        "amount": method["due"],
        "currency": "BTC",
        "rate": "50000",
    } == {name: text for name, text in action["details"].items() if name != "expires_at"}
    assert 1800 == invoice["expirationTime"] - invoice["createdTime"]
    assert (str(Decimal(due(placed)) / 100), "EUR") == (invoice["amount"], invoice["currency"])


def test_what_is_confirmed_in_time_pays_the_order(till: Till) -> None:
    placed = till.place()

    till.pay(placed)

    assert ("paid", "captured") == till.bazaar.status(placed)
    assert [due(placed)] == captures(placed)
    assert {"psp:btcpay": due(placed), "customer_funds": -due(placed)} == till.balances()
    assert [] == till.work()


def test_an_order_waits_for_confirmations_beyond_its_time(till: Till) -> None:
    placed = till.place()
    till.pay(placed, "unconfirmed")
    assert ("awaiting_payment", "processing") == till.bazaar.status(placed)

    till.bazaar.tick(hours=2)
    assert "awaiting_payment" == till.bazaar.status(placed)[0]
    assert "Processing" == till.invoice(placed)["status"]

    till.act(placed, "confirm")
    till.hear()
    assert ("paid", "captured") == till.bazaar.status(placed)


def test_what_was_never_confirmed_pays_nothing(till: Till) -> None:
    placed = till.place()
    till.pay(placed, "never_confirmed")

    till.bazaar.tick(hours=2)

    assert "expired" == till.bazaar.status(placed)[0]
    assert ([], {}) == (captures(placed), till.balances())


def test_what_is_confirmed_after_it_was_given_up_goes_back(till: Till) -> None:
    placed = till.place()
    till.pay(placed, "never_confirmed")
    till.bazaar.tick(hours=2)

    till.act(placed, "confirm")
    till.hear()

    assert "expired" == till.bazaar.status(placed)[0]
    assert [("late", due(placed))] == till.work()


def test_what_was_spent_otherwise_leaves_the_order_waiting(till: Till) -> None:
    placed = till.place()
    till.pay(placed, "unconfirmed")

    till.act(placed, "replace")
    till.sweep(hours=1)
    till.act(placed, "expire")
    till.bazaar.tick(hours=2)

    assert "expired" == till.bazaar.status(placed)[0]
    assert ([], {}) == (captures(placed), till.balances())


def test_a_part_and_the_rest_in_time_pay_the_order(till: Till) -> None:
    placed = till.place()
    till.pay(placed, "partial")
    assert ("awaiting_payment", "processing") == till.bazaar.status(placed)

    till.pay(placed)

    assert ("paid", "captured") == till.bazaar.status(placed)
    assert {"psp:btcpay": due(placed), "customer_funds": -due(placed)} == till.balances()
    assert [] == till.work()


def test_a_part_goes_back_when_the_time_is_over(till: Till) -> None:
    placed = till.place()
    till.pay(placed, "partial")
    part = till.held()

    till.act(placed, "expire")
    till.hear()
    till.bazaar.tick(hours=1)

    assert "expired" == till.bazaar.status(placed)[0]
    assert [] == captures(placed)
    assert {"psp:btcpay": part, "unmatched_receipts": -part} == till.balances()
    assert [("partial", part)] == till.work()
    (pull,) = till.server.pulls()
    till.claim(pull)
    till.sweep(hours=2)
    assert ({}, []) == (till.balances(), till.work())
    assert "payment_returned" in till.bazaar.timeline(placed)


def test_the_order_ends_with_a_part_while_the_invoice_is_open(till: Till) -> None:
    placed = till.place()
    till.pay(placed, "partial")
    part = till.held()

    till.bazaar.tick(hours=1)
    till.hear()

    assert ("Invalid", "expired") == (till.invoice(placed)["status"], till.bazaar.status(placed)[0])
    assert [("partial", part)] == till.work()


def test_what_is_over_is_owed_to_the_buyer(till: Till) -> None:
    placed = till.place()

    till.pay(placed, "over")

    surplus = till.held() - due(placed)
    assert ("paid", "captured") == till.bazaar.status(placed)
    assert [due(placed)] == captures(placed)
    assert [("over", surplus)] == till.work()
    assert -surplus == till.balances()["unmatched_receipts"]
    (pull,) = till.server.pulls()
    assert (f"{surplus / 100:.2f}", "EUR") == (pull["amount"], pull["currency"])
    (item,) = statements.unmatched(50, None).items
    assert pull["viewLink"] == item.work.link
    shown = {"reason": "over", "amount": {"amount": surplus, "currency": "EUR"}}
    assert [{**shown, "status": "pending", "url": pull["viewLink"]}] == till.claims(placed)
    till.claim(pull)
    till.sweep(hours=2)
    assert [{**shown, "status": "succeeded", "url": None}] == till.claims(placed)
    assert {"psp:btcpay": due(placed), "customer_funds": -due(placed)} == till.balances()
    assert [] == till.work()


def test_what_comes_once_more_after_the_order_was_paid_goes_back(till: Till) -> None:
    placed = till.place()
    till.pay(placed)

    till.act(placed, "pay", share="1")
    till.hear()

    assert [due(placed)] == captures(placed)
    assert [("over", due(placed))] == till.work()


def test_all_of_it_too_late_goes_back_by_itself(till: Till) -> None:
    placed = till.place()
    till.act(placed, "expire")
    till.hear()
    till.bazaar.tick(hours=1)
    assert "expired" == till.bazaar.status(placed)[0]

    till.pay(placed)

    assert "PaidLate" == till.invoice(placed)["additionalStatus"]
    assert ("expired", []) == (till.bazaar.status(placed)[0], captures(placed))
    assert [("late", due(placed))] == till.work()
    (why,) = [e for e in till.bazaar.order(placed)["timeline"] if e["event"] == "payment_returned"]
    assert ("late", str(due(placed))) == (why["facts"]["why"], why["facts"]["amount"])
    (pull,) = till.server.pulls()
    till.claim(pull)
    till.sweep(hours=2)
    assert {} == till.balances()


def test_money_at_a_rate_that_is_over_pays_no_order_that_still_waits(till: Till) -> None:
    placed = till.place()

    till.pay(placed, "late")

    assert "awaiting_payment" == till.bazaar.status(placed)[0]
    assert [("late", due(placed))] == till.work()


def test_a_success_after_the_order_was_cancelled_goes_back_in_full(till: Till) -> None:
    placed = till.place()
    till.act(placed, "pay", outcome="unconfirmed")  # nobody has heard of it
    assert 200 == till.bazaar.cancel(placed).status
    till.bazaar.settle_events()

    till.act(placed, "confirm")
    till.hear()

    (pull,) = till.server.pulls()
    assert (due(placed), "refund") == (int(Decimal(pull["amount"]) * 100), till.work()[0][0])
    till.claim(pull)
    till.sweep(hours=2)
    assert ("cancelled", "refunded") == till.bazaar.status(placed)
    assert {} == till.balances()


def test_what_a_person_marks_as_settled_pays_only_with_money(till: Till) -> None:
    placed = till.place()
    till.act(placed, "mark", status="Settled")

    till.hear()

    assert ("awaiting_payment", []) == (till.bazaar.status(placed)[0], captures(placed))


def test_what_a_person_marks_as_settled_before_it_goes_back_pays(till: Till) -> None:
    placed = till.place()
    till.pay(placed, "never_confirmed")
    till.act(placed, "mark", status="Settled")

    till.act(placed, "confirm")
    till.hear()

    assert ("paid", "captured") == till.bazaar.status(placed)
    assert [due(placed)] == captures(placed)
    assert {"psp:btcpay": due(placed), "customer_funds": -due(placed)} == till.balances()
    assert [] == till.server.pulls()


@pytest.mark.parametrize("hours", [0, 2], ids=["order waits", "order expired"])
@pytest.mark.parametrize("claimed", [False, True])
def test_what_goes_back_pays_nothing_though_a_person_marks_it_as_settled(
    till: Till, hours: int, claimed: bool
) -> None:
    placed = till.place()
    till.pay(placed, "never_confirmed")
    till.bazaar.tick(hours=hours)
    till.act(placed, "confirm")
    till.hear()
    (pull,) = till.server.pulls()
    if claimed:
        till.claim(pull)

    till.act(placed, "mark", status="Settled")
    till.hear()

    assert ("expired" if hours else "awaiting_payment", []) == (
        till.bazaar.status(placed)[0],
        captures(placed),
    )
    assert ["goes_back"] == [each["reason"] for each in about(placed["id"], "payments.payment_flagged")]
    assert [pull["id"]] == [each["id"] for each in till.server.pulls()]
    if not claimed:
        till.claim(pull)
    till.sweep(hours=2)
    assert ({}, []) == (till.balances(), till.work())


def test_an_invoice_that_was_paid_while_it_was_given_up_pays_once(till: Till) -> None:
    placed = till.place()
    till.act(placed, "mark", status="Invalid")
    till.pay(placed)
    assert [("late", due(placed))] == till.work()

    till.act(placed, "mark", status="Settled")
    till.hear()

    (pull,) = till.server.pulls()
    assert ([], -due(placed)) == (captures(placed), till.balances()["unmatched_receipts"])
    till.claim(pull)
    till.sweep(hours=2)
    assert {} == till.balances()


def test_lost_webhooks_lose_nothing(till: Till) -> None:
    placed = till.place()
    till.act(placed, "pay", outcome="over")
    surplus = till.held() - due(placed)
    till.server.events()

    till.sweep(minutes=10)
    till.sweep(minutes=20)

    assert ("paid", "captured") == till.bazaar.status(placed)
    assert [("over", surplus)] == till.work()


def test_late_money_of_which_no_webhook_told_is_found_by_the_sweep(till: Till) -> None:
    placed = till.place()
    till.act(placed, "expire")
    till.hear()
    till.bazaar.tick(hours=1)
    till.act(placed, "pay")
    till.server.events()

    till.sweep(minutes=10)

    assert [("late", due(placed))] == till.work()


def test_the_same_webhook_twenty_times_has_its_effect_once(till: Till) -> None:
    placed = till.place()
    till.act(placed, "pay", outcome="over")
    told = till.server.events()

    for body in told * 20:
        till.tell(body)

    assert [due(placed)] == captures(placed)
    assert 1 == len(till.server.pulls()) == len(till.work())
    before = dump()
    for body in told:
        again = {**json.loads(body), "deliveryId": "another", "isRedelivery": True}
        till.tell(json.dumps(again).encode())
    assert before == dump()


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_webhooks_in_any_order_come_to_the_same_end(till: Till, order: tuple[int, ...]) -> None:
    placed = till.place()
    told: list[bytes] = till.server.events()
    for outcome in ("partial", "exact"):
        till.act(placed, "pay", outcome=outcome)
    told = till.server.events("InvoiceReceivedPayment", "InvoiceSettled")
    assert 3 == len(told)

    for place in order:
        till.tell(told[place])

    assert ("paid", "captured") == till.bazaar.status(placed)
    assert {"psp:btcpay": due(placed), "customer_funds": -due(placed)} == till.balances()


def test_a_webhook_of_days_ago_tells_nothing_new(till: Till) -> None:
    placed = till.place()
    told = till.server.events()
    till.act(placed, "pay")
    told += till.server.events()
    till.sweep(minutes=10)
    before = till.balances()

    with till.bazaar.clock.at(days=9):
        for body in told:
            till.tell(body)

    assert (before, [due(placed)]) == (till.balances(), captures(placed))


@pytest.mark.parametrize("spoilt", ["secret", "bytes", "header", "none"])
def test_a_forged_webhook_is_refused_and_queued_nowhere(till: Till, spoilt: str) -> None:
    placed = till.place()
    till.act(placed, "pay")
    body = till.server.events()[-1]
    headers = {
        "secret": {"BTCPay-Sig": signature_header(body, "another")},
        "bytes": {"BTCPay-Sig": signature_header(body + b" ", btcpay.SECRET)},
        "header": {"BTCPay-Sig": signature_header(body, btcpay.SECRET).removeprefix("sha256=")},
        "none": {},
    }[spoilt]

    answer = call("POST", "/v1/webhooks/btcpay", raw=body, headers=headers)

    assert (400, "bad_signature") == (answer.status, answer.code)
    assert [] == pump._waiting()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"type": 7}', b"\xff\xfe"])
def test_a_signed_body_that_is_no_event_is_malformed(till: Till, body: bytes) -> None:
    answer = btcpay.webhook(body)

    assert (400, "malformed") == (answer.status, answer.code)


def test_a_webhook_of_another_store_moves_nothing_and_is_flagged(till: Till) -> None:
    placed = till.place()
    till.act(placed, "pay")
    event = {**json.loads(till.server.events("InvoiceSettled")[0]), "storeId": "another"}

    till.tell(json.dumps(event).encode())

    assert [] == captures(placed)
    assert ["account"] == [each["reason"] for each in about(placed["id"], "payments.payment_flagged")]
    till.hear()


def test_another_invoice_that_names_our_payment_moves_nothing_and_is_flagged(till: Till) -> None:
    placed, other = till.place(), till.place()
    till.act(placed, "pay")
    till.act(other, "set", metadata=till.invoice(placed)["metadata"])
    foreign = next(each for each in till.server.invoices() if each["status"] == "New")

    event = {
        "type": "InvoiceSettled",
        "deliveryId": "d1",
        "storeId": btcpay.STORE,
        "invoiceId": foreign["id"],
    }
    till.tell(json.dumps(event).encode())

    assert ["intent"] == [each["reason"] for each in about(placed["id"], "payments.payment_flagged")]
    assert [] == captures(placed)


@pytest.mark.parametrize("metadata", [{}, {"orderId": "table 7"}], ids=["none", "of a bar"])
def test_what_the_store_sells_elsewhere_is_none_of_ours(till: Till, metadata: dict[str, str]) -> None:
    placed = till.place()
    till.act(placed, "set", metadata=metadata)
    (sold,) = till.server.invoices()
    till.bazaar.settle_events()
    before = dump()

    for kind, invoice in (
        ("InvoiceSettled", sold["id"]),
        ("InvoiceSettled", "__test__"),
        ("PayoutCreated", ""),
    ):
        event = {"type": kind, "deliveryId": "d1", "storeId": btcpay.STORE, "invoiceId": invoice}
        till.tell(json.dumps(event).encode())

    assert before == dump()


@pytest.mark.parametrize(
    ("changed", "wrong"), [({"amount": "1.00"}, "amount"), ({"currency": "USD"}, "currency")]
)
def test_another_amount_or_currency_than_ours_moves_nothing(till: Till, changed: Any, wrong: str) -> None:
    placed = till.place()
    till.act(placed, "set", **changed)

    till.act(placed, "pay")
    till.hear()

    assert ("awaiting_payment", []) == (till.bazaar.status(placed)[0], captures(placed))
    assert wrong in {each["reason"] for each in about(placed["id"], "payments.payment_flagged")}
    till.server.control("reset")  # what such an invoice holds is for a person to find


def test_an_invoice_whose_answer_was_lost_is_found_by_the_same_request(till: Till) -> None:
    key = "lost-answer-1"
    quote = till.bazaar.quote({"PHONES-1": 2})
    till.server.control("faults", mode="drop_after", method="POST", times=1)

    first = till.bazaar.try_place(quote, key, method="bitcoin")
    again = till.bazaar.try_place(quote, key, method="bitcoin")

    assert ("pending", None) == (first.json["payment"]["status"], first.json["payment"]["next_action"])
    (invoice,) = till.server.invoices()
    assert invoice["checkoutLink"] == again.json["payment"]["next_action"]["url"]
    till.pay(again.json)
    assert ("paid", "captured") == till.bazaar.status(again.json)


def test_an_hour_without_the_server_loses_nothing(till: Till) -> None:
    till.server.control("faults", mode="unavailable")
    placed = till.try_place().json
    assert "pending" == placed["payment"]["status"]
    for minutes in range(1, 60, 7):
        till.sweep(minutes=minutes)
    assert [] == till.server.invoices()

    till.server.heal()
    till.sweep(minutes=61)

    assert 1 == len(till.server.invoices())
    till.pay(placed)
    assert ("paid", "captured") == till.bazaar.status(placed)


def test_a_server_that_is_down_keeps_nobody_from_paying_by_card(till: Till) -> None:
    till.server.control("faults", mode="unavailable")
    waiting = [till.try_place().json for _ in range(6)]
    (fault,) = till.server.standin.faults.shown()["faults"]

    paid = till.bazaar.paid({"PHONES-1": 1})

    assert ["pending"] * 6 == [each["payment"]["status"] for each in waiting]
    assert 5 == fault["struck"]  # the sixth was not even asked for: the breaker is open
    assert ("paid", "captured") == till.bazaar.status(paid)


def test_a_refund_waits_until_it_is_claimed(till: Till) -> None:
    placed = till.place()
    till.pay(placed)

    assert (
        201
        == till.bazaar.refund(placed, till.bazaar.operator, amount=dict(placed["total"], amount=1_000)).status
    )
    till.bazaar.settle_events()

    (pull,) = till.server.pulls()
    assert ("10.00", "EUR") == (pull["amount"], pull["currency"])
    assert ["requested"] == [each["status"] for each in till.bazaar.order(placed)["refunds"]]
    assert [("refund", 1_000)] == till.work()
    till.claim(pull, share="0.5")
    till.sweep(hours=2)
    assert [("refund", 1_000)] == till.work()

    till.claim(pull, share="0.5")
    till.sweep(hours=3)

    assert ["succeeded"] == [each["status"] for each in till.bazaar.order(placed)["refunds"]]
    assert due(placed) - 1_000 == till.balances()["psp:btcpay"]
    assert [] == till.work()


def test_where_money_is_claimed_is_shown_to_the_buyer_and_to_no_merchant(till: Till) -> None:
    placed = till.place()
    till.pay(placed, "over")
    (pull,) = till.server.pulls()

    seen = [
        till.bazaar.order(placed),
        till.bazaar.seen_by(till.bazaar.shenzhen, placed),
        call("GET", f"/v1/orders/{placed['id']}", token=till.bazaar.operator).json,
    ]

    assert [True, False, False] == [pull["viewLink"] in json.dumps(each) for each in seen]
    assert not any(pull["viewLink"] in json.dumps(event) for event in pump.events())


def test_a_claim_that_was_cancelled_waits_and_one_that_was_archived_has_failed(till: Till) -> None:
    placed = till.place()
    till.pay(placed)
    till.bazaar.refund(placed, till.bazaar.operator, amount=dict(placed["total"], amount=1_000))
    till.bazaar.settle_events()
    (pull,) = till.server.pulls()
    payout = till.server.control(f"pull-payments/{pull['id']}/claim", paid=False)
    till.server.control(f"payouts/{payout['id']}/finish", outcome="cancelled")
    till.sweep(hours=2)
    assert ["requested"] == [each["status"] for each in till.bazaar.order(placed)["refunds"]]

    till.server.control(f"pull-payments/{pull['id']}/archive")
    till.sweep(hours=3)

    assert ["failed"] == [each["status"] for each in till.bazaar.order(placed)["refunds"]]
    assert (due(placed), []) == (till.balances()["psp:btcpay"], till.work())


def test_a_claim_that_is_archived_while_it_is_paid_out_ends_with_the_payout(till: Till) -> None:
    placed = till.place()
    till.pay(placed)
    whole = dict(placed["total"])
    till.bazaar.refund(placed, till.bazaar.operator, amount=whole)
    till.bazaar.settle_events()
    (pull,) = till.server.pulls()
    payout = till.server.control(f"pull-payments/{pull['id']}/claim", paid=False)
    till.server.control(f"payouts/{payout['id']}/finish", outcome="started")

    till.server.control(f"pull-payments/{pull['id']}/archive")
    till.sweep(hours=2)

    assert ["requested"] == [each["status"] for each in till.bazaar.order(placed)["refunds"]]
    assert [("refund", due(placed))] == till.work()
    assert 422 == till.bazaar.refund(placed, till.bazaar.operator, amount=whole).status
    till.server.control(f"payouts/{payout['id']}/finish", outcome="paid")
    till.sweep(hours=3)
    assert ["succeeded"] == [each["status"] for each in till.bazaar.order(placed)["refunds"]]
    assert ({}, []) == (till.balances(), till.work())


@pytest.mark.parametrize("kind", ["refund", "over"])
def test_a_claim_that_is_archived_once_a_part_was_paid_waits_for_the_rest_and_rings(
    till: Till, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    placed = till.place()
    till.pay(placed, "exact" if kind == "refund" else "over")
    before = dict(till.balances(), **{"psp:btcpay": due(placed), "unmatched_receipts": 0})
    if kind == "refund":
        till.bazaar.refund(placed, till.bazaar.operator, amount=dict(placed["total"], amount=1_000))
        till.bazaar.settle_events()
        before |= {"psp:btcpay": due(placed) - 1_000, "customer_funds": 1_000 - due(placed)}
    (pull,) = till.server.pulls()
    wanted = till.work()
    part = till.server.control(f"pull-payments/{pull['id']}/claim", share="0.4")
    till.server.control(f"pull-payments/{pull['id']}/archive")
    capsys.readouterr()

    till.sweep(hours=2)

    assert wanted == till.work()
    assert "claim_part_paid" in capsys.readouterr().out
    by_hand = {
        "name": pull["name"],
        "refundVariant": "Custom",
        "payoutMethodId": "BTC-CHAIN",
        "customAmount": Decimal(pull["amount"]) - Decimal(part["originalAmount"]),
        "customCurrency": "EUR",
    }
    till.claim(claims.refund(till.server.standin.store, till.invoice(placed), by_hand))
    till.sweep(hours=3)
    assert [] == till.work()
    assert {name: each for name, each in before.items() if each} == till.balances()


def test_a_return_that_the_server_refuses_is_left_to_a_person_and_asked_for_again(
    till: Till, capsys: pytest.CaptureFixture[str]
) -> None:
    placed = till.place()
    till.act(placed, "pay", outcome="over")
    surplus = till.held() - due(placed)
    till.server.control("faults", mode="unavailable", method="POST", status=422, code="no-wallet")
    till.hear()

    for hours in (2, 4):
        (item,) = statements.unmatched(50, None).items
        assert ("over", surplus, "") == (item.work.reason, item.work.money.amount, item.work.link)
        assert [("requested", None)] == [(each["status"], each["url"]) for each in till.claims(placed)]
        assert "return_refused" in capsys.readouterr().out
        till.sweep(hours=hours)
    till.server.heal()
    till.sweep(hours=9)

    (pull,) = till.server.pulls()
    (item,) = statements.unmatched(50, None).items
    assert pull["viewLink"] == item.work.link
    till.claim(pull)
    till.sweep(hours=18)
    assert {"psp:btcpay": due(placed), "customer_funds": -due(placed)} == till.balances()
    assert [] == till.work()
    assert "payment_return_succeeded" in till.bazaar.timeline(placed)


def test_a_return_that_a_person_has_archived_has_failed_and_its_order_says_so(till: Till) -> None:
    placed = till.place()
    till.pay(placed, "over")
    surplus = till.held() - due(placed)
    (pull,) = till.server.pulls()

    till.server.control(f"pull-payments/{pull['id']}/archive")
    till.sweep(hours=2)

    assert "payment_return_failed" in till.bazaar.timeline(placed)
    assert ([], -surplus) == (till.work(), till.balances()["unmatched_receipts"])


def test_refunds_never_exceed_what_was_captured_however_often_they_are_asked_for(till: Till) -> None:
    placed = till.place()
    till.pay(placed, "over")
    whole = dict(placed["total"])

    answers = [till.bazaar.refund(placed, till.bazaar.operator, amount=whole).status for _ in range(3)]
    for event in about(placed["id"], "payments.refund_requested") * 3:
        pump.deliver("payments-events", json.dumps(event))
    till.bazaar.settle_events()

    assert [201, 422, 422] == answers
    assert sorted(["over", "refund"]) == sorted(reason for reason, _ in till.work())
    assert 2 == len(till.server.pulls())


def test_a_refund_whose_answer_was_lost_is_one_claim(till: Till) -> None:
    placed = till.place()
    till.pay(placed)
    till.bazaar.refund(placed, till.bazaar.operator, amount=dict(placed["total"], amount=1_000))
    (event,) = about(placed["id"], "payments.refund_requested")
    till.server.control("faults", mode="drop_after", method="POST", times=1)

    assert [] != pump.deliver("payments-events", json.dumps(event))
    till.bazaar.settle_events()

    assert 1 == len(till.server.pulls())
    assert [("refund", 1_000)] == till.work()


def test_an_order_paid_by_card_and_in_bitcoin_is_paid_once(till: Till) -> None:
    placed = till.place()
    body = {"method": "card"}
    headers = {**till.bazaar.key(), "Order-Token": placed["order_token"]}
    answer = call("POST", f"/v1/orders/{placed['id']}/payments", body, headers=headers)
    assert 201 == answer.status
    till.act(placed, "pay", outcome="unconfirmed")
    till.bazaar.pay({"payment": answer.json})
    assert ("paid", "captured") == till.bazaar.status(placed)

    till.act(placed, "confirm")
    till.hear()

    (pull,) = till.server.pulls()
    assert due(placed) == int(Decimal(pull["amount"]) * 100)
    till.claim(pull)
    till.sweep(hours=2)
    assert 0 == till.balances().get("psp:btcpay", 0)
    assert ("paid", "captured") == till.bazaar.status(placed)


def test_bitcoin_is_refused_where_it_is_not_offered(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    dear = till.bazaar.quote({"BAG-1": 100})
    answers = [till.bazaar.try_place(dear, method="bitcoin")]
    monkeypatch.delenv("ENTREPOT_BTCPAY_URL")
    answers.append(till.try_place())

    assert [(422, "method_not_available")] * 2 == [(each.status, each.code) for each in answers]
    assert {"stripe", "bank"} == {offer.provider for offer in book.offers()}
    assert [] == till.server.invoices()
    monkeypatch.undo()
