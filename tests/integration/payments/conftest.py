"""A payment in this process: moto for AWS, and Stripe's stand-in over real HTTP."""

import hashlib
import hmac
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from entrepot.cloud import aws as platform
from entrepot.cloud import reads, writes
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from functions.payments import facade, store, stripe_gateway
from infra.local.stripe.standin import StripeStandIn
from tests.support import btcpay as btcpay_support
from tests.support import http as api
from tests.support import pump

SECRET = "whsec_stage"


def now() -> datetime:
    return datetime.now(UTC)


def later(**by: float) -> datetime:
    return now() + timedelta(**by)


def signature(body: bytes, at: datetime, secret: str = SECRET) -> str:
    seconds = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def sent(body: bytes, header: str) -> api.Answer:
    return api.call("POST", "/v1/webhooks/stripe", raw=body, headers={"Stripe-Signature": header})


def queued() -> list[str]:
    url = platform.queue_url("payments-webhooks")
    messages = (
        platform.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    )
    return [message["Body"] for message in messages]


@dataclass
class Provider:
    """The stand-in, with what a payer and a courier do."""

    standin: StripeStandIn
    taken: set[str] = field(default_factory=set)

    def control(self, path: str, /, **document: Any) -> Any:
        return self._sent("POST", f"/test/{path}", document)

    def fault(self, mode: str, **more: Any) -> None:
        self.control("faults", mode=mode, **more)

    def heal(self) -> None:
        self._sent("DELETE", "/test/faults", {})

    def pay(self, payment: facade.Payment, method: str = "pm_card_visa") -> None:
        self.control(f"payment_intents/{payment.intent_id}/pay", payment_method=method)

    def intent(self, intent_id: str) -> Any:
        return self.standin.account.store.objects["payment_intent"][intent_id]

    def transfer(self, customer: str, amount: int, currency: str = "gbp", reference: str = "") -> None:
        """A transfer into a payer's balance."""
        path = f"/v1/test_helpers/customers/{customer}/fund_cash_balance"
        form = urlencode({"amount": amount, "currency": currency, "reference": reference})
        connection = http.client.HTTPConnection("127.0.0.1", self.standin.server.port, timeout=10)
        try:
            connection.request("POST", path, form, {"Authorization": "Bearer sk_test_stage"})
            answer = connection.getresponse()
            assert 200 == answer.status, answer.read()
        finally:
            connection.close()

    def events(self, *kinds: str) -> list[str]:
        """Bodies of the events not taken yet, oldest first; of some kinds only."""
        found = [
            event
            for event in self.standin.account.store.objects["event"].values()
            if event["id"] not in self.taken and (not kinds or event["type"] in kinds)
        ]
        self.taken.update(event["id"] for event in found)
        return [json.dumps(event) for event in found]

    def intents(self) -> list[Any]:
        return list(self.standin.account.store.objects["payment_intent"].values())

    def refunds(self) -> list[Any]:
        return list(self.standin.account.store.objects["refund"].values())

    def calls(self, method: str = "POST") -> list[str]:
        """The paths of the API calls so far, replayed ones among them."""
        found = self._sent("GET", "/test/requests", {})["data"]
        return [call["path"] for call in reversed(found) if call["method"] == method]

    def _sent(self, method: str, path: str, document: dict[str, Any]) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.standin.server.port, timeout=10)
        try:
            connection.request(method, path, json.dumps(document), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            body = json.loads(answer.read())
            assert 200 == answer.status, body
            return body
        finally:
            connection.close()


@pytest.fixture
def provider(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    with StripeStandIn(secret_key="sk_test_stage") as standin:
        monkeypatch.setenv("ENTREPOT_STRIPE_URL", standin.url)
        yield Provider(standin)
    stripe_gateway.forget()


@pytest.fixture
def btcpay(aws: None) -> Iterator[btcpay_support.Server]:
    with btcpay_support.running() as server:
        yield server


def opened(
    amount: int = 10_000,
    capture: str = "automatic",
    currency: str = "EUR",
    method: str = "card",
    market: str = "",
) -> str:
    """A payment whose intention is recorded; nothing was asked of the provider yet."""
    payment_id = new_id("pay", now())
    order_id = payment_id.replace("pay_", "ord_")
    money = Money(amount, currency)
    _, opened = facade.open_payment(payment_id, order_id, money, method, capture, now(), market)
    writes.commit(opened)
    return payment_id


def started(amount: int = 10_000, capture: str = "automatic") -> str:
    payment_id = opened(amount, capture)
    facade.start(payment_id, now())
    return payment_id


def payment(payment_id: str) -> facade.Payment:
    found = reads.fetch_one(facade.payment_read(payment_id), consistent=True)
    assert found is not None
    return found


def heard(*bodies: str) -> None:
    """Each body to the consumer of webhooks, which must take it."""
    for body in bodies:
        assert [] == pump.deliver("payments-webhooks", body), body[:200]


def paid(provider: Provider, amount: int = 10_000, capture: str = "automatic") -> str:
    """A payment that the payer has made and of which we have heard."""
    payment_id = started(amount, capture)
    provider.pay(payment(payment_id))
    heard(*provider.events())
    return payment_id


def told(payment_id: str) -> list[str]:
    """The names of the events that a payment published, sorted: those of one transaction have no order.

    Its fee is left out: it is told whenever it is known, and has tests of its own.
    """
    mine = [event["event"] for event in pump.events() if event.get("payment_id") == payment_id]
    return sorted(name.removeprefix("payments.") for name in mine if name != "payments.fee_known")


def published(payment_id: str, name: str) -> list[dict[str, Any]]:
    mine = [event for event in pump.events() if event.get("payment_id") == payment_id]
    return [event for event in mine if event["event"] == f"payments.{name}"]


def requests_of(payment_id: str) -> None:
    """The events of a payment that payments itself acts on, delivered once each."""
    for event in [event for event in pump.events() if event.get("payment_id") == payment_id]:
        if "payments-events" in pump.subscribers(event["event"]):
            assert [] == pump.deliver("payments-events", json.dumps(event)), event


def due(at: datetime) -> list[str]:
    """The ids of the payments that the sweep would look at."""
    return [found.payment_id for shard in range(store.SHARDS) for found, _ in store.due(shard, at, 50)]
