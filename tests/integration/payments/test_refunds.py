"""Refunds: never above what was captured, made once, and recorded whatever dies in between."""

import json
from datetime import timedelta
from typing import Any

import pytest

from entrepot.cloud import writes
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from functions.payments import facade
from infra.local.stripe import refunds
from infra.local.stripe.forms import Params
from tests.integration.payments.conftest import (
    Provider,
    due,
    heard,
    later,
    now,
    paid,
    payment,
    published,
    requests_of,
    told,
)
from tests.support import pump

pytestmark = pytest.mark.usefixtures("provider")


def refund(payment_id: str, amount: int, currency: str = "EUR") -> str:
    refund_id = new_id("rfd", now())
    found = payment(payment_id)
    writes.commit(*facade.refund(found, refund_id, Money(amount, currency), "damaged", now()))
    return refund_id


def request_of(payment_id: str) -> str:
    (event,) = published(payment_id, "refund_requested")
    return json.dumps(event)


def test_a_refund_is_requested_then_made_then_told(provider: Provider) -> None:
    payment_id = paid(provider)

    refund_id = refund(payment_id, 4_000)
    assert [] == provider.refunds()
    requests_of(payment_id)

    (made,) = provider.refunds()
    assert (4_000, {"payment_id": payment_id, "refund_id": refund_id}) == (made["amount"], made["metadata"])
    found = payment(payment_id)
    assert (4_000, 6_000, "partially_refunded") == (
        found.refunded,
        found.refundable,
        facade.payment_status(found),
    )
    (succeeded,) = published(payment_id, "refund_succeeded")
    assert (refund_id, 4_000, 4_000) == (succeeded["refund_id"], succeeded["amount"], succeeded["refunded"])


def test_the_rest_refunded_makes_the_payment_refunded(provider: Provider) -> None:
    payment_id = paid(provider)
    refund(payment_id, 4_000)
    refund(payment_id, 6_000)

    requests_of(payment_id)
    heard(*provider.events())

    assert "refunded" == facade.payment_status(payment(payment_id))
    assert 2 == len(provider.refunds()) == told(payment_id).count("refund_succeeded")


@pytest.mark.parametrize("amount", [10_001, 20_000])
def test_a_refund_above_what_was_captured_is_refused(provider: Provider, amount: int) -> None:
    payment_id = paid(provider)

    with pytest.raises(facade.ExceedsCaptured) as refused:
        refund(payment_id, amount)

    assert ("exceeds_captured", 10_000) == (refused.value.code, refused.value.facts["refundable"])
    assert () == payment(payment_id).refunds
    assert "refund_requested" not in told(payment_id)


def test_refunds_requested_at_the_same_moment_never_sum_above_what_was_captured(provider: Provider) -> None:
    payment_id = paid(provider)
    seen = payment(payment_id)
    first = facade.refund(seen, "rfd_1", Money(6_000, "EUR"), "", now())
    second = facade.refund(seen, "rfd_2", Money(6_000, "EUR"), "", now())
    writes.commit(*first)

    with pytest.raises(facade.PaymentChanged):
        writes.commit(*second)

    assert ["rfd_1"] == [refund.refund_id for refund in payment(payment_id).refunds]
    with pytest.raises(facade.ExceedsCaptured):
        refund(payment_id, 6_000)


def test_nothing_is_refunded_before_it_was_captured(provider: Provider) -> None:
    payment_id = paid(provider, capture="manual")

    with pytest.raises(facade.ExceedsCaptured):
        refund(payment_id, 1)


def test_a_request_delivered_twenty_times_is_made_once(provider: Provider) -> None:
    payment_id = paid(provider)
    refund(payment_id, 4_000)
    request = request_of(payment_id)

    for _ in range(20):
        assert [] == pump.deliver("payments-events", request)

    assert 1 == len(provider.refunds())
    assert 1 == provider.calls().count("/v1/refunds")
    assert 1 == told(payment_id).count("refund_succeeded")


