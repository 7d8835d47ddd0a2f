"""Charges: one per attempt to pay an intent."""

from __future__ import annotations

from typing import Final

from infra.local.stripe.account import Account
from infra.local.stripe.balance import DAY_SECONDS
from infra.local.stripe.methods import Behaviour
from infra.local.stripe.serving import Json
from infra.local.stripe.store import now, random_word

AUTHORISATION_DAYS: Final = 7
# Null on every new charge here; the balance transaction is not for long.
_ABSENT: Final = (
    "application", "application_fee", "application_fee_amount", "balance_transaction",
    "failure_balance_transaction", "on_behalf_of", "receipt_number", "receipt_url", "review", "source",
    "source_transfer", "transfer", "transfer_data",
)  # fmt: skip


def opened(account: Account, intent: Json, method: Json, how: Behaviour, status: str) -> Json:
    """Record a charge for the whole intent with status `succeeded`, `pending` or `failed`.

    Nothing is captured yet.
    """
    failed = status == "failed"
    copied = ("currency", "customer", "description", "receipt_email", "shipping", "transfer_group")
    charge = account.store.add(
        {
            "id": account.store.new_id("charge"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": 0,
            "amount_refunded": 0,
            "billing_details": method["billing_details"],
            "calculated_statement_descriptor": "ENTREPOT" if how.type == "card" else None,
            "captured": False,
            "created": now(),
            "disputed": False,
            "failure_code": how.code if failed else None,
            "failure_message": how.message if failed else None,
            "fraud_details": {},
            "livemode": False,
            "metadata": dict(intent["metadata"]),
            "outcome": _outcome(how, status),
            "paid": not failed,
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": _details(intent, method, how),
            "refunded": False,
            "statement_descriptor": intent["statement_descriptor"],
            "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
            "status": status,
            **{name: intent[name] for name in copied},
            **dict.fromkeys(_ABSENT),
        }
    )
    intent["latest_charge"] = charge["id"]
    return charge


def captured(account: Account, charge: Json, amount: int) -> None:
    """Take `amount` of it; what was authorised above that is released, which Stripe counts as refunded."""
    charge["captured"] = True
    charge["amount_captured"] = amount
    charge["amount_refunded"] = charge["amount"] - amount
    account.store.unsettled.append(charge["id"])


def released(account: Account, charge: Json, event: str) -> None:
    """Give an authorisation back uncaptured.

    `charge.refunded` when cancelled, `charge.expired` when it lapsed.
    """
    charge["amount_refunded"] = charge["amount"]
    charge["refunded"] = True
    account.publish(event, charge, {"amount_refunded": 0, "refunded": False})


def unrefunded(account: Account, charge: Json) -> int:
    """What may still be refunded: captured less every refund that has not failed."""
    refunds = account.store.newest("refund", charge=charge["id"])
    taken: int = sum(refund["amount"] for refund in refunds if refund["status"] not in ("failed", "canceled"))
    return int(charge["amount_captured"]) - taken


def _outcome(how: Behaviour, status: str) -> Json | None:
    if status == "pending":
        return None
    failed = status == "failed"
    return {
        "advice_code": "try_again_later" if failed else None,
        "network_advice_code": None,
        "network_decline_code": "01" if failed else None,
        "network_status": "declined_by_network" if failed else "approved_by_network",
        "reason": how.decline_code if failed else None,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "The bank did not return any further details with this decline."
        if failed
        else "Payment complete.",
        "type": "issuer_declined" if failed else "authorized",
    }


def _details(intent: Json, method: Json, how: Behaviour) -> Json:
    if how.type != "card":
        return {"type": how.type, how.type: {}}
    card = method["card"]
    same = (
        "brand",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "last4",
        "regulated_status",
        "wallet",
    )
    manual = intent["capture_method"] == "manual"
    return {
        "type": "card",
        "card": {
            **{name: card[name] for name in same},
            "amount_authorized": intent["amount"],
            "authorization_code": random_word(6).upper(),
            **({"capture_before": now() + AUTHORISATION_DAYS * DAY_SECONDS} if manual else {}),
            "checks": card["checks"],
            "extended_authorization": {"status": "disabled"},
            "incremental_authorization": {"status": "unavailable"},
            "installments": None,
            "mandate": None,
            "multicapture": {"status": "unavailable"},
            "network": how.brand,
            "network_token": {"used": False},
            "network_transaction_id": "".join(str(ord(letter) % 10) for letter in random_word(15)),
            "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
            "three_d_secure": None,
        },
    }
