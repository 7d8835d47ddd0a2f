"""A member has left: their carts and quotes go, and each order that is over knows its buyer no more.

An order that is not over yet waits: the event comes again until nothing is left (`functions.privacy`).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any, Final

from entrepot.cloud import reads, writes
from entrepot.cloud.outbox import announce
from entrepot.cloud.writes import Write
from entrepot.contracts.membership import MemberErased
from entrepot.contracts.orders import BuyerForgotten
from entrepot.kernel.ids import new_id
from functions.customs import facade as customs
from functions.logistics import facade as logistics
from functions.orders import retention, store
from functions.orders.domain import forgetting
from functions.orders.domain.order import Order
from functions.orders.service import limits
from functions.orders.service.retrying import until_unchanged
from functions.payments import facade as payments

Payments = Sequence[payments.Payment | None]
Shipments = Sequence[logistics.Shipment | None]

_AT_ONCE: Final = 40  # items of a desk in one transaction, each with its note


def on_member_erased(event: MemberErased, handled: Write, now: datetime) -> None:
    """The mark that they have left comes first: from then on no order is placed with a token that still lives."""
    writes.commit(store.left(event.member_id, event.occurred_at))
    desk = store.desk(event.member_id)
    for start in range(0, len(desk), _AT_ONCE):
        writes.commit(*store.desk_cleared(event.member_id, desk[start : start + _AT_ONCE]))
    for order_id in store.orders_of(event.member_id):
        _forget(order_id, now)
    writes.commit(handled)


def open_orders(member_id: str) -> list[str]:
    """The ids of a member's orders that are not over yet."""
    return [order.order_id for order, paid, _ in _bought(member_id) if not _is_over(order, paid)]


def left_of(member_id: str) -> list[str]:
    """What still knows a member: "carts and quotes", and the ids of orders."""
    found = ["carts and quotes"] if store.desk(member_id) else []
    waiting = (order.order_id for order, paid, sent in _bought(member_id) if not _done(order, paid, sent))
    return [*found, *waiting]


def _forget(order_id: str, now: datetime) -> None:
    def act() -> None:
        ((order, paid, sent),) = _with_parts([order_id])
        if order.kept_until is not None:
            if not _done(order, paid, sent):
                writes.commit(_told(order, now))  # those who were told before have not obeyed yet
            return
        if not _is_over(order, paid):
            return
        after = forgetting.forgotten(order, retention.kept_until(order.country, order.placed_at.date()))
        writes.commit(
            *store.save_order(order, after),
            store.drop_quote(order.quote_id),
            *_quota_note(order),
            *limits.given_back(order, after),
            _told(after, now),
        )

    until_unchanged(act)


def _is_over(order: Order, paid: Payments) -> bool:
    return order.kept_until is not None or (
        forgetting.is_over(order) and all(payment is None or payment.at_rest for payment in paid)
    )


def _done(order: Order, paid: Payments, sent: Shipments) -> bool:
    obeyed = all(part is None or part.forgotten for part in (*paid, *sent))
    return order.kept_until is not None and obeyed


def _told(order: Order, now: datetime) -> Write:
    assert order.kept_until is not None, "an order is forgotten before it is told"
    event = BuyerForgotten(
        event_id=new_id("evt", now),
        occurred_at=now,
        order_id=order.order_id,
        payment_ids=order.payment_ids,
        shipment_ids=tuple(shipment.shipment_id for shipment in order.shipments),
        kept_until=order.kept_until,
    )
    return announce(event)


def _quota_note(order: Order) -> list[Write]:
    """The year's sum of an importer stays, for the law limits it; which order it came from is not known any more."""
    if order.importer is None or order.quota_fen == 0:
        return []
    year = customs.quota_year(order.placed_at)
    return [customs.forget_order(order.importer.identity_hash, year, order.order_id, order.quota_fen)]


def _bought(member_id: str) -> Iterator[tuple[Order, Payments, Shipments]]:
    return _with_parts(store.orders_of(member_id))


def _with_parts(order_ids: Sequence[str]) -> Iterator[tuple[Order, Payments, Shipments]]:
    """Orders, each with the payments of all its attempts and its shipments: read together, however many they are."""
    orders: list[Order] = reads.fetch(*map(store.order_read, order_ids), consistent=True)
    assert all(order is not None for order in orders), "a line in a list is written with its order"
    wanted = [_parts(order) for order in orders]
    found = iter(reads.fetch(*chain.from_iterable(wanted), consistent=True))
    for order, parts in zip(orders, wanted, strict=True):
        own = list(islice(found, len(parts)))
        attempts = len(order.payment_ids)
        yield order, own[:attempts], own[attempts:]


def _parts(order: Order) -> list[reads.Read[Any]]:
    return [
        *map(payments.payment_read, order.payment_ids),
        *(logistics.shipment_read(shipment.shipment_id) for shipment in order.shipments),
    ]
