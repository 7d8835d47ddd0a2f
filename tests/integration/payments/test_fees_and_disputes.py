"""What a charge cost, and what a payer's bank took back: each told once, whatever way the news came."""

from typing import Any

import pytest

from entrepot.cloud import writes
from entrepot.kernel.money import Money
from functions.payments import facade, stripe_gateway
from functions.payments.gateway import ProviderUnavailable
from functions.payments.sweep import sweep
from tests.integration.payments.conftest import (
    Provider,
    due,
    heard,
    later,
    now,
    paid,
    payment,
    published,
    started,
)

pytestmark = pytest.mark.usefixtures("provider")


def _dispute(provider: Provider, amount: int = 4_000) -> str:
    opened = provider.control(
        f"charges/{_charge(provider)}/dispute", reason="product_not_received", amount=str(amount)
    )
    return str(opened["id"])


def _charge(provider: Provider) -> str:
    (charge,) = provider.standin.account.store.objects["charge"]
    return str(charge)


def test_the_fee_is_told_once_with_the_entry_on_stripes_account(provider: Provider) -> None:
    payment_id = started()
    provider.pay(payment(payment_id))
    bodies = provider.events()
    heard(*bodies, *bodies)

    (fee,) = published(payment_id, "fee_known")
    (entry,) = provider.standin.account.store.objects["balance_transaction"].values()
    assert (10_000, 320, "EUR", "stripe") == (fee["amount"], fee["fee"], fee["fee_currency"], fee["provider"])
    assert (entry["source"], entry["id"]) == (fee["charge_id"], fee["fact"])


def test_a_fee_whose_webhook_was_lost_is_asked_for(provider: Provider) -> None:
    payment_id = started()
    provider.pay(payment(payment_id))
    heard(*provider.events("charge.succeeded", "payment_intent.succeeded"))
    assert [] == published(payment_id, "fee_known")

    sweep(later(minutes=2))

    assert [320] == [fee["fee"] for fee in published(payment_id, "fee_known")]
    assert [] == due(later(days=30))


@pytest.mark.parametrize(("outcome", "shown"), [("won", "captured"), ("lost", "disputed")])
def test_a_dispute_is_opened_and_closed_once(provider: Provider, outcome: str, shown: str) -> None:
    payment_id = paid(provider)
    dispute_id = _dispute(provider)
    heard(*provider.events())
    assert "disputed" == facade.payment_status(payment(payment_id))
    provider.control(f"disputes/{dispute_id}/close", outcome=outcome)
    bodies = provider.events()

    heard(*bodies, *reversed(bodies))

    (opened,) = published(payment_id, "dispute_opened")
    (closed,) = published(payment_id, "dispute_closed")
    assert (4_000, 1_500, "product_not_received") == (opened["amount"], opened["fee"], opened["reason"])
    assert (4_000, outcome, dispute_id) == (closed["amount"], closed["outcome"], closed["dispute_id"])
    assert shown == facade.payment_status(payment(payment_id))


def test_that_evidence_is_due_keeps_the_sweep_from_asking_nothing(provider: Provider) -> None:
    """The refund whose request was lost is made in the run that says that the evidence is due."""
    payment_id = paid(provider)
    writes.commit(*facade.refund(payment(payment_id), "rfd_1", Money(1_000, "EUR"), "", now()))
    _dispute(provider)
    heard(*provider.events())
    provider.standin.account.store.objects["charge"][_charge(provider)]["disputed"] = False

    sweep(later(days=5, hours=12))

    assert [1_000] == [refund["amount"] for refund in provider.refunds()]
    assert 1 == len(published(payment_id, "evidence_due"))


def test_a_dispute_of_which_nobody_heard_is_asked_for(provider: Provider) -> None:
    payment_id = paid(provider)
    dispute_id = _dispute(provider)
    provider.events()
    assert [] == due(later(days=30))

    for minutes in (2, 3, 70):
        sweep(later(minutes=minutes))

    (opened,) = published(payment_id, "dispute_opened")
    assert (dispute_id, 4_000, 1_500) == (opened["dispute_id"], opened["amount"], opened["fee"])
    assert "disputed" == facade.payment_status(payment(payment_id))
    assert 2 == provider.calls("GET").count("/v1/disputes")


def test_the_end_of_a_dispute_of_which_nobody_heard_is_asked_for(provider: Provider) -> None:
    payment_id = paid(provider)
    dispute_id = _dispute(provider)
    heard(*provider.events())
    provider.control(f"disputes/{dispute_id}/close", outcome="won")

    sweep(later(days=1, minutes=1))

    assert ["won"] == [closed["outcome"] for closed in published(payment_id, "dispute_closed")]
    assert "captured" == facade.payment_status(payment(payment_id))
    assert [] == due(later(days=30))


def test_an_inquiry_is_followed_until_it_is_over(provider: Provider) -> None:
    payment_id = paid(provider)
    found = provider.standin.account.store.objects["dispute"][_dispute(provider)]
    found.update(status="warning_needs_response", balance_transactions=[])
    provider.events()
    sweep(later(minutes=2))
    assert ([], [payment_id]) == (published(payment_id, "dispute_opened"), due(later(days=2)))

    found.update(status="needs_response")
    sweep(later(days=2))

    assert 1 == len(published(payment_id, "dispute_opened"))


def test_a_dispute_of_a_payment_that_is_not_ours_keeps_nobody_from_the_others(provider: Provider) -> None:
    payment_id = paid(provider)
    _dispute(provider)
    stranger = paid(provider)
    intent = provider.standin.account.store.objects["payment_intent"][payment(stranger).intent_id]
    provider.control(f"charges/{intent['latest_charge']}/dispute")
    intent["metadata"] = {}
    provider.events()

    sweep(later(minutes=2))

    assert 1 == len(published(payment_id, "dispute_opened"))
    assert [] == published(stranger, "dispute_opened")


def test_after_an_outage_disputes_are_asked_for_since_the_last_time(provider: Provider) -> None:
    sweep(later(minutes=2))
    payment_id = paid(provider)
    _dispute(provider)
    provider.events()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stripe_gateway, "sent", _unavailable)
        sweep(later(hours=3))
    assert [] == published(payment_id, "dispute_opened")
    sweep(later(days=9))

    assert 1 == len(published(payment_id, "dispute_opened"))


def _unavailable(send: Any) -> Any:
    raise ProviderUnavailable


def test_a_dispute_told_backwards_ends_the_same(provider: Provider) -> None:
    payment_id = paid(provider)
    provider.control(f"disputes/{_dispute(provider)}/close", outcome="lost")

    heard(*reversed(provider.events()))

    assert [1, 1] == [len(published(payment_id, f"dispute_{what}")) for what in ("opened", "closed")]
