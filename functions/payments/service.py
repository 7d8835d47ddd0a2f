"""Use cases of payments: hear what the provider says, ask it to act, and record both.

A call to the provider is never inside a transaction: the intention is recorded first (an event in the outbox), then
comes the call under a key of our own, then its outcome is merged as a webhook's would be.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final, Literal

from entrepot.cloud import reads, telemetry, writes
from entrepot.cloud.outbox import announce
from entrepot.cloud.writes import Write
from entrepot.contracts import payments as events
from entrepot.contracts.orders import BuyerForgotten
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Busy
from functions.payments import announcements, customers, health, providers, store
from functions.payments.domain import payment as domain
from functions.payments.domain.facts import Refund, RefundStatus, Status, Word
from functions.payments.domain.payment import Payment, PaymentChanged, Snapshot
from functions.payments.gateway import Declined, Gateway, Intent, ProviderUnavailable, UnknownPayment

_TRIES: Final = 10
_KEYS_LAST: Final = timedelta(hours=20)
"""Stripe forgets a key after a day at the earliest; an older intention is looked for before it is repeated."""

Ending = Literal["cancelled", "succeeded", "processing", "unknown", "none"]


def found(payment_id: str) -> Payment:
    """The payment as it stands now. Raises: UnknownPayment."""
    payment = reads.fetch_one(store.payment_read(payment_id), consistent=True)
    if payment is None:
        raise UnknownPayment(payment_id=payment_id)
    return payment


def absorb(
    payment_id: str,
    snapshot: Snapshot,
    now: datetime,
    handled: Write | None = None,
    *,
    heard: bool = False,
    known: Payment | None = None,
) -> Payment:
    """Merge what the provider says, with an event for each fact that this makes true, in one transaction.

    Args: handled: the inbox's write. heard: the provider said it by itself, in a webhook: then even a later time of
        the same word counts, and where nothing is new nothing is written, the inbox neither. What was asked for
        counts only if it says more. known: the payment as it was read just now, which spares reading it again.
    Raises: UnknownPayment; Busy: the payment kept changing; AlreadyHandled, from `handled`.
    """
    for _ in range(_TRIES):
        before = known or found(payment_id)
        known = None
        after = _given_back(domain.merged(before, snapshot), now)
        new = after != before if heard else domain.says_something(before, after)
        try:
            if new:
                # The inbox first: a repetition is then told from a row that changed meanwhile.
                writes.commit(*((handled,) if handled else ()), *_recorded(before, after, now))
            elif handled and not heard:
                writes.commit(handled)
        except PaymentChanged:
            continue
        _count(before, after)
        return replace(after, revision=before.revision + 1) if new else before
    raise Busy


def start(
    payment_id: str, now: datetime, known: Payment | None = None, email: str = ""
) -> tuple[Payment, Intent | None]:
    """The payment with its intent, made now or before; None while the provider is out of reach or nothing is to pay.

    Args: known: the payment as it was written just now, which spares reading it. email: the payer's, who may have to be
        asked where a transfer goes back.
    Raises: UnknownPayment.
    """
    payment = known or found(payment_id)
    if payment.status in (Status.CANCELLED, Status.CAPTURED, Status.AUTHORISED):
        return payment, None
    try:
        return _started(payment, now, email)
    except ProviderUnavailable:
        telemetry.metric("PaymentProviderUnavailable")
        return _left_to_sweep(payment, now), None


def _started(payment: Payment, now: datetime, email: str = "") -> tuple[Payment, Intent | None]:
    """Raises: ProviderUnavailable."""
    payment_id, gateway = payment.payment_id, providers.of(payment, now)
    if not payment.intent_id and gateway.capabilities.forgets_keys and now - payment.created_at > _KEYS_LAST:
        return _never_made(payment, now), None
    try:
        payment = _introduced(payment, now, email)
        intent = gateway.fetch(payment.intent_id) if payment.intent_id else gateway.create(payment)
    except Declined as declined:
        word = Word(Status.FAILED, now, declined.reason)
        snapshot = Snapshot(now, payment.intent_id, payment.amount.currency, word=word)
        return absorb(payment_id, snapshot, now, known=payment), None
    payment = absorb(payment_id, intent.snapshot, now, known=payment)
    usable = payment.intent_id == intent.snapshot.intent_id and payment.status is not Status.CANCELLED
    return payment, intent if usable else None


def _introduced(payment: Payment, now: datetime, email: str = "") -> Payment:
    """The payment with the provider's name for its payer, where it is made for one. Raises: ProviderUnavailable."""
    if payment.customer:
        return payment
    if payment.by_balance:
        return replace(payment, customer=providers.balance(now).opened(payment.payment_id, email))
    if payment.payer and not payment.intent_id:
        return replace(payment, customer=customers.ensured(payment.payer, now))
    return payment


def _never_made(payment: Payment, now: datetime) -> Payment:
    """The end of an intention that was never answered: its intent may be there under a key that is forgotten, and
    asked for again there would be two. Nobody was given the secret of the first."""
    try:
        writes.commit(*_recorded(payment, domain.cancelled_unmade(payment), now))
    except PaymentChanged:
        telemetry.log("payment_started_elsewhere", payment_id=payment.payment_id)
    return found(payment.payment_id)


