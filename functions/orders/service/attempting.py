"""Another way to pay an order that awaits payment: after a decline, or because the buyer thinks better of it.

Attempts stay open beside one another, for a transfer may be on its way. The first that succeeds pays the order and lets
the others go; one that succeeds all the same is refunded in full by itself (`paying`).
"""

from dataclasses import dataclass
from datetime import datetime

from entrepot.cloud import reads, writes
from entrepot.cloud.idempotency import AlreadyDone, Once
from entrepot.kernel.ids import new_id
from functions.orders import store
from functions.orders.domain import attempts
from functions.orders.domain.order import Attempt
from functions.orders.service import access, people
from functions.orders.service.carts import Caller
from functions.orders.service.retrying import until_unchanged
from functions.payments import facade as payments

ACTION = "orders.pay"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How to pay now. `capture`: as the order was placed where it is None. The rest is as in `placing.Request`."""

    method: str
    capture: str | None
    save: bool = False
    card_id: str | None = None


def attempt(order_id: str, wanted: Wanted, caller: Caller, once: Once, now: datetime) -> payments.PaymentView:
    """The payment of this request: opened now, or found as the same request has opened it before.

    Raises: NotFound, KeyReused, IllegalTransition, TooManyAttempts, MethodNotAvailable, AmountNotChargeable, CardsOnly,
        MembersOnly, UnknownCard, Busy.
    """
    try:
        payment_id, opened, email = until_unchanged(lambda: _open(order_id, wanted, caller, once, now))
    except AlreadyDone:
        payment_id, opened, email = once.found() or "", None, ""
        assert payment_id, "the record is there"
    return payments.start(payment_id, now, opened, email)


def _open(
    order_id: str, wanted: Wanted, caller: Caller, once: Once, now: datetime
) -> tuple[str, payments.Payment | None, str]:
    """The id of the payment; where it was opened just now the payment, and if that is wanted the payer's address."""
    record, order, *breakers = reads.fetch(
        once.read, store.order_read(order_id), *payments.health_reads(), consistent=True
    )
    order = access.sight(order, caller, ACTION).order
    made = once.judged(record)
    if made is not None:
        return made, None, ""
    attempts.payable(order)
    method, way, down = wanted.method, wanted.capture or order.capture, payments.down(breakers, now)
    payer = payments.payer(method, caller.member_id, wanted.save, wanted.card_id, now)
    window = payments.check_method(method, order.total, order.country, way, now, down)
    payment, opened = payments.open_payment(
        new_id("pay", now),
        order_id,
        order.total,
        method,
        way,
        now,
        order.country,
        down,
        payer,
        wanted.save,
        wanted.card_id,
    )
    after = attempts.attempted(order, Attempt(payment.payment_id, method, way), now + window, now)
    writes.commit(once.claim(payment.payment_id), *store.save_order(order, after), opened)
    return payment.payment_id, payment, people.contact(order).email if method == payments.TRANSFER else ""
