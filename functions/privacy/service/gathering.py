"""All that every context holds about a member, by their facades, as one document.

What is told is what is kept, but for secrets (hashes of passwords, codes and keys), for the provider's own names of
things, and for the importer's identity, which is never given back: that it is held, and what it has used, is told.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from entrepot.cloud import audit, reads
from entrepot.kernel.clock import rfc3339
from functions.logistics import facade as logistics
from functions.membership import facade as membership
from functions.orders import buyers as orders
from functions.payments import facade as payments
from functions.privacy.domain import without

FORMAT: Final = 1


def gathered(member_id: str, now: datetime) -> dict[str, Any]:
    """The document. Amounts are minor units of their currency, times are UTC."""
    bought = orders.held_about(member_id)
    return {
        "format": FORMAT,
        "made_at": rfc3339(now),
        **membership.held_about(member_id),
        "carts": bought.carts,
        "quotes": bought.quotes,
        "orders": bought.orders,
        "payments": list(map(_payment, reads.fetch(*map(payments.payment_read, bought.payment_ids)))),
        "kept_cards": [msgspec.to_builtins(card) for card in payments.cards(member_id, now)],
        "parcels": list(map(_parcel, reads.fetch(*map(logistics.shipment_read, bought.shipment_ids)))),
        "audit": [msgspec.to_builtins(entry) for entry in audit.entries_of(member_id)],
    }


def _payment(payment: payments.Payment | None) -> Mapping[str, Any] | None:
    if payment is None:
        return None
    told = without(
        msgspec.to_builtins(payment),
        *("intent_id", "fees", "flags", "revision", "kept_until", "customer", "card_id"),
    )
    refunds = [without(msgspec.to_builtins(refund), "provider_refund_id") for refund in payment.refunds]
    return {**told, "refunds": refunds}


def _parcel(shipment: logistics.Shipment | None) -> Any:
    return None if shipment is None else msgspec.to_builtins(logistics.shipment_view(shipment))
