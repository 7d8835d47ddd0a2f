"""Disputes: opened by a test control, answered or accepted through the API, closed by a test control."""

from __future__ import annotations

from typing import Final

from infra.local.stripe.account import Account
from infra.local.stripe.balance import DAY_SECONDS, moved
from infra.local.stripe.errors import refused
from infra.local.stripe.forms import Params
from infra.local.stripe.serving import Json
from infra.local.stripe.store import now

FEE: Final = 1500
REASONS: Final = (
    "bank_cannot_process", "credit_not_processed", "customer_initiated", "debit_not_authorized", "duplicate",
    "fraudulent", "general", "incorrect_account_details", "insufficient_funds", "product_not_received",
    "product_unacceptable", "subscription_canceled", "unrecognized",
)  # fmt: skip
_OPEN: Final = ("needs_response", "under_review")


def opened(account: Account, charge: Json, reason: str, amount: int | None) -> Json:
    """A shopper disputes a captured charge: the amount and a fee leave the balance."""
    if not charge["captured"] or charge["disputed"]:
        state = "is already disputed" if charge["disputed"] else "is not captured"
        raise refused(f"Charge {charge['id']} {state}.")
    amount = charge["amount_captured"] if amount is None else amount
    if amount > charge["amount_captured"]:
        raise refused("A dispute cannot exceed the captured amount.", param="amount")
    store = account.store
    identifier = store.new_id("dispute")
    entry = moved(store, "adjustment", -amount, charge["currency"], identifier, FEE)
    dispute = store.add(
        {
            "id": identifier,
            "object": "dispute",
            "amount": amount,
            "balance_transactions": [entry],
            "charge": charge["id"],
            "created": now(),
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {"enhanced_evidence": {}, "product_description": None, "uncategorized_text": None},
            "evidence_details": _evidence_details(),
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "payment_method_details": None,
            "reason": reason,
            "status": "needs_response",
        }
    )
    charge["disputed"] = True
    account.publish("charge.dispute.created", dispute)
    account.publish("charge.dispute.funds_withdrawn", dispute)
    return dispute


def _evidence_details() -> Json:
    return {
        "due_by": now() + 7 * DAY_SECONDS,
        "enhanced_eligibility": {},
        "has_evidence": False,
        "past_due": False,
        "submission_count": 0,
        "submission_method": "not_submitted",
    }


def update(account: Account, params: Params, identifier: str) -> Json:
    """`POST /v1/disputes/{id}`: keep evidence and, unless `submit` is false, send it to the bank."""
    dispute = account.store.get("dispute", identifier)
    evidence, metadata = params.strings("evidence"), params.strings("metadata")
    submit = params.text("submit", ("true", "false")) != "false"
    params.done()
    if dispute["status"] != "needs_response":
        raise refused("This dispute is already closed or under review.")
    dispute["metadata"].update(metadata)
    dispute["evidence"].update(evidence)
    details = dispute["evidence_details"]
    details["has_evidence"] = details["has_evidence"] or bool(evidence)
    if submit and evidence:
        dispute["status"] = "under_review"
        details.update(submission_count=details["submission_count"] + 1, submission_method="manual")
    account.publish("charge.dispute.updated", dispute)
    return dispute


def accept(account: Account, params: Params, identifier: str) -> Json:
    """`POST /v1/disputes/{id}/close`: give it up."""
    params.done()
    return closed(account, account.store.get("dispute", identifier), won=False)


def closed(account: Account, dispute: Json, won: bool) -> Json:
    """The bank decides; a dispute won brings the amount back, not the fee."""
    if dispute["status"] not in _OPEN:
        raise refused("This dispute is already closed.")
    dispute["status"] = "won" if won else "lost"
    account.publish("charge.dispute.closed", dispute)
    if won:
        entry = moved(account.store, "adjustment", dispute["amount"], dispute["currency"], dispute["id"])
        dispute["balance_transactions"].append(entry)
        account.store.get("charge", dispute["charge"])["disputed"] = False
        account.publish("charge.dispute.funds_reinstated", dispute)
    return dispute
