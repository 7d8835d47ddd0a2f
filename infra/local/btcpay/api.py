"""The Greenfield API, as much of it as a shop needs: authenticates, routes, and lets faults strike."""

from __future__ import annotations

import html
import json
from urllib.parse import parse_qs, unquote

from infra.local.btcpay import claims, invoices
from infra.local.btcpay.controls import Controls
from infra.local.btcpay.store import Misuse, Store
from infra.local.stripe.errors import StripeError
from infra.local.stripe.faults import Faults, Mode
from infra.local.stripe.serving import Json, Reply, Request


class Api:
    """The application of the stand-in."""

    def __init__(self, store: Store, controls: Controls, faults: Faults, key: str) -> None:
        self._store, self._controls, self._faults, self._key = store, controls, faults, key

    def __call__(self, request: Request) -> Reply | None:
        """Answer one request; None drops the connection."""
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        if parts[0] == "test":
            return self._control(request, parts[1:])
        if parts[0] == "i" and len(parts) == 2:
            return self._page(parts[1])
        fault = self._faults.strike(request.method, request.path)
        if fault is not None and fault.mode is Mode.UNAVAILABLE:
            return Reply.json(fault.status, {"message": "The server is not available."})
        if fault is not None and fault.mode in (Mode.HANG, Mode.SLOW):
            self._faults.wait_out(fault)
        if fault is not None and fault.mode in (Mode.HANG, Mode.DROP_BEFORE):
            return None
        reply = self._serve(request, parts)
        self._controls.calls.append({"method": request.method, "path": request.path, "status": reply.status})
        return None if fault is not None and fault.mode is Mode.DROP_AFTER else reply

    def _control(self, request: Request, parts: list[str]) -> Reply:
        try:
            document = self._controls.answer(request.method, parts, request.body)
        except (Misuse, StripeError) as error:
            return Reply.json(error.status, error.body)
        except KeyError as error:
            return Reply.json(404, {"message": f"There is no {error}"})
        with self._store.lock:
            return Reply.json(200, document)

    def _serve(self, request: Request, parts: list[str]) -> Reply:
        try:
            if request.headers.get("authorization") != f"token {self._key}":
                raise Misuse(401, "unauthenticated", "Authentication is required for accessing this endpoint")
            with self._store.lock:
                return Reply.json(200, self._answer(request, parts))
        except Misuse as error:
            return Reply.json(error.status, error.body)

    def _answer(self, request: Request, parts: list[str]) -> object:
        store = self._store
        match (request.method, *parts):
            case (_, "api", "v1", "stores", named, *_) if named != store.store_id:
                raise Misuse(403, "missing-permission", "The key is not for this store")
            case ("POST", "api", "v1", "stores", _, "invoices"):
                return invoices.create(store, _document(request.body))
            case ("GET", "api", "v1", "stores", _, "invoices"):
                return self._listed(parse_qs(request.query).get("orderId", []))
            case (_, "api", "v1", "stores", _, "invoices", identifier, *rest):
                return self._of_invoice(request, invoices.found(store, identifier), rest)
            case ("GET", "api", "v1", "stores", _, "pull-payments"):
                every = parse_qs(request.query).get("includeArchived") == ["true"]
                return [each for each in store.pulls.values() if every or not each["archived"]]
            case ("GET", "api", "v1", "pull-payments", identifier):
                return claims.found(store, identifier)
            case ("GET", "api", "v1", "pull-payments", identifier, "payouts"):
                return claims.payouts(store, identifier)
        raise Misuse(404, "not-found", f"There is no {request.method} {request.path}")

    def _of_invoice(self, request: Request, invoice: Json, rest: list[str]) -> object:
        match (request.method, *rest):
            case ("GET",):
                return invoices.shown(invoice)
            case ("GET", "payment-methods"):
                return invoices.payment_methods(invoice)
            case ("POST", "status"):
                return invoices.mark(self._store, invoice, _document(request.body).get("status"))
            case ("POST", "refund"):
                return claims.refund(self._store, invoice, _document(request.body))
        raise Misuse(404, "not-found", f"There is no {request.method} {request.path}")

    def _listed(self, order_ids: list[str]) -> list[Json]:
        found = []
        for invoice in self._store.invoices.values():
            if invoice["storeId"] == self._store.store_id and invoice["metadata"].get("orderId") in order_ids:
                invoices.judge(self._store, invoice)
                found.append(invoices.shown(invoice))
        return found[::-1]  # the newest first, as the server lists them

    def _page(self, identifier: str) -> Reply:
        """What a buyer sees: the amount, and how to pay it here."""
        with self._store.lock:
            try:
                invoice = invoices.found(self._store, identifier)
            except Misuse as error:
                return Reply.json(error.status, error.body)
            (method, *_) = invoices.payment_methods(invoice)
        pay = f'curl -X POST {self._store.url()}/test/invoices/{identifier}/pay -d \'{{"outcome": "exact"}}\''
        text = (
            f"<!doctype html><title>Invoice</title><p>{html.escape(invoice['status'])}: {method['due']} BTC due"
            f" for {invoice['amount']} {html.escape(invoice['currency'])}.<pre>{html.escape(pay)}</pre>"
        )
        return Reply(200, text.encode(), content_type="text/html; charset=utf-8")


def _document(body: bytes) -> Json:
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Misuse(400, "malformed", "The body must be a JSON object")
    return document
