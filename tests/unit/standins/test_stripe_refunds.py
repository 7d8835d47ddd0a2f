"""Refunds, transfers, disputes, and the balance that they must agree with."""

from __future__ import annotations

import pytest
import stripe

from infra.local.stripe.connect import REFUSING
from tests.unit.standins.conftest import Provider


def balance(provider: Provider) -> int:
    entries = provider.sdk.v1.balance_transactions.list({"limit": 100}).data
    shown = provider.sdk.v1.balance.retrieve().available
    total = sum(entry.net for entry in entries)
    assert total == sum(item.amount for item in shown)
    return total


def charge_of(provider: Provider, intent: stripe.PaymentIntent) -> stripe.Charge:
    return provider.sdk.v1.charges.retrieve(str(intent.latest_charge))


def test_refunds_add_up_to_the_captured_amount_and_no_further(provider):
    intent = provider.paid(10_000)
    refunds = provider.sdk.v1.refunds

    part = refunds.create({"payment_intent": intent.id, "amount": 4000, "reason": "requested_by_customer"})
    assert ("succeeded", 4000, intent.latest_charge) == (part.status, part.amount, part.charge)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount") as refusal:
        refunds.create({"payment_intent": intent.id, "amount": 6001})
    assert (400, "amount") == (refusal.value.http_status, refusal.value.param)
    rest = refunds.create({"payment_intent": intent.id})
    assert 6000 == rest.amount
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        refunds.create({"payment_intent": intent.id, "amount": 1})

    assert "charge_already_refunded" == refusal.value.code
    charge = charge_of(provider, intent)
    assert (10_000, True) == (charge.amount_refunded, charge.refunded)
    assert [rest.id, part.id] == [refund.id for refund in refunds.list({"payment_intent": intent.id}).data]


def test_what_was_not_captured_cannot_be_refunded(provider):
    intent = provider.paid(capture_method="manual")

    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        provider.sdk.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError, match="has not been captured"):
        provider.sdk.v1.refunds.create({"charge": str(intent.latest_charge)})

    assert [] == provider.sdk.v1.refunds.list().data


def test_a_refund_needs_exactly_one_of_intent_and_charge(provider):
    intent = provider.paid()

    with pytest.raises(stripe.InvalidRequestError):
        provider.sdk.v1.refunds.create({"amount": 1})
    with pytest.raises(stripe.InvalidRequestError):
        provider.sdk.v1.refunds.create({"payment_intent": intent.id, "charge": str(intent.latest_charge)})

    assert 0 == charge_of(provider, intent).amount_refunded


def test_a_refund_publishes_itself_and_its_charge(provider):
    intent = provider.paid()
    before = len(provider.event_types())

    provider.sdk.v1.refunds.create({"payment_intent": intent.id, "amount": 100})

    assert ["refund.created", "charge.refunded"] == provider.event_types()[before:]


def test_a_refund_that_fails_later_can_be_made_again(provider):
    intent = provider.intent(payment_method="pm_card_refundFail", confirm=True)
    refund = provider.sdk.v1.refunds.create({"payment_intent": intent.id})
    held = balance(provider)

    provider.control(f"refunds/{refund.id}/finish")

    failed = provider.sdk.v1.refunds.retrieve(refund.id)
    assert ("failed", "expired_or_canceled_card") == (failed.status, failed.failure_reason)
    assert 0 == charge_of(provider, intent).amount_refunded
    assert held + 10_000 == balance(provider)
    assert "refund.failed" in provider.event_types()
    assert "succeeded" == provider.sdk.v1.refunds.create({"payment_intent": intent.id}).status


def test_a_pending_refund_counts_and_moves_money_when_it_ends(provider):
    intent = provider.intent(payment_method="pm_card_pendingRefund", confirm=True)
    held = balance(provider)
    refund = provider.sdk.v1.refunds.create({"payment_intent": intent.id, "amount": 9000})
    assert ("pending", held) == (refund.status, balance(provider))
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        provider.sdk.v1.refunds.create({"payment_intent": intent.id, "amount": 1001})

    provider.control(f"refunds/{refund.id}/finish", outcome="succeed")

    assert "succeeded" == provider.sdk.v1.refunds.retrieve(refund.id).status
    assert held - 9000 == balance(provider)


