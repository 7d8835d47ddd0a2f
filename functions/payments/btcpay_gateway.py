"""A BTCPay Server of ours, as the provider of payments in bitcoin: invoices over its Greenfield API (ADR 64).

It knows no idempotency keys, so what there must be one of is asked for under an intention of our own (`domain.asking`).
Nobody can be refused who pays too little, too much or too late: such money is received, and goes back by a claim.
"""

import hashlib
import hmac
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from entrepot.cloud import aws, reads, telemetry, writes
from entrepot.kernel.clock import utc_now
from entrepot.kernel.ids import derived_id
from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Malformed
from functions.payments import bank_store, book, btcpay_http, btcpay_store, btcpay_wire
from functions.payments.btcpay_http import Client, StillAtWork
from functions.payments.btcpay_wire import Invoice, Method, Payout, PullPayment
from functions.payments.domain import asking
from functions.payments.domain.asking import Asked
from functions.payments.domain.bank import Kind, Work
from functions.payments.domain.facts import Refund, RefundStatus
from functions.payments.domain.movements import MovementPage
from functions.payments.domain.payment import Payment, Snapshot
from functions.payments.gateway import (
    BadSignature,
    Capabilities,
    Declined,
    Disputed,
    Evidence,
    Fetch,
    Gateway,
    Heard,
    Intent,
    ProviderBusy,
    ProviderUnavailable,
)

METHODS: Final = {"bitcoin": ("BTC-CHAIN",), "lightning": ("BTC-LN",)}
"""Our names of methods, and the server's: https://docs.btcpayserver.org/Development/GreenfieldExample/."""

RETURN: Final = "ret"
_SPEED: Final = "MediumSpeed"  # one confirmation, whatever the store's own setting is
_WATCHED_MINUTES: Final = 1440
_SHOP: Final = "https://shop.invalid"
_SIGNED: Final = "sha256="

T = TypeVar("T")


def gateway() -> Gateway:
    """The server of this stage, at `ENTREPOT_BTCPAY_URL`."""
    return BtcpayGateway(_client)


def _client() -> Client:
    url = os.environ.get("ENTREPOT_BTCPAY_URL", "").rstrip("/")
    if not url:
        raise ProviderUnavailable  # a stage that had one, and has payments left
    return Client(url, aws.secret("btcpay_store_id"), aws.secret("btcpay_api_key"))


