"""Balance transactions.

Every movement of the account's money, and the charge whose fee becomes known later.
"""

from __future__ import annotations

from typing import Final

from infra.local.stripe.account import Account
from infra.local.stripe.money import fee
from infra.local.stripe.serving import Json
from infra.local.stripe.store import Store, now

DAY_SECONDS: Final = 86_400
_CATEGORIES: Final = {"adjustment": "dispute", "transfer_refund": "transfer_reversal"}


def moved(store: Store, kind: str, amount: int, currency: str, source: str, fee_amount: int = 0) -> Json:
    """Record a movement of `amount` minor units, negative when it leaves the account."""
    details = {"amount": fee_amount, "application": None, "currency": currency, "type": "stripe_fee"}
    return store.add(
        {
            "id": store.new_id("balance_transaction"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": now() + 2 * DAY_SECONDS if kind == "charge" else now(),
            "balance_type": "payments",
            "created": now(),
            "currency": currency,
            "description": None,
            "exchange_rate": None,
            "fee": fee_amount,
            "fee_details": [{**details, "description": "Stripe processing fees"}] if fee_amount else [],
            "net": amount - fee_amount,
            "reporting_category": _CATEGORIES.get(kind, kind),
            "source": source,
            "status": "pending" if kind == "charge" else "available",
            "type": kind,
        }
    )


def held(store: Store, currency: str) -> int:
    """All that the account has in a currency, pending included."""
    return sum(entry["net"] for entry in store.newest("balance_transaction", currency=currency))


def balance(store: Store) -> Json:
    """The `balance` object.

    What is pending at Stripe counts as available here, so that transfers need not wait.
    """
    currencies = sorted({entry["currency"] for entry in store.newest("balance_transaction")})
    sums = [
        {
            "amount": held(store, currency),
            "currency": currency,
            "source_types": {"card": held(store, currency)},
        }
        for currency in currencies
    ]
    return {
        "object": "balance",
        "available": sums,
        "livemode": False,
        "pending": [{"amount": 0, "currency": currency, "source_types": {}} for currency in currencies],
    }


def settle(account: Account) -> None:
    """Give every captured charge its balance transaction and say so: Stripe does it after it has answered."""
    store = account.store
    with store.lock:
        waiting, store.unsettled = store.unsettled, []
        for identifier in waiting:
            charge = store.get("charge", identifier)
            amount = charge["amount_captured"]
            entry = moved(store, "charge", amount, charge["currency"], identifier, fee(amount))
            charge["balance_transaction"] = entry["id"]
            account.publish("charge.updated", charge, {"balance_transaction": None})
