"""Stripe, as the provider of payments: the one module that imports its library, and only where Stripe is called.

Every call carries an idempotency key made of our own ids, so a call repeated after a crash or a time-out finds
what the first one did. Nothing of Stripe's answers is logged: they hold the payer's data and the client's secret.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from entrepot.cloud import aws, telemetry
from entrepot.kernel.clock import utc_now
from entrepot.kernel.money import Money
from functions.payments import stripe_signature, stripe_wire
from functions.payments.domain.facts import Refund
from functions.payments.domain.movements import MovementPage
from functions.payments.domain.payment import CaptureMode, Payment, Snapshot
from functions.payments.gateway import (
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
    UnknownPayment,
)
from functions.payments.stripe_money import chargeable, movable

if TYPE_CHECKING:
    from stripe import PaymentIntentService, RefundService, RequestsClient, StripeClient, StripeError

    from functions.payments.stripe_balance import StripeBalance

_CONNECT_SECONDS: Final = 2.0
_READ_SECONDS: Final = 3.0
_RETRIES: Final = 2
_MOST_REFUNDS: Final = 100
_TRANSFERS: Final[Mapping[str, dict[str, Any]]] = {
    "EUR": {"type": "eu_bank_transfer", "eu_bank_transfer": {"country": "DE"}},
    "GBP": {"type": "gb_bank_transfer"},
    "JPY": {"type": "jp_bank_transfer"},
    "MXN": {"type": "mx_bank_transfer"},
    "USD": {"type": "us_bank_transfer"},
}
"""Kinds of account by currency: https://docs.stripe.com/payments/bank-transfers/accept-a-payment. An account for EUR
is of one country, and is paid from all of SEPA."""
_LOCKED: Final = "lock_timeout"
_MOST_MOVEMENTS: Final = 100
_MOST_DISPUTES: Final = 100  # of a page
_SHOP: Final = "https://shop.invalid"  # where a wallet sends the payer back, until there is a storefront
_FEE: Final = "latest_charge.balance_transaction"


def gateway() -> Gateway:
    """The provider of this stage. `ENTREPOT_STRIPE_URL` replaces Stripe's own address."""
    return StripeGateway(connected)


def connected() -> "StripeClient":
    return _client(aws.secret("stripe_secret_key"), os.environ.get("ENTREPOT_STRIPE_URL", ""))


def live_mode() -> bool:
    """Whether this stage's key moves real money: what is of the other mode is not ours."""
    return "_live_" in aws.secret("stripe_secret_key")