def test_a_process_that_dies_between_refund_and_record_refunds_once(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = paid(provider)
    refund(payment_id, 4_000)
    request = request_of(payment_id)

    def die(*given: Any) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(writes, "commit", die)
        assert ["message"] == pump.deliver("payments-events", request)
    assert 1 == len(provider.refunds())

    assert [] == pump.deliver("payments-events", request)

    assert 1 == len(provider.refunds())
    assert 4_000 == payment(payment_id).refunded
    assert 1 == told(payment_id).count("refund_succeeded")


def test_a_refund_heard_by_webhook_before_its_request_is_recorded_counts_once(provider: Provider) -> None:
    payment_id = paid(provider)
    refund(payment_id, 4_000)
    request = request_of(payment_id)
    assert [] == pump.deliver("payments-events", request)
    bodies = provider.events()

    heard(*bodies, *bodies)

    assert 4_000 == payment(payment_id).refunded
    assert 1 == told(payment_id).count("refund_succeeded")


def test_an_answer_lost_after_the_refund_is_found_by_the_same_key(provider: Provider) -> None:
    payment_id = paid(provider)
    refund(payment_id, 4_000)
    request = request_of(payment_id)
    provider.fault("drop_after", times=9, path="/v1/refunds")
    assert ["message"] == pump.deliver("payments-events", request)
    provider.heal()

    assert [] == pump.deliver("payments-events", request)

    assert 1 == len(provider.refunds())
    assert 4_000 == payment(payment_id).refunded


def test_a_request_older_than_the_providers_keys_is_looked_for_before_it_is_repeated(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = paid(provider)
    refund_id = new_id("rfd", now())
    found = payment(payment_id)
    writes.commit(*facade.refund(found, refund_id, Money(4_000, "EUR"), "", now() - timedelta(days=3)))
    request = request_of(payment_id)

    def die(*given: Any) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(writes, "commit", die)
        assert ["message"] == pump.deliver("payments-events", request)
    # The provider has forgotten the key, as it does after a day: sending it again would refund again.
    provider.standin.account.store.answers.clear()

    assert [] == pump.deliver("payments-events", request)

    assert 1 == len(provider.refunds())
    assert 4_000 == payment(payment_id).refunded


def test_a_refund_that_the_provider_declines_is_failed_and_frees_its_amount(provider: Provider) -> None:
    payment_id = paid(provider)
    by_hand(provider, payment_id, 9_000)
    refund_id = refund(payment_id, 4_000)

    requests_of(payment_id)

    (failed,) = published(payment_id, "refund_failed")
    assert (refund_id, 4_000) == (failed["refund_id"], failed["amount"])
    assert 1 == len(provider.refunds())
    assert 10_000 == payment(payment_id).refundable


def test_a_refund_made_by_hand_at_the_provider_counts(provider: Provider) -> None:
    payment_id = paid(provider)
    by_hand(provider, payment_id, 3_000)

    heard(*provider.events())

    assert (3_000, 7_000) == (payment(payment_id).refunded, payment(payment_id).refundable)
    assert 1 == told(payment_id).count("refund_succeeded")
    with pytest.raises(facade.ExceedsCaptured):
        refund(payment_id, 7_001)


def test_a_refund_that_takes_its_time_is_watched_until_it_ends(provider: Provider) -> None:
    payment_id = paid(provider)
    provider.standin.account.store.aliases[provider.intents()[0]["payment_method"]] = "pm_card_pendingRefund"
    refund(payment_id, 4_000)
    requests_of(payment_id)
    assert (0, 6_000) == (payment(payment_id).refunded, payment(payment_id).refundable)
    assert [payment_id] == due(later(days=2))
    provider.events()

    provider.control(f"refunds/{provider.refunds()[0]['id']}/finish", outcome="succeed")
    heard(*provider.events())

    assert 4_000 == payment(payment_id).refunded
    assert [] == due(later(days=9))


def test_a_refund_sent_back_by_the_bank_fails_after_it_succeeded(provider: Provider) -> None:
    payment_id = paid(provider)
    refund(payment_id, 4_000)
    requests_of(payment_id)
    provider.control(f"refunds/{provider.refunds()[0]['id']}/finish", outcome="fail")

    heard(*provider.events())

    assert (0, 10_000) == (payment(payment_id).refunded, payment(payment_id).refundable)
    assert "captured" == facade.payment_status(payment(payment_id))
    assert 1 == told(payment_id).count("refund_succeeded") == told(payment_id).count("refund_failed")


def by_hand(provider: Provider, payment_id: str, amount: int) -> None:
    """A refund that somebody makes at the provider, which says nothing of our ids."""
    intent_id = payment(payment_id).intent_id
    refunds.create(provider.standin.account, Params({"payment_intent": intent_id, "amount": str(amount)}))
