"""What can happen to an order: each function takes the order as it stands and gives it as it is afterwards.

All refuse what the transition table does not allow; none reads a clock, a store or a provider.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from entrepot.kernel.money import Money, total
from entrepot.kernel.refusals import Kind, Refusal
from functions.orders.domain.lifecycle import MOVES, IllegalTransition, Status, moved
from functions.orders.domain.order import Order, OrderLine, Share, ShipmentRef

SYSTEM: Final = "system"
MOST_SHIPMENTS: Final = 60
"""So that an order with its timeline stays well within an item of DynamoDB (400 KB)."""
COMPLETES_AFTER: Final = timedelta(days=14)
"""After its delivery a share completes, where the stage says nothing else."""


class UnknownLine(Refusal):
    code = "unknown_line"
    kind = Kind.RULE
    title = "The order has no such line of yours."


class TooManyShipments(Refusal):
    code = "too_many_shipments"
    kind = Kind.RULE
    title = f"An order goes in at most {MOST_SHIPMENTS} shipments."


class TooManyUnits(Refusal):
    code = "too_many_units"
    kind = Kind.RULE
    title = "That is more than is left of this line."


@dataclass(frozen=True, slots=True)
class Taken:
    """Units of lines that an act has taken out, and what the buyer had paid for them."""

    units: tuple[tuple[OrderLine, int], ...]
    worth: Money


def paid(order: Order, now: datetime) -> Order:
    """Every share paid: what is authorised covers the total."""
    assert order.authorised >= order.total.amount, "paid means covered"
    shares = tuple(replace(share, status=moved(share.status, Status.PAID)) for share in order.shares)
    return replace(order, shares=shares).noted(now, "paid", SYSTEM)


def expired(order: Order, now: datetime) -> Order:
    shares = tuple(replace(share, status=moved(share.status, Status.EXPIRED)) for share in order.shares)
    return replace(order, shares=shares).noted(now, "expired", SYSTEM, why="not paid in time")


def cancelled(
    order: Order,
    wanted: Mapping[str, int] | None,
    merchants: Iterable[str],
    reason: str,
    actor: str,
    now: datetime,
    completes_after: timedelta = COMPLETES_AFTER,
) -> tuple[Order, Taken]:
    """Units that are not yet shipped, cancelled: those `wanted` by SKU, or all of the `merchants`.

    Raises: IllegalTransition: nothing of it can be cancelled any more, or an unpaid order is to be cancelled in
        part. UnknownLine, TooManyUnits.
    """
    scope = frozenset(merchants)
    if order.status is Status.AWAITING_PAYMENT and (
        wanted is not None or scope != frozenset(order.merchants)
    ):
        raise IllegalTransition("An unpaid order is cancelled as a whole.", status=order.status.value)
    units = _wanted(order, wanted, scope)
    if not any(units.values()):
        raise IllegalTransition("Nothing is left that could be cancelled.", status=order.status.value)
    taken = Taken(
        units=tuple((line, units[line.sku]) for line in order.lines if units.get(line.sku)),
        worth=total(
            (line.worth(units.get(line.sku, 0), line.cancelled) for line in order.lines), order.currency
        ),
    )
    lines = tuple(
        replace(
            line,
            cancelled=line.cancelled + units[line.sku],
            packed=min(line.packed, line.unshipped - units[line.sku]),
        )
        if units.get(line.sku)
        else line
        for line in order.lines
    )
    concerned = list(dict.fromkeys(line.merchant_id for line, _ in taken.units))
    facts = {"reason": reason, "amount": str(taken.worth.amount), "merchants": " ".join(concerned)}
    after = replace(order, lines=lines).noted(now, "cancelled", actor, **facts)
    for merchant_id in concerned:
        after = after.with_share(_after_cancel(after, merchant_id))
        # What was not sent may have been all that its delivery waited for.
        after = _arrived(after, merchant_id, completes_after, now)
    return after, taken


def packed(order: Order, merchant_id: str, wanted: Mapping[str, int] | None, now: datetime) -> Order:
    """Units in their parcel; the share is packed when none is left over. Packed before, it stays as it is.

    Raises: IllegalTransition, UnknownLine, TooManyUnits.
    """
    share = order.share(merchant_id)
    if share.status not in (Status.PAID, Status.PACKED):
        raise IllegalTransition(status=share.status.value, to=Status.PACKED.value)
    units = _wanted(order, wanted, frozenset({merchant_id}), lambda line: line.unshipped - line.packed)
    if not any(units.values()):
        return order
    lines = tuple(replace(line, packed=line.packed + units.get(line.sku, 0)) for line in order.lines)
    after = replace(order, lines=lines)
    whole = all(line.packed >= line.unshipped for line in after.lines_of(merchant_id))
    if whole and share.status is not Status.PACKED:
        after = after.with_share(replace(share, status=moved(share.status, Status.PACKED)))
    return after.noted(now, "packed", "merchant", merchants=merchant_id)


def shipped(order: Order, shipment: ShipmentRef, now: datetime) -> Order:
    """Units handed to the carrier.

    Raises: IllegalTransition, UnknownLine, TooManyUnits, TooManyShipments.
    """
    if len(order.shipments) >= MOST_SHIPMENTS:
        raise TooManyShipments(limit=MOST_SHIPMENTS)
    share = order.share(shipment.merchant_id)
    units = _wanted(order, dict(shipment.lines), frozenset({shipment.merchant_id}))
    lines = tuple(
        replace(
            line,
            shipped=line.shipped + units.get(line.sku, 0),
            packed=max(0, line.packed - units.get(line.sku, 0)),
        )
        for line in order.lines
    )
    after = replace(order, lines=lines, shipments=(*order.shipments, shipment))
    whole = all(line.unshipped == 0 for line in after.lines_of(shipment.merchant_id))
    to = Status.SHIPPED if whole else Status.PARTIALLY_SHIPPED
    if share.status is not to:
        after = after.with_share(replace(share, status=moved(share.status, to)))
    elif to is Status.SHIPPED:
        raise IllegalTransition(status=share.status.value, to=to.value)
    return after.noted(now, "shipped", "merchant", shipment_id=shipment.shipment_id, carrier=shipment.carrier)


def shipment_moved(
    order: Order, shipment_id: str, status: str, at: datetime, completes_after: timedelta, now: datetime
) -> Order:
    """What a carrier says of a parcel; the share is delivered when all of it has arrived. Old news changes nothing."""
    held = next(held for held in order.shipments if held.shipment_id == shipment_id)
    if not held.is_news(status, at):
        return order
    shipments = tuple(
        replace(each, status=status, moved_at=at) if each is held else each for each in order.shipments
    )
    after = replace(order, shipments=shipments).noted(
        now, f"shipment_{status}", "carrier", shipment_id=shipment_id
    )
    return _arrived(after, held.merchant_id, completes_after, now)


def completed(order: Order, merchant_id: str, now: datetime) -> Order:
    """The time for returns is over: a delivered share completes. One that came back stays so, and is settled too."""
    share = order.share(merchant_id)
    status = share.status if share.status is Status.RETURNED else moved(share.status, Status.COMPLETED)
    done = replace(share, status=status, ends_at=None, charged=order.borne_by(merchant_id), settled=True)
    event = "settled" if status is Status.RETURNED else "completed"
    return order.with_share(done).noted(now, event, SYSTEM, merchants=merchant_id)


def _after_cancel(order: Order, merchant_id: str) -> Share:
    share = order.share(merchant_id)
    lines = order.lines_of(merchant_id)
    if all(line.remaining == 0 for line in lines):
        return replace(share, status=moved(share.status, Status.CANCELLED))
    if share.status is Status.PARTIALLY_SHIPPED and all(line.unshipped == 0 for line in lines):
        return replace(share, status=moved(share.status, Status.SHIPPED))
    return share


def _arrived(order: Order, merchant_id: str, completes_after: timedelta, now: datetime) -> Order:
    """The order with a share delivered, or returned, where the last of its parcels is."""
    share = order.share(merchant_id)
    parcels = [held for held in order.shipments if held.merchant_id == merchant_id]
    states = {held.status for held in parcels}
    if Status.RETURNED in MOVES[share.status] and states == {"returned"}:
        to = Status.RETURNED
    elif share.status is Status.SHIPPED and states <= {"delivered", "returned"}:
        to = Status.DELIVERED
    else:
        return order
    ends_at = max(held.moved_at or now for held in parcels) + completes_after
    arrived = replace(share, status=moved(share.status, to), ends_at=None if share.settled else ends_at)
    return order.with_share(arrived).noted(now, to.value, SYSTEM, merchants=merchant_id)


def _wanted(
    order: Order,
    wanted: Mapping[str, int] | None,
    merchants: frozenset[str],
    left: Callable[[OrderLine], int] = lambda line: line.unshipped,
) -> dict[str, int]:
    lines = {line.sku: line for line in order.lines if line.merchant_id in merchants}
    if wanted is None:
        return {sku: left(line) for sku, line in lines.items()}
    for sku, units in wanted.items():
        if sku not in lines:
            raise UnknownLine(field="lines", sku=sku)
        if left(lines[sku]) == 0:
            raise IllegalTransition(f"Nothing is left of {sku}.", status=order.status.value, sku=sku)
        if units > left(lines[sku]):
            raise TooManyUnits(field="lines", sku=sku, left=left(lines[sku]))
    return dict(wanted)
