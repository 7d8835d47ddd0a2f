"""Deciding anew when somebody else was faster."""

from collections.abc import Callable
from typing import Final, TypeVar

from entrepot.kernel.refusals import Busy
from functions.inventory.facade import ReservationChanged
from functions.orders.store import Changed
from functions.payments.facade import PaymentChanged

T = TypeVar("T")

_TRIES: Final = 6


def until_unchanged(act: Callable[[], T]) -> T:
    """Run `act`, which reads, decides and commits; again when what it read was changed before it wrote.

    Raises: Busy: it kept changing; and whatever `act` refuses.
    """
    for _ in range(_TRIES):
        try:
            return act()
        except (Changed, PaymentChanged, ReservationChanged):
            continue
    raise Busy
