"""The deployed stack as its clients see it: HTTP for buyers and merchants, the stand-ins' controls, the tables."""

import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from infra.estate import QUEUES
from infra.local.stack import Running
from tests.support.e2e_rows import rows
from tests.support.http import Answer
from tests.support.shop import BERLIN, CONTACT, HEADPHONES

PATIENCE_SECONDS: Final = 60.0
_SECONDS: Final = 120.0
_SHARDS: Final = 8
_numbers: Final = itertools.count(1)


class Address:
    """Calls to one address; the signature is that of the calls in process."""

    def __init__(self, url: str) -> None:
        self._host, self._port = urlsplit(url).hostname or "", urlsplit(url).port

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request. `body` is sent as JSON, `form` as a form."""
        content = json.dumps(body).encode() if body is not None else None
        sent = {"Content-Type": "application/json", **(headers or {})}
        if form is not None:
            content, sent["Content-Type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
        if token:
            sent["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_SECONDS)
        try:
            connection.request(method, path, content, sent)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read().decode())
        finally:
            connection.close()


class Market:
    """Every method asserts that its calls are answered as they should be."""

    def __init__(self, up: Running) -> None:
        self.up = up
        self.api, self.stripe = Address(up.base_url), Address(up.stripe_url)
        self.operator, self.merchant = (self.signed_in(role) for role in ("operator", "merchant"))
        self.dynamodb, self._sqs = up.client("dynamodb"), up.client("sqs")
        self._urls = {queue: self._queue_url(queue) for queue in QUEUES}

    def close(self) -> None:
        self.dynamodb.close()
        self._sqs.close()

    def stocked(self, units: int, **changes: Any) -> str:
        """A new product on sale with so many units in one warehouse; its SKU. `changes` are of the variant."""
        sku = f"E2E-{next(_numbers)}"
        variant = {**HEADPHONES["variants"][0], "sku": sku, **changes}
        body = {**HEADPHONES, "variants": [variant]}
        product = self.done(201, "POST", "/v1/products", body, token=self.merchant)
        self.done(200, "POST", f"/v1/products/{product['id']}/publish", token=self.merchant)
        place = {"name": f"for {sku}", "country": "CN", "mode": "direct_mail"}
        warehouse = self.done(201, "POST", "/v1/warehouses", place, token=self.merchant)
        receipt = {"warehouse_id": warehouse["id"], "units": units, "cause": "receipt"}
        path = f"/v1/stock/{sku}/movements"
        self.done(201, "POST", path, receipt, token=self.merchant, headers=_key())
        return sku

    def stock(self, sku: str) -> dict[str, int]:
        levels = self.done(200, "GET", f"/v1/stock/{sku}", token=self.merchant)["warehouses"]
        return {name: sum(level[name] for level in levels) for name in ("on_hand", "reserved", "available")}

    def placed(self, sku: str, method: str = "card") -> Any:
        """An order for one unit, awaiting its payment."""
        wish = {"lines": [{"sku": sku, "quantity": 1}], "ship_to": BERLIN, "currency": "EUR"}
        quote = self.done(201, "POST", "/v1/quotes", wish)
        body = {
            "quote_id": quote["id"],
            "option_id": quote["options"][0]["id"],
            "contact": CONTACT,
            "payment": {"method": method},
        }
        return self.done(201, "POST", "/v1/orders", body, headers=_key())

    def order(self, placed: Any) -> Any:
        token = {"Order-Token": placed["order_token"]}
        return self.done(200, "GET", f"/v1/orders/{placed['id']}", headers=token)

    def balances(self) -> dict[tuple[str, str], int]:
        """Debit less credit by account and currency, of books that balance."""
        trial = self.done(200, "GET", "/v1/ledger/trial-balance", token=self.operator)
        assert trial["balanced"]
        return {(row["account"], row["currency"]): row["debit"] - row["credit"] for row in trial["accounts"]}

    def entries_of(self, intent_id: str) -> list[str]:
        """The facts that the ledger has posted of an intent."""
        table = f"entrepot-{self.up.stage}-ledger"
        facts = [item["pk"]["S"] for item in rows(self.dynamodb, table) if item["sk"]["S"] == "entry"]
        return [fact for fact in facts if intent_id in fact]

    def fee_of(self, intent_id: str) -> int:
        """What the provider kept of a payment, as the provider itself tells it."""
        charges = self.at_stripe(f"/v1/charges?payment_intent={intent_id}")["data"]
        (moved,) = [charge["balance_transaction"] for charge in charges if charge["balance_transaction"]]
        return int(self.at_stripe(f"/v1/balance_transactions/{moved}")["fee"])

    def at_stripe(self, path: str) -> Any:
        """What the provider says at one of its own addresses."""
        answer = self.stripe.call("GET", path, token="sk_test_standin")
        assert 200 == answer.status, answer.text
        return answer.json

    def control(self, path: str, /, **fields: str) -> Any:
        """A test control of the stand-in for Stripe."""
        answer = self.stripe.call("POST", f"/test/{path}", form=fields)
        assert 200 == answer.status, answer.text
        return answer.json

    def at_btcpay(self, path: str, **fields: Any) -> Any:
        """A test control of the stand-in for a BTCPay Server."""
        answer = Address(self.up.btcpay_url).call("POST", f"/test/{path}", fields)
        assert 200 == answer.status, answer.text
        return answer.json

    def events_of(self, intent_id: str) -> list[dict[str, Any]]:
        """What Stripe has to tell of an intent, oldest first."""
        told = self.at_stripe("/v1/events?limit=100")["data"]
        found = [event for event in told if intent_id in json.dumps(event["data"]["object"])]
        return found[::-1]

    def wait_quiet(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Return once no event waits anywhere: not in the outbox, not on its way, not in a queue."""
        until("no event waits", self._quiet, seconds)

    def dead_letters(self) -> int:
        return sum(self._messages(self._queue_url(f"{queue}-dlq")) for queue in QUEUES)

    def done(self, status: int, *request: Any, **more: Any) -> Any:
        answer = self.api.call(*request, **more)
        assert status == answer.status, f"{request[:2]}: {answer.text}"
        return answer.json

    def _quiet(self) -> bool:
        # The outbox is looked at again at the end: a consumer may have written to it meanwhile.
        return not self.unsent() and not any(map(self._messages, self._urls.values())) and not self.unsent()

    def unsent(self) -> int:
        """Events that nobody has published yet."""
        return sum(
            self.dynamodb.query(
                TableName=f"entrepot-{self.up.stage}-outbox",
                IndexName="unsent",
                KeyConditionExpression="unsent_shard = :shard",
                ExpressionAttributeValues={":shard": {"S": str(shard)}},
                Select="COUNT",
            )["Count"]
            for shard in range(_SHARDS)
        )

    def _messages(self, url: str) -> int:
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
        return sum(int(found[name]) for name in names)

    def _queue_url(self, queue: str) -> str:
        url: str = self._sqs.get_queue_url(QueueName=f"entrepot-{self.up.stage}-{queue}")["QueueUrl"]
        return url

    def signed_in(self, role: str) -> str:
        account = self.up.accounts[role]
        body = {"email": account["email"], "password": account["password"]}
        return str(self.done(201, "POST", "/v1/sessions", body)["access_token"])


def intent_of(placed: Any) -> str:
    return str(placed["payment"]["client_secret"]).partition("_secret")[0]


def until(what: str, true: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Return once something is true. Raises: AssertionError: it takes longer."""
    pause, end = threading.Event(), time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"after {seconds:.0f} s it is still not so that {what}"
        pause.wait(0.1)


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}
