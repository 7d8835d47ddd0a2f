"""How money goes back: pull payments, claimed by the buyer at a page of the server's, and what a person sees to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entrepot.cloud import reads, telemetry, writes
from entrepot.cloud.writes import Write
from entrepot.kernel.ids import derived_id
from entrepot.kernel.money import Money
from functions.payments import bank_store
from functions.payments.btcpay import store, wire
from functions.payments.btcpay.asking import Made, once
from functions.payments.btcpay.http import Client, quoted, read, unreadable
from functions.payments.btcpay.wire import Payout, PullPayment
from functions.payments.domain.asking import Asked
from functions.payments.domain.bank import Kind, Work
from functions.payments.domain.facts import Refund, RefundStatus
from functions.payments.domain.payment import Payment

_RETURN: Final = "ret_"
_COMPLETED: Final = "Completed"
_CANCELLED: Final = "Cancelled"


@dataclass(frozen=True, slots=True)
class Claim:
    """Money that goes back to a buyer, who asks for it at `url` while it is pending.

    `reason`: "refund", "over", "partial" or "late". `status`: "requested", "pending", "succeeded" or "failed".
    """

    claim_id: str
    reason: str
    amount: Money
    status: str
    url: str | None

    def __repr__(self) -> str:
        return f"Claim({self.claim_id}, {self.status})"  # whoever knows the page may ask for the money


def shown(payment: Payment) -> tuple[Claim, ...]:
    """What of a payment goes back, as its buyer sees it."""
    links = {each.what: each.link for each in store.claims(payment.payment_id)}
    return tuple(
        Claim(
            each.refund_id,
            _reason(each),
            Money(each.amount, payment.amount.currency),
            each.status.value,
            links.get(each.refund_id) or None if each.open else None,
        )
        for each in (*payment.refunds, *payment.returns)
    )


def opened(client: Client, payment: Payment, refund: Refund, now: datetime) -> Asked:
    """The one claim of a refund or return, in the order's currency, and a note for whoever has to tell the buyer of it.

    A return that is declined is noted too, without a link, for no one but a person can mend that. What it
    is in bitcoin is settled when it is paid out. Raises: as `once`.
    """
    return once(
        Asked(refund.refund_id, payment.payment_id, now, refund.amount),
        look=lambda: _found(client, refund.refund_id),
        make=lambda: _made(client, payment, refund),
        then=lambda asked: (_noted(asked, payment, refund, now),),
        refused=lambda asked: (_work(asked, payment, refund, now),) if is_return(refund) else (),
    )


def told(client: Client, payment: Payment, claim: Asked) -> Refund:
    """A claim as it stands. What has ended is not asked about again.

    It has failed once nobody can claim it any more and nothing of it was paid out or is on its way. Where a part was,
    it is pending until a person has paid the rest, by another pull payment of the same name.
    """
    known = payment.refund_of(claim.what) or payment.return_of(claim.what)
    if known is not None and not known.open:
        return known
    currency = payment.amount.currency
    pull = read(client.call("GET", f"/pull-payments/{quoted(claim.found_id)}"), PullPayment)
    payouts = _payouts(client, pull)
    paid = _paid(payouts, currency)
    given_up = pull.archived and all(each.state == _COMPLETED for each in payouts)
    if given_up and 0 < paid < claim.amount:
        paid += _paid_elsewhere(client, claim, pull)
    status, error = RefundStatus.PENDING, ""
    if paid >= claim.amount:
        status = RefundStatus.SUCCEEDED
    elif given_up and not payouts:
        status, error = RefundStatus.FAILED, "archived"
    elif given_up:
        about = {"payment_id": payment.payment_id, "refund_id": claim.what}
        telemetry.log("claim_part_paid", level="error", paid=paid, amount=claim.amount, **about)
        telemetry.metric("PaymentReturnFailed")
    if status is not RefundStatus.PENDING:
        _work_done(claim)
    return Refund(claim.what, claim.amount, status, provider_refund_id=pull.id, error=error)


def is_return(refund: Refund) -> bool:
    return refund.refund_id.startswith(_RETURN)


def _payouts(client: Client, pull: PullPayment) -> list[Payout]:
    """Those that were not cancelled."""
    listed = read(client.call("GET", f"/pull-payments/{quoted(pull.id)}/payouts"), list[Payout])
    return [each for each in listed if each.state != _CANCELLED]


def _paid(payouts: Iterable[Payout], currency: str) -> int:
    """Raises: ProviderUnavailable: an amount is none."""
    try:
        done = (wire.minor(each.original_amount, currency) for each in payouts if each.state == _COMPLETED)
        return sum(max(0, each) for each in done)
    except ValueError:
        raise unreadable() from None


def _paid_elsewhere(client: Client, claim: Asked, pull: PullPayment) -> int:
    others = (
        each for each in _named(client, claim.what) if each.id != pull.id and each.currency == pull.currency
    )
    return sum(_paid(_payouts(client, each), pull.currency) for each in others)


def _found(client: Client, name: str) -> Made | None:
    return next(((each.id, each.view_link) for each in _named(client, name)), None)


def _named(client: Client, name: str) -> list[PullPayment]:
    """The server lists all there are: it is asked only where an answer was lost, or a claim was broken off."""
    listed = read(
        client.of_store("GET", "pull-payments", query={"includeArchived": "true"}), list[PullPayment]
    )
    return [each for each in listed if each.name == name]


def _made(client: Client, payment: Payment, refund: Refund) -> Made:
    asked = {
        "name": refund.refund_id,
        "description": payment.order_id,
        "payoutMethodId": wire.METHODS[payment.method][0],
        "refundVariant": "Custom",
        "customAmount": wire.decimal_text(Money(refund.amount, payment.amount.currency)),
        "customCurrency": payment.amount.currency,
    }
    pull = read(client.of_store("POST", f"invoices/{quoted(payment.intent_id)}/refund", asked), PullPayment)
    return pull.id, pull.view_link


def _noted(asked: Asked, payment: Payment, refund: Refund, now: datetime) -> Write:
    telemetry.metric("ClaimOpened")
    return _work(asked, payment, refund, now)


def _work(asked: Asked, payment: Payment, refund: Refund, now: datetime) -> Write:
    """The buyer has to be told where the money is claimed, and somebody has to see that it is, or can be."""
    return bank_store.renewed(
        Work(
            derived_id("clm", asked.what),
            Kind.CLAIM,
            _reason(refund),
            Money(asked.amount, payment.amount.currency),
            now,
            payment.payment_id,
            refund_id=asked.what,
            link=asked.link,
        )
    )


def _work_done(claim: Asked) -> None:
    item = reads.fetch_one(bank_store.work_read(derived_id("clm", claim.what)), consistent=True)
    if item is None:
        return
    try:
        writes.commit(bank_store.done(item))
    except bank_store.WorkDone:
        telemetry.log("claim_ended_elsewhere", item_id=item.item_id)


def _reason(refund: Refund) -> str:
    """What somebody gave as a refund's reason is between them and the buyer."""
    return refund.reason if is_return(refund) else "refund"
