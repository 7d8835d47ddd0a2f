"""The test controls under `/test/`.

The shopper, the bank and the trouble that no API call makes. See the package's docstring.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Final

from infra.local.stripe import balance, connect, disputes, intents, methods, refunds
from infra.local.stripe.account import Account
from infra.local.stripe.delivery import Courier
from infra.local.stripe.errors import StripeError, missing, refused
from infra.local.stripe.faults import Faults
from infra.local.stripe.forms import Fields, Params, parsed_json
from infra.local.stripe.methods import Behaviour, Flow
from infra.local.stripe.serving import Json
from infra.local.stripe.store import random_word

KEPT_CALLS: Final = 1000
_OUTCOMES: Final = ("succeed", "fail")


class Controls:
    """Answers `/test/...`; needs no key, since the server is for this machine only."""

    def __init__(self, account: Account, courier: Courier | None, faults: Faults) -> None:
        self._account = account
        self._courier = courier
        self._faults = faults
        self.calls: deque[Json] = deque(maxlen=KEPT_CALLS)

    def answer(self, method: str, parts: list[str], params: Params) -> Json:
        """The document for `/test/{parts}`. Raises StripeError."""
        match (method, *parts):
            case ("GET", "health"):
                return {"status": "ok"}
            case ("POST", "reset"):
                return self._reset(params)
            case ("GET", "requests"):
                return {"data": list(self.calls)}
            case ("POST", "payment_intents", identifier, action):
                return self._intent(identifier, action, params)
            case ("POST", "charges", identifier, "dispute"):
                return self._dispute(identifier, params)
            case ("POST", "disputes", identifier, "close"):
                won = params.required("outcome", ("won", "lost")) == "won"
                params.done()
                with self._account.store.lock:
                    return disputes.closed(self._account, self._account.store.get("dispute", identifier), won)
            case ("POST", "refunds" | "transfers" | "balance", *_):
                return self._moved(parts, params)
            case (_, "faults", *rest):
                return self._fault(method, rest, params)
            case (_, "webhooks" | "events", *_):
                return self._webhooks(method, parts, params)
        raise StripeError(404, f"Unrecognized request URL ({method}: /test/{'/'.join(parts)}).")

    def _reset(self, params: Params) -> Json:
        params.done()
        self._faults.clear()
        self._account.store.clear()
        if self._courier is not None:
            self._courier.forget()
        self.calls.clear()
        return {}

    def _intent(self, identifier: str, action: str, params: Params) -> Json:
        account = self._account
        with account.store.lock:
            intent = account.store.get("payment_intent", identifier, "intent")
            match action:
                case "pay":
                    return self._pay(intent, params)
                case "fail":
                    return self._fail(intent, params)
                case "process":
                    return self._process(intent, params)
                case "authenticate" | "finish":
                    succeed = (params.text("outcome", _OUTCOMES) or "succeed") == "succeed"
                    params.done()
                    return self._end(intent, action, succeed)
                case "lapse":
                    params.done()
                    self._require(intent, "requires_capture")
                    return intents.ended(account, intent, "automatic", "charge.expired")
        raise StripeError(404, f"Unrecognized action on a payment intent: {action}.")

    def _pay(self, intent: Json, params: Params) -> Json:
        secret = params.text("client_secret")
        if secret is not None and secret != intent["client_secret"]:
            raise missing("payment_intent", intent["id"], "intent")
        name = params.text("payment_method") or _default(intent)
        params.done()
        given: Fields = {"payment_method": name, "return_url": "https://shop.invalid/return"}
        return intents.confirm(self._account, Params(given), intent["id"])

    def _fail(self, intent: Json, params: Params) -> Json:
        name = params.text("payment_method") or "pm_card_chargeDeclined"
        params.done()
        self._require(intent, *intents.PAYABLE)
        method = methods.attached(self._account.store, name)
        intents.failed(
            self._account, intent, method, _declining(methods.behaviour(self._account.store, method["id"]))
        )
        return intent

    def _process(self, intent: Json, params: Params) -> Json:
        name = params.text("payment_method") or _default(intent)
        params.done()
        self._require(intent, *intents.PAYABLE)
        method = methods.attached(self._account.store, name)
        intent["payment_method"] = method["id"]
        how = methods.behaviour(self._account.store, method["id"])
        intents.processing(self._account, intent, method, how)
        return intent

    def _end(self, intent: Json, action: str, succeed: bool) -> Json:
        self._require(
            intent, *(("requires_action",) if action == "authenticate" else ("processing", "requires_action"))
        )
        store = self._account.store
        method = store.get("payment_method", intent["payment_method"])
        how = methods.behaviour(store, method["id"])
        if not succeed:
            intents.failed(self._account, intent, method, _unauthenticated(how, intent["status"]))
        elif how.then is Flow.DECLINE:
            intents.failed(self._account, intent, method, how)
        else:
            intents.paid(self._account, intent, method, how)
        return intent

    def _dispute(self, identifier: str, params: Params) -> Json:
        reason, amount = params.text("reason", disputes.REASONS), params.whole("amount", least=1)
        params.done()
        store = self._account.store
        with store.lock:
            charge = store.get("charge", identifier)
            how = methods.behaviour(store, charge["payment_method"])
            return disputes.opened(self._account, charge, reason or how.dispute or "fraudulent", amount)

    def _moved(self, parts: list[str], params: Params) -> Json:
        store = self._account.store
        match parts:
            case ["refunds", identifier, "finish"]:
                return self._refund(identifier, params)
            case ["transfers", identifier, "reverse"]:
                with store.lock:
                    return connect.create_reversal(self._account, params, identifier)
            case ["balance"]:
                amount, currency = params.required_whole("amount", least=1), params.required("currency")
                params.done()
                with store.lock:
                    return balance.moved(store, "topup", amount, currency, f"tu_{random_word()}")
        raise StripeError(404, f"Unrecognized request URL (POST: /test/{'/'.join(parts)}).")

    def _refund(self, identifier: str, params: Params) -> Json:
        outcome = params.text("outcome", _OUTCOMES)
        params.done()
        store = self._account.store
        with store.lock:
            refund = store.get("refund", identifier)
            method = refund["payment_method"]  # none where it comes from a customer's cash balance
            fails = method is not None and methods.behaviour(store, method).refund == "fails"
            succeed = outcome == "succeed" if outcome else not fails
            return refunds.finished(self._account, refund, succeed)

    def _fault(self, method: str, rest: list[str], params: Params) -> Json:
        if method == "POST" and rest == ["wait"]:
            count, seconds = params.whole("count") or 1, params.seconds("seconds") or 5
            return {"reached": self._faults.await_waiting(count, seconds)}
        if method == "POST":
            return self._faults.order(params).shown()
        if method == "DELETE":
            self._faults.clear()
        return self._faults.shown()

    def _webhooks(self, method: str, parts: list[str], params: Params) -> Json:
        courier = self._courier
        if courier is None:
            raise refused("The stand-in was started without a webhook address.")
        done = courier.controlled(method, parts, params)
        if done is not None:
            return done
        match (method, *parts):
            case ("POST", "events", identifier, "deliver"):
                return self._deliver(courier, identifier, params)
        raise StripeError(404, f"Unrecognized request URL ({method}: /test/{'/'.join(parts)}).")

    def _deliver(self, courier: Courier, identifier: str, params: Params) -> Json:
        times, concurrent = params.whole("times", least=1) or 1, params.flag("concurrent")
        age, forged = params.whole("age_seconds") or 0, params.flag("forged")
        changes = params.strings("set")
        params.done()
        with self._account.store.lock:
            event: Json = json.loads(json.dumps(self._account.store.get("event", identifier)))
        for path, text in changes.items():
            _set(event, path.split("."), text)
        return {
            "statuses": courier.deliver(event, times, concurrent, age, "whsec_forged" if forged else None)
        }

    @staticmethod
    def _require(intent: Json, *statuses: str) -> None:
        if intent["status"] not in statuses:
            raise refused(
                f"The PaymentIntent has a status of {intent['status']}; this takes one of"
                f" {', '.join(statuses)}.",
                "payment_intent_unexpected_state",
                intent=intent,
            )


def fields_of(body: bytes) -> Params:
    """The parameters of a control, from JSON."""
    return Params(parsed_json(body))


def _default(intent: Json) -> str:
    return methods.alias_of_type(intent["payment_method_types"][0])


def _declining(how: Behaviour) -> Behaviour:
    return Behaviour(how.type, Flow.DECLINE, how.brand, how.last4, how.code, how.decline_code, how.message)


def _unauthenticated(how: Behaviour, status: str) -> Behaviour:
    if status == "processing":
        return _declining(how)
    code = "payment_intent_authentication_failure"
    return Behaviour(
        how.type,
        Flow.DECLINE,
        how.brand,
        how.last4,
        code,
        code,
        "The shopper failed to authenticate the payment.",
    )


def _set(document: object, steps: list[str], text: str) -> None:
    """Put a value, read as JSON where it is JSON, at a path of the document; a missing name is added."""
    for step in steps[:-1]:
        if not isinstance(document, dict) or step not in document:
            raise refused(f"There is no {'.'.join(steps)} to set.", param="set")
        document = document[step]
    if not isinstance(document, dict):
        raise refused(f"There is no {'.'.join(steps)} to set.", param="set")
    try:
        document[steps[-1]] = json.loads(text)
    except ValueError:
        document[steps[-1]] = text
