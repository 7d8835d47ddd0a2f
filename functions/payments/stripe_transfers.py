"""Stripe, as who moves our money to the accounts connected to ours. The group of a transfer is the payout's id."""

from typing import Any

from entrepot.kernel.money import Money
from functions.payments import stripe_wire
from functions.payments.stripe_gateway import connected, live_mode, sent
from functions.payments.stripe_money import movable
from functions.payments.transfers import Transfer


class StripeTransfers:
    """See `Transfers`."""

    def make(self, reference: str, amount: Money, account: str, key: str) -> Transfer:
        asked: Any = {
            "amount": movable(amount),
            "currency": amount.currency.lower(),
            "destination": account,
            "transfer_group": reference,
            "metadata": {"payout_id": reference},
        }
        made = sent(lambda: connected().v1.transfers.create(asked, {"idempotency_key": key}))
        return stripe_wire.transfer(made.to_dict())

    def found(self, reference: str) -> Transfer | None:
        page = sent(lambda: connected().v1.transfers.list({"transfer_group": reference, "limit": 1}))
        return next((stripe_wire.transfer(each.to_dict()) for each in page.data), None)


def heard(message: str) -> tuple[str, Transfer] | None:
    """The id of an event, and what it says of a transfer of ours; None where it is about none."""
    event = stripe_wire.transfer_event_of(message)
    if event is None or event.account is not None or event.livemode is not live_mode():
        return None
    said = event.data.object
    return (event.id, stripe_wire.transfer_said(said)) if said.transfer_group else None