def cancel_intent(payment_id: str, now: datetime) -> Ending:
    """Make sure that a payment can no longer succeed, and say how that went.

    Returns: "cancelled"; "none": no intent was ever made, and none can be any more; "succeeded" (authorised or
        captured); "processing"; "unknown": the provider is out of reach, or says something else.
    """
    for _ in range(_TRIES):
        payment = found(payment_id)
        if payment.covered or payment.captured:
            return "succeeded"
        if payment.cancelled:
            return "cancelled"
        if payment.intent_id:
            return _cancelled_at_provider(payment, now)
        try:
            writes.commit(*_recorded(payment, domain.cancelled_unmade(payment), now))
        except PaymentChanged:
            continue
        return "none"
    return "unknown"


def refund(event: events.RefundRequested, handled: Write, now: datetime) -> None:
    """Have a requested refund made, unless it was, and record what became of it."""
    payment = found(event.payment_id)
    wanted = payment.refund_of(event.refund_id)
    if wanted is None or wanted.status is not RefundStatus.REQUESTED or known_down(payment, now):
        writes.commit(handled)
        return
    absorb(payment.payment_id, _refund_made(providers.of(payment, now), payment, wanted, now), now, handled)


def give_back(event: events.ReturnRequested, handled: Write, now: datetime) -> None:
    """Have given back what was received and pays for nothing, unless it was."""
    payment = found(event.payment_id)
    wanted = payment.return_of(event.return_id)
    if wanted is None or wanted.status is not RefundStatus.REQUESTED or known_down(payment, now):
        writes.commit(handled)
        return
    absorb(payment.payment_id, _refund_made(providers.of(payment, now), payment, wanted, now), now, handled)


def look(customer: str, now: datetime, handled: Write) -> None:
    """Something is in the balance of a payer: ask what became of their payment, and of what is left.

    Raises: UnknownPayment: nobody knows them; ProviderUnavailable, Busy; AlreadyHandled.
    """
    payment_id = providers.balance(now).payment_of(customer)
    if payment_id is None:
        raise UnknownPayment
    payment = found(payment_id)
    *before, last = _asked(providers.of(payment, now), payment, now)
    for snapshot in before:
        absorb(payment_id, snapshot, now)
    absorb(payment_id, last, now, handled)


def capture(event: events.CaptureRequested, handled: Write, now: datetime) -> None:
    """Capture what was requested, unless it was."""
    payment = found(event.payment_id)
    done = payment.captured or payment.cancelled or not payment.capture_requested
    if done or known_down(payment, now):
        writes.commit(handled)
        return
    absorb(payment.payment_id, _captured(providers.of(payment, now), payment), now, handled)


def cancel(event: events.CancellationRequested, handled: Write, now: datetime) -> None:
    """Let the intent go at the provider. One that was captured meanwhile is its order's to refund."""
    payment = found(event.payment_id)
    if not payment.intent_id or payment.captured or known_down(payment, now):
        writes.commit(handled)
        return
    absorb(payment.payment_id, _let_go(providers.of(payment, now), payment), now, handled)


def on_buyer_forgotten(event: BuyerForgotten, handled: Write, now: datetime) -> None:
    """Every payment of an order forgets who paid."""
    for payment_id in event.payment_ids:
        _forget(payment_id, event.kept_until, now)
    writes.commit(handled)


def _forget(payment_id: str, until: date, now: datetime) -> None:
    """Raises: Busy: the payment kept changing."""
    for _ in range(_TRIES):
        payment = found(payment_id)
        if payment.forgotten:
            return
        if payment.by_balance and payment.customer:
            providers.balance(now).forget_person(payment.customer)
        try:
            writes.commit(store.saved(payment, domain.forgotten(payment, until), now))
        except PaymentChanged:
            continue
        return
    raise Busy


def ask(payment: Payment, asked: int, now: datetime) -> None:
    """Look after one payment that is due: start or close what was left open, or ask what became of it.

    Raises: ProviderUnavailable; PaymentChanged: it was not silent after all; Busy.
    """
    if domain.about_to_lapse(payment, now) and payment.capture is domain.CaptureMode.MANUAL:
        rest = replace(payment.amount, amount=payment.capturable)
        telemetry.metric("AuthorisationAboutToLapse")
        writes.commit(*request_capture(payment, domain.with_capture(payment, rest), now))
        return
    if not payment.intent_id:
        _started(payment, now)
        return
    gateway = providers.of(payment, now)
    before, payment = payment, _introduced(payment, now)
    for snapshot in _asked(gateway, payment, now):
        payment = domain.merged(payment, snapshot)
    payment = _given_back(payment, now)
    due = (announcements.evidence_due(payment, each, now) for each in domain.unanswered(payment, now))
    told = [announce(event) for event in due]
    # The index may show what was; `before` carries its revision, so that a newer state is never overwritten.
    if domain.says_something(before, payment):
        writes.commit(*_recorded(before, payment, now), *told)
        _count(before, payment)
    else:
        writes.commit(store.saved(before, before, now, asked + 1), *told)


