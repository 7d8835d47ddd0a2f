"""The stand-in for a BTCPay Server: states, what it refuses, and webhooks that are signed, repeated and held back."""

from __future__ import annotations

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.local.btcpay.standin import BtcpayStandIn
from tests.unit.standins.conftest import Endpoint
from tests.unit.standins.test_stripe_process import get, process

SECRET = "signs-the-webhooks"
KEY = "key-of-the-tests"
STORE = "store-1"


@dataclass
class Server:
    standin: BtcpayStandIn

    def ask(self, method: str, path: str, body: Any = None, key: str = KEY) -> tuple[int, Any]:
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"token {key}"}
        request = urllib.request.Request(self.standin.url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def made(self, amount: str = "100.00", **more: Any) -> str:
        body = {"amount": amount, "currency": "EUR", "metadata": {"orderId": "pay_1"}, **more}
        status, invoice = self.ask("POST", f"/api/v1/stores/{STORE}/invoices", body)
        assert 200 == status, invoice
        return str(invoice["id"])

    def act(self, invoice: str, action: str, **fields: Any) -> Any:
        status, document = self.ask("POST", f"/test/invoices/{invoice}/{action}", fields)
        assert 200 == status, document
        return document

    def state(self, invoice: str) -> tuple[str, str]:
        _, found = self.ask("GET", f"/api/v1/stores/{STORE}/invoices/{invoice}")
        return found["status"], found["additionalStatus"]


@pytest.fixture
def server(endpoint: Endpoint) -> Iterator[Server]:
    with BtcpayStandIn(0, f"{endpoint.url}/hook", SECRET, store_id=STORE, api_key=KEY) as standin:
        yield Server(standin)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("exact", ("Settled", "None")),
        ("unconfirmed", ("Processing", "None")),
        ("partial", ("New", "PaidPartial")),
        ("over", ("Settled", "PaidOver")),
        ("late", ("Expired", "PaidLate")),
        ("never_confirmed", ("Invalid", "None")),
    ],
)
def test_each_outcome_ends_where_it_says(server: Server, outcome: str, state: tuple[str, str]) -> None:
    invoice = server.made()

    server.act(invoice, "pay", outcome=outcome)

    assert state == server.state(invoice)


def test_a_part_stays_a_part_when_the_time_is_over(server: Server) -> None:
    invoice = server.made()
    server.act(invoice, "pay", outcome="partial")

    server.act(invoice, "expire")

    assert ("Expired", "PaidPartial") == server.state(invoice)


def test_what_was_spent_otherwise_makes_it_new_again(server: Server) -> None:
    invoice = server.made()
    server.act(invoice, "pay", outcome="unconfirmed")

    server.act(invoice, "replace")

    assert ("New", "None") == server.state(invoice)


def test_amounts_are_at_the_rate(server: Server) -> None:
    invoice = server.made("100.01")
    path = f"/api/v1/stores/{STORE}/invoices/{invoice}/payment-methods"
    (before,) = server.ask("GET", path)[1]
    server.act(invoice, "pay", outcome="over")
    (after,) = server.ask("GET", path)[1]

    assert ("50000", "0.00200020", "0.00200020") == (before["rate"], before["amount"], before["due"])
    assert ("0.00220022", "-0.00020002") == (after["totalPaid"], after["due"])


def test_it_refuses_what_the_server_refuses(server: Server) -> None:
    invoice = server.made()
    base = f"/api/v1/stores/{STORE}/invoices"
    refused = [
        server.ask("GET", f"{base}/{invoice}", key="another"),
        server.ask("GET", f"/api/v1/stores/another/invoices/{invoice}"),
        server.ask("GET", f"{base}/nobody-knows"),
        server.ask("POST", base, {"amount": "-1", "currency": "EUR"}),
        server.ask(
            "POST", base, {"amount": "1", "currency": "EUR", "checkout": {"paymentMethods": ["DOGE"]}}
        ),
        server.ask("POST", f"{base}/{invoice}/refund", {"refundVariant": "Custom", "customAmount": "1"}),
        server.ask("POST", f"{base}/{invoice}/status", {"status": "Expired"}),
    ]

    assert [401, 403, 404, 422, 422, 400, 422] == [status for status, _ in refused]


