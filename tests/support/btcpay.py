"""The stand-in for a BTCPay Server in this process; its webhooks are handed over when a test says so."""

import json
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from functions.payments.btcpay import http
from infra.local.btcpay.signing import signature_header
from infra.local.btcpay.standin import BtcpayStandIn
from infra.local.stripe.serving import Json
from tests.support.aws import SECRETS
from tests.support.http import Answer, call

SECRET = SECRETS["btcpay_webhook_secret"]
STORE = SECRETS["btcpay_store_id"]


class Server:
    """The server as a test sees it."""

    def __init__(self, standin: BtcpayStandIn) -> None:
        self.standin = standin
        self._taken: set[str] = set()

    def control(self, path: str, /, **fields: Any) -> Any:
        return self._sent("POST", path, fields)

    def heal(self) -> None:
        self._sent("DELETE", "faults", {})

    def invoices(self) -> list[Json]:
        return list(self.standin.store.invoices.values())

    def pulls(self) -> list[Json]:
        return list(self.standin.store.pulls.values())

    def calls(self, method: str = "POST") -> list[str]:
        """The paths of the API calls so far."""
        return [each["path"] for each in self._sent("GET", "requests") if each["method"] == method]

    def events(self, *kinds: str) -> list[bytes]:
        """Bodies of the events not taken yet, oldest first; of some kinds only."""
        store = self.standin.store
        found = [
            event
            for event in store.objects["event"].values()
            if event["id"] not in self._taken and (not kinds or event["type"] in kinds)
        ]
        self._taken.update(event["id"] for event in found)
        return [json.dumps(event["body"]).encode() for event in found]

    def _sent(self, method: str, path: str, fields: Json | None = None) -> Any:
        data = json.dumps(fields).encode() if fields is not None else None
        request = urllib.request.Request(f"{self.standin.url}/test/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            document = json.load(answer)
        return document["data"] if set(document) == {"data"} else document


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"BTCPay-Sig": signature_header(body, secret)}


def webhook(body: bytes, secret: str = SECRET) -> Answer:
    """One webhook, signed as the server signs it."""
    return call("POST", "/v1/webhooks/btcpay", raw=body, headers=signed(body, secret))


@contextmanager
def running() -> Iterator[Server]:
    with BtcpayStandIn(store_id=STORE, api_key=SECRETS["btcpay_api_key"]) as standin:
        os.environ["ENTREPOT_BTCPAY_URL"] = standin.url
        try:
            yield Server(standin)
        finally:
            del os.environ["ENTREPOT_BTCPAY_URL"]
            http.forget()
