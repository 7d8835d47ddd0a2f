"""Cash balances: what customers have transferred, and which of their payments it went to.

https://docs.stripe.com/payments/customer-balance/reconciliation: new funds go to the open payment whose reference they
bear, else to the oldest; what is left stays in the balance.
"""

from __future__ import annotations

import zlib
from typing import Final

from infra.local.stripe.account import Account
from infra.local.stripe.errors import refused
from infra.local.stripe.forms import Params
from infra.local.stripe.serving import Json
from infra.local.stripe.store import Store, now, page

KIND: Final = "customer_cash_balance_transaction"
TYPES: Final = {
    "eur": "eu_bank_transfer", "gbp": "gb_bank_transfer", "jpy": "jp_bank_transfer", "mxn": "mx_bank_transfer",
    "usd": "us_bank_transfer",
}  # fmt: skip
UNKNOWN_SENDER: Final = "unknown sender"
"""A reference of a transfer whose sender Stripe cannot tell: it has to ask by e-mail where money goes back."""

_ADDRESS: Final = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
_HOLDER: Final = {
    "account_holder_name": "Entrepot",
    "account_holder_address": _ADDRESS,
    "bank_address": _ADDRESS,
}
_ADDRESSES: Final = {"eur": "iban", "gbp": "sort_code", "jpy": "zengin", "mxn": "spei", "usd": "aba"}
_NETWORKS: Final = {
    "aba": ["ach", "domestic_wire_us"],
    "iban": ["sepa"],
    "sort_code": ["bacs", "fps"],
    "spei": ["spei"],
    "zengin": ["zengin"],
}
_NUMBERS: Final = {
    "aba": {
        "account_number": "1110{number}",
        "account_type": "checking",
        "bank_name": "STRIPE TEST BANK",
        "routing_number": "110000000",
    },
    "iban": {"bic": "SOGEDEFFXXX", "country": "DE", "iban": "DE0051210600{number}00"},
    "sort_code": {"account_number": "{number}", "sort_code": "108800"},
    "spei": {"bank_code": "646", "bank_name": "STRIPE TEST BANK", "clabe": "6461801100{number}"},
    "zengin": {
        "account_number": "{number}",
        "account_type": "futsu",
        "bank_code": "0001",
        "bank_name": "STRIPE TEST BANK",
        "branch_code": "001",
        "branch_name": "TEST",
    },
}


def available(store: Store, customer_id: str, currency: str) -> int:
    return sum(each["net_amount"] for each in store.newest(KIND, customer=customer_id, currency=currency))


def applied(store: Store, intent: Json) -> int:
    """What of the balance has gone to an intent."""
    moves = store.newest(KIND, customer=intent["customer"])
    return -sum(
        int(each["net_amount"])
        for each in moves
        for way in ("applied_to_payment", "unapplied_from_payment")
        if each.get(way, {}).get("payment_intent") == intent["id"]
    )


def move(account: Account, customer_id: str, currency: str, kind: str, amount: int, **more: Json) -> Json:
    """Record a movement of a balance and say so. Args: amount: negative where money leaves it."""
    store = account.store
    entry = store.add(
        {
            "id": store.new_id(KIND),
            "object": KIND,
            "created": now(),
            "currency": currency,
            "customer": customer_id,
            "customer_account": None,
            "ending_balance": available(store, customer_id, currency) + amount,
            "livemode": False,
            "net_amount": amount,
            "type": kind,
            **more,
        }
    )
    account.publish(f"{KIND}.created", entry)
    return entry


def returned(account: Account, refund: Json, kind: str) -> None:
    """Money of the balance goes back to its sender ("return_initiated"), or could not ("return_canceled")."""
    sign = -1 if kind == "return_initiated" else 1
    move(account, refund["customer"], refund["currency"], kind, sign * refund["amount"])


def balance(account: Account, params: Params, customer_id: str) -> Json:
    """`GET /v1/customers/{id}/cash_balance`."""
    params.done()
    account.store.get("customer", customer_id)
    return _shape(account.store, customer_id)


def moves(account: Account, params: Params, customer_id: str) -> Json:
    """`GET /v1/customers/{id}/cash_balance_transactions`."""
    account.store.get("customer", customer_id)
    found = account.store.newest(KIND, customer=customer_id)
    return page(found, params, f"/v1/customers/{customer_id}/cash_balance_transactions")


def say_left(account: Account, customer_id: str, currency: str) -> None:
    """What is left after payments took their part is told."""
    if available(account.store, customer_id, currency) > 0:
        account.publish("cash_balance.funds_available", _shape(account.store, customer_id))


def funded(currency: str, reference: str | None) -> Json:
    """How a movement tells where the money came from."""
    kind = TYPES[currency]
    sender: Json = {"sender_name": "A. Payer"}
    details: Json = {
        "eu_bank_transfer": {**sender, "bic": "AGRIFRPP", "iban_last4": "1234"},
        "gb_bank_transfer": {**sender, "account_number_last4": "1234", "sort_code": "108800"},
        "jp_bank_transfer": {**sender, "sender_bank": None, "sender_branch": None},
        "us_bank_transfer": {**sender, "network": "ach"},
    }
    told = {kind: details[kind]} if kind in details else {}
    return {"bank_transfer": {"reference": reference, "type": kind, **told}}


def sender_known(store: Store, customer_id: str) -> bool:
    references = [
        each["funded"]["bank_transfer"]["reference"]
        for each in store.newest(KIND, customer=customer_id, type="funded")
    ]
    return bool(references) and references[0] != UNKNOWN_SENDER


def instructions(intent: Json, url: str) -> Json:
    """Where an intent's payer transfers to, as `next_action` has it."""
    currency = intent["currency"]
    kind = _ADDRESSES[currency]
    number = f"{zlib.crc32(intent['customer'].encode()) % 10**8:08d}"
    address = {**_HOLDER, **{name: text.format(number=number) for name, text in _NUMBERS[kind].items()}}
    return {
        "amount_remaining": intent["amount"],
        "currency": currency,
        "financial_addresses": [{"supported_networks": _NETWORKS[kind], "type": kind, kind: address}],
        "hosted_instructions_url": url,
        "reference": intent["id"][-10:].upper(),
        "type": TYPES[currency],
    }


def check(intent: Json) -> None:
    """Refuse to confirm a transfer that nobody's balance could pay."""
    if intent["customer"] is None:
        raise refused(
            "A customer must be provided to use a payment method of type customer_balance.", param="customer"
        )
    wanted = intent["payment_method_options"]["customer_balance"].get("bank_transfer", {}).get("type")
    if wanted != TYPES.get(intent["currency"]):
        raise refused(
            f"The bank transfer type {wanted} cannot be used with the currency {intent['currency']}.",
            param="payment_method_options[customer_balance][bank_transfer][type]",
        )


def _shape(store: Store, customer_id: str) -> Json:
    currencies = sorted({each["currency"] for each in store.newest(KIND, customer=customer_id)})
    return {
        "object": "cash_balance",
        "available": {currency: available(store, customer_id, currency) for currency in currencies} or None,
        "customer": customer_id,
        "customer_account": None,
        "livemode": False,
        "settings": {"reconciliation_mode": "automatic", "using_merchant_default": True},
    }
