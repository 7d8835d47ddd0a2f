"""The API: authenticates, replays by idempotency key, routes to the resources, and lets faults strike."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Final

from infra.local.stripe import balance, cash, connect, customers, disputes, intents, refunds
from infra.local.stripe.account import CAUSE, Account
from infra.local.stripe.controls import Controls, fields_of
from infra.local.stripe.errors import StripeError
from infra.local.stripe.faults import Faults, Mode
from infra.local.stripe.forms import Fields, Params, parsed_form
from infra.local.stripe.idempotency import Keys
from infra.local.stripe.serving import Json, Reply, Request
from infra.local.stripe.store import API_VERSION, page, random_word

Endpoint = Callable[..., Json]

POSTS: Final[tuple[tuple[str, Endpoint], ...]] = (
    ("/v1/payment_intents", intents.create),
    ("/v1/payment_intents/{}", intents.update),
    ("/v1/payment_intents/{}/confirm", intents.confirm),
    ("/v1/payment_intents/{}/capture", intents.capture),
    ("/v1/payment_intents/{}/cancel", intents.cancel),
    ("/v1/refunds", refunds.create),
    ("/v1/refunds/{}", refunds.update),
    ("/v1/transfers", connect.create_transfer),
    ("/v1/transfers/{}/reversals", connect.create_reversal),
    ("/v1/disputes/{}", disputes.update),
    ("/v1/disputes/{}/close", disputes.accept),
    ("/v1/customers", customers.create),
    ("/v1/test_helpers/customers/{}/fund_cash_balance", intents.fund),
    ("/v1/customers/{}", customers.update),
    ("/v1/payment_methods/{}/attach", customers.attach),
    ("/v1/payment_methods/{}/detach", customers.detach),
)
DELETES: Final[tuple[tuple[str, Endpoint], ...]] = (("/v1/customers/{}", customers.delete),)
# Reads that are no plain object or collection; they come before those.
READS: Final[tuple[tuple[str, Endpoint], ...]] = (
    ("/v1/customers/search", customers.search),
    ("/v1/customers/{}/payment_methods", customers.kept),
    ("/v1/customers/{}/cash_balance", cash.balance),
    ("/v1/customers/{}/cash_balance_transactions", cash.moves),
    ("/v1/customers/{}/payment_methods/{}", customers.kept_one),
)
# Collections that are read: the kind, and the fields a list may be filtered by.
GETS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "payment_intents": ("payment_intent", ("customer",)),
    "charges": ("charge", ("payment_intent", "transfer_group", "customer")),
    "refunds": ("refund", ("payment_intent", "charge")),
    "payment_methods": ("payment_method", ("customer", "type")),
    "transfers": ("transfer", ("destination", "transfer_group")),
    "disputes": ("dispute", ("payment_intent", "charge")),
    "balance_transactions": ("balance_transaction", ("source", "type", "currency")),
    "events": ("event", ("type",)),
    "customers": ("customer", ("email",)),
}


class Api:
    """The application of the stand-in."""

    def __init__(self, account: Account, controls: Controls, faults: Faults, secret_key: str | None) -> None:
        """Args: secret_key: the only one accepted; None accepts any `sk_test_` or `rk_test_` key."""
        self._account = account
        self._controls = controls
        self._faults = faults
        self._secret_key = secret_key
        self._keys = Keys(account.store)

    def __call__(self, request: Request) -> Reply | None:
        """Answer one request; None drops the connection."""
        if request.path.startswith("/test/"):
            return self._control(request)
        fault = self._faults.strike(request.method, request.path)
        if fault is not None and fault.mode is Mode.UNAVAILABLE:
            error = StripeError(fault.status, "Stripe is not available.", kind="api_error", code=fault.code)
            return self._reply(error.status, error.body, _new_request_id())
        if fault is not None and fault.mode is Mode.HANG:
            self._faults.wait_out(fault)
        if fault is not None and fault.mode in (Mode.HANG, Mode.DROP_BEFORE):
            return None
        slow = (
            (lambda: self._faults.wait_out(fault))
            if fault is not None and fault.mode is Mode.SLOW
            else _at_once
        )
        reply = self._serve(request, slow)
        return None if fault is not None and fault.mode is Mode.DROP_AFTER else reply

    def _control(self, request: Request) -> Reply:
        try:
            form = "form" in request.headers.get("content-type", "")
            params = (
                Params(parsed_form(request.body.decode(errors="replace")))
                if form
                else fields_of(request.body)
            )
            document = self._controls.answer(request.method, request.path.split("/")[2:], params)
        except StripeError as error:
            return Reply.json(error.status, error.body)
        finally:
            balance.settle(self._account)
        with self._account.store.lock:
            return Reply.json(200, document)

    def _serve(self, request: Request, pause: Callable[[], None]) -> Reply:
        request_id = _new_request_id()
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        replayed: dict[str, str] = {}
        try:
            self._authenticate(request)
            fields = parsed_form(
                request.body.decode(errors="replace") if request.method == "POST" else request.query
            )
            known = self._keys.claim(key, request.path, fields) if key else None
            if known is None:
                status, document = self._work(request, fields, key, request_id, pause)
            else:
                status, document = known["status"], known["body"]
                replayed = {"Idempotent-Replayed": "true", "Original-Request": known["request_id"]}
        except StripeError as error:
            status, document = error.status, error.body
        if key:
            replayed["Idempotency-Key"] = key
        self._note(request, status, key, "Idempotent-Replayed" in replayed)
        reply = self._reply(status, document, request_id, replayed)
        balance.settle(self._account)
        return reply

    def _work(
        self, request: Request, fields: Fields, key: str | None, request_id: str, pause: Callable[[], None]
    ) -> tuple[int, Json]:
        pause()
        token = CAUSE.set((request_id, key))
        # The work and the record of its answer are one step: whoever sees the one sees the other.
        with self._account.store.lock:
            kept = False
            try:
                status, document = self._executed(request, fields)
                document = json.loads(json.dumps(document))
                if key:
                    self._keys.keep(key, {"status": status, "body": document, "request_id": request_id})
                kept = True
                return status, document
            finally:
                CAUSE.reset(token)
                if key and not kept:
                    self._keys.free(key)

    def _executed(self, request: Request, fields: Fields) -> tuple[int, Json]:
        try:
            return 200, self._endpoint(request, fields)
        except StripeError as error:
            if not error.executed:
                raise
            return error.status, error.body

    def _endpoint(self, request: Request, fields: Fields) -> Json:
        params = Params(fields)
        expand = params.words("expand") or []
        # Publishable confirms carry the key as a parameter; it was checked with the authorisation.
        params.ignored("key")
        secret = params.text("client_secret")
        for pattern, endpoint in {"POST": POSTS, "DELETE": DELETES, "GET": READS}.get(request.method, ()):
            found = re.fullmatch(pattern.replace("{}", "([^/]+)"), request.path)
            if found:
                if secret is not None:
                    self._check_secret(found.group(1), secret)
                return self._account.store.expanded(endpoint(self._account, params, *found.groups()), expand)
        if request.method == "GET":
            return self._read(request.path.split("/")[2:], request, params, expand)
        raise _unknown_url(request)

    def _read(self, parts: list[str], request: Request, params: Params, expand: list[str]) -> Json:
        store = self._account.store
        match parts:
            case ["balance"]:
                params.done()
                return balance.balance(store)
            case ["transfers", identifier, "reversals"]:
                return store.expanded(connect.reversals(self._account, params, identifier), expand)
            case [collection] if collection in GETS:
                kind, filters = GETS[collection]
                wanted = {name: params.text(name) for name in filters}
                types = params.words("types") if kind == "event" else None
                found = store.newest(
                    kind, **{name: value for name, value in wanted.items() if value is not None}
                )
                found = [thing for thing in found if types is None or thing["type"] in types]
                return store.expanded(page(found, params, request.path), expand)
            case [collection, identifier] if collection in GETS:
                params.done()
                kind = GETS[collection][0]
                param = "intent" if kind == "payment_intent" else "id"
                return store.expanded(store.get(kind, identifier, param), expand)
        raise _unknown_url(request)

    def _check_secret(self, identifier: str, secret: str) -> None:
        intent = self._account.store.objects["payment_intent"].get(identifier)
        if intent is None or intent["client_secret"] != secret:
            raise StripeError(
                404, f"No such payment_intent: '{identifier}'", code="resource_missing", param="intent"
            )

    def _authenticate(self, request: Request) -> None:
        key = _presented_key(request)
        if not key:
            raise StripeError(
                401,
                "You did not provide an API key. You need to provide your API key in the Authorization"
                " header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            )
        publishable = key.startswith("pk_test_") and request.path.endswith("/confirm")
        if publishable and b"client_secret=" in request.body:
            return
        known = key == self._secret_key if self._secret_key else key.startswith(("sk_test_", "rk_test_"))
        if not known:
            raise StripeError(401, f"Invalid API Key provided: {key[:8]}{'*' * 8}{key[-4:]}")

    def _note(self, request: Request, status: int, key: str | None, replayed: bool) -> None:
        call = {"method": request.method, "path": request.path, "status": status}
        self._controls.calls.append({**call, "idempotency_key": key, "replayed": replayed})

    @staticmethod
    def _reply(status: int, document: Json, request_id: str, more: dict[str, str] | None = None) -> Reply:
        headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION, **(more or {})}
        return Reply.json(status, document, headers)


def _presented_key(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0]
        except ValueError:
            return ""
    found = re.search(rb"(?:^|&)key=(pk_test_[A-Za-z0-9_]+)", request.body)
    return found.group(1).decode() if found else ""


def _unknown_url(request: Request) -> StripeError:
    return StripeError(404, f"Unrecognized request URL ({request.method}: {request.path}).", executed=False)


def _new_request_id() -> str:
    return f"req_{random_word(14)}"


def _at_once() -> None:
    """No pause."""
