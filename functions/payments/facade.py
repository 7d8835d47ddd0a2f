"""All that other contexts may call of payments: values, reads and writes, never rows."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from entrepot.cloud import reads
from entrepot.cloud.outbox import announce
from entrepot.cloud.reads import Read
from entrepot.cloud.writes import Write
from entrepot.kernel.money import Money
from functions.payments import (
    announcements,
    book,
    customers,
    health,
    providers,
    service,
    store,
    stripe_money,
    transfers,
)
from functions.payments.btcpay import wire
from functions.payments.btcpay.claims import Claim, shown
from functions.payments.domain import payment as domain
from functions.payments.domain.customer import Card, CardsOnly, MembersOnly, UnknownCard
from functions.payments.domain.facts import Refund, RefundStatus, Status
from functions.payments.domain.movements import Movement, MovementPage
from functions.payments.domain.payment import (
    AmountNotChargeable,
    CaptureMode,
    ExceedsAuthorised,
    ExceedsCaptured,
    MethodNotAvailable,
    Payment,
    PaymentChanged,
    PaymentNotOpen,
    payment_status,
)
from functions.payments.domain.routing import Offer, chosen, offers_for
from functions.payments.gateway import (
    Declined,
    Intent,
    NextAction,
    ProviderUnavailable,
    UnknownPayment,
)
from functions.payments.service import Ending
from functions.payments.transfers import Transfer

__all__ = [
    "TRANSFER",
    "AmountNotChargeable",
    "CaptureMode",
    "Card",
    "CardsOnly",
    "Claim",
    "Declined",
    "Ending",
    "ExceedsAuthorised",
    "ExceedsCaptured",
    "MembersOnly",
    "MethodNotAvailable",
    "Movement",
    "MovementPage",
    "NextAction",
    "Payment",
    "PaymentChanged",
    "PaymentNotOpen",
    "PaymentView",
    "ProviderUnavailable",
    "Refund",
    "RefundStatus",
    "Status",
    "Transfer",
    "UnknownCard",
    "UnknownPayment",
    "cancel_intent",
    "cards",
    "chargeable",
    "check_method",
    "claims",
    "down",
    "forgo",
    "health_reads",
    "left_of",
    "let_go",
    "movements",
    "open_payment",
    "payer",
    "payment_read",
    "payment_status",
    "refund",
    "request_cancellation",
    "request_capture",
    "start",
    "transfer",
    "transfer_found",
    "transfers_stopped",
]

PENDING: Final = "pending"
TRANSFER: Final = "bank_transfer"
"""The method whose money may have to go back to somebody whom the provider has to ask where."""


@dataclass(frozen=True, slots=True)
class PaymentView:
    """What the payer's browser needs. `status` is "pending" while the provider has not answered yet."""

    payment_id: str
    status: str
    client_secret: str | None = None
    next_action: NextAction | None = None

    def __repr__(self) -> str:
        return f"PaymentView({self.payment_id}, {self.status})"  # a secret must not reach a log


def chargeable(money: Money) -> None:
    """Refuse a total that the provider cannot charge exactly: for the quote.

    Raises: AmountNotChargeable.
    """
    stripe_money.chargeable(money)


def health_reads() -> tuple[Read[Any], ...]:
    """What tells which providers answer, to be fetched along with what else is read; the values go to `down`."""
    return health.breaker_reads()


def down(found: Iterable[Any], now: datetime) -> frozenset[str]:
    """The providers that are known not to answer, of the values of `health_reads`."""
    return health.down(found, now)


def check_method(
    method: str, amount: Money, market: str, capture: str, now: datetime, down: Collection[str] = ()
) -> timedelta:
    """How long the payer has with this method, where a provider serves it at all.

    Args: market: the consignee's country. capture: "automatic" or "manual". down: passed over where another serves.
    Raises: MethodNotAvailable.
    """
    return _offer(method, amount, market, capture, now, down).window


