"""Entrepot in this process as one machine serves it: the API over HTTP, the stand-ins, functions that can be called."""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock

from functions.orders.service import fulfilling, merchants
from functions.payments import stripe_gateway
from infra.local import seed
from infra.local.accounts import PEOPLE, Accounts
from infra.local.carriers.server import CarriersApi
from infra.local.carriers.tracker import Tracker
from infra.local.seed import data, goods, people
from infra.local.stripe.serving import LocalServer
from infra.local.stripe.standin import StripeStandIn
from tests.support import aws as stand_in
from tests.support.http import call
from tests.support.pump import pump

ONE_AT_A_TIME = threading.RLock()
"""moto's tables are for one thread."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = dict(self.headers.items())
        with ONE_AT_A_TIME:
            answer = call(self.command, self.path, raw=body if body else None, headers=headers)
            if self.command != "GET":
                pump()
        content = answer.text.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def log_message(self, format: str, *args: object) -> None:
        """Tests print nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True


@dataclass
class Market:
    """What the story is told against."""

    base_url: str
    stripe_url: str
    carriers_url: str
    accounts: Accounts
    invoked: list[str] = field(default_factory=list)

    def invoke(self, function: str, event: Any) -> Any:
        import app

        self.invoked.append(function)
        with ONE_AT_A_TIME:
            result = app.app.handler_map[function.replace("-", "_")](event, None)
            pump()
        return result


def accounts() -> Accounts:
    made: Accounts = {role: {"email": email, "password": f"{role} battery staple"} for role, email in PEOPLE.items()}
    made["secrets"] = {
        "stripe": stand_in.SECRETS["stripe_webhook_secret"],
        "aftership": stand_in.SECRETS["aftership_secret"],
        "easypost": stand_in.SECRETS["easypost_secret"],
        "17track": stand_in.SECRETS["seventeentrack_key"],
    }
    return made


@contextmanager
def serving() -> Iterator[Market]:
    """An empty market, with its people but without goods."""
    merchants._countries.clear()
    with stand_in.in_process():
        served = _Server(("127.0.0.1", 0), _Handler)
        threading.Thread(target=served.serve_forever, args=(0.05,), daemon=True).start()
        base = f"http://127.0.0.1:{served.server_address[1]}"
        known = accounts()
        hook = f"{base}/v1/webhooks/stripe"
        stripe = StripeStandIn(0, hook, known["secrets"]["stripe"], secret_key="sk_test_stage")
        carriers = LocalServer(0, CarriersApi(Tracker(base, known["secrets"])))
        carriers.start()
        with stripe, mock.patch.dict(os.environ, ENTREPOT_STRIPE_URL=stripe.url):
            with mock.patch.object(fulfilling, "COMPLETES_AFTER", fulfilling.timedelta(0)):
                people.create(known)
                yield Market(base, stripe.url, carriers.url, known)
        carriers.stop()
        served.shutdown()
        served.server_close()
        stripe_gateway.forget()


def bring_in(market: Market) -> goods.Done:
    """The demo's goods, as `make up` brings them in."""
    return goods.create(market.base_url, market.accounts, data.load(), lambda _: None)
