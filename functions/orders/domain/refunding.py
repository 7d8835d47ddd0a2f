"""Refunds on an order: whose money it is, and never more than was captured for it."""

from dataclasses import replace
from datetime import datetime

from entrepot.kernel.money import Money, allocate, total, zero
from entrepot.kernel.refusals import Kind, Refusal
from functions.orders.domain.changes import Taken, TooManyUnits, UnknownLine
from functions.orders.domain.lifecycle import Status
from functions.orders.domain.order import Order, RefundPart, RefundRef

LIVE = ("requested", "pending", "succeeded")


class ExceedsCaptured(Refusal):
    code = "exceeds_captured"
    kind = Kind.RULE
    title = "A refund is never more than what was captured and not yet refunded."


class WrongCurrency(Refusal):
    code = "wrong_currency"
    kind = Kind.RULE
    title = "The order was paid in another currency."


def refundable(order: Order, merchant_id: str) -> Money:
    """What may still be refunded of a merchant's captured lines."""
    lines = order.lines_of(merchant_id)
    bought = total((line.worth(line.bought.quantity) for line in lines), order.currency)
    captured = min(order.captured, order.total.amount)
    share = (
        Money(bought.amount * captured // order.total.amount, order.currency)
        if order.total
        else zero(order.currency)
    )
    spent = sum(
        part.amount
        for refund in order.refunds
        if refund.status in LIVE
        for part in refund.parts
        if part.merchant_id == merchant_id
    )
    return share - Money(spent, order.currency)


def of_amount(order: Order, amount: Money, merchants: tuple[str, ...]) -> tuple[RefundPart, ...]:
    """A free amount, borne by `merchants` in proportion to what is still refundable of each.

    Raises: WrongCurrency, ExceedsCaptured.
    """
    if amount.currency != order.currency:
        raise WrongCurrency(field="amount.currency", expected=order.currency)
    left = [max(0, refundable(order, merchant_id).amount) for merchant_id in merchants]
    if amount.amount > sum(left):
        raise ExceedsCaptured(field="amount", left=sum(left))
    parts = allocate(amount, left)
    return tuple(
        _part(order, merchant_id, part.amount)
        for merchant_id, part in zip(merchants, parts, strict=True)
        if part
    )


def of_lines(order: Order, wanted: dict[str, int], merchants: tuple[str, ...]) -> tuple[RefundPart, ...]:
    """The worth of units that are not cancelled, by merchant.

    Raises: UnknownLine, TooManyUnits, ExceedsCaptured.
    """
    worth: dict[str, int] = {}
    for sku, units in wanted.items():
        line = next((line for line in order.lines if line.sku == sku and line.merchant_id in merchants), None)
        if line is None:
            raise UnknownLine(field="lines", sku=sku)
        if units > line.remaining:
            raise TooManyUnits(field="lines", sku=sku, left=line.remaining)
        worth[line.merchant_id] = worth.get(line.merchant_id, 0) + line.worth(units, line.cancelled).amount
    for merchant_id, amount in worth.items():
        if amount > refundable(order, merchant_id).amount:
            raise ExceedsCaptured(field="lines", left=max(0, refundable(order, merchant_id).amount))
    return tuple(_part(order, merchant_id, amount) for merchant_id, amount in worth.items())


def of_cancelled(order: Order, taken: Taken) -> tuple[RefundPart, ...]:
    """What goes back for units that were just cancelled, by merchant."""
    worth: dict[str, int] = {}
    for line, units in taken.units:
        amount = line.worth(units, line.cancelled).amount
        worth[line.merchant_id] = worth.get(line.merchant_id, 0) + amount
    return tuple(_part(order, merchant_id, amount) for merchant_id, amount in worth.items())


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


def settled(order: Order, refund_id: str, status: str, now: datetime) -> Order:
    """A refund's outcome at the provider; a second telling, or one after its success, changes nothing."""
    held = next((refund for refund in order.refunds if refund.refund_id == refund_id), None)
    if held is None or held.status in (status, "succeeded"):
        return order
    refunds = tuple(replace(r, status=status) if r.refund_id == refund_id else r for r in order.refunds)
    return replace(order, refunds=refunds).noted(now, f"refund_{status}", "system", refund_id=refund_id)


def _part(order: Order, merchant_id: str, amount: int) -> RefundPart:
    done = order.share(merchant_id).status is Status.COMPLETED
    return RefundPart(merchant_id, amount, after_completion=done)
