"""The events of an order, made from its state."""

from collections.abc import Iterable
from datetime import datetime

from entrepot.cloud.outbox import announce
from entrepot.cloud.writes import Write
from entrepot.contracts import orders as contract
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money, allocate, total
from functions.orders.domain.disputing import Evidence
from functions.orders.domain.order import Order, OrderLine
from functions.orders.domain.quote import Origin, Parcel


def placed(order: Order, now: datetime) -> Write:
    return announce(
        contract.OrderPlaced(
            event_id=new_id("evt", now),
            occurred_at=now,
            order_id=order.order_id,
            member_id=order.member_id,
            payment_id=order.payment_id,
            currency=order.currency,
            total=order.total.amount,
            lines=_bought(order),
        )
    )


def paid(order: Order, now: datetime) -> Write:
    return announce(
        contract.OrderPaid(
            event_id=new_id("evt", now),
            occurred_at=now,
            order_id=order.order_id,
            payment_id=order.payment_id,
            currency=order.currency,
            total=order.total.amount,
            lines=_bought(order),
        )
    )


def expired(order: Order, now: datetime) -> Write:
    return announce(
        contract.OrderExpired(
            event_id=new_id("evt", now),
            occurred_at=now,
            order_id=order.order_id,
            lines=_bought(order),
        )
    )


def cancelled(order: Order, units: Iterable[tuple[OrderLine, int]], actor: str, now: datetime) -> Write:
    """The reason that is published is a code: the words that somebody typed may name a person."""
    return announce(
        contract.OrderCancelled(
            event_id=new_id("evt", now),
            occurred_at=now,
            order_id=order.order_id,
            whole=all(line.remaining == 0 for line in order.lines),
            reason=f"cancelled_by_{actor}",
            lines=stock_lines(units),
        )
    )


def evidence_gathered(order: Order, dispute_id: str, evidence: Evidence, now: datetime) -> Write:
    return announce(
        contract.EvidenceGathered(
            event_id=new_id("evt", now),
            occurred_at=now,
            order_id=order.order_id,
            payment_id=order.payment_id,
            dispute_id=dispute_id,
            product_description=evidence.goods,
            shipping_carrier=evidence.carriers,
            shipping_tracking_number=evidence.tracking_numbers,
            shipping_date=evidence.first_sent_on,
            course=evidence.course,
        )
    )


def share_completed(order: Order, merchant_id: str, now: datetime) -> Write:
    """What is to be settled with a merchant: the parts of its lines that were neither cancelled nor refunded."""
    lines = order.lines_of(merchant_id)
    left = [(line, line.remaining, line.cancelled) for line in lines]
    goods = total(
        (line.part("goods", n, skip) - line.part("discount", n, skip) for line, n, skip in left),
        order.currency,
    )
    return announce(
        contract.ShareCompleted(
            event_id=new_id("evt", now),
            occurred_at=now,
            order_id=order.order_id,
            merchant_id=merchant_id,
            payment_id=order.payment_id,
            currency=order.currency,
            goods=goods.amount,
            freight=total(
                (line.part(charge, n, skip) for line, n, skip in left for charge in ("freight", "insurance")),
                order.currency,
            ).amount,
            taxes=tuple(_owed(order, merchant_id)),
            refunded=order.share(merchant_id).charged,
            paid=total((line.worth(n, skip) for line, n, skip in left), order.currency).amount,
        )
    )


def share_refunded(order: Order, merchant_id: str, refund_id: str, amount: int, now: datetime) -> Write:
    """A refund of a share that is already settled, or about to be: the merchant owes it back."""
    return announce(
        contract.ShareRefunded(
            event_id=new_id("evt", now),
            occurred_at=now,
            order_id=order.order_id,
            merchant_id=merchant_id,
            refund_id=refund_id,
            currency=order.currency,
            amount=amount,
        )
    )


def _bought(order: Order) -> tuple[contract.StockLine, ...]:
    return tuple(stock_line for line in order.lines for stock_line in _stock_lines(line, line.bought.origins))


def stock_lines(units: Iterable[tuple[OrderLine, int]]) -> tuple[contract.StockLine, ...]:
    """Units that were just cancelled, each line as it stood before."""
    return tuple(
        stock_line
        for line, number in units
        for stock_line in _stock_lines(line, line.origins(number, line.cancelled))
    )


def _stock_lines(line: OrderLine, origins: Iterable[Origin]) -> Iterable[contract.StockLine]:
    for origin in origins:
        yield contract.StockLine(
            sku=line.sku,
            merchant_id=line.merchant_id,
            warehouse_id=origin.warehouse_id,
            quantity=origin.units,
        )


def _owed(order: Order, merchant_id: str) -> Iterable[contract.TaxOwed]:
    """What is left of each amount owed to an authority, in proportion to what is left of its kind in the parcel.

    Parcels that share a line, which was split, count as one.
    """
    for parcels in _together(parcel for parcel in order.parcels if parcel.merchant_id == merchant_id):
        owed_here = [owed for parcel in parcels for owed in parcel.owed]
        for kind in dict.fromkeys(owed.kind for owed in owed_here):
            entries = [owed for owed in owed_here if owed.kind == kind]
            left = _left(order, parcels, kind)
            weights = [owed.amount.amount for owed in entries]
            parts = allocate(left, weights) if any(weights) else [owed.amount for owed in entries]
            for owed, part in zip(entries, parts, strict=True):
                yield contract.TaxOwed(
                    authority=owed.authority, kind=kind, amount=part.amount, liable=owed.liable
                )


def _together(parcels: Iterable[Parcel]) -> list[list[Parcel]]:
    groups: list[list[Parcel]] = []
    for parcel in parcels:
        skus = _skus([parcel])
        sharing = [group for group in groups if skus & _skus(group)]
        groups = [group for group in groups if group not in sharing]
        groups.append([*(held for group in sharing for held in group), parcel])
    return groups


def _skus(parcels: Iterable[Parcel]) -> set[str]:
    return {line.sku for parcel in parcels for line in parcel.lines}


def _left(order: Order, parcels: Iterable[Parcel], kind: str) -> Money:
    skus = _skus(parcels)
    lines = [line for line in order.lines if line.sku in skus]
    return total((line.part(kind, line.remaining, line.cancelled) for line in lines), order.currency)
