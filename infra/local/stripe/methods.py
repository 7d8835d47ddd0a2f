"""Test payment methods and what becomes of a payment with each of them.

The card names are those of https://docs.stripe.com/testing. Kinds other than cards have no documented `pm_`
names that work for every flow; here each is `pm_standin_<type>`, which is also what
`payment_method_data[type]` stands for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from infra.local.stripe.errors import refused
from infra.local.stripe.serving import Json
from infra.local.stripe.store import Store, now, random_word


class Flow(StrEnum):
    """What confirming leads to."""

    SUCCEED = "succeed"
    DECLINE = "decline"
    ACTION = "action"  # the shopper must act; then `then` follows
    PROCESSING = "processing"  # money is on its way for days


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What becomes of a payment.

    then: what follows the shopper's action. refund: how its refunds end. dispute: the reason of one to come.
    """

    type: str
    flow: Flow
    brand: str = "visa"
    last4: str = "4242"
    code: str = "card_declined"
    decline_code: str = "generic_decline"
    message: str = "Your card was declined."
    then: Flow = Flow.SUCCEED
    refund: str = "succeeded"
    dispute: str | None = None


REDIRECTS: Final = (
    "alipay", "wechat_pay", "grabpay", "paypal", "kakao_pay", "amazon_pay", "cashapp", "crypto", "ideal",
)  # fmt: skip
DEBITS: Final = ("sepa_debit", "us_bank_account")
TRANSFER: Final = "customer_balance"
TYPES: Final = ("card", "link", *REDIRECTS, *DEBITS, TRANSFER)

# What each kind can be charged in, where not in all: https://docs.stripe.com/payments/payment-methods
CURRENCIES_OF: Final = {
    "alipay": ("aud", "cad", "cny", "eur", "gbp", "hkd", "jpy", "myr", "nzd", "sgd", "usd"),
    "wechat_pay": (
        "aud", "cad", "chf", "cny", "dkk", "eur", "gbp", "hkd", "jpy", "nok", "sek", "sgd", "usd",
    ),
    "crypto": ("usd",),
    "grabpay": ("myr", "sgd"),
    "customer_balance": ("eur", "gbp", "jpy", "mxn", "usd"),
    "ideal": ("eur",),
    "sepa_debit": ("eur",),
    "us_bank_account": ("usd",),
}  # fmt: skip

_VISA: Final = Behaviour("card", Flow.SUCCEED)
_BRANDS: Final = {
    "visa": "4242", "visa_debit": "5556", "mastercard": "4444", "mastercard_debit": "3222",
    "mastercard_prepaid": "5100", "amex": "8431", "discover": "9424", "diners": "3237", "jcb": "0505",
    "unionpay": "0005", "us": "4242", "cn": "0002", "de": "0016", "gb": "0000", "it": "0008",
    "bypassPending": "0077",
}  # fmt: skip
_DECLINES: Final = {
    "": ("0002", "card_declined", "generic_decline", "Your card was declined."),
    "InsufficientFunds": ("9995", "card_declined", "insufficient_funds", "Your card has insufficient funds."),
    "LostCard": ("9987", "card_declined", "lost_card", "Your card was declined."),
    "StolenCard": ("9979", "card_declined", "stolen_card", "Your card was declined."),
    "ExpiredCard": ("0069", "expired_card", "expired_card", "Your card has expired."),
    "IncorrectCvc": ("0127", "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
    "ProcessingError": (
        "0119", "processing_error", "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "VelocityLimitExceeded": (
        "6975", "card_declined", "card_velocity_exceeded",
        "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
    ),
}  # fmt: skip


def _table() -> dict[str, Behaviour]:
    cards = {
        f"pm_card_{name}": replace(_VISA, brand=_brand(name), last4=last4) for name, last4 in _BRANDS.items()
    }
    for suffix, (last4, code, decline_code, message) in _DECLINES.items():
        declined = replace(
            _VISA, flow=Flow.DECLINE, last4=last4, code=code, decline_code=decline_code, message=message
        )
        cards[f"pm_card_chargeDeclined{suffix}"] = declined
        cards[f"pm_card_visa_chargeDeclined{suffix}"] = declined
    secure = replace(_VISA, flow=Flow.ACTION, last4="3220")
    return cards | {
        "pm_card_threeDSecure2Required": secure,
        "pm_card_threeDSecureRequired": replace(secure, last4="3063"),
        "pm_card_authenticationRequired": replace(secure, last4="3184"),
        "pm_card_threeDSecureRequiredChargeDeclined": replace(secure, last4="1629", then=Flow.DECLINE),
        "pm_card_chargeCustomerFail": replace(_VISA, flow=Flow.DECLINE, last4="0341"),
        "pm_card_createDispute": replace(_VISA, last4="0259", dispute="fraudulent"),
        "pm_card_createDisputeProductNotReceived": replace(
            _VISA, last4="2685", dispute="product_not_received"
        ),
        "pm_card_pendingRefund": replace(_VISA, last4="7726", refund="pending"),
        "pm_card_refundFail": replace(_VISA, last4="5126", refund="fails"),
        "pm_standin_link": Behaviour("link", Flow.SUCCEED),
        **{f"pm_standin_{kind}": Behaviour(kind, Flow.ACTION) for kind in REDIRECTS},
        f"pm_standin_{TRANSFER}": Behaviour(TRANSFER, Flow.ACTION, refund="pending"),
        **{f"pm_standin_{kind}": Behaviour(kind, Flow.PROCESSING) for kind in DEBITS},
    }


def _brand(name: str) -> str:
    network = name.split("_", maxsplit=1)[0]
    return network if network in ("mastercard", "amex", "discover", "diners", "jcb", "unionpay") else "visa"


BEHAVIOURS: Final = _table()
DEFAULT_CARD: Final = "pm_card_visa"


def behaviour(store: Store, identifier: str) -> Behaviour:
    """What the given payment method stands for."""
    return BEHAVIOURS[store.aliases[identifier]]


def attached(store: Store, name: str) -> Json:
    """The payment method of that id, or a new one made from that documented name."""
    if name in store.aliases:
        return store.get("payment_method", name, "payment_method")
    if name not in BEHAVIOURS:
        raise refused(f"No such PaymentMethod: '{name}'", "resource_missing", "payment_method")
    method = _shape(store.new_id("payment_method"), BEHAVIOURS[name])
    store.aliases[method["id"]] = name
    return store.add(method)


def alias_of_type(kind: str) -> str:
    """The test method for `payment_method_data[type]`."""
    return DEFAULT_CARD if kind == "card" else f"pm_standin_{kind}"


def _shape(identifier: str, method: Behaviour) -> Json:
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {
        "id": identifier,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {"address": address, "email": None, "name": None, "phone": None, "tax_id": None},
        "created": now(),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": method.type,
        method.type: _card(method) if method.type == "card" else {},
    }


def _card(method: Behaviour) -> Json:
    return {
        "brand": method.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": method.brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": random_word(16),
        "funding": "credit",
        "generated_from": None,
        "last4": method.last4,
        "networks": {"available": [method.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