class BtcpayGateway:
    """See `Gateway`. `connect` gives the client: a webhook is verified without one."""

    capabilities = Capabilities(webhooks=True)

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect

    def create(self, payment: Payment) -> Intent:
        client, at = self._connect(), utc_now()
        known: dict[str, Invoice] = {}

        def noted(invoice: Invoice) -> tuple[str, str]:
            known[invoice.id] = invoice
            return invoice.id, ""

        asked = _once(
            Asked(btcpay_store.INVOICE, payment.payment_id, at),
            look=lambda: _first(_invoices(client, payment.payment_id), noted),
            make=lambda: noted(_opened(client, payment, at)),
        )
        return _intent(client, known.get(asked.found_id) or _invoice(client, asked.found_id), at)

    def fetch(self, intent_id: str) -> Intent:
        client, at = self._connect(), utc_now()
        return _intent(client, _invoice(client, intent_id), at)

    def capture(self, payment: Payment, amount: int) -> Intent:
        raise Declined("nothing_to_capture")

    def cancel(self, payment: Payment) -> Intent:
        """Raises: Declined: it was paid, if not yet confirmed. One that has expired needs no cancelling."""
        client, at = self._connect(), utc_now()
        invoice = _invoice(client, payment.intent_id)
        if invoice.status in (btcpay_wire.PROCESSING, btcpay_wire.SETTLED):
            raise Declined("already_paid")
        if invoice.status == btcpay_wire.NEW:
            # Between the look and this somebody may pay: the invoice is invalid then, and what came goes back.
            path = f"invoices/{_quoted(invoice.id)}/status"
            invoice = _read(client.of_store("POST", path, {"status": "Invalid"}), Invoice)
        return _intent(client, invoice, at)

    def refund(self, payment: Payment, refund: Refund) -> Snapshot:
        """A claim for the buyer, in the order's currency: what that is in bitcoin is settled when it is paid out."""
        client, at = self._connect(), utc_now()
        money = Money(refund.amount, payment.amount.currency)
        _once(
            Asked(refund.refund_id, payment.payment_id, at, refund.amount),
            look=lambda: _first(_pull_payments(client, refund.refund_id), _claim),
            make=lambda: _claim(_claimable(client, payment, refund.refund_id, money)),
            then=lambda asked: (bank_store.wanted(_work(asked, payment, refund, at)),),
        )
        return self.refunds(payment)

    def refunds(self, payment: Payment) -> Snapshot:
        client, at = self._connect(), utc_now()
        claims = [each for each in btcpay_store.claims(payment.payment_id) if each.found_id]
        told = [_told(client, payment, each) for each in claims]
        return Snapshot(
            at,
            payment.intent_id,
            payment.amount.currency,
            refunds=tuple(each for each in told if not _is_return(each)),
            returns=tuple(each for each in told if _is_return(each)),
        )

    def answer(self, payment: Payment, dispute_id: str, evidence: Evidence) -> Snapshot:
        raise Declined("no_disputes")  # nobody takes a payment in bitcoin back

    def disputes(self, payment: Payment) -> Snapshot:
        return Snapshot(utc_now(), payment.intent_id, payment.amount.currency)

    def disputes_since(self, at: datetime) -> Sequence[Disputed]:
        return ()

    def movements(self, day: date, after: str | None) -> MovementPage:
        """None: what the wallet holds is bitcoin, and no report of it is in the order's currency."""
        return MovementPage(())

    def verified(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> str:
        """The signature tells no time, and needs none: a message says only of which invoice there is news."""
        signature = headers.get("btcpay-sig", "")
        try:
            secret = aws.secret("btcpay_webhook_secret")
        except KeyError:
            raise BadSignature from None
        expected = _SIGNED + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
        if not secret or not hmac.compare_digest(expected.encode(), signature.encode()):
            raise BadSignature
        try:
            event = btcpay_wire.EVENT.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise Malformed("The body is no event of BTCPay Server.") from None
        # What else it tells (addresses, the buyer's own data) has no business on a queue.
        named = {"orderId": event.payment_id} if event.payment_id else None
        return msgspec.json.encode(msgspec.structs.replace(event, metadata=named)).decode()

    def heard(self, message: str, fetch: Fetch | None = None) -> Heard | None:
        """The invoice as it stands now: messages come late, twice, in any order, and hold no amounts."""
        event = btcpay_wire.EVENT.decode(message)
        if not event.type.startswith("Invoice") or not event.invoice_id:
            return None
        if event.store_id != self._connect().store_id:
            # Another store has our secret. Nothing of it is ours, and somebody should know.
            said = Snapshot(utc_now(), event.invoice_id, "", ours=False)
            return Heard(event.event_id, event.type, event.payment_id, said) if event.payment_id else None
        try:
            intent = (fetch or self.fetch)(event.invoice_id)
        except Declined as declined:  # a test message of the server names an invoice that it does not know
            telemetry.log("webhook_of_no_invoice", level="warning", reason=declined.reason)
            return None
        if not intent.payment_id:
            return None
        return Heard(event.event_id, event.type, intent.payment_id, intent.snapshot)


def forget() -> None:
    """Close the connections: for tests that start another server."""
    btcpay_http.forget()


def _once(
    wanted: Asked,
    look: Callable[[], tuple[str, str] | None],
    make: Callable[[], tuple[str, str]],
    then: Callable[[Asked], tuple[writes.Write, ...]] = lambda asked: (),
) -> Asked:
    """What was asked for, made now or before, and never twice. `look` and `make` give its id and link.

    Raises: ProviderBusy: somebody else may just be asking. ProviderUnavailable, Declined.
    """
    read = btcpay_store.asked_read(wanted.payment_id, wanted.what)
    held = reads.fetch_one(read, consistent=True)
    if held is not None and held.found_id:
        return held
    if held is not None and held.at_work(wanted.asked_at):
        raise ProviderBusy
    found = look() if held is not None else None
    try:
        if held is None:
            held = wanted
            writes.commit(btcpay_store.opened(held))
        elif found is None:
            held = _saved(held, asking.again(held, wanted.asked_at))
        return _saved(held, asking.made(held, *(found or _made(held, make))), then)
    except btcpay_store.AskedElsewhere:
        raise ProviderBusy from None


def _made(asked: Asked, make: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    try:
        return make()
    except StillAtWork:
        raise
    except (ProviderUnavailable, Declined):
        _saved(asked, asking.ended(asked))
        raise


def _saved(
    before: Asked,
    after: Asked,
    then: Callable[[Asked], tuple[writes.Write, ...]] = lambda asked: (),
) -> Asked:
    writes.commit(btcpay_store.saved(before, after), *then(after))
    return replace(after, revision=before.revision + 1)


def _opened(client: Client, payment: Payment, now: datetime) -> Invoice:
    asked = {
        "amount": btcpay_wire.decimal_text(payment.amount),
        "currency": payment.amount.currency,
        "metadata": {"orderId": payment.payment_id, "shopOrder": payment.order_id},
        "checkout": {
            "expirationMinutes": _minutes_left(payment, now),
            "monitoringMinutes": _WATCHED_MINUTES,
            "speedPolicy": _SPEED,
            "paymentTolerance": 0,
            "paymentMethods": list(METHODS[payment.method]),
            "lazyPaymentMethods": False,
            "redirectURL": f"{os.environ.get('ENTREPOT_SHOP_URL', _SHOP)}/orders/{payment.order_id}",
        },
    }
    return _read(client.of_store("POST", "invoices", asked), Invoice)


def _minutes_left(payment: Payment, now: datetime) -> int:
    """The rate holds as long as the buyer has, and no longer."""
    served = (each for each in book.offers() if (each.provider, each.method) == (book.BTCPAY, payment.method))
    window = next(served).window
    return max(1, math.ceil((payment.created_at + window - now).total_seconds() / 60))


def _invoices(client: Client, payment_id: str) -> list[Invoice]:
    """Those for a payment, the oldest first."""
    found = _read(client.of_store("GET", "invoices", query={"orderId": payment_id}), list[Invoice])
    mine = [each for each in found if each.payment_id == payment_id]
    return sorted(mine, key=lambda each: (each.created_time, each.id))


def _invoice(client: Client, invoice_id: str) -> Invoice:
    return _read(client.of_store("GET", f"invoices/{_quoted(invoice_id)}"), Invoice)


def _intent(client: Client, invoice: Invoice, at: datetime) -> Intent:
    path = f"invoices/{_quoted(invoice.id)}/payment-methods"
    methods = _read(client.of_store("GET", path), list[Method])
    try:
        said = btcpay_wire.snapshot(invoice, methods, at, client.store_id)
    except ValueError:
        raise _unreadable() from None
    return Intent(said, invoice.payment_id, None, btcpay_wire.next_action(invoice, methods))


def _claimable(client: Client, payment: Payment, name: str, money: Money) -> PullPayment:
    asked = {
        "name": name,
        "description": payment.order_id,
        "payoutMethodId": METHODS[payment.method][0],
        "refundVariant": "Custom",
        "customAmount": btcpay_wire.decimal_text(money),
        "customCurrency": money.currency,
    }
    return _read(client.of_store("POST", f"invoices/{_quoted(payment.intent_id)}/refund", asked), PullPayment)


def _pull_payments(client: Client, name: str) -> list[PullPayment]:
    """Those of that name. The server lists all there are: it is asked only where an answer was lost."""
    found = client.of_store("GET", "pull-payments", query={"includeArchived": "true"})
    return [each for each in _read(found, list[PullPayment]) if each.name == name]


def _told(client: Client, payment: Payment, claim: Asked) -> Refund:
    """A claim as it stands. What has ended is not asked about again."""
    known = payment.refund_of(claim.what) or payment.return_of(claim.what)
    if known is not None and not known.open:
        return known
    path = f"/pull-payments/{_quoted(claim.found_id)}"
    pull = _read(client.call("GET", path), PullPayment)
    payouts = _read(client.call("GET", f"{path}/payouts"), list[Payout])
    currency = payment.amount.currency
    try:
        paid = sum(
            max(0, btcpay_wire.minor(each.original_amount, currency))
            for each in payouts
            if each.state == "Completed"
        )
    except ValueError:
        raise _unreadable() from None
    status, error = RefundStatus.PENDING, ""
    if paid >= claim.amount:
        status = RefundStatus.SUCCEEDED
    elif pull.archived:
        status, error = RefundStatus.FAILED, "archived"
    if status is not RefundStatus.PENDING:
        _work_done(claim)
    return Refund(claim.what, claim.amount, status, provider_refund_id=pull.id, error=error)


def _work(asked: Asked, payment: Payment, refund: Refund, now: datetime) -> Work:
    """The buyer has to be told where the money is claimed, and somebody has to see that it is."""
    reason = refund.reason if asked.what.startswith(f"{RETURN}_") else "refund"
    telemetry.metric("ClaimOpened")
    return Work(
        derived_id("clm", asked.what),
        Kind.CLAIM,
        reason,
        Money(asked.amount, payment.amount.currency),
        now,
        payment.payment_id,
        refund_id=asked.what,
        link=asked.link,
    )


def _work_done(claim: Asked) -> None:
    item = reads.fetch_one(bank_store.work_read(derived_id("clm", claim.what)), consistent=True)
    if item is None:
        return
    try:
        writes.commit(bank_store.done(item))
    except bank_store.WorkDone:
        telemetry.log("claim_ended_elsewhere", item_id=item.item_id)


def _is_return(refund: Refund) -> bool:
    return refund.refund_id.startswith(f"{RETURN}_")


def _claim(pull: PullPayment) -> tuple[str, str]:
    return pull.id, pull.view_link


def _first(found: list[T], noted: Callable[[T], tuple[str, str]]) -> tuple[str, str] | None:
    return noted(found[0]) if found else None


def _read(document: Any, shape: type[T]) -> T:
    try:
        return btcpay_wire.read(document, shape)
    except msgspec.ValidationError:
        raise _unreadable() from None


def _unreadable() -> ProviderUnavailable:
    telemetry.log("btcpay_error", level="error", error="Unreadable")
    return ProviderUnavailable()


def _quoted(part: str) -> str:
    return quote(part, safe="")
