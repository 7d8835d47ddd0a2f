"""Refunds asked for by a merchant (of its own lines) or by an operator (of any amount)."""

from dataclasses import dataclass
from datetime import datetime

from entrepot.cloud import reads, writes
from entrepot.cloud.idempotency import AlreadyDone, Once
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from functions.orders import store
from functions.orders.domain import refunding
from functions.orders.domain.order import RefundRef
from functions.orders.service import access, events
from functions.orders.service.carts import Caller
from functions.orders.service.retrying import until_unchanged
from functions.payments import facade as payments


@dataclass(frozen=True, slots=True)
class Wanted:
    """Exactly one of `amount` and `lines` (units by SKU) is given."""

    order_id: str
    amount: Money | None
    lines: dict[str, int] | None
    reason: str


def refund(wanted: Wanted, caller: Caller, once: Once, now: datetime) -> tuple[RefundRef, str]:
    """The refund of this request, and its order's id: recorded here, carried out by payments afterwards.

    Raises: NotFound, KeyReused, FreeAmount, ExceedsCaptured, WrongCurrency, UnknownLine, TooManyUnits, Busy.
    """
    made = once.found()
    if made is None:
        try:
            return until_unchanged(lambda: _refund(wanted, caller, once, now)), wanted.order_id
        except AlreadyDone:
            made = once.found()
    order = access.seen(wanted.order_id, caller, "orders.refund").order
    return next(held for held in order.refunds if held.refund_id == made), order.order_id


def _refund(wanted: Wanted, caller: Caller, once: Once, now: datetime) -> RefundRef:
    sight = access.seen(wanted.order_id, caller, "orders.refund")
    order = sight.order
    if wanted.lines is not None:
        parts = refunding.of_lines(order, wanted.lines, sight.merchants)
    else:
        assert wanted.amount is not None
        if sight.merchant_id is not None:
            raise refunding.FreeAmount(field="amount")
        parts = refunding.of_amount(order, wanted.amount, sight.merchants)
    amount = Money(sum(part.amount for part in parts), order.currency)
    payment = reads.fetch_one(payments.payment_read(order.payment_id), consistent=True)
    assert payment is not None, "an order is written with its payment"
    made = RefundRef(
        new_id("rfd", now),
        amount,
        "requested",
        wanted.reason,
        for_cancelled=False,
        parts=parts,
        lines=tuple((wanted.lines or {}).items()),
    )
    after, charged = refunding.charged(refunding.granted(order, made, sight.role, now))
    writes.commit(
        once.claim(made.refund_id),
        *store.save_order(order, after),
        *payments.refund(payment, made.refund_id, amount, wanted.reason, now),
        *(
            events.share_refunded(after, merchant_id, made.refund_id, more, now)
            for merchant_id, more in charged.items()
        ),
    )
    return made
