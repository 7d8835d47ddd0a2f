"""The test controls under `/test/`: the wallet, the network and the trouble that no API call makes."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Final

from infra.local.btcpay import claims, invoices
from infra.local.btcpay.store import Misuse, Store, random_word
from infra.local.stripe.delivery import Courier
from infra.local.stripe.faults import Faults
from infra.local.stripe.forms import Params, parsed_json
from infra.local.stripe.serving import Json

KEPT_CALLS: Final = 1000
_OUTCOMES: Final = ("exact", "unconfirmed", "partial", "over", "late", "never_confirmed")
_SHARES: Final = {"partial": Decimal("0.4"), "over": Decimal("1.1")}
_FLAGS: Final = ("true", "false")


class Controls:
    """Answers `/test/...`; needs no key, since the server is for this machine only."""

    def __init__(self, store: Store, courier: Courier | None, faults: Faults) -> None:
        self._store, self._courier, self._faults = store, courier, faults
        self.calls: deque[Json] = deque(maxlen=KEPT_CALLS)

    def answer(self, method: str, parts: list[str], body: bytes) -> Json:
        """The document for `/test/{parts}`. Raises: Misuse, StripeError."""
        match (method, *parts):
            case ("GET", "health"):
                return {"status": "ok"}
            case ("POST", "reset"):
                return self._reset()
            case ("GET", "requests"):
                return {"data": list(self.calls)}
            case ("GET", "invoices"):
                with self._store.lock:
                    return {"data": [invoices.shown(each) for each in self._store.invoices.values()]}
            case ("POST", "invoices", identifier, action):
                return self._invoice(identifier, action, body)
            case ("POST", "pull-payments", identifier, action):
                return self._pull(identifier, action, Params(parsed_json(body)))
            case ("POST", "payouts", identifier, "finish"):
                outcome = Params(parsed_json(body)).required("outcome", ("started", "paid", "cancelled"))
                with self._store.lock:
                    return claims.finish(self._store.payouts[identifier], outcome)
            case (_, "faults", *rest):
                return self._fault(method, rest, body)
            case (_, "webhooks" | "events", *_):
                return self._webhooks(method, parts, Params(parsed_json(body)))
        raise Misuse(404, "not-found", f"There is no {method} /test/{'/'.join(parts)}")

    def _reset(self) -> Json:
        self._faults.clear()
        self._store.clear()
        if self._courier is not None:
            self._courier.forget()
        self.calls.clear()
        return {}

    def _invoice(self, identifier: str, action: str, body: bytes) -> Json:
        store = self._store
        with store.lock:
            invoice = invoices.found(store, identifier)
            params = Params(parsed_json(body))
            match action:
                case "pay":
                    self._pay(invoice, params)
                case "confirm":
                    invoices.confirm(store, invoice)
                case "replace":
                    invoices.replace(store, invoice)
                case "expire":
                    invoices.expire(store, invoice)
                case "fail":
                    invoices.fail(store, invoice)
                case "mark":
                    invoices.mark(store, invoice, params.required("status", ("Settled", "Invalid")))
                case "set":
                    invoice.update(parsed_json(body))
                case _:
                    raise Misuse(404, "not-found", f"There is no such control: {action}")
            return invoices.shown(invoice)

    def _pay(self, invoice: Json, params: Params) -> None:
        outcome, share = params.text("outcome", _OUTCOMES) or "exact", params.text("share")
        confirmed = (params.text("confirmed", _FLAGS) or "true") == "true"
        params.done()
        total = invoices.due_in_all(invoice)
        if share is not None:
            invoices.receive(
                self._store, invoice, total * invoices.decimal(share, "share"), confirmed=confirmed
            )
            return
        if outcome == "late":
            invoices.expire(self._store, invoice)
        rest = total - invoices.came(invoice) if outcome not in _SHARES else total * _SHARES[outcome]
        sure = outcome not in ("unconfirmed", "never_confirmed")
        invoices.receive(self._store, invoice, rest, confirmed=sure)
        if outcome == "never_confirmed":
            invoices.fail(self._store, invoice)

    def _pull(self, identifier: str, action: str, params: Params) -> Json:
        with self._store.lock:
            pull = claims.found(self._store, identifier)
            if action == "claim":
                share = invoices.decimal(params.text("share") or "1", "share")
                paid = (params.text("paid", _FLAGS) or "true") == "true"
                return claims.claim(self._store, pull, share, paid=paid)
            if action == "archive":
                return claims.archive(self._store, pull)
        raise Misuse(404, "not-found", f"There is no such control: {action}")

    def _fault(self, method: str, rest: list[str], body: bytes) -> Json:
        fields = parsed_json(body)
        if method == "POST" and rest == ["wait"]:
            params = Params(fields)
            count, seconds = params.whole("count") or 1, params.seconds("seconds") or 5
            return {"reached": self._faults.await_waiting(count, seconds)}
        if method == "POST":
            return self._faults.order(Params({"path": "/api/v1/", **fields})).shown()
        if method == "DELETE":
            self._faults.clear()
        return self._faults.shown()

    def _webhooks(self, method: str, parts: list[str], params: Params) -> Json:
        if (method, *parts) == ("GET", "events"):
            with self._store.lock:
                return {"data": list(self._store.objects["event"].values())}
        courier = self._courier
        if courier is None:
            raise Misuse(400, "no-endpoint", "The stand-in was started without a webhook address.")
        done = courier.controlled(method, parts, params)
        if done is not None:
            return done
        match (method, *parts):
            case ("POST", "events", identifier, "deliver"):
                return self._deliver(courier, identifier, params)
        raise Misuse(404, "not-found", f"There is no {method} /test/{'/'.join(parts)}")

    def _deliver(self, courier: Courier, identifier: str, params: Params) -> Json:
        times, concurrent = params.whole("times", least=1) or 1, params.flag("concurrent")
        forged, changes = params.flag("forged"), params.strings("set")
        with self._store.lock:
            event = self._store.objects["event"][identifier]
            body = {**event["body"], "deliveryId": random_word(), "isRedelivery": True, **changes}
        again = {**event, "body": body}
        return {"statuses": courier.deliver(again, times, concurrent, 0, "forged" if forged else None)}