def open_payment(
    payment_id: str,
    order_id: str,
    amount: Money,
    method: str,
    capture: str,
    now: datetime,
    market: str = "",
    down: Collection[str] = (),
    payer: str = "",
    keep: bool = False,
    card_id: str | None = None,
) -> tuple[Payment, Write]:
    """The intention to be paid, and the write that records it, for the order's own transaction.

    Args: capture: "automatic" or "manual". market: the consignee's country. down: providers that do not answer. Where
        nobody else serves the method one of them is taken: the payment stays pending until it answers again. payer: the
        member, by `payer`, whose card is kept or was.
    Raises: MethodNotAvailable, AmountNotChargeable; at commit AlreadyOpen.
    """
    offer = _offer(method, amount, market, capture, now, down)
    chargeable(amount)
    mode = CaptureMode(capture)
    payment = Payment(
        payment_id,
        order_id,
        amount,
        method,
        mode,
        created_at=now,
        provider=offer.provider,
        payer=payer,
        keep=keep,
        card_id=card_id or "",
    )
    return payment, store.opened(payment)


def payer(method: str, member_id: str | None, keep: bool, card_id: str | None, now: datetime) -> str:
    """For whom a payment is made at the provider: the member whose card is to be kept, or is chosen of those kept.

    Nobody ("") where neither is wished. It asks the provider where a card is chosen.
    Raises: CardsOnly, MembersOnly, UnknownCard: it is none of theirs.
    """
    return customers.payer(method, member_id, keep, card_id, now)


def cards(member_id: str, now: datetime) -> tuple[Card, ...]:
    """The cards that the provider keeps for a member. Raises: ProviderUnavailable."""
    return customers.cards(member_id, now)


def left_of(member_id: str) -> list[str]:
    """What the provider still keeps for a member who has left."""
    return customers.left_of(member_id)


def start(payment_id: str, now: datetime, opened: Payment | None = None, email: str = "") -> PaymentView:
    """Have the intent made, or find the one that was made: a replay gives the same secret.

    The provider out of reach is no refusal: the view is "pending" without a secret, and the next call completes it.
    Args: opened: the payment as `open_payment` made it, where that was committed just now. email: the payer's, whom a
        provider may have to ask where a transfer goes back; it is kept at the provider only.
    Raises: UnknownPayment; Busy.
    """
    payment, intent = service.start(payment_id, now, opened, email)
    return _view(payment, intent)


def payment_read(payment_id: str) -> Read[Payment]:
    return store.payment_read(payment_id)


def cancel_intent(payment_id: str, now: datetime) -> Ending:
    """Make sure that a payment can no longer succeed, before its order expires or is cancelled unpaid.

    Returns: "cancelled" or "none" (no intent was made, and none can be any more): the order may end. "succeeded",
        "processing" or "unknown": leave it to the webhook or the sweep.
    Raises: UnknownPayment.
    """
    return service.cancel_intent(payment_id, now)


def claims(methods: Mapping[str, str]) -> tuple[Claim, ...]:
    """What of an order's payments a buyer gets back by asking for it, the oldest first.

    Args: methods: of each payment, by its id. Where none is paid back so, nothing is read.
    """
    wanted = [payment_id for payment_id, method in methods.items() if method in wire.METHODS]
    if not wanted:
        return ()
    found = reads.fetch(*(store.payment_read(payment_id) for payment_id in wanted))
    listed = (claim for payment in found if payment is not None for claim in shown(payment))
    return tuple(sorted(listed, key=lambda claim: claim.claim_id.rpartition("_")[2]))


def refund(payment: Payment, refund_id: str, amount: Money, reason: str, now: datetime) -> list[Write]:
    """The writes that record a refund as requested: the row, conditional on the revision read, and its event.

    Raises: ExceedsCaptured, CurrencyMismatch, AmountNotPositive, AmountNotChargeable (it cannot be refunded
        exactly); at commit PaymentChanged: read the payment again.
    """
    stripe_money.movable(amount)
    after = domain.with_refund(payment, refund_id, amount, reason, now)
    made = after.refund_of(refund_id)
    assert made is not None
    return [store.saved(payment, after, now), announce(announcements.refund_requested(after, made, now))]


