"""Refunds on an order: whose money it is, and never more than was captured for it."""

from dataclasses import replace
from datetime import datetime

from entrepot.kernel.money import Money, allocate
from entrepot.kernel.refusals import Kind, Refusal
from functions.orders.domain.changes import Taken, TooManyUnits, UnknownLine
from functions.orders.domain.order import LIVE, Order, RefundPart, RefundRef


class ExceedsCaptured(Refusal):
    code = "exceeds_captured"
    kind = Kind.RULE
    title = "A refund is never more than what was captured and not yet refunded."


class FreeAmount(Refusal):
    code = "forbidden"
    kind = Kind.FORBIDDEN
    title = "A merchant refunds lines of its own; free amounts are the operator's."


class WrongCurrency(Refusal):
    code = "wrong_currency"
    kind = Kind.RULE
    title = "The order was paid in another currency."


def refundable(order: Order, merchant_id: str) -> Money:
    """What may still be refunded of a merchant's captured lines."""
    own = order.captured_of(merchant_id) - order.given_back(merchant_id)
    left = order.captured - sum(refund.amount.amount for refund in order.refunds if refund.status in LIVE)
    return Money(max(0, min(own, left)), order.currency)


def of_amount(order: Order, amount: Money, merchants: tuple[str, ...]) -> tuple[RefundPart, ...]:
    """A free amount, borne by `merchants` in proportion to what is still refundable of each.

    Raises: WrongCurrency, ExceedsCaptured.
    """
    if amount.currency != order.currency:
        raise WrongCurrency(field="amount.currency", expected=order.currency)
    left = [refundable(order, merchant_id).amount for merchant_id in merchants]
    if amount.amount > sum(left):
        raise ExceedsCaptured(field="amount", left=sum(left))
    parts = allocate(amount, left)
    return tuple(
        RefundPart(merchant_id, part.amount)
        for merchant_id, part in zip(merchants, parts, strict=True)
        if part
    )


def of_lines(order: Order, wanted: dict[str, int], merchants: tuple[str, ...]) -> tuple[RefundPart, ...]:
    """The worth of units that were neither cancelled nor refunded yet, by merchant.

    Raises: UnknownLine, TooManyUnits, ExceedsCaptured.
    """
    worth: dict[str, int] = {}
    for sku, units in wanted.items():
        line = next((line for line in order.lines if line.sku == sku and line.merchant_id in merchants), None)
        if line is None:
            raise UnknownLine(field="lines", sku=sku)
        if units > line.remaining:
            raise TooManyUnits(field="lines", sku=sku, left=line.remaining)
        gone = line.cancelled + _units_refunded(order, sku)
        if units > line.bought.quantity - gone:
            raise ExceedsCaptured(field="lines", sku=sku, left=refundable(order, line.merchant_id).amount)
        worth[line.merchant_id] = worth.get(line.merchant_id, 0) + line.worth(units, gone).amount
    for merchant_id, amount in worth.items():
        if amount > refundable(order, merchant_id).amount:
            raise ExceedsCaptured(field="lines", left=refundable(order, merchant_id).amount)
    return tuple(RefundPart(merchant_id, amount) for merchant_id, amount in worth.items())


def _units_refunded(order: Order, sku: str) -> int:
    live = [refund for refund in order.refunds if refund.status in LIVE]
    return sum(units for refund in live for refunded, units in refund.lines if refunded == sku)


def of_cancelled(order: Order, taken: Taken, most: int) -> tuple[RefundPart, ...]:
    """What goes back for units that were just cancelled, by merchant: no more than is left of what was captured.

    Args: order: as it was before. most: what the payment has left.
    """
    worth: dict[str, int] = {}
    for line, units in taken.units:
        amount = line.worth(units, line.cancelled).amount
        worth[line.merchant_id] = worth.get(line.merchant_id, 0) + amount
    parts = []
    for merchant_id, amount in worth.items():
        back = min(amount, refundable(order, merchant_id).amount, most)
        most -= back
        parts.append(RefundPart(merchant_id, back))
    return tuple(part for part in parts if part.amount)


def charged(order: Order) -> tuple[Order, dict[str, int]]:
    """The order with every settled share charged with what it bears by now, and how much that is more by merchant.

    What was charged for a refund that failed is not charged again for the one that takes its place.
    """
    more = {
        share.merchant_id: order.borne_by(share.merchant_id) - share.charged
        for share in order.shares
        if share.settled
    }
    for merchant_id, amount in more.items():
        share = order.share(merchant_id)
        order = order.with_share(replace(share, charged=share.charged + max(0, amount)))
    return order, {merchant_id: amount for merchant_id, amount in more.items() if amount > 0}


def released(order: Order, taken: Taken) -> Order:
    """The order with units marked that were just cancelled before their money was taken."""
    units = {line.sku: number for line, number in taken.units}
    lines = tuple(replace(line, released=line.released + units.get(line.sku, 0)) for line in order.lines)
    return replace(order, lines=lines)


def granted(order: Order, refund: RefundRef, actor: str, now: datetime) -> Order:
    after = replace(order, refunds=(*order.refunds, refund))
    return after.noted(
        now,
        "refund_requested",
        actor,
        refund_id=refund.refund_id,
        amount=str(refund.amount.amount),
        why=refund.reason,
    )


def made_elsewhere(order: Order, refund_id: str, amount: Money, captured: int, now: datetime) -> Order:
    """The order with a refund that somebody made by hand at the provider, borne as a free amount is.

    Args: captured: what the payment has captured, which the order may not have heard yet.
    Raises: ExceedsCaptured: it gave back what the order gives back as well.
    """
    known = replace(order, captured=max(order.captured, captured))
    parts = of_amount(known, amount, order.merchants)
    refund = RefundRef(
        refund_id, amount, "succeeded", "made at the provider", for_cancelled=False, parts=parts
    )
    after = replace(order, refunds=(*order.refunds, refund))
    facts = {"refund_id": refund_id, "amount": str(amount.amount), "why": refund.reason}
    return after.noted(now, "refund_succeeded", "payment", **facts)


def settled(order: Order, refund_id: str, status: str, now: datetime) -> Order:
    """A refund's outcome at the provider: a second telling changes nothing.

    A bank may send a refund back days after it succeeded, so that failed is the end, whichever is heard of first.
    """
    held = next((refund for refund in order.refunds if refund.refund_id == refund_id), None)
    if held is None or held.status in (status, "failed"):
        return order
    refunds = tuple(replace(r, status=status) if r.refund_id == refund_id else r for r in order.refunds)
    return replace(order, refunds=refunds).noted(now, f"refund_{status}", "system", refund_id=refund_id)
