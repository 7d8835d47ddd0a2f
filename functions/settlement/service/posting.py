"""Facts from payments and orders become entries, and completed shares something to settle.

Events may come late, twice and in any order. The inbox stops a repeated event; an entry's key stops a fact that is
told by another event.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from entrepot.cloud import reads, writes
from entrepot.cloud.writes import Write
from entrepot.contracts.orders import ShareCompleted, ShareRefunded
from entrepot.contracts.payments import (
    DisputeClosed,
    DisputeOpened,
    FeeKnown,
    PaymentCaptured,
    ReceiptBooked,
    ReceiptReturned,
    RefundFailed,
    RefundSucceeded,
)
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Busy
from functions.settlement import store
from functions.settlement.domain import rules
from functions.settlement.domain.ledger import Contradicted, Entry, Postings, balances
from functions.settlement.domain.shares import (
    CompletedShare,
    Liable,
    ShareState,
    Tax,
    pending_refund,
    pending_share,
)

_TRIES: Final = 5


def on_payment_captured(event: PaymentCaptured, handled: Write, now: datetime) -> None:
    amount = Money(event.amount, event.currency)
    if event.provider in rules.BOOKS_RECEIPTS:
        rule, postings = "receipt_matched", rules.receipt_matched(amount)
    else:
        rule, postings = "payment_captured", rules.payment_captured(event.provider, amount)
    entry = _entry(f"capture:{event.fact}", rule, event.occurred_at, postings, now)
    _once(entry, handled, lambda: writes.commit(handled, *store.posted(entry)))


def on_receipt_booked(event: ReceiptBooked, handled: Write, now: datetime) -> None:
    postings = rules.receipt_unmatched(rules.psp(event.provider), Money(event.amount, event.currency))
    entry = _entry(f"receipt:{event.fact}", "receipt_unmatched", event.occurred_at, postings, now)
    _once(entry, handled, lambda: writes.commit(handled, *store.posted(entry)))


def on_receipt_returned(event: ReceiptReturned, handled: Write, now: datetime) -> None:
    postings = rules.receipt_returned(rules.psp(event.provider), Money(event.amount, event.currency))
    entry = _entry(f"receipt-returned:{event.fact}", "receipt_returned", event.occurred_at, postings, now)
    _once(entry, handled, lambda: writes.commit(handled, *store.posted(entry)))


def on_refund_succeeded(event: RefundSucceeded, handled: Write, now: datetime) -> None:
    postings = rules.refund_succeeded(event.provider, Money(event.amount, event.currency))
    entry = _entry(f"refund:{event.refund_id}", "refund_succeeded", event.occurred_at, postings, now)
    _once(entry, handled, lambda: writes.commit(handled, *store.posted(entry)))


def on_refund_failed(event: RefundFailed, handled: Write, now: datetime) -> None:
    """One that never succeeded has moved nothing; one that had is at the provider again."""
    if not event.had_succeeded:
        writes.commit(handled)
        return
    postings = rules.refund_returned(event.provider, Money(event.amount, event.currency))
    entry = _entry(f"refund-returned:{event.refund_id}", "refund_returned", event.occurred_at, postings, now)
    _once(entry, handled, lambda: writes.commit(handled, *store.posted(entry)))


def on_fee_known(event: FeeKnown, handled: Write, now: datetime) -> None:
    """What the provider kept, and where it keeps our balance in another currency, what it made of the charge."""
    postings = rules.provider_fee(event.provider, Money(event.fee, event.fee_currency))
    if event.fee_currency != event.currency:
        taken, got = Money(event.captured, event.currency), Money(event.amount, event.fee_currency)
        postings = (*rules.provider_converted(event.provider, taken, got), *postings)
    entry = _entry(f"fee:{event.fact}", "provider_fee", event.occurred_at, postings, now)
    _once(entry, handled, lambda: writes.commit(handled, *store.posted(entry)))


def on_dispute_opened(event: DisputeOpened, handled: Write, now: datetime) -> None:
    postings = (
        *rules.dispute_opened(event.provider, Money(event.amount, event.currency)),
        *rules.dispute_fee(event.provider, Money(event.fee, event.fee_currency)),
    )
    entry = _entry(f"dispute:{event.dispute_id}", "dispute_opened", event.occurred_at, postings, now)
    _once(entry, handled, lambda: writes.commit(handled, *store.posted(entry)))


def on_dispute_closed(event: DisputeClosed, handled: Write, now: datetime) -> None:
    """It may be told of before the opening: disputed_funds stands on its other side until then."""
    amount = Money(event.amount, event.currency)
    if event.outcome == "won":
        rule, postings = "dispute_won", rules.dispute_won(event.provider, amount)
    else:
        rule, postings = "dispute_lost", rules.dispute_lost(amount, {})
    entry = _entry(f"dispute-closed:{event.dispute_id}", rule, event.occurred_at, postings, now)
    _once(entry, handled, lambda: writes.commit(handled, *store.posted(entry)))


def on_share_completed(event: ShareCompleted, handled: Write, now: datetime) -> None:
    share = _share(event)
    fact = f"share:{share.order_id}:{share.merchant_id}"
    entry = _entry(fact, "share_completed", event.occurred_at, rules.share_completed(share), now)

    def commit() -> None:
        before = _state(share.order_id, share.merchant_id)
        line = pending_share(share, fact, entry.entry_id, event.occurred_at, before)
        moved = store.share_moved(share.order_id, share.merchant_id, before, before.completed(share))
        writes.commit(handled, *store.posted(entry), moved, *store.now_pending(line))

    _once(entry, handled, commit)


def on_share_refunded(event: ShareRefunded, handled: Write, now: datetime) -> None:
    order_id, merchant_id, amount = event.order_id, event.merchant_id, Money(event.amount, event.currency)
    fact = f"share-refund:{event.refund_id}:{merchant_id}"
    postings = rules.share_refunded(merchant_id, amount)
    entry = _entry(fact, "share_refunded", event.occurred_at, postings, now)

    def commit() -> None:
        before = _state(order_id, merchant_id)
        at = event.occurred_at
        line = pending_refund(order_id, merchant_id, amount, fact, entry.entry_id, at, before)
        moved = store.share_moved(order_id, merchant_id, before, before.refund(amount.amount))
        writes.commit(handled, *store.posted(entry), moved, *store.now_pending(line))

    _once(entry, handled, commit)


def _once(entry: Entry, handled: Write, commit: Callable[[], None]) -> None:
    """Commit an entry with its effects, or find that its fact is posted already.

    Raises: AlreadyHandled, Contradicted: the fact is posted with other amounts. Busy.
    """
    for _ in range(_TRIES):
        try:
            commit()
        except store.Overtaken:  # another event of the same share was first: look again
            continue
        except store.AlreadyPosted:
            known = reads.fetch_one(store.entry_read(entry.fact), consistent=True)
            if known is None or balances(known.postings) != balances(entry.postings):
                raise Contradicted(fact=entry.fact) from None
            writes.commit(handled)
        return
    raise Busy


def _entry(fact: str, rule: str, at: datetime, postings: Postings, now: datetime) -> Entry:
    return Entry(new_id("ent", now), fact, rule, at, postings, now)


def _state(order_id: str, merchant_id: str) -> ShareState:
    return reads.fetch_one(store.share_read(order_id, merchant_id), consistent=True) or ShareState()


def _share(event: ShareCompleted) -> CompletedShare:
    return CompletedShare(
        order_id=event.order_id,
        merchant_id=event.merchant_id,
        currency=event.currency,
        goods=event.goods,
        freight=event.freight,
        taxes=tuple(Tax(tax.authority, tax.amount, Liable(tax.liable)) for tax in event.taxes),
        refunded=event.refunded,
        paid=event.paid,
    )
