"""Stripe, as the keeper of what payers transfer: for each payment by transfer a customer of its own, with an account.

So whatever lies in that customer's balance beside the payment is that payment's surplus, whoever sent it. Stripe does
not delete a customer who has had a balance, so what it says of a person is taken away instead.
"""

from typing import Any, Final

from entrepot.kernel.clock import utc_now
from entrepot.kernel.money import Money
from functions.payments import stripe_wire
from functions.payments.domain.facts import Refund
from functions.payments.domain.payment import Payment, Snapshot
from functions.payments.gateway import Declined
from functions.payments.stripe_gateway import called, connected, live_mode, sent
from functions.payments.stripe_money import movable

_GONE: Final = "resource_missing"
_CAME: Final = "funded"
"""A refund of ours that could not be sent comes into the balance as well; a person has to find another way for it."""

_MOST: Final = 100


class StripeBalance:
    """See `PayersBalance`."""

    def opened(self, payment_id: str, email: str) -> str:
        """The address follows by itself: a repetition that does not know it has to ask for the same under that key."""
        asked: Any = {"metadata": {"payment_id": payment_id}}
        key: Any = {"idempotency_key": f"{payment_id}-customer"}
        reference = str(sent(lambda: connected().v1.customers.create(asked, key)).id)
        if email:
            sent(lambda: connected().v1.customers.update(reference, {"email": email}))
        return reference

    def payment_of(self, reference: str) -> str | None:
        try:
            found = sent(lambda: connected().v1.customers.retrieve(reference)).to_dict()
        except Declined as declined:
            if declined.reason == _GONE:
                return None
            raise
        return (found.get("metadata") or {}).get("payment_id")

    def look(self, payment: Payment) -> Snapshot:
        now = utc_now().replace(microsecond=0)
        currency = payment.amount.currency
        page = sent(
            lambda: connected().v1.customers.cash_balance_transactions.list(
                payment.customer, {"limit": _MOST}
            )
        )
        moves = [each.to_dict() for each in page.auto_paging_iter()]
        came = sum(
            each["net_amount"]
            for each in moves
            if each["type"] == _CAME and each["currency"] == currency.lower()
        )
        waiting = [
            back.provider_refund_id for back in payment.returns if back.open and back.provider_refund_id
        ]
        returns = tuple(stripe_wire.given_back(self._refund(refund_id)) for refund_id in waiting)
        received = stripe_wire.exact(came, currency)
        return Snapshot(now, payment.intent_id, currency, received=received, returns=returns)

    def give_back(self, payment: Payment, back: Refund) -> Snapshot:
        now = utc_now().replace(microsecond=0)
        asked: Any = {
            "origin": "customer_balance",
            "customer": payment.customer,
            "amount": movable(Money(back.amount, payment.amount.currency)),
            "currency": payment.amount.currency.lower(),
            "metadata": {
                "payment_id": payment.payment_id,
                "intent_id": payment.intent_id,
                "return_id": back.refund_id,
            },
        }
        key: Any = {"idempotency_key": back.refund_id}
        made = called(lambda: connected().v1.refunds.create(asked, key))
        return stripe_wire.snapshot(made, now, made.livemode in (None, live_mode()))

    def forget_person(self, reference: str) -> None:
        try:
            sent(lambda: connected().v1.customers.update(reference, {"email": ""}))
        except Declined as declined:
            if declined.reason != _GONE:
                raise

    def _refund(self, refund_id: str) -> stripe_wire.Thing:
        return called(lambda: connected().v1.refunds.retrieve(refund_id))