class StripeGateway:
    """See `Gateway`. `connect` gives the client: a webhook is verified without one, and without Stripe's library."""

    capabilities = Capabilities(
        manual_capture=True, tells_fees=True, movements=True, disputes=True, forgets_keys=True
    )

    def __init__(self, connect: "Callable[[], StripeClient]") -> None:
        self._connect = connect

    @property
    def _intents(self) -> "PaymentIntentService":
        return self._connect().v1.payment_intents

    @property
    def _refunds(self) -> "RefundService":
        return self._connect().v1.refunds

    def create(self, payment: Payment) -> Intent:
        asked: Any = {
            "amount": chargeable(payment.amount),
            "currency": payment.amount.currency.lower(),
            "capture_method": "manual" if payment.capture is CaptureMode.MANUAL else "automatic",
            "metadata": {"payment_id": payment.payment_id, "order_id": payment.order_id},
            "transfer_group": payment.order_id,
            **_kind(payment),
        }
        key: Any = {"idempotency_key": payment.payment_id}
        made = called(lambda: _declined_or_not(lambda: self._intents.create(asked, key)))
        # A replayed answer is as old as the first one: what it says was so when the intent was made.
        return stripe_wire.intent(made, stripe_wire.moment(made.created), _is_ours(made))

    def fetch(self, intent_id: str) -> Intent:
        now = _second()
        return self._intent(called(lambda: self._intents.retrieve(intent_id, {"expand": [_FEE]})), now)

    def capture(self, payment: Payment, amount: int) -> Intent:
        taken = movable(Money(amount, payment.amount.currency))
        now = _second()
        return self._intent(
            called(
                lambda: self._intents.capture(
                    payment.intent_id,
                    {"amount_to_capture": taken},
                    {"idempotency_key": f"{payment.payment_id}-capture"},
                )
            ),
            now,
        )

    def cancel(self, payment: Payment) -> Intent:
        now = _second()
        return self._intent(
            called(
                lambda: self._intents.cancel(
                    payment.intent_id,
                    {"cancellation_reason": "abandoned"},
                    {"idempotency_key": f"{payment.payment_id}-cancel-{payment.revision}"},
                )
            ),
            now,
        )

    def refund(self, payment: Payment, refund: Refund) -> Snapshot:
        if payment.return_of(refund.refund_id):
            return _payers_balance().give_back(payment, refund)
        now = _second()
        made = called(
            lambda: self._refunds.create(
                {
                    "payment_intent": payment.intent_id,
                    "amount": movable(Money(refund.amount, payment.amount.currency)),
                    "reason": "requested_by_customer",
                    "metadata": {"payment_id": payment.payment_id, "refund_id": refund.refund_id},
                },
                {"idempotency_key": refund.refund_id},
            )
        )
        return stripe_wire.snapshot(made, now, ours=True)

    def refunds(self, payment: Payment) -> Snapshot:
        now = _second()
        page = sent(lambda: self._refunds.list({"payment_intent": payment.intent_id, "limit": _MOST_REFUNDS}))
        found = tuple(stripe_wire.thing(refund.to_dict()) for refund in page.auto_paging_iter())
        said = stripe_wire.refunds(payment.intent_id, found, now, True, payment.amount.currency)
        if not payment.by_balance or not payment.customer:
            return said
        balance = _payers_balance().look(payment)
        return replace(said, received=balance.received, returns=balance.returns)

    def answer(self, payment: Payment, dispute_id: str, evidence: Evidence) -> Snapshot:
        now = _second()
        said = {
            "product_description": evidence.product_description,
            "shipping_carrier": evidence.shipping_carrier,
            "shipping_tracking_number": evidence.shipping_tracking_number,
            "shipping_date": evidence.shipping_date,
            "uncategorized_text": evidence.course,
        }
        asked: Any = {"evidence": {name: text for name, text in said.items() if text}, "submit": True}
        key = {"idempotency_key": f"{dispute_id}-evidence"}
        sent = called(lambda: self._connect().v1.disputes.update(dispute_id, asked, key))  # type: ignore[arg-type]
        return stripe_wire.snapshot(sent, now, _is_ours(sent))

    def disputes(self, payment: Payment) -> Snapshot:
        now = _second()
        found = self._listed({"payment_intent": payment.intent_id})
        things = tuple(stripe_wire.thing(each.to_dict()) for each in found)
        ours = all(map(_is_ours, things))
        return stripe_wire.disputes(payment.intent_id, things, now, ours, payment.amount.currency)

    def disputes_since(self, at: datetime) -> Sequence[Disputed]:
        now = _second()
        wanted = {"created": {"gte": int(at.timestamp())}, "expand": ["data.payment_intent"]}
        found = (stripe_wire.disputed(each.to_dict()) for each in self._listed(wanted))
        return [
            Disputed(payment_id, stripe_wire.snapshot(what, now, _is_ours(what)))
            for payment_id, what in found
        ]

    def _listed(self, wanted: Any) -> Sequence[Any]:
        """Every dispute that is wanted, page after page."""
        wanted = {**wanted, "limit": _MOST_DISPUTES}
        found: list[Any] = sent(lambda: list(self._connect().v1.disputes.list(wanted).auto_paging_iter()))
        return found

    def movements(self, day: date, after: str | None) -> MovementPage:
        begins = datetime.combine(day, time(), UTC)
        ends = begins + timedelta(days=1)
        wanted: Any = {
            "created": {"gte": int(begins.timestamp()), "lt": int(ends.timestamp())},
            "limit": _MOST_MOVEMENTS,
            "expand": ["data.source"],
            **({"starting_after": after} if after else {}),
        }
        page = sent(lambda: self._connect().v1.balance_transactions.list(wanted))
        found = tuple(stripe_wire.movement(each.to_dict()) for each in page.data)
        return MovementPage(found, found[-1].movement_id if page.has_more else None)

    def verified(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> str:
        """Stripe's 300 s are judged here; what a redrive brings later was judged before."""
        signature = headers.get("stripe-signature", "")
        stripe_signature.check(raw, signature, aws.accepted("stripe_webhook_secret", now), now)
        return stripe_wire.queueable(raw)

    def heard(self, message: str, fetch: Fetch | None = None) -> Heard | None:
        fetch = fetch or self.fetch
        event = stripe_wire.event_of(message)
        if event is None:
            return None
        what = event.data.object
        ours = event.account is None and event.livemode is live_mode()
        if what.object == stripe_wire.CASH_BALANCE:
            known = ours and what.customer
            return Heard(event.id, event.type, "", None, what.customer or "") if known else None
        if what.object != stripe_wire.INTENT and what.payment_intent is None and not what.return_id:
            return None
        said = stripe_wire.snapshot(what, stripe_wire.moment(event.created), ours)
        payment_id = what.payment_id or _asked_for(what, fetch)
        if (
            event.type == stripe_wire.FEE_TOLD
            and what.balance_transaction is not None
            and what.payment_intent
        ):
            said = replace(said, fees=fetch(what.payment_intent).snapshot.fees)
        return Heard(event.id, event.type, payment_id, said)

    def _intent(self, found: stripe_wire.Thing, now: datetime) -> Intent:
        return stripe_wire.intent(found, now, _is_ours(found))


def _kind(payment: Payment) -> dict[str, Any]:
    """How an intent of that method is asked for; this version of the API refuses `payment_method_types`.

    A card is confirmed in the payer's browser with the client's secret. A wallet needs nothing but the payer, so it is
    confirmed here and the answer says where to send them. So is a kept card: its payer is there to answer the bank.
    """
    only = {"allowed_payment_method_types": [payment.method]}
    if payment.method == "card":
        at_once = {"confirm": True, "off_session": False, "payment_method": payment.card_id}
        return {
            **only,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            **({"customer": payment.customer} if payment.customer else {}),
            **({"setup_future_usage": "on_session"} if payment.keep else {}),
            **(at_once if payment.card_id else {}),
        }
    if payment.by_balance:
        return _transfer(payment)
    options = {"payment_method_options": {"wechat_pay": {"client": "web"}}}
    return {
        **only,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "always"},
        "confirm": True,
        "payment_method_data": {"type": payment.method},
        "return_url": f"{os.environ.get('ENTREPOT_SHOP_URL', _SHOP)}/orders/{payment.order_id}",
        **(options if payment.method == "wechat_pay" else {}),
    }