def test_a_transfer_moves_what_the_balance_holds_and_comes_back_no_further(provider):
    intent = provider.paid(10_000, transfer_group="ord_1")
    assert 9680 == balance(provider)
    create, reverse = provider.sdk.v1.transfers.create, provider.sdk.v1.transfers.reversals.create

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        create({"amount": 9681, "currency": "eur", "destination": "acct_1Milan"})
    assert "balance_insufficient" == refusal.value.code
    transfer = create(
        {"amount": 8000, "currency": "eur", "destination": "acct_1Milan", "transfer_group": "ord_1"}
    )
    assert 1680 == balance(provider)
    reverse(transfer.id, {"amount": 3000})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unreversed amount"):
        reverse(transfer.id, {"amount": 5001})
    reverse(transfer.id)

    now = provider.sdk.v1.transfers.retrieve(transfer.id)
    assert (True, 8000, 2) == (now.reversed, now.amount_reversed, len(now.reversals.data))
    assert 9680 == balance(provider)
    assert "succeeded" == intent.status


@pytest.mark.parametrize("account", sorted(REFUSING))
def test_an_account_that_refuses_transfers_is_sent_nothing(provider, account):
    provider.control("balance", amount=500, currency="eur")
    create = provider.sdk.v1.transfers.create

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        create({"amount": 500, "currency": "eur", "destination": account})

    assert REFUSING[account][0] == refusal.value.code
    assert 500 == balance(provider)
    create({"amount": 500, "currency": "eur", "destination": "acct_1Milan"})
    assert 0 == balance(provider)


def test_transfers_of_one_charge_never_exceed_it(provider):
    intent = provider.paid(10_000, transfer_group="ord_1")
    source = str(intent.latest_charge)
    create = provider.sdk.v1.transfers.create

    first = create(
        {"amount": 7000, "currency": "eur", "destination": "acct_1A", "source_transaction": source}
    )
    with pytest.raises(stripe.InvalidRequestError, match="cannot exceed"):
        create({"amount": 3001, "currency": "eur", "destination": "acct_1B", "source_transaction": source})

    assert ("ord_1", source) == (first.transfer_group, first.source_transaction)
    assert [first.id] == [
        found.id for found in provider.sdk.v1.transfers.list({"transfer_group": "ord_1"}).data
    ]


@pytest.mark.parametrize(("outcome", "back"), [("won", 10_000), ("lost", 0)])
def test_a_dispute_takes_the_money_until_it_is_won(provider, outcome, back):
    intent = provider.paid(10_000)
    held = balance(provider)

    dispute = provider.control(f"charges/{intent.latest_charge}/dispute", reason="product_not_received")
    assert held - 10_000 - 1500 == balance(provider)
    assert charge_of(provider, intent).disputed
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        provider.sdk.v1.refunds.create({"payment_intent": intent.id, "amount": 1})
    assert "charge_disputed" == refusal.value.code
    provider.control(f"disputes/{dispute['id']}/close", outcome=outcome)

    assert outcome == provider.sdk.v1.disputes.retrieve(dispute["id"]).status
    assert held - 11_500 + back == balance(provider)
    assert ("charge.dispute.funds_reinstated" in provider.event_types()) == (outcome == "won")


def test_a_dispute_is_answered_with_evidence_or_accepted(provider):
    first, second = provider.paid(), provider.paid()
    answered = provider.control(f"charges/{first.latest_charge}/dispute")
    accepted = provider.control(f"charges/{second.latest_charge}/dispute")

    reviewed = provider.sdk.v1.disputes.update(answered["id"], {"evidence": {"product_description": "Tea"}})
    lost = provider.sdk.v1.disputes.close(accepted["id"])

    assert ("under_review", "lost") == (reviewed.status, lost.status)
    assert [accepted["id"], answered["id"]] == [found.id for found in provider.sdk.v1.disputes.list().data]
