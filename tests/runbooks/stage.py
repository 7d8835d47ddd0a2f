"""The deployed platform, and what a trial may do to it beside being its client."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from tests.runbooks.patterns import compiled
from tests.support.documents import document
from tests.support.e2e_market import Market, until
from tests.support.shop import BERLIN, CONTACT

Placeholders = Mapping[str, str]
"""What stands in a page for a thing of the reader's, such as `pay_…` → the payment that a cause is about."""

_STRIPE_KEY: Final = "sk_test_standin"
TICK: Final = {
    "id": "by-hand", "account": "", "region": "", "detail": {}, "detail-type": "", "source": "", "time": "",
    "version": "0", "resources": [],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stage:
    """`market` is its client."""

    market: Market

    def client(self, service: str) -> Any:
        return self.market.up.client(service)

    def name(self, short: str) -> str:
        return f"entrepot-{self.market.up.stage}-{short}"

    def tick(self, function: str) -> None:
        """Run a schedule now."""
        self.market.up.invoke(function, TICK)

    def logged(self, function: str, pattern: str) -> list[str]:
        """The lines of a function's log that match, oldest first."""
        matches = compiled(pattern)
        events = self.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{self.name(function)}")[
            "events"
        ]
        return [event["message"] for event in events if matches(event["message"].rstrip("\n"))]

    def says(self, function: str, pattern: str) -> str:
        """Wait until a function has logged such a line. Returns: the last one."""
        until(f"{function} logs {pattern}", lambda: bool(self.logged(function, pattern)))
        return self.logged(function, pattern)[-1]

    def queue(self, name: str) -> str:
        url: str = self.client("sqs").get_queue_url(QueueName=self.name(name))["QueueUrl"]
        return url

    def changed(self, table: str, pk: str, sk: str, **values: str) -> None:
        """Put texts into an item that is there."""
        names = {f"#{number}": name for number, name in enumerate(values)}
        given = {f":{number}": {"S": value} for number, value in enumerate(values.values())}
        self.market.dynamodb.update_item(
            TableName=self.name(table),
            Key={"pk": {"S": pk}, "sk": {"S": sk}},
            UpdateExpression="SET " + ", ".join(f"#{number} = :{number}" for number in range(len(values))),
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=given,
        )

    def put(self, table: str, pk: str, sk: str, **attributes: Any) -> None:
        """A row as it stands in a table."""
        item = {"pk": {"S": pk}, "sk": {"S": sk}, **attributes}
        self.market.dynamodb.put_item(TableName=self.name(table), Item=item)

    def found(self, table: str, pk: str, sk: str) -> dict[str, Any] | None:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        item: dict[str, Any] | None = self.market.dynamodb.get_item(TableName=self.name(table), Key=key).get(
            "Item"
        )
        return item

    def item(self, table: str, pk: str, sk: str) -> dict[str, Any]:
        item = self.found(table, pk, sk)
        assert item is not None, f"{table} has no {pk}"
        return item

    @contextmanager
    def tried_again_at_once(self, queue: str) -> Iterator[None]:
        """What a queue's consumer has not taken comes again within seconds, instead of minutes."""
        sqs, url = self.client("sqs"), self.queue(queue)
        held = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "2"})
        try:
            yield
        finally:
            sqs.set_queue_attributes(QueueUrl=url, Attributes=held)

    @contextmanager
    def denied(self, function: str, *actions: str) -> Iterator[None]:
        """The function's role is refused these actions until the block ends."""
        iam = self.client("iam")
        configuration = self.client("lambda").get_function_configuration(FunctionName=self.name(function))
        role = configuration["Role"].rpartition("/")[2]
        statement = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=role, PolicyName="refused", PolicyDocument=document)
        try:
            yield
        finally:
            iam.delete_role_policy(RoleName=role, PolicyName="refused")

    @contextmanager
    def fault(self, **fields: str) -> Iterator[None]:
        """A fault of the stand-in for Stripe until the block ends."""
        self.market.control("faults", **fields)
        try:
            yield
        finally:
            self.market.stripe.call("DELETE", "/test/faults")

    def at_stripe(self, path: str, form: Mapping[str, str] | None = None) -> Any:
        """What our account at Stripe shows, or does with a form."""
        answer = self.market.stripe.call("POST" if form else "GET", path, token=_STRIPE_KEY, form=form)
        assert 200 == answer.status, answer.text
        return answer.json

    def payment(self, payment_id: str) -> Any:
        return document(self.item("payments", f"payment#{payment_id}", "payment"), "payment")

    def placed(
        self, sku: str, ship_to: Mapping[str, str] = BERLIN, currency: str = "EUR", **payment: str
    ) -> Any:
        """An order for one unit whose payment is known to Stripe; waits until Stripe is asked again."""
        until("Stripe is asked again", self._answering)
        placed = self._placed(sku, ship_to, currency, payment)
        assert "pending" != placed["payment"]["status"], placed["payment"]
        return placed

    def _answering(self) -> bool:
        """Whether the breaker of Stripe is closed; the sweep makes the trial that closes it."""
        row = self.found("payments", "breaker#stripe", "breaker")
        if row is None or document(row, "breaker")["opened_at"] is None:
            return True
        self.tick("payments-sweep")
        return False

    def _placed(self, sku: str, ship_to: Mapping[str, str], currency: str, payment: Mapping[str, str]) -> Any:
        wish = {"lines": [{"sku": sku, "quantity": 1}], "ship_to": ship_to, "currency": currency}
        quote = self.market.done(201, "POST", "/v1/quotes", wish)
        body = {
            "quote_id": quote["id"],
            "option_id": quote["options"][0]["id"],
            "contact": CONTACT,
            "payment": {"method": "card", **payment},
        }
        return self.market.done(201, "POST", "/v1/orders", body, headers=key())


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}