def _payers_balance() -> "StripeBalance":
    from functions.payments.stripe_balance import StripeBalance

    return StripeBalance()


def _transfer(payment: Payment) -> dict[str, Any]:
    """A transfer into the balance of a customer who was made for this payment.

    Raises: Declined: there are no accounts in that currency.
    """
    bank = _TRANSFERS.get(payment.amount.currency)
    if bank is None:
        raise Declined("currency_not_supported")
    return {
        "allowed_payment_method_types": ["customer_balance"],
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "customer": payment.customer,
        "confirm": True,
        "payment_method_data": {"type": "customer_balance"},
        "payment_method_options": {
            "customer_balance": {"funding_type": "bank_transfer", "bank_transfer": bank}
        },
    }


def _asked_for(what: stripe_wire.Thing, fetch: Fetch) -> str:
    """Whose it is: a refund made by hand at Stripe does not say, but its intent does."""
    payment_id = fetch(what.payment_intent).payment_id if what.payment_intent else ""
    if not payment_id:
        raise UnknownPayment
    return payment_id


def _is_ours(found: stripe_wire.Thing) -> bool:
    return found.livemode is live_mode()


def _second() -> datetime:
    """The time in whole seconds, as Stripe dates its events: what it says later must not seem earlier."""
    return utc_now().replace(microsecond=0)


def forget() -> None:
    """Close the connections to Stripe: for tests that start another one."""
    _http().close()  # type: ignore[no-untyped-call]
    _http.cache_clear()
    _client.cache_clear()


@cache
def _http() -> "RequestsClient":
    import stripe

    return stripe.RequestsClient(timeout=(_CONNECT_SECONDS, _READ_SECONDS))


@cache
def _client(key: str, url: str) -> "StripeClient":
    import stripe

    stripe.enable_telemetry = False  # it would keep an id in a home folder, which a function does not have
    where: Any = {"base_addresses": {"api": url}} if url else {}
    return stripe.StripeClient(key, http_client=_http(), max_network_retries=_RETRIES, **where)


def called(send: Callable[[], Any]) -> stripe_wire.Thing:
    return stripe_wire.thing(sent(send).to_dict())


def _declined_or_not(send: Callable[[], Any]) -> Any:
    """The answer where an intent is paid in the same call: if the bank declines there is an intent all the same."""
    import stripe

    try:
        return send()
    except stripe.CardError as error:
        told: Any = error.json_body or {}
        made = told.get("error", {}).get("payment_intent")
        if made is None:
            raise
        return stripe.PaymentIntent.construct_from(made, None)


def sent(send: Callable[[], Any]) -> Any:
    import stripe

    try:
        return send()
    except stripe.StripeError as error:
        raise _ours(error) from None


def _ours(error: "StripeError") -> ProviderUnavailable | Declined:
    import stripe

    told = getattr(error.error, "code", None)
    code = error.code or told or type(error).__name__
    telemetry.log(
        "stripe_error", level="warning", code=code, status=error.http_status, request=error.request_id
    )
    final = (stripe.CardError, stripe.InvalidRequestError, stripe.IdempotencyError)
    # The intent is locked, or the same key is in use, by a request that still runs. Stripe says so by either status.
    if error.http_status == 409 or code == _LOCKED:
        return ProviderBusy()
    # A wrong key of ours is an outage, not a decline.
    if isinstance(error, final):
        declined = getattr(getattr(error, "error", None), "decline_code", None)
        return Declined(declined or code)
    return ProviderUnavailable()
