"""The PaymentIntent object as it is when created, and the action it may ask of the shopper."""

from __future__ import annotations

from typing import Final

from infra.local.stripe import cash, methods
from infra.local.stripe.errors import invalid
from infra.local.stripe.forms import Params
from infra.local.stripe.methods import Behaviour
from infra.local.stripe.money import check_charge
from infra.local.stripe.serving import Json
from infra.local.stripe.store import Store, now, random_word

_ALLOWED: Final = "allowed_payment_method_types"
_AUTOMATIC_TYPES: Final = ("card", "link", *methods.REDIRECTS)
_TEXTS: Final = (
    "customer", "description", "receipt_email", "statement_descriptor", "statement_descriptor_suffix",
    "transfer_group",
)  # fmt: skip
# Null on every new intent here.
_ABSENT: Final = (
    "application", "application_fee_amount", "canceled_at", "cancellation_reason", "customer_account",
    "excluded_payment_method_types", "last_payment_error", "latest_charge", "next_action", "on_behalf_of",
    "payment_method", "payment_method_configuration_details", "payment_record", "processing", "review", "source",
    "transfer_data",
)  # fmt: skip
_SHIPPING: Final = ("name", "phone", "carrier", "tracking_number")
_ADDRESS: Final = ("city", "country", "line1", "line2", "postal_code", "state")


def new_intent(store: Store, params: Params) -> Json:
    """The intent that these parameters of `POST /v1/payment_intents` ask for; not stored yet."""
    amount = params.required_whole("amount", least=1)
    currency = params.required("currency").lower()
    check_charge(amount, currency)
    capture_method = (
        params.text("capture_method", ("automatic", "automatic_async", "manual")) or "automatic_async"
    )
    confirmation_method = params.text("confirmation_method", ("automatic", "manual")) or "automatic"
    automatic, types = _kinds(params, currency)
    texts = {name: params.text(name) for name in _TEXTS}
    metadata, shipping = params.strings("metadata"), _shipping(params)
    setup = params.text("setup_future_usage", ("off_session", "on_session"))
    transfer = _transfer(params)
    params.ignored("off_session", "use_stripe_sdk", "mandate_data", "radar_options")
    params.done()
    identifier = store.new_id("payment_intent")
    return {
        "id": identifier,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": automatic,
        "capture_method": capture_method,
        "client_secret": f"{identifier}_secret_{random_word()}",
        "confirmation_method": confirmation_method,
        "created": now(),
        "currency": currency,
        "livemode": False,
        "metadata": metadata,
        "payment_method_options": _options(types, transfer),
        "payment_method_types": types,
        "setup_future_usage": setup,
        "shipping": shipping,
        "status": "requires_payment_method",
        **texts,
        **dict.fromkeys(_ABSENT),
    }


def next_action(intent: Json, how: Behaviour, return_url: str | None) -> Json:
    """What the shopper must do.

    The addresses lead nowhere, `POST /test/payment_intents/{id}/authenticate` does it.
    """
    url = f"https://hooks.stripe.invalid/redirect/authenticate/{intent['id']}"
    if how.type == methods.TRANSFER:
        details = cash.instructions(intent, url)
        return {"type": "display_bank_transfer_instructions", "display_bank_transfer_instructions": details}
    if how.type == "card" and return_url is None:
        return {
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url},
        }
    if how.type == "wechat_pay":
        code = {
            "data": f"weixin://wxpay/{intent['id']}",
            "hosted_instructions_url": url,
            "image_data_url": "",
        }
        images = {"image_url_png": f"{url}.png", "image_url_svg": f"{url}.svg"}
        return {"type": "wechat_pay_display_qr_code", "wechat_pay_display_qr_code": {**code, **images}}
    redirect = {"return_url": return_url, "url": url}
    if how.type == "alipay":
        native = {"native_data": None, "native_url": None}
        return {"type": "alipay_handle_redirect", "alipay_handle_redirect": {**native, **redirect}}
    return {"type": "redirect_to_url", "redirect_to_url": redirect}


def _kinds(params: Params, currency: str) -> tuple[Json | None, list[str]]:
    automatic, allowed = params.mapping("automatic_payment_methods"), params.words(_ALLOWED)
    if params.words("payment_method_types") is not None:
        raise invalid(
            f"This version of the API takes no payment_method_types on a PaymentIntent: use {_ALLOWED}.",
            "payment_method_types",
            "parameter_unknown",
        )
    unknown = [kind for kind in allowed or () if kind not in methods.TYPES]
    if unknown:
        raise invalid(f"The payment method type provided: {', '.join(unknown)} is invalid.", _ALLOWED)
    enabled, redirects = True, "always"
    if automatic is not None:
        enabled = automatic.flag("enabled")
        redirects = automatic.text("allow_redirects", ("always", "never")) or "always"
        automatic.done()
    if not enabled:
        return None, allowed or ["card"]
    offered = methods.TYPES if allowed else _AUTOMATIC_TYPES
    kinds = [
        kind
        for kind in offered
        if kind in (allowed or offered)
        and (redirects == "always" or kind not in methods.REDIRECTS)
        and currency in methods.CURRENCIES_OF.get(kind, (currency,))
    ]
    if not kinds:
        raise invalid(
            f"No valid payment method types for this PaymentIntent in {currency}: ensure that those allowed support"
            " its currency and redirects.",
            _ALLOWED,
        )
    return {"allow_redirects": redirects, "enabled": True}, kinds


def _transfer(params: Params) -> Json:
    """What is asked for of a bank transfer; other kinds' options are passed over."""
    options = params.mapping("payment_method_options") or Params({})
    given = options.mapping(methods.TRANSFER)
    if given is None:
        return {}
    transfer = given.mapping("bank_transfer") or Params({})
    kind = transfer.required("type", cash.TYPES.values())
    country = (transfer.mapping("eu_bank_transfer") or Params({})).text("country", ("DE", "FR", "IE", "NL"))
    if kind == cash.TYPES["eur"] and country is None:
        raise invalid("Missing required param: the country of the bank account.", "eu_bank_transfer[country]")
    funding = given.required("funding_type", ("bank_transfer",))
    more = {} if country is None else {"eu_bank_transfer": {"country": country}}
    return {"bank_transfer": {"type": kind, **more}, "funding_type": funding, "setup_future_usage": None}


def _options(types: list[str], transfer: Json) -> Json:
    card = {
        "installments": None,
        "mandate_options": None,
        "network": None,
        "request_three_d_secure": "automatic",
    }
    given = {"card": card, methods.TRANSFER: transfer}
    return {kind: given.get(kind, {}) for kind in types}


def _shipping(params: Params) -> Json | None:
    given = params.mapping("shipping")
    if given is None:
        return None
    address = given.mapping("address") or Params({})
    shipping: Json = {name: given.text(name) for name in _SHIPPING}
    shipping["address"] = {name: address.text(name) for name in _ADDRESS}
    given.done()
    address.done()
    return shipping
