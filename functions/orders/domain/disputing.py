"""What an order says for itself when its buyer's bank takes the money back, and what it shows of the dispute."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from functions.orders.domain.lifecycle import Status
from functions.orders.domain.order import Order

_HAPPENED: Final = (
    "placed",
    "payment_authorised",
    "payment_captured",
    "paid",
    "packed",
    "shipped",
    "delivered",
)
_LONGEST: Final = 18_000
"""Of a text: Stripe takes 20,000 characters. Source: https://docs.stripe.com/api/disputes/evidence_object"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Goods, parcels, and when what happened; nothing that somebody typed, and nothing of the buyer."""

    goods: str
    carriers: str
    tracking_numbers: str
    first_sent_on: str
    course: str


def arrived(order: Order) -> bool:
    """All of it is with its buyer, so that nothing is left to wait for."""
    return order.status in (Status.DELIVERED, Status.COMPLETED)


def evidence(order: Order) -> Evidence:
    sent = [entry.at for entry in order.timeline if entry.event == "shipped"]
    course = [
        f"{entry.at:%Y-%m-%d %H:%M} UTC: {entry.event}" for entry in order.timeline if _told(entry.event)
    ]
    return Evidence(
        goods=_joined(
            (f"{line.remaining} x {line.bought.title}" for line in order.lines if line.remaining), "; "
        ),
        carriers=_joined(dict.fromkeys(held.carrier for held in order.shipments)),
        tracking_numbers=_joined(held.tracking_number for held in order.shipments),
        first_sent_on=min(sent).date().isoformat() if sent else "",
        course=_joined(course, "\n"),
    )


def counts(order: Order, payment_id: str) -> bool:
    """Whether the order was paid by it; the money of another attempt went back, and never was the order's."""
    return payment_id == order.payment_id


def disputed(
    order: Order, payment_id: str, dispute_id: str, amount: int, reason: str, now: datetime
) -> Order:
    """The order with a dispute opened. It is noted only where its payment does not count, or it is known as won."""
    won = any(
        entry.event == "payment_dispute_won" and (entry.facts or {}).get("dispute_id") == dispute_id
        for entry in order.timeline
    )
    noted_only = won or not counts(order, payment_id)
    after = order if noted_only else replace(order, payment_state="disputed")
    facts = {"dispute_id": dispute_id, "amount": str(amount), "reason": reason}
    return after.noted(now, "payment_disputed", "payment", **facts, **_other(order, payment_id))


def decided(
    order: Order, payment_id: str, dispute_id: str, amount: int, outcome: str, now: datetime
) -> Order:
    """The order with a dispute won, whose money is back, or lost; noted only where its payment does not count."""
    over = outcome == "won" and counts(order, payment_id)
    after = replace(order, payment_state="none") if over else order
    facts = {"dispute_id": dispute_id, "amount": str(amount)}
    return after.noted(now, f"payment_dispute_{outcome}", "payment", **facts, **_other(order, payment_id))


def _other(order: Order, payment_id: str) -> dict[str, str]:
    """Which attempt it is about, where that is not the order's payment."""
    return {} if counts(order, payment_id) else {"payment_id": payment_id}


def _told(event: str) -> bool:
    return event in _HAPPENED or event.startswith("shipment_")


def _joined(parts: Iterable[str], by: str = ", ") -> str:
    return by.join(parts)[:_LONGEST]
