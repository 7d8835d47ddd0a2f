"""Stripe, as the keeper of members' cards. A customer there bears our own id for it, and nothing about the person."""

from collections.abc import Mapping
from typing import Any, Final

from functions.payments.domain.customer import Card, Customer
from functions.payments.gateway import Declined
from functions.payments.stripe_gateway import connected, sent

_GONE: Final = "resource_missing"
_MOST_CARDS: Final = 100


class StripeKeeper:
    """See `Keeper`."""

    def opened(self, customer: Customer) -> str:
        asked: Any = {"metadata": {"customer_id": customer.customer_id}}
        key: Any = {"idempotency_key": customer.customer_id}
        return str(sent(lambda: connected().v1.customers.create(asked, key)).id)

    def found(self, customer_id: str) -> str | None:
        """Stripe's search knows a customer within minutes; whoever asks here asks hours later."""
        asked: Any = {"query": f"metadata['customer_id']:'{customer_id}'", "limit": 1}
        page = sent(lambda: connected().v1.customers.search(asked))
        return str(page.data[0].id) if page.data else None

    def cards(self, reference: str) -> tuple[Card, ...]:
        asked: Any = {"type": "card", "limit": _MOST_CARDS}
        try:
            page = sent(lambda: connected().v1.customers.payment_methods.list(reference, asked))
        except Declined as declined:
            if declined.reason == _GONE:
                return ()
            raise
        return tuple(_card(each.to_dict()) for each in page.data)

    def remove(self, card_id: str) -> None:
        _unless_gone(lambda: connected().v1.payment_methods.detach(card_id))

    def forget(self, reference: str) -> None:
        _unless_gone(lambda: connected().v1.customers.delete(reference))


def _unless_gone(send: Any) -> None:
    try:
        sent(send)
    except Declined as declined:
        if declined.reason != _GONE:
            raise


def _card(method: Mapping[str, Any]) -> Card:
    card = method["card"]
    return Card(
        method["id"],
        card["display_brand"] or card["brand"],
        card["last4"],
        card["exp_month"],
        card["exp_year"],
    )
