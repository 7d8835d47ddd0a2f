"""PaymentIntents: their lifecycle, from create to capture or cancel."""

from __future__ import annotations

from typing import Final

from infra.local.stripe import cash, charges, customers, methods
from infra.local.stripe.account import Account
from infra.local.stripe.errors import StripeError, refused
from infra.local.stripe.forms import Params
from infra.local.stripe.intent_shape import new_intent, next_action
from infra.local.stripe.methods import Behaviour, Flow
from infra.local.stripe.money import check_charge
from infra.local.stripe.serving import Json
from infra.local.stripe.store import now

PAYABLE: Final = ("requires_payment_method", "requires_confirmation", "requires_action")
# A processing debit is on its way and no longer ours to stop; Stripe lets only some bank debits be cancelled.
CANCELLABLE: Final = (
    "requires_payment_method",
    "requires_capture",
    "requires_confirmation",
    "requires_action",
)


def create(account: Account, params: Params) -> Json:
    """`POST /v1/payment_intents`."""
    confirm_now, chosen = params.flag("confirm"), _chosen_method(params)
    return_url, no_action = params.text("return_url"), params.flag("error_on_requires_action")
    intent = new_intent(account.store, params)
    if intent["customer"] is not None:
        account.store.get("customer", intent["customer"], "customer")
    if confirm_now and chosen is None:
        raise _state_error(
            intent, "You cannot confirm this PaymentIntent because it's missing a payment method."
        )
    if chosen is not None:
        _choose(account, intent, chosen)
    if confirm_now:
        _check_return(intent, return_url)
    account.store.add(intent)
    account.publish("payment_intent.created", intent)
    if confirm_now:
        attempt(account, intent, return_url, no_action)
    return intent


def update(account: Account, params: Params, identifier: str) -> Json:
    """`POST /v1/payment_intents/{id}`: metadata always, the rest while nothing was paid."""
    intent = account.store.get("payment_intent", identifier, "intent")
    metadata, amount, chosen = (
        params.strings("metadata"),
        params.whole("amount", least=1),
        _chosen_method(params),
    )
    texts = {name: params.text(name) for name in ("description", "receipt_email", "transfer_group")}
    params.done()
    if (amount is not None or chosen is not None) and intent["status"] not in PAYABLE:
        raise _state_error(
            intent,
            f"This PaymentIntent's amount could not be updated because it has a status of {intent['status']}."
            " You may only update the amount of a PaymentIntent with one of the following statuses:"
            f" {', '.join(PAYABLE)}.",
        )
    if amount is not None:
        check_charge(amount, intent["currency"])
    if chosen is not None:
        _choose(account, intent, chosen)
    intent["amount"] = intent["amount"] if amount is None else amount
    intent.update({name: text for name, text in texts.items() if text is not None})
    for key, value in metadata.items():
        intent["metadata"][key] = value
        if value == "":
            del intent["metadata"][key]
    return intent


def confirm(account: Account, params: Params, identifier: str) -> Json:
    """`POST /v1/payment_intents/{id}/confirm`.

    A card declined is a 402 and leaves the intent payable again.
    """
    intent = account.store.get("payment_intent", identifier, "intent")
    chosen, return_url = _chosen_method(params), params.text("return_url")
    no_action = params.flag("error_on_requires_action")
    params.ignored(
        "off_session", "use_stripe_sdk", "mandate_data", "expected_payment_method_type", "client_context"
    )
    params.done()
    if intent["status"] not in PAYABLE:
        raise _state_error(
            intent,
            f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}."
            + (" It has already succeeded." if intent["status"] == "succeeded" else ""),
        )
    if chosen is not None:
        _choose(account, intent, chosen)
    if intent["payment_method"] is None:
        raise _state_error(
            intent, "You cannot confirm this PaymentIntent because it's missing a payment method."
        )
    _check_return(intent, return_url)
    attempt(account, intent, return_url, no_action)
    return intent


def capture(account: Account, params: Params, identifier: str) -> Json:
    """`POST /v1/payment_intents/{id}/capture`, once; the rest of the authorisation is released."""
    intent = account.store.get("payment_intent", identifier, "intent")
    amount, final = (
        params.whole("amount_to_capture", least=1),
        params.text("final_capture", ("true", "false")),
    )
    params.ignored("statement_descriptor", "statement_descriptor_suffix")
    params.done()
    if final == "false":
        raise refused("This account is not eligible for multicapture.", param="final_capture")
    if intent["status"] != "requires_capture":
        status = intent["status"]
        why = "it has already been captured" if status == "succeeded" else f"it has a status of {status}"
        raise _state_error(
            intent,
            f"This PaymentIntent could not be captured because {why}. Only a PaymentIntent with one of the"
            " following statuses may be captured: requires_capture.",
        )
    if amount is not None and amount > intent["amount_capturable"]:
        raise refused(
            f"The provided amount_to_capture ({amount}) is greater than the amount capturable"
            f" ({intent['amount_capturable']}).",
            "amount_too_large",
            "amount_to_capture",
        )
    charge = account.store.get("charge", intent["latest_charge"])
    _receive(
        account, intent, charge, intent["amount_capturable"] if amount is None else amount, "charge.captured"
    )
    return intent