def request_capture(payment: Payment, amount: Money, now: datetime) -> list[Write]:
    """The writes that request the one capture of an authorised payment; none where it was requested before.

    What is captured less than authorised is released by the provider.
    Raises: PaymentNotOpen, ExceedsAuthorised, CurrencyMismatch, AmountNotPositive, AmountNotChargeable; at commit
        PaymentChanged.
    """
    if payment.capture_requested or payment.captured:
        return []
    stripe_money.movable(amount)
    return service.request_capture(payment, domain.with_capture(payment, amount), now)


def request_cancellation(payment: Payment, now: datetime) -> list[Write]:
    """The writes that request that a payment not yet captured is let go; none where it was, or is over.

    Raises: PaymentNotOpen: it was captured or is about to be, so refund it; at commit PaymentChanged.
    """
    if payment.cancellation_requested or payment.cancelled:
        return []
    return service.request_cancellation(payment, domain.with_cancellation(payment), now)


def let_go(payment: Payment, now: datetime) -> list[Write]:
    """The writes after which nobody can pay a payment any more that is not wanted; none where it is over or taken.

    Raises, at commit: PaymentChanged.
    """
    if payment.captured or payment.capture_requested:
        return []
    if not payment.intent_id and not payment.cancelled:
        return [store.saved(payment, domain.cancelled_unmade(payment), now)]
    return request_cancellation(payment, now)


def movements(provider: str, day: date, after: str | None, now: datetime) -> MovementPage:
    """A page of what moved on our balance with a provider on a day (UTC) that is over. Raises: ProviderUnavailable."""
    return providers.named(provider, now).movements(day, after)


def forgo(payment: Payment, amount: Money, now: datetime) -> list[Write]:
    """The writes that give up part of an authorisation before its capture: what a refund is after it.

    Giving up all that is left requests the cancellation; of what the provider has let go already nothing is left.
    Raises: PaymentNotOpen, ExceedsAuthorised, CurrencyMismatch, AmountNotPositive; at commit PaymentChanged.
    """
    if payment.status is Status.CANCELLED:
        return []
    after = domain.with_forgone(payment, amount)
    if after.cancellation_requested:
        return service.request_cancellation(payment, after, now)
    return [store.saved(payment, after, now)]


def transfer(reference: str, amount: Money, account: str, key: str, now: datetime) -> Transfer:
    """Have our money at Stripe transferred to an account connected to ours, once for each key.

    Args: reference: an id of the caller's, by which the transfer is found and told of (`payments.transfer_moved`).
    Raises: ProviderUnavailable: whether it was made is not known, so ask `transfer_found` later. Declined: it was not.
        AmountNotChargeable: that cannot be moved exactly.
    """
    return transfers.make(reference, amount, account, key, now)


def transfer_found(reference: str, now: datetime) -> Transfer | None:
    """The transfer of a reference, where one was made. Raises: ProviderUnavailable, Declined."""
    return transfers.found(reference, now)


def transfers_stopped(now: datetime) -> bool:
    """Whether who makes transfers is known not to answer: until it does none is made."""
    return transfers.stopped(now)


def _offer(
    method: str, amount: Money, market: str, capture: str, now: datetime, down: Collection[str]
) -> Offer:
    manual = CaptureMode(capture) is CaptureMode.MANUAL
    return chosen(offers_for(book.offers(), method, amount, market, manual, now.date()), down)


def _view(payment: Payment, intent: Intent | None) -> PaymentView:
    if intent is None:
        waits = not payment.intent_id and payment.status is Status.CREATED
        return PaymentView(payment.payment_id, PENDING if waits else payment.status.value)
    return PaymentView(payment.payment_id, payment.status.value, intent.client_secret, intent.next_action)
