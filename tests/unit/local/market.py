"""Entrepot in this process as one machine serves it: the API over HTTP, the stand-ins, functions that can be called."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock

from functions.orders.service import fulfilling, merchants
from functions.payments import stripe_gateway
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
EVENTS_WAIT = threading.Event()
"""While it is set, events stay in the outbox: to look for them after each of many calls takes its time."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = dict(self.headers.items())
        with ONE_AT_A_TIME:
            answer = call(self.command, self.path, raw=body if body else None, headers=headers)
            if self.command != "GET" and not EVENTS_WAIT.is_set():
                pump()
        content = answer.text.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the base class asks for these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
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
    made: Accounts = {
        role: {"email": email, "password": f"{role} battery staple"} for role, email in PEOPLE.items()
    }
    made["secrets"] = {
        "stripe": stand_in.SECRETS["stripe_webhook_secret"],
        "btcpay": stand_in.SECRETS["btcpay_webhook_secret"],
        "aftership": stand_in.SECRETS["aftership_secret"],
        "easypost": stand_in.SECRETS["easypost_secret"],
        "17track": stand_in.SECRETS["seventeentrack_key"],
    }
    return made


@contextmanager
def serving() -> Iterator[Market]:
    """An empty market, with its people but without goods. Orders complete as soon as they are delivered."""
    merchants._countries.clear()
    known = accounts()
    with (
        stand_in.in_process(),
        _served(_Server(("127.0.0.1", 0), _Handler)) as base,
        StripeStandIn(
            0, f"{base}/v1/webhooks/stripe", known["secrets"]["stripe"], secret_key="sk_test_stage"
        ) as stripe,
        _carriers(base, known["secrets"]) as carriers,
        mock.patch.dict(os.environ, ENTREPOT_STRIPE_URL=stripe.url),
        mock.patch.object(fulfilling, "COMPLETES_AFTER", timedelta(0)),
    ):
        people.create(known)
        yield Market(base, stripe.url, carriers, known)
    stripe_gateway.forget()


@contextmanager
def _served(server: _Server) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def _carriers(base: str, secrets: dict[str, str]) -> Iterator[str]:
    server = LocalServer(0, CarriersApi(Tracker(base, secrets)))
    server.start()
    yield server.url
    server.stop()


def demo_of(*skus: str) -> data.Demo:
    """The demo with the products of these SKUs alone: moto takes its time over each."""
    whole = data.load()
    return replace(whole, products=tuple(one for one in whole.products if set(skus) & set(one.skus)))


def bring_in(market: Market, demo: data.Demo) -> goods.Done:
    """The demo's goods, as `make up` brings them in."""
    EVENTS_WAIT.set()
    try:
        done = goods.create(market.base_url, market.accounts, demo, lambda _: None)
    finally:
        EVENTS_WAIT.clear()
    pump()
    return done