def test_a_claim_is_paid_out_in_parts_and_never_beyond_it(server: Server) -> None:
    invoice = server.made()
    server.act(invoice, "pay")
    body = {
        "refundVariant": "Custom",
        "customAmount": "40.00",
        "customCurrency": "EUR",
        "payoutMethodId": "BTC-CHAIN",
    }
    _, pull = server.ask(
        "POST", f"/api/v1/stores/{STORE}/invoices/{invoice}/refund", {"name": "rfd_1", **body}
    )
    claim = f"/test/pull-payments/{pull['id']}/claim"

    statuses = [
        server.ask("POST", claim, {"share": share, "paid": True})[0] for share in ("0.5", "0.6", "0.5")
    ]

    assert [200, 400, 200] == statuses
    _, payouts = server.ask("GET", f"/api/v1/pull-payments/{pull['id']}/payouts")
    assert [("20.00", "Completed")] * 2 == [(each["originalAmount"], each["state"]) for each in payouts]


def test_every_event_is_delivered_signed_and_again_until_it_is_taken(
    server: Server, endpoint: Endpoint
) -> None:
    endpoint.refusals.extend([500, 503])
    invoice = server.made()
    server.act(invoice, "pay")
    assert server.ask("POST", "/test/webhooks/wait", {"seconds": 10})[1]["idle"]

    for request in endpoint.received:
        expected = hmac.new(SECRET.encode(), request.body, hashlib.sha256).hexdigest()
        assert f"sha256={expected}" == request.headers["btcpay-sig"]
    told = {(event["type"], event["invoiceId"], event["storeId"]) for event in endpoint.events()}
    kinds = "Created ReceivedPayment PaymentSettled Processing Settled"
    assert {(f"Invoice{kind}", invoice, STORE) for kind in kinds.split()} == told
    assert 7 == len(endpoint.received)


def test_a_redelivery_names_the_first(server: Server, endpoint: Endpoint) -> None:
    server.made()
    assert server.ask("POST", "/test/webhooks/wait", {"seconds": 10})[1]["idle"]
    (event,) = server.ask("GET", "/test/events")[1]["data"]

    answer = server.ask("POST", f"/test/events/{event['id']}/deliver", {"set": {"storeId": "another"}})[1]

    assert [200] == answer["statuses"]
    first, again = endpoint.events()
    assert first["deliveryId"] == again["originalDeliveryId"] != again["deliveryId"]
    assert "another" == again["storeId"]


def test_the_page_of_an_invoice_says_how_it_is_paid_here(server: Server) -> None:
    invoice = server.made()

    with urllib.request.urlopen(f"{server.standin.url}/i/{invoice}", timeout=10) as answer:
        page = answer.read().decode()

    assert "0.00200000 BTC" in page
    assert f"/test/invoices/{invoice}/pay" in page


def test_it_stops_on_sigterm_and_finds_its_invoices_again(tmp_path: Path) -> None:
    state = tmp_path / "btcpay.json"
    arguments = ("--state", str(state), "--store", STORE, "--api-key", KEY)
    with process("infra.local.btcpay", *arguments) as (_, port):
        body = json.dumps({"amount": "1.00", "currency": "EUR"}).encode()
        url = f"http://127.0.0.1:{port}/api/v1/stores/{STORE}/invoices"
        request = urllib.request.Request(url, data=body, headers={"Authorization": f"token {KEY}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            made = json.load(answer)

    with process("infra.local.btcpay", *arguments) as (_, port):
        path = f"/api/v1/stores/{STORE}/invoices/{made['id']}"
        status, found = get(port, path, Authorization=f"token {KEY}")
    assert (200, made["id"]) == (status, found["id"])
    assert 0o600 == state.stat().st_mode & 0o777
