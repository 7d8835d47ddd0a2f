"""A BTCPay Server of ours, as the provider of payments in bitcoin: invoices over its Greenfield API (ADR 64).

It knows no idempotency keys, so what there must be one of is asked for under an intention of our own (`domain.asking`).
Nobody can be refused who pays too little, too much or too late: such money is received, and goes back by a claim.
"""

import hashlib
import hmac
import math
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from entrepot.cloud import aws, telemetry
from entrepot.kernel.clock import utc_now
from entrepot.kernel.refusals import Malformed
from functions.payments import book
from functions.payments.btcpay import claims, store, wire
from functions.payments.btcpay.asking import Made, once
from functions.payments.btcpay.http import Client, quoted, read, unreadable
from functions.payments.btcpay.wire import Invoice, Method
from functions.payments.domain.asking import Asked
from functions.payments.domain.facts import Refund
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
    ProviderUnavailable,
)

_SPEED: Final = "MediumSpeed"  # one confirmation, whatever the store's own setting is
_WATCHED_MINUTES: Final = 1440
_SHOP: Final = "https://shop.invalid"
_SIGNED: Final = "sha256="


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

    capabilities = Capabilities()

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect

    def create(self, payment: Payment) -> Intent:
        client, at = self._connect(), utc_now()
        known: dict[str, Invoice] = {}

        def noted(invoice: Invoice) -> Made:
            known[invoice.id] = invoice
            return invoice.id, ""

        def look() -> Made | None:
            there = _invoices(client, payment.payment_id)
            return noted(there[0]) if there else None

        wanted = Asked(store.INVOICE, payment.payment_id, at)
        asked = once(wanted, look, make=lambda: noted(_opened(client, payment, at)))
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
        if invoice.status in (wire.PROCESSING, wire.SETTLED):
            raise Declined("already_paid")
        if invoice.status == wire.NEW:
            # Between the look and this somebody may pay: the invoice is invalid then, and what came goes back.
            path = f"invoices/{quoted(invoice.id)}/status"
            invoice = read(client.of_store("POST", path, {"status": "Invalid"}), Invoice)
        return _intent(client, invoice, at)

    def refund(self, payment: Payment, refund: Refund) -> Snapshot:
        """A return that the server declines is asked for again by the sweep: nobody else would."""
        try:
            claims.opened(self._connect(), payment, refund, utc_now())
        except Declined as declined:
            if not claims.is_return(refund):
                raise
            about = {"payment_id": payment.payment_id, "return_id": refund.refund_id}
            telemetry.log("return_refused", level="error", reason=declined.reason, **about)
            telemetry.metric("PaymentReturnFailed")
        return self.refunds(payment)

    def refunds(self, payment: Payment) -> Snapshot:
        client, at = self._connect(), utc_now()
        told = [
            claims.told(client, payment, each) for each in store.claims(payment.payment_id) if each.found_id
        ]
        return Snapshot(
            at,
            payment.intent_id,
            payment.amount.currency,
            refunds=tuple(each for each in told if not claims.is_return(each)),
            returns=tuple(each for each in told if claims.is_return(each)),
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
            secrets = aws.accepted("btcpay_webhook_secret", now)
        except KeyError:
            raise BadSignature from None
        expected = [_SIGNED + hmac.new(each.encode(), raw, hashlib.sha256).hexdigest() for each in secrets]
        matches = [hmac.compare_digest(each.encode(), signature.encode()) for each in expected]
        if not any(matches):
            raise BadSignature
        try:
            event = wire.EVENT.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise Malformed("The body is no event of BTCPay Server.") from None
        # What else it tells (addresses, the buyer's own data) has no business on a queue.
        named = {"orderId": event.payment_id} if event.payment_id else None
        return msgspec.json.encode(msgspec.structs.replace(event, metadata=named)).decode()

    def heard(self, message: str, fetch: Fetch | None = None) -> Heard | None:
        """The invoice as it stands now: messages come late, twice, in any order, and hold no amounts."""
        event = wire.EVENT.decode(message)
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


def _opened(client: Client, payment: Payment, now: datetime) -> Invoice:
    asked = {
        "amount": wire.decimal_text(payment.amount),
        "currency": payment.amount.currency,
        "metadata": {"orderId": payment.payment_id, "shopOrder": payment.order_id},
        "checkout": {
            "expirationMinutes": _minutes_left(payment, now),
            "monitoringMinutes": _WATCHED_MINUTES,
            "speedPolicy": _SPEED,
            "paymentTolerance": 0,
            "paymentMethods": list(wire.METHODS[payment.method]),
            "lazyPaymentMethods": False,
            "redirectURL": f"{os.environ.get('ENTREPOT_SHOP_URL', _SHOP)}/orders/{payment.order_id}",
        },
    }
    return read(client.of_store("POST", "invoices", asked), Invoice)


def _minutes_left(payment: Payment, now: datetime) -> int:
    """The rate holds as long as the buyer has, and no longer; but for a minute at least."""
    served = (each for each in book.offers() if (each.provider, each.method) == (book.BTCPAY, payment.method))
    window = next((each.window for each in served), timedelta())
    return max(1, math.ceil((payment.created_at + window - now).total_seconds() / 60))


def _invoices(client: Client, payment_id: str) -> list[Invoice]:
    """Those for a payment, the oldest first."""
    found = read(client.of_store("GET", "invoices", query={"orderId": payment_id}), list[Invoice])
    mine = [each for each in found if each.payment_id == payment_id]
    return sorted(mine, key=lambda each: (each.created_time, each.id))


def _invoice(client: Client, invoice_id: str) -> Invoice:
    return read(client.of_store("GET", f"invoices/{quoted(invoice_id)}"), Invoice)


def _intent(client: Client, invoice: Invoice, at: datetime) -> Intent:
    path = f"invoices/{quoted(invoice.id)}/payment-methods"
    methods = read(client.of_store("GET", path), list[Method])
    try:
        said = wire.snapshot(invoice, methods, at, client.store_id)
    except ValueError:
        raise unreadable() from None
    return Intent(said, invoice.payment_id, None, wire.next_action(invoice, methods))