def request_capture(before: Payment, after: Payment, now: datetime) -> list[Write]:
    return [store.saved(before, after, now), announce(announcements.capture_requested(after, now))]


def request_cancellation(before: Payment, after: Payment, now: datetime) -> list[Write]:
    return [store.saved(before, after, now), announce(announcements.cancellation_requested(after, now))]


def known_down(payment: Payment, now: datetime) -> bool:
    """Whether what was requested is left to the sweep, which watches it until the provider is back.

    Sent again and again by the queue it would become a dead letter in a quarter of an hour.
    """
    return health.is_open(payment.provider, now)


def _left_to_sweep(payment: Payment, now: datetime) -> Payment:
    """A payment whose provider was out of reach when it was started: the sweep starts it, if nobody does before."""
    if payment.intent_id:
        return payment
    try:
        writes.commit(store.postponed(payment, now + domain.PATIENCE[0]))
    except PaymentChanged:
        telemetry.log("payment_started_elsewhere", payment_id=payment.payment_id)
    return payment


def _given_back(payment: Payment, now: datetime) -> Payment:
    """What pays for nothing is on its way back as soon as it is known of."""
    return domain.with_return(payment, new_id("ret", now), now) if payment.set_aside else payment


def _recorded(before: Payment, after: Payment, now: datetime, asked: int = 0) -> list[Write]:
    told = announcements.told(before, after, now)
    return [store.saved(before, after, now, asked), *(announce(event) for event in told)]


def _cancelled_at_provider(payment: Payment, now: datetime) -> Ending:
    try:
        snapshot = _let_go(providers.of(payment, now), payment)
    except ProviderUnavailable:
        return "unknown"
    after = absorb(payment.payment_id, snapshot, now)
    if snapshot.cancelled:
        return "cancelled"
    if snapshot.captured or snapshot.authorised:
        return "succeeded"
    return "processing" if after.status is Status.PROCESSING else "unknown"


def _let_go(gateway: Gateway, payment: Payment) -> Snapshot:
    try:
        return gateway.cancel(payment).snapshot
    except Declined:
        return gateway.fetch(payment.intent_id).snapshot


def _captured(gateway: Gateway, payment: Payment) -> Snapshot:
    try:
        return gateway.capture(payment, payment.capture_requested).snapshot
    except Declined as declined:
        telemetry.log(
            "capture_declined", level="error", payment_id=payment.payment_id, reason=declined.reason
        )
        return gateway.fetch(payment.intent_id).snapshot


def _refund_made(gateway: Gateway, payment: Payment, wanted: Refund, now: datetime) -> Snapshot:
    if wanted.requested_at is None or now - wanted.requested_at > _KEYS_LAST:
        known = gateway.refunds(payment)
        if any(each.refund_id == wanted.refund_id for each in (*known.refunds, *known.returns)):
            return known
    try:
        return gateway.refund(payment, wanted)
    except Declined as declined:
        failed = (replace(wanted, status=RefundStatus.FAILED, error=declined.reason),)
        said = Snapshot(now, payment.intent_id, payment.amount.currency)
        if payment.return_of(wanted.refund_id):
            return replace(said, returns=failed)
        return replace(said, refunds=failed)


def _asked(gateway: Gateway, payment: Payment, now: datetime) -> Sequence[Snapshot]:
    """What the provider says of a payment, after it was told again what it may have missed."""
    if payment.cancellation_requested and not payment.captured and not payment.cancelled:
        return (_let_go(gateway, payment),)
    if payment.capture_requested and not payment.captured:
        return (_captured(gateway, payment),)
    told = [gateway.fetch(payment.intent_id).snapshot]
    if not all(dispute.over for dispute in payment.disputes):
        told.append(gateway.disputes(payment))
    going_back = (*payment.refunds, *payment.returns)
    if payment.by_balance or any(refund.open for refund in going_back):
        known = gateway.refunds(payment)
        told.append(known)
        listed = {refund.refund_id for refund in (*known.refunds, *known.returns)}
        missing = (
            refund
            for refund in going_back
            if refund.status is RefundStatus.REQUESTED and refund.refund_id not in listed
        )
        told.extend(_refund_made(gateway, payment, refund, now) for refund in missing)
    return told


def _count(before: Payment, after: Payment) -> None:
    for reason in set(after.flags) - set(before.flags):
        telemetry.log("payment_flagged", level="error", payment_id=after.payment_id, reason=reason)
        telemetry.metric("PaymentFlagged")
    failed = {each.refund_id for each in after.returns if each.status is RefundStatus.FAILED}
    for return_id in sorted(
        failed - {e.refund_id for e in before.returns if e.status is RefundStatus.FAILED}
    ):
        telemetry.log("return_failed", level="error", payment_id=after.payment_id, return_id=return_id)
        telemetry.metric("PaymentReturnFailed")
    if after.status is not before.status:
        telemetry.metric("PaymentStatus", Status=after.status.value)