def cancel(account: Account, params: Params, identifier: str) -> Json:
    """`POST /v1/payment_intents/{id}/cancel`; refused once money is on its way or there."""
    intent = account.store.get("payment_intent", identifier, "intent")
    reason = params.text(
        "cancellation_reason", ("duplicate", "fraudulent", "requested_by_customer", "abandoned")
    )
    params.done()
    if intent["status"] not in CANCELLABLE:
        raise _state_error(
            intent,
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a"
            f" PaymentIntent with one of the following statuses may be canceled: {', '.join(CANCELLABLE)}.",
        )
    return ended(account, intent, reason, "charge.refunded")


def ended(account: Account, intent: Json, reason: str | None, release_event: str) -> Json:
    """Cancel it, and release what was authorised."""
    if intent["status"] == "requires_capture":
        charges.released(account, account.store.get("charge", intent["latest_charge"]), release_event)
    applied = cash.applied(account.store, intent)
    intent.update(
        status="canceled",
        canceled_at=now(),
        cancellation_reason=reason,
        amount_capturable=0,
        next_action=None,
    )
    account.publish("payment_intent.canceled", intent)
    if applied:
        of = {"payment_intent": intent["id"]}
        kind = "unapplied_from_payment"
        cash.move(account, intent["customer"], intent["currency"], kind, applied, unapplied_from_payment=of)
        cash.say_left(account, intent["customer"], intent["currency"])
    return intent


def fund(account: Account, params: Params, customer_id: str) -> Json:
    """`POST /v1/test_helpers/customers/{id}/fund_cash_balance`: a transfer of theirs has come."""
    account.store.get("customer", customer_id)
    amount = params.required_whole("amount", least=1)
    currency, reference = params.required("currency", cash.TYPES), params.text("reference")
    params.done()
    funded = cash.funded(currency, reference)
    entry = cash.move(account, customer_id, currency, "funded", amount, funded=funded)
    _reconcile(account, customer_id, currency, reference or "")
    cash.say_left(account, customer_id, currency)
    return entry


def _reconcile(account: Account, customer_id: str, currency: str, reference: str) -> None:
    """What is available goes to the open payment that the reference names, then to the oldest."""
    waiting = [
        intent
        for intent in account.store.newest("payment_intent", customer=customer_id, currency=currency)[::-1]
        if intent["status"] == "requires_action" and methods.TRANSFER in intent["payment_method_types"]
    ]
    for intent in sorted(waiting, key=lambda intent: intent["id"][-10:].upper() not in reference):
        missing = intent["amount"] - cash.applied(account.store, intent)
        part = min(missing, cash.available(account.store, customer_id, currency))
        if part <= 0:
            continue
        of = {"payment_intent": intent["id"]}
        cash.move(account, customer_id, currency, "applied_to_payment", -part, applied_to_payment=of)
        if part == missing:
            method = account.store.get("payment_method", intent["payment_method"])
            paid(account, intent, method, methods.behaviour(account.store, method["id"]))
        else:
            intent["next_action"]["display_bank_transfer_instructions"]["amount_remaining"] = missing - part
            account.publish("payment_intent.partially_funded", intent)


def attempt(account: Account, intent: Json, return_url: str | None, no_action: bool = False) -> None:
    """Try to pay with the chosen method. Raises StripeError 402 when it is declined."""
    method = account.store.get("payment_method", intent["payment_method"])
    how = methods.behaviour(account.store, method["id"])
    if how.flow is Flow.ACTION:
        if no_action:
            failed(account, intent, method, _authentication_required(how))
            raise _card_error(intent)
        if how.type == methods.TRANSFER:
            cash.check(intent)
        intent.update(status="requires_action", next_action=next_action(intent, how, return_url))
        account.publish("payment_intent.requires_action", intent)
        if how.type == methods.TRANSFER:
            _reconcile(account, intent["customer"], intent["currency"], "")
    elif how.flow is Flow.PROCESSING:
        processing(account, intent, method, how)
    elif how.flow is Flow.DECLINE:
        failed(account, intent, method, how)
        raise _card_error(intent)
    else:
        paid(account, intent, method, how)


