"""Customers, and the payment methods that are kept with them: https://docs.stripe.com/api/customers."""

from __future__ import annotations

import re
from typing import Final

from infra.local.stripe import methods
from infra.local.stripe.account import Account
from infra.local.stripe.errors import invalid, missing, refused
from infra.local.stripe.forms import Params
from infra.local.stripe.serving import Json
from infra.local.stripe.store import Store, now, page, random_word

_TEXTS: Final = ("description", "email", "name", "phone")
_MODES: Final = ("automatic", "manual", "merchant_default")
_QUERY: Final = re.compile(r"metadata\[['\"](\w+)['\"]\]:['\"]([^'\"]*)['\"]")
# Null on every new customer here.
_ABSENT: Final = (
    "address",
    "currency",
    "customer_account",
    "default_source",
    "discount",
    "shipping",
    "test_clock",
)


def create(account: Account, params: Params) -> Json:
    """`POST /v1/customers`."""
    texts = {name: params.text(name) for name in _TEXTS}
    metadata = params.strings("metadata")
    cash = params.mapping("cash_balance") or Params({})
    settings = cash.mapping("settings") or Params({})
    settings.text("reconciliation_mode", _MODES)
    for left in (settings, cash, params):
        left.done()
    customer = account.store.add(
        {
            "id": account.store.new_id("customer"),
            "object": "customer",
            "balance": 0,
            "created": now(),
            "delinquent": False,
            "invoice_prefix": random_word(8).upper(),
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": False,
            "metadata": metadata,
            "next_invoice_sequence": 1,
            "preferred_locales": [],
            "tax_exempt": "none",
            **texts,
            **dict.fromkeys(_ABSENT),
        }
    )
    account.publish("customer.created", customer)
    return customer


def update(account: Account, params: Params, identifier: str) -> Json:
    """`POST /v1/customers/{id}`: an empty text takes a field away."""
    customer = account.store.get("customer", identifier)
    given = set(params.names())
    texts = {name: params.text(name) for name in _TEXTS}
    metadata = params.strings("metadata")
    params.done()
    customer.update({name: text for name, text in texts.items() if name in given})
    customer["metadata"] = {key: value for key, value in (customer["metadata"] | metadata).items() if value}
    account.publish("customer.updated", customer)
    return customer


def delete(account: Account, params: Params, identifier: str) -> Json:
    """`DELETE /v1/customers/{id}`: with all that is kept; refused where there ever was a cash balance."""
    params.done()
    store = account.store
    customer = store.get("customer", identifier)
    if store.newest("customer_cash_balance_transaction", customer=identifier):
        # "You cannot delete a customer with any cash balances, even if the balance is 0" (the SDK, of CashBalance)
        raise refused("This customer has a cash balance and cannot be deleted.")
    for method in store.newest("payment_method", customer=identifier):
        _let_go(store, method)
    del store.objects["customer"][identifier]
    account.publish("customer.deleted", customer)
    return {"id": identifier, "object": "customer", "deleted": True}


def search(account: Account, params: Params) -> Json:
    """`GET /v1/customers/search`, by one pair of metadata. Here it sees at once what Stripe indexes within a minute."""
    found = _QUERY.fullmatch(params.required("query"))
    limit = params.whole("limit", least=1) or 10
    params.done()
    if found is None:
        raise invalid("This stand-in searches by one pair of metadata only.", "query")
    name, value = found.groups()
    things = [one for one in account.store.newest("customer") if one["metadata"].get(name) == value]
    return {
        "object": "search_result",
        "data": things[:limit],
        "has_more": len(things) > limit,
        "next_page": None,
        "url": "/v1/customers/search",
    }


def kept(account: Account, params: Params, identifier: str) -> Json:
    """`GET /v1/customers/{id}/payment_methods`."""
    account.store.get("customer", identifier)
    kind = params.text("type", methods.TYPES)
    found = account.store.newest("payment_method", customer=identifier)
    url = f"/v1/customers/{identifier}/payment_methods"
    return page([one for one in found if kind in (None, one["type"])], params, url)


def kept_one(account: Account, params: Params, identifier: str, method_id: str) -> Json:
    """`GET /v1/customers/{id}/payment_methods/{id}`."""
    params.done()
    account.store.get("customer", identifier)
    method = account.store.get("payment_method", method_id, "payment_method")
    if method["customer"] != identifier:
        raise missing("payment_method", method_id, "payment_method")
    return method


def attach(account: Account, params: Params, name: str) -> Json:
    """`POST /v1/payment_methods/{id}/attach`."""
    customer = account.store.get("customer", params.required("customer"), "customer")
    params.done()
    method = methods.attached(account.store, name)
    keep(account, method, customer["id"])
    return method


def detach(account: Account, params: Params, identifier: str) -> Json:
    """`POST /v1/payment_methods/{id}/detach`: it can never be used again."""
    params.done()
    method = account.store.get("payment_method", identifier, "payment_method")
    if method["customer"] is None:
        raise refused(
            "The payment method you provided is not attached to a customer so detachment is impossible."
        )
    customer = method["customer"]
    _let_go(account.store, method)
    account.publish("payment_method.detached", method, {"customer": customer})
    return method


def keep(account: Account, method: Json, customer_id: str) -> None:
    """Attach it, unless it is attached."""
    if method["customer"] == customer_id:
        return
    method["customer"] = customer_id
    account.publish("payment_method.attached", method)


def check_whose(store: Store, method: Json, customer_id: str | None) -> None:
    """Refuse what is another customer's, or was let go."""
    if method["id"] in store.detached:
        raise refused(
            "The provided PaymentMethod was detached from a Customer and may not be used again.",
            param="payment_method",
        )
    if method["customer"] is not None and method["customer"] != customer_id:
        raise refused(
            f"The customer does not have a payment method with the ID {method['id']}. The payment method must be"
            " attached to the customer.",
            "resource_missing",
            "payment_method",
        )


def _let_go(store: Store, method: Json) -> None:
    method["customer"] = None
    store.detached.append(method["id"])
