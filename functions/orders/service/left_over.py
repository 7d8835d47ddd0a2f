"""Attempts to pay that are left over, and that a person has to bring to an end: each is counted, which rings an alarm.

An attempt that does not count goes back by itself, and one that is open is let go when its order is due. Where the
provider refuses the one for good, or never ends the other, nothing here can finish it.
"""

from datetime import datetime, timedelta
from typing import Final

from entrepot.cloud import telemetry
from functions.orders.domain.order import Order

PATIENCE: Final = timedelta(days=14)
"""After an order should have expired: longer than any way to pay stays under way."""


def stays_open(order: Order, payment_id: str, outcome: str, now: datetime) -> None:
    """An order waits for this attempt, which cannot be let go. Said at each look, as long as that lasts.

    Args: outcome: what `cancel_intent` came to.
    """
    if now >= order.pay_before + PATIENCE:
        _tell(order, payment_id, outcome)


def keeps_the_money(order: Order, payment_id: str) -> None:
    """The money of an attempt that does not count could not be given back: the refund of it has failed."""
    _tell(order, payment_id, "refund_failed")


def _tell(order: Order, payment_id: str, why: str) -> None:
    telemetry.log(
        "attempt_left_over", level="error", order_id=order.order_id, payment_id=payment_id, reason=why
    )
    telemetry.metric("AttemptsLeftOver")