def processing(account: Account, intent: Json, method: Json, how: Behaviour) -> None:
    """The money is on its way: a pending charge, to be finished later."""
    charge = charges.opened(account, intent, method, how, "pending")
    intent.update(status="processing", next_action=None, last_payment_error=None)
    account.publish("charge.pending", charge)
    account.publish("payment_intent.processing", intent)


def paid(account: Account, intent: Json, method: Json, how: Behaviour) -> None:
    """The payment went through: authorised, or received when capture is automatic."""
    pending = intent["status"] == "processing"
    charge = (
        account.store.get("charge", intent["latest_charge"])
        if pending
        else charges.opened(account, intent, method, how, "succeeded")
    )
    charge.update(status="succeeded", paid=True)
    if intent["setup_future_usage"] is not None and intent["customer"] is not None:
        customers.keep(account, method, intent["customer"])
    intent.update(next_action=None, last_payment_error=None)
    if intent["capture_method"] == "manual" and how.type == "card":
        intent.update(status="requires_capture", amount_capturable=intent["amount"])
        account.publish("charge.succeeded", charge)
        account.publish("payment_intent.amount_capturable_updated", intent)
    else:
        _receive(account, intent, charge, intent["amount"], "charge.succeeded")


def failed(account: Account, intent: Json, method: Json, how: Behaviour) -> None:
    """The payment was declined: the intent waits for another payment method."""
    if intent["status"] == "processing":
        charge = account.store.get("charge", intent["latest_charge"])
        charge.update(status="failed", paid=False, failure_code=how.code, failure_message=how.message)
    else:
        charge = charges.opened(account, intent, method, how, "failed")
    intent.update(status="requires_payment_method", payment_method=None, next_action=None)
    intent["last_payment_error"] = {
        "type": "card_error" if how.type == "card" else "invalid_request_error",
        "charge": charge["id"],
        "code": how.code,
        "decline_code": how.decline_code,
        "doc_url": f"https://stripe.com/docs/error-codes/{how.code.replace('_', '-')}",
        "message": how.message,
        "payment_method": method,
    }
    account.publish("charge.failed", charge)
    account.publish("payment_intent.payment_failed", intent)


def _receive(account: Account, intent: Json, charge: Json, amount: int, event: str) -> None:
    charges.captured(account, charge, amount)
    intent.update(status="succeeded", amount_received=amount, amount_capturable=0)
    account.publish(event, charge)
    account.publish("payment_intent.succeeded", intent)


def _chosen_method(params: Params) -> str | None:
    data = params.mapping("payment_method_data")
    if data is None:
        return params.text("payment_method")
    kind = data.required("type", methods.TYPES)
    params.ignored("payment_method")
    return methods.alias_of_type(kind)


def _choose(account: Account, intent: Json, name: str) -> None:
    method = methods.attached(account.store, name)
    if method["type"] not in intent["payment_method_types"]:
        raise refused(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent. Allowed"
            f" types: {', '.join(intent['payment_method_types'])}.",
            "payment_intent_incompatible_payment_method",
            "payment_method",
        )
    customers.check_whose(account.store, method, intent["customer"])
    intent["payment_method"] = method["id"]
    if intent["status"] == "requires_payment_method":
        intent["status"] = "requires_confirmation"


def _check_return(intent: Json, return_url: str | None) -> None:
    automatic = intent["automatic_payment_methods"]
    redirects = any(kind in methods.REDIRECTS for kind in intent["payment_method_types"])
    if (
        return_url is None
        and redirects
        and automatic is not None
        and automatic["allow_redirects"] == "always"
    ):
        raise refused(
            "This PaymentIntent accepts payment methods that might redirect your customer off of your page:"
            " provide a `return_url`, or create it with `automatic_payment_methods[allow_redirects]` set to"
            " `never`.",
            param="return_url",
        )


def _state_error(intent: Json, message: str) -> StripeError:
    return refused(message, "payment_intent_unexpected_state", intent=intent)


def _card_error(intent: Json) -> StripeError:
    error = dict(intent["last_payment_error"])
    return StripeError(
        402, error.pop("message"), kind="card_error", payment_intent=intent, **_without_type(error)
    )


def _without_type(error: Json) -> Json:
    return {name: value for name, value in error.items() if name != "type"}


def _authentication_required(how: Behaviour) -> Behaviour:
    message = "Your card was declined. This transaction requires authentication."
    return Behaviour(
        how.type,
        Flow.DECLINE,
        how.brand,
        how.last4,
        "authentication_required",
        "authentication_required",
        message,
    )
