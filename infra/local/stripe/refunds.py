"""Refunds of captured charges: never above what is left of them."""

from __future__ import annotations

from infra.local.stripe import cash, methods
from infra.local.stripe.account import Account
from infra.local.stripe.balance import moved
from infra.local.stripe.charges import unrefunded
from infra.local.stripe.errors import invalid, refused
from infra.local.stripe.forms import Params
from infra.local.stripe.money import shown
from infra.local.stripe.serving import Json
from infra.local.stripe.store import now

REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def create(account: Account, params: Params) -> Json:
    """`POST /v1/refunds` for a payment intent or a charge, of all that is left unless an amount is given."""
    if params.text("origin", ("customer_balance",)) is not None:
        return _from_balance(account, params)
    charge = _charge(account, params)
    amount, reason = params.whole("amount", least=1), params.text("reason", REASONS)
    metadata = params.strings("metadata")
    params.ignored("instructions_email", "refund_application_fee", "reverse_transfer")
    params.done()
    left = unrefunded(account, charge)
    if left == 0:
        raise refused(f"Charge {charge['id']} has already been refunded.", "charge_already_refunded")
    if charge["disputed"]:
        raise refused(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", "charge_disputed"
        )
    if amount is not None and amount > left:
        currency = charge["currency"]
        raise refused(
            f"Refund amount ({shown(amount, currency)}) is greater than unrefunded amount on charge"
            f" ({shown(left, currency)})",
            param="amount",
        )
    refund = account.store.add(
        _new_refund(account, charge, left if amount is None else amount, reason, metadata)
    )
    _count(account, charge)
    if refund["status"] == "succeeded":
        _move(account, refund)
    account.publish("refund.created", refund)
    account.publish("charge.refunded", charge)
    return refund


def update(account: Account, params: Params, identifier: str) -> Json:
    """`POST /v1/refunds/{id}`: metadata only, as at Stripe."""
    refund = account.store.get("refund", identifier)
    metadata = params.strings("metadata")
    params.done()
    refund["metadata"] = {key: value for key, value in (refund["metadata"] | metadata).items() if value}
    account.publish("refund.updated", refund)
    return refund


def finished(account: Account, refund: Json, succeeded: bool) -> Json:
    """End a pending refund, or fail one that had succeeded: its money comes back."""
    if refund["status"] == "failed" or (succeeded and refund["status"] != "pending"):
        raise refused(f"Refund {refund['id']} has a status of {refund['status']}.")
    before = {"status": refund["status"]}
    if refund["charge"] is None:
        return _balance_refunded(account, refund, before, succeeded)
    charge = account.store.get("charge", refund["charge"])
    if succeeded:
        refund["status"] = "succeeded"
        _move(account, refund)
    else:
        if refund["balance_transaction"] is not None:
            back = moved(account.store, "refund_failure", refund["amount"], refund["currency"], refund["id"])
            refund["failure_balance_transaction"] = back["id"]
        refund.update(status="failed", failure_reason="expired_or_canceled_card")
        _count(account, charge)
        account.publish("refund.failed", refund)
    account.publish("refund.updated", refund, before)
    account.publish("charge.refund.updated", refund, before)
    return refund


def _from_balance(account: Account, params: Params) -> Json:
    """What a customer's cash balance holds goes back to where it came from."""
    customer = account.store.get("customer", params.required("customer"), "customer")
    amount = params.required_whole("amount", least=1)
    currency = params.required("currency", cash.TYPES)
    reason, metadata = params.text("reason", REASONS), params.strings("metadata")
    email = params.text("instructions_email") or customer["email"]
    params.done()
    if amount > cash.available(account.store, customer["id"], currency):
        raise refused("The customer's cash balance does not hold as much.", "insufficient_funds", "amount")
    if email is None and not cash.sender_known(account.store, customer["id"]):
        raise refused(
            "The customer has no email, to be asked for their bank account.", "email_invalid", "customer"
        )
    kind = cash.TYPES[currency]
    refund = account.store.add(
        {
            "id": account.store.new_id("refund"),
            "object": "refund",
            "amount": amount,
            "balance_transaction": None,
            "charge": None,
            "created": now(),
            "currency": currency,
            "customer": customer["id"],
            "destination_details": {"type": kind, kind: {"reference": None, "reference_status": "pending"}},
            "metadata": metadata,
            "payment_intent": None,
            "payment_method": None,
            "pending_reason": "processing",
            "reason": reason,
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "pending",
            "transfer_reversal": None,
        }
    )
    cash.returned(account, refund, "return_initiated")
    account.publish("refund.created", refund)
    return refund


def _balance_refunded(account: Account, refund: Json, before: Json, succeeded: bool) -> Json:
    if succeeded:
        refund.update(status="succeeded", pending_reason=None)
    else:
        refund.update(status="failed", failure_reason="unknown", pending_reason=None)
        cash.returned(account, refund, "return_canceled")
        account.publish("refund.failed", refund)
    account.publish("refund.updated", refund, before)
    return refund


def _charge(account: Account, params: Params) -> Json:
    intent_id, charge_id = params.text("payment_intent"), params.text("charge")
    if (intent_id is None) == (charge_id is None):
        raise invalid(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    if intent_id is not None:
        intent = account.store.get("payment_intent", intent_id, "payment_intent")
        charge_id = intent["latest_charge"] if intent["status"] == "succeeded" else None
        if charge_id is None:
            raise refused(f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.")
    charge = account.store.get("charge", str(charge_id), "charge")
    if not charge["captured"]:
        raise refused(
            f"Charge {charge['id']} has not been captured; cancel its PaymentIntent instead.", param="charge"
        )
    return charge


def _new_refund(
    account: Account, charge: Json, amount: int, reason: str | None, metadata: dict[str, str]
) -> Json:
    how = methods.behaviour(account.store, charge["payment_method"])
    card = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
    kind = cash.TYPES[charge["currency"]] if how.type == methods.TRANSFER else how.type
    return {
        "id": account.store.new_id("refund"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": now(),
        "currency": charge["currency"],
        "destination_details": {"type": kind, kind: card if kind == "card" else {}},
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "pending_reason": "processing" if how.refund == "pending" else None,
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending" if how.refund == "pending" else "succeeded",
        "transfer_reversal": None,
    }


def _count(account: Account, charge: Json) -> None:
    """The charge's own figures, from its refunds and from what a partial capture released."""
    left = unrefunded(account, charge)
    charge["amount_refunded"] = charge["amount"] - left
    charge["refunded"] = left == 0


def _move(account: Account, refund: Json) -> None:
    entry = moved(account.store, "refund", -refund["amount"], refund["currency"], refund["id"])
    refund.update(balance_transaction=entry["id"], pending_reason=None)
