"""The one transition table of an order's shares, and how an order's own status follows from theirs."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from entrepot.kernel.refusals import Kind, Refusal


class Status(StrEnum):
    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    PACKED = "packed"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


MOVES: Final[dict[Status, frozenset[Status]]] = {
    Status.AWAITING_PAYMENT: frozenset({Status.PAID, Status.CANCELLED, Status.EXPIRED}),
    Status.PAID: frozenset({Status.PACKED, Status.PARTIALLY_SHIPPED, Status.SHIPPED, Status.CANCELLED}),
    Status.PACKED: frozenset({Status.PARTIALLY_SHIPPED, Status.SHIPPED, Status.CANCELLED}),
    Status.PARTIALLY_SHIPPED: frozenset({Status.SHIPPED}),
    Status.SHIPPED: frozenset({Status.DELIVERED, Status.RETURNED}),
    Status.DELIVERED: frozenset({Status.COMPLETED, Status.RETURNED}),
    Status.COMPLETED: frozenset({Status.RETURNED}),
    Status.RETURNED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.EXPIRED: frozenset(),
}

_BEFORE_SHIPMENT: Final = frozenset({Status.PAID, Status.PACKED})
_SENT: Final = (Status.SHIPPED, Status.DELIVERED, Status.COMPLETED, Status.RETURNED)


class IllegalTransition(Refusal):
    code = "illegal_transition"
    kind = Kind.CONFLICT
    title = "The order is not in a state that allows this."


def moved(current: Status, to: Status) -> Status:
    """`to`, where the table allows it.

    Raises: IllegalTransition.
    """
    if to not in MOVES[current]:
        raise IllegalTransition(status=current.value, to=to.value)
    return to


def derived(shares: Iterable[Status]) -> Status:
    """The status of an order from those of its shares: that of the least advanced share that still lives."""
    alive = [status for status in shares if status is not Status.CANCELLED]
    if not alive:
        return Status.CANCELLED
    if len(set(alive)) == 1:
        return alive[0]
    if all(status in _SENT for status in alive):
        return min(alive, key=_SENT.index)
    if all(status in _BEFORE_SHIPMENT for status in alive):
        return Status.PAID
    return Status.PARTIALLY_SHIPPED
