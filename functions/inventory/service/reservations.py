"""What becomes of the units an order took. Each function decides and gives writes; the order commits them.

Every one of them writes the reservation on the condition of its revision, so that no unit moves twice.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from entrepot.cloud.writes import Write
from functions.inventory import store
from functions.inventory.domain.reservation import (
    Demand,
    IllegalReservationMove,
    Reservation,
    Status,
    by_warehouse,
)
from functions.inventory.domain.stock import SkuUnits


def sell(reservation: Reservation, now: datetime) -> list[Write]:
    """held → sold: what the order still holds leaves the warehouses, one movement in each.

    Raises: IllegalReservationMove; at commit: ReservationChanged.
    """
    left = reservation.left()
    lines = {
        warehouse_id: [SkuUnits(line.sku, -line.units) for line in sold]
        for warehouse_id, sold in by_warehouse(left).items()
    }
    return [
        store.put_reservation(reservation.moved(Status.SOLD, now)),
        *(store.hand_over(pick) for pick in left),
        *store.create_order_movements(reservation.order_id, "sale", "sale", lines, now),
    ]


def release(reservation: Reservation, now: datetime) -> list[Write]:
    """held → released: what the order still holds can be bought by others again.

    Raises: IllegalReservationMove; at commit: ReservationChanged.
    """
    released = store.put_reservation(reservation.moved(Status.RELEASED, now))
    return [released, *(store.give_back(pick) for pick in reservation.left())]


def release_part(
    reservation: Reservation, lines: Sequence[Demand], now: datetime
) -> tuple[Reservation, list[Write]]:
    """Some of what a held reservation holds goes back; with the last unit it is released.

    Returns: the reservation as it then is, and the writes.
    Raises: IllegalReservationMove: it is not held. ExceedsReserved; at commit: ReservationChanged.
    """
    if reservation.status is not Status.HELD:
        raise IllegalReservationMove(status=reservation.status.value)
    after, back = reservation.returning(lines, now)
    if not after.left():
        after = replace(after, status=Status.RELEASED)
    return after, [store.put_reservation(after), *(store.give_back(pick) for pick in back)]


def restock(
    reservation: Reservation, lines: Sequence[Demand], now: datetime
) -> tuple[Reservation, list[Write]]:
    """Sold units come back and can be bought again, at most those that have not come back before.

    Returns: the reservation as it then is, and the writes: one movement in each warehouse.
    Raises: IllegalReservationMove: it is not sold. ExceedsReserved; at commit: ReservationChanged.
    """
    if reservation.status is not Status.SOLD:
        raise IllegalReservationMove(status=reservation.status.value)
    after, back = reservation.returning(lines, now)
    act = f"cancellation-{after.revision:06d}"
    return after, [
        store.put_reservation(after),
        *(store.take_in(pick) for pick in back),
        *store.create_order_movements(after.order_id, "cancellation", act, by_warehouse(back), now),
    ]
