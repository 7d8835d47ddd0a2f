"""Several ways to pay one order, of which one counts: each attempt is a payment over the whole."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from entrepot.kernel.refusals import Kind, Refusal
from functions.orders.domain.lifecycle import IllegalTransition, Status
from functions.orders.domain.order import Attempt, Order

MOST_ATTEMPTS: Final = 5
"""An order waits as long as its latest attempt may take, and every attempt is let go when another has paid."""


class TooManyAttempts(Refusal):
    code = "too_many_attempts"
    kind = Kind.CONFLICT
    title = f"An order is tried to be paid at most {MOST_ATTEMPTS} times."


def payable(order: Order) -> None:
    """Raises: IllegalTransition: it does not await payment. TooManyAttempts."""
    if order.status is not Status.AWAITING_PAYMENT:
        raise IllegalTransition(status=order.status.value, to=Status.PAID.value)
    if len(order.payment_ids) >= MOST_ATTEMPTS:
        raise TooManyAttempts(most=MOST_ATTEMPTS)


def attempted(order: Order, attempt: Attempt, pay_before: datetime, now: datetime) -> Order:
    """The order with another attempt; it waits for whichever of them takes the longest.

    Raises: as `payable`.
    """
    payable(order)
    known = order.attempts or (Attempt(order.payment_id, order.payment_method, order.capture),)
    after = replace(_with(order, attempt), attempts=(*known, attempt), payment_state="none")
    waits = replace(after, pay_before=max(order.pay_before, pay_before))
    return waits.noted(
        now, "payment_attempted", "shopper", payment_id=attempt.payment_id, method=attempt.method
    )


def counting(order: Order, payment_id: str) -> Order:
    """The order with that attempt as the one which counts."""
    return _with(order, next(attempt for attempt in order.attempts if attempt.payment_id == payment_id))


def _with(order: Order, attempt: Attempt) -> Order:
    return replace(
        order, payment_id=attempt.payment_id, payment_method=attempt.method, capture=attempt.capture
    )
