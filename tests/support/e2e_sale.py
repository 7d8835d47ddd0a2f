"""A market day in this process: six orders of every fate, over the API, with all that follows each by itself.

Clients repeat a request under its key until they are answered, queues hand a message out until it is acknowledged,
schedules run again: so it goes on whoever dies, and its end can be compared.
"""

from collections import defaultdict
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any, Final, TypeVar

from entrepot.cloud import aws, relay
from entrepot.kernel.clock import utc_now
from functions.orders.service import clock
from functions.payments import sweep
from infra.local.carriers.payloads import Parcel, Scan, webhook
from tests.integration.settlement.books import run
from tests.support.aws import SECRETS
from tests.support.e2e_kill import Reaper
from tests.support.http import Answer, call
from tests.support.provider import Provider
from tests.support.pump import deliver
from tests.support.shop import CONTACT, Merchant, Shop

T = TypeVar("T")

SKU: Final = "PHONES-1"
UNITS: Final = 40
_RELAY: Final = "arn:aws:lambda:eu-central-1:123456789012:function:outbox-relay"
_LONG_AFTER: Final = timedelta(days=20)
_MOST_RECEIVES: Final = 40
_FED_BY_THE_API: Final = ("payments-webhooks", "payments-statements", "logistics-scans", "settlement-runs")


class MarketDay:
    """The goods are there before; `tell` is what may be interrupted.

    Args: times: how often each message is handed out although it was acknowledged at once.
    """

    def __init__(self, shop: Shop, provider: Provider, reaper: Reaper, seed: int = 0, times: int = 1) -> None:
        self.queues: dict[str, list[str]] = defaultdict(list)
        self.orders: dict[str, Any] = {}
        self._shop, self._provider, self._reaper, self._times = shop, provider, reaper, times
        self._order_of_messages = Random(seed)
        self._began = utc_now() - timedelta(hours=2)
        self._receives: dict[str, int] = defaultdict(int)
        self.merchant: Merchant = shop.stocked(SKU, units=UNITS)
        shop.settle_events()

    def tell(self) -> None:
        """From the first order to the statement."""
        for label, units, capture in (
            ("shipped", 3, "automatic"),
            ("captured late", 2, "manual"),
            ("cancelled", 4, "automatic"),
            ("unpaid", 1, "automatic"),
            ("declined first", 2, "automatic"),
            ("given up", 5, "automatic"),
        ):
            self._place(label, units, capture)
        self._provider.control(f"payment_intents/{self._intent('declined first')}/fail")
        self._settle()
        for label in ("shipped", "captured late", "cancelled", "declined first"):
            self._provider.pay(self.orders[label])
        self._settle()
        self._cancel("cancelled")
        self._cancel("given up")
        self._settle()
        for label, units in (("shipped", 3), ("captured late", 2), ("declined first", 2)):
            self._ship(label, units)
        self._settle()
        for scans in (1, 2, 1):  # the last is late and changes nothing
            for label in ("shipped", "captured late", "declined first"):
                self._scan(label, scans)
            self._settle()
        self._reaper.outlived("clock", lambda: clock.run(utc_now() + timedelta(days=15)))
        self._settle()
        self._refund("shipped", 1)
        self._settle()
        self._reaper.outlived("clock", lambda: run(utc_now()))
        self._settle()

    def _place(self, label: str, units: int, capture: str) -> None:
        quote = self._shop.quote({SKU: units})
        body = {
            "quote_id": quote["id"],
            "option_id": quote["options"][0]["id"],
            "contact": CONTACT,
            "payment": {"method": "card", "capture": capture},
        }
        self.orders[label] = self._asked("POST", "/v1/orders", body, key=label).json

    def _cancel(self, label: str) -> None:
        token = {"Order-Token": self.orders[label]["order_token"]}
        path = f"/v1/orders/{self.orders[label]['id']}/cancel"
        self._asked("POST", path, {"reason": "changed my mind"}, key=f"cancel {label}", headers=token)

    def _ship(self, label: str, units: int) -> None:
        body = {
            "carrier": "yunexpress",
            "tracking_number": self._number(label),
            "lines": [{"sku": SKU, "quantity": units}],
        }
        path = f"/v1/orders/{self.orders[label]['id']}/shipments"
        self._asked("POST", path, body, key=f"ship {label}", token=self.merchant.token)

    def _scan(self, label: str, count: int) -> None:
        """The carrier tells the first `count` scans of a parcel."""
        scans = [
            Scan(self._began, "in_transit", "", "Shenzhen, CN"),
            Scan(self._began + timedelta(hours=1), "delivered", "", "Berlin, DE"),
        ]
        parcel = Parcel("yunexpress", self._number(label))
        signed = webhook("aftership", parcel, scans[:count], SECRETS["aftership_secret"], utc_now())
        path = "/v1/webhooks/carriers/aftership"
        self._asked("POST", path, raw=signed.body, headers=dict(signed.headers))

    def _refund(self, label: str, units: int) -> None:
        body = {
            "order_id": self.orders[label]["id"],
            "lines": [{"sku": SKU, "quantity": units}],
            "reason": "a scratch",
        }
        self._asked("POST", "/v1/refunds", body, key=f"refund {label}", token=self.merchant.token)

    def _asked(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str = "",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        sent = {**(headers or {}), **({"Idempotency-Key": key.replace(" ", "-")} if key else {})}
        answer = self._reaper.outlived("api", lambda: call(method, path, body, headers=sent, **more))
        assert answer.status in (200, 201), f"{path}: {answer.text}"
        return answer

    def _settle(self) -> None:
        """Webhooks, events and the sweep, until nobody has anything left to say."""
        self._wait_settled()
        self._reaper.outlived("clock", lambda: sweep.sweep(utc_now() + timedelta(minutes=2)))
        self._wait_settled()

    def _wait_settled(self) -> None:
        busy = True
        while busy:
            busy = self._heard() | self._relayed()
            while self._consumed():
                busy = True

    def _heard(self) -> bool:
        """What the provider tells; it tells again until it is answered."""
        news = self._provider.new_events()
        for event in news:
            self._reaper.outlived("api", partial(self._provider.deliver, [event]))
        for queue in _FED_BY_THE_API:
            self._received(queue)
        return bool(news)

    def _relayed(self) -> bool:
        return self._reaper.outlived("relay", lambda: relay.sweep(_RELAY, utc_now() + _LONG_AFTER)) > 0

    def _consumed(self) -> bool:
        """One message of each queue that has some, any of them; it stays until its consumer has got through."""
        waiting = [queue for queue in sorted(self.queues) if self.queues[queue]]
        for queue in waiting:
            messages = self.queues[queue]
            body = messages.pop(self._order_of_messages.randrange(len(messages)))
            for _ in range(self._times):
                failed = self._reaper.outlived("consumer", partial(deliver, queue, body))
            if failed:
                self._receives[body] += 1
                assert self._receives[body] < _MOST_RECEIVES, f"{queue} never takes {body[:300]}"
                messages.append(body)
        return bool(waiting)

    def _received(self, queue: str) -> None:
        sqs, url = aws.client("sqs"), aws.queue_url(queue)
        while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                self.queues[queue].append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def _intent(self, label: str) -> str:
        return str(self.orders[label]["payment"]["client_secret"]).partition("_secret")[0]

    @staticmethod
    def _number(label: str) -> str:
        return f"YT{sum(label.encode()):010d}"
