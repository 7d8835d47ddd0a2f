"""Manual capture, giving up part of it, and letting an intent go."""

import json
from dataclasses import replace
from typing import Any

import pytest

from entrepot.cloud import writes
from entrepot.kernel.money import Money
from functions.payments import facade, store
from tests.integration.payments.conftest import (
    Provider,
    due,
    heard,
    later,
    now,
    opened,
    paid,
    payment,
    published,
    requests_of,
    started,
    told,
)
from tests.support import pump

pytestmark = pytest.mark.usefixtures("provider")


def eur(amount: int) -> Money:
    return Money(amount, "EUR")


def test_an_authorised_payment_is_captured_when_asked_for(provider: Provider) -> None:
    payment_id = paid(provider, capture="manual")
    assert "authorised" == facade.payment_status(payment(payment_id))
    assert ["payment_authorised"] == told(payment_id)

    writes.commit(*facade.request_capture(payment(payment_id), eur(10_000), now()))
    requests_of(payment_id)
    heard(*provider.events())

    assert (10_000, 0) == (payment(payment_id).captured, payment(payment_id).capturable)
    assert ["capture_requested", "payment_authorised", "payment_captured"] == told(payment_id)
    assert [] == due(later(days=9))


def test_a_capture_asked_for_again_is_not_asked_for_twice(provider: Provider) -> None:
    payment_id = paid(provider, capture="manual")
    writes.commit(*facade.request_capture(payment(payment_id), eur(10_000), now()))

    assert [] == facade.request_capture(payment(payment_id), eur(10_000), now())


def test_a_capture_never_exceeds_the_authorisation(provider: Provider) -> None:
    payment_id = paid(provider, capture="manual")

    with pytest.raises(facade.ExceedsAuthorised):
        facade.request_capture(payment(payment_id), eur(10_001), now())


def test_a_part_given_up_lowers_what_may_be_captured(provider: Provider) -> None:
    payment_id = paid(provider, capture="manual")
    writes.commit(*facade.forgo(payment(payment_id), eur(3_000), now()))

    with pytest.raises(facade.ExceedsAuthorised):
        facade.request_capture(payment(payment_id), eur(7_001), now())
    writes.commit(*facade.request_capture(payment(payment_id), eur(7_000), now()))
    requests_of(payment_id)

    assert 7_000 == payment(payment_id).captured
    assert [7_000] == [intent["amount_received"] for intent in provider.intents()]


def test_all_of_it_given_up_lets_the_intent_go(provider: Provider) -> None:
    payment_id = paid(provider, capture="manual")
    writes.commit(*facade.forgo(payment(payment_id), eur(3_000), now()))
    writes.commit(*facade.forgo(payment(payment_id), eur(7_000), now()))

    requests_of(payment_id)

    assert ["canceled"] == [intent["status"] for intent in provider.intents()]
    assert ["cancellation_requested", "payment_authorised", "payment_cancelled"] == told(payment_id)
    assert "none" == facade.payment_status(payment(payment_id))


def test_a_capture_and_a_cancellation_at_the_same_moment_do_not_both_stand(provider: Provider) -> None:
    payment_id = paid(provider, capture="manual")
    seen = payment(payment_id)
    captured = facade.request_capture(seen, eur(10_000), now())
    cancelled = facade.request_cancellation(seen, now())
    writes.commit(*captured)

    with pytest.raises(facade.PaymentChanged):
        writes.commit(*cancelled)
    with pytest.raises(facade.PaymentNotOpen):
        facade.request_cancellation(payment(payment_id), now())


def test_a_process_that_dies_between_capture_and_record_captures_once(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = paid(provider, capture="manual")
    writes.commit(*facade.request_capture(payment(payment_id), eur(6_000), now()))
    (event,) = published(payment_id, "capture_requested")

    def die(*given: Any) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(writes, "commit", die)
        assert ["message"] == pump.deliver("payments-events", json.dumps(event))

    assert [] == pump.deliver("payments-events", json.dumps(event))
    heard(*provider.events())

    assert [6_000] == [captured["amount"] for captured in published(payment_id, "payment_captured")]


def test_a_capture_of_a_lapsed_authorisation_ends_in_a_cancelled_payment(provider: Provider) -> None:
    payment_id = paid(provider, capture="manual")
    writes.commit(*facade.request_capture(payment(payment_id), eur(10_000), now()))
    provider.control(f"payment_intents/{payment(payment_id).intent_id}/lapse")

    requests_of(payment_id)

    assert ("cancelled", 0) == (payment(payment_id).status, payment(payment_id).captured)
    assert "payment_cancelled" in told(payment_id)


def test_an_unpaid_intent_is_cancelled_and_told(provider: Provider) -> None:
    payment_id = started()

    assert "cancelled" == facade.cancel_intent(payment_id, now())
    assert "cancelled" == facade.cancel_intent(payment_id, now())

    assert ["canceled"] == [intent["status"] for intent in provider.intents()]
    assert ["payment_cancelled"] == told(payment_id)
    assert [] == due(later(days=9))


def test_what_the_provider_has_let_go_unheard_is_settled_when_it_is_to_be_let_go(provider: Provider) -> None:
    payment_id = paid(provider, capture="manual")
    writes.commit(*facade.request_cancellation(payment(payment_id), now()))
    provider.control(f"payment_intents/{payment(payment_id).intent_id}/lapse")

    requests_of(payment_id)

    assert "cancelled" == payment(payment_id).status
    assert 1 == told(payment_id).count("payment_cancelled")
    assert [] == due(later(days=9))


def test_of_what_the_provider_has_let_go_nothing_is_left_to_give_up(provider: Provider) -> None:
    payment_id = paid(provider, capture="manual")
    provider.control(f"payment_intents/{payment(payment_id).intent_id}/lapse")
    heard(*provider.events())

    assert [] == facade.forgo(payment(payment_id), eur(10_000), now())
    assert "cancelled" == facade.cancel_intent(payment_id, now())


def test_a_payment_that_succeeded_unheard_is_not_cancelled_but_recorded(provider: Provider) -> None:
    payment_id = started()
    provider.pay(payment(payment_id))

    assert "succeeded" == facade.cancel_intent(payment_id, now())

    assert ["payment_authorised", "payment_captured"] == told(payment_id)


def test_an_authorisation_we_heard_of_is_not_let_go_by_an_expiry(provider: Provider) -> None:
    payment_id = paid(provider, capture="manual")

    assert "succeeded" == facade.cancel_intent(payment_id, now())

    assert ["requires_capture"] == [intent["status"] for intent in provider.intents()]


def test_a_payment_under_way_is_left(provider: Provider) -> None:
    payment_id = started()
    provider.control(f"payment_intents/{payment(payment_id).intent_id}/process")

    assert "processing" == facade.cancel_intent(payment_id, now())

    assert ["payment_processing"] == told(payment_id)


def test_a_provider_out_of_reach_leaves_it_unknown(provider: Provider) -> None:
    payment_id = started()
    provider.fault("unavailable", times=99)

    assert "unknown" == facade.cancel_intent(payment_id, now())
    assert [] == told(payment_id)


def test_a_payment_without_intent_is_closed_for_good(provider: Provider) -> None:
    payment_id = opened()

    assert "none" == facade.cancel_intent(payment_id, now())
    assert "cancelled" == facade.cancel_intent(payment_id, now())

    assert ["payment_cancelled"] == told(payment_id)
    assert [] == provider.intents()


def test_news_of_an_authorisation_after_its_cancellation_does_not_make_it_paid(provider: Provider) -> None:
    payment_id = paid_unheard(provider)
    (authorised,) = provider.events("payment_intent.amount_capturable_updated")
    assert "cancelled" == facade.cancel_intent(payment_id, now())

    heard(authorised)

    assert ["payment_cancelled"] == told(payment_id)


def test_money_taken_after_a_closing_is_told_so_that_it_can_be_refunded(provider: Provider) -> None:
    """The provider has the last word on money: an order that ended must hear of it to give it back."""
    payment_id = started()
    provider.pay(payment(payment_id))
    (body,) = provider.events("payment_intent.succeeded")
    found = payment(payment_id)
    writes.commit(store.saved(found, replace(found, cancelled=True), now()))

    heard(body)

    assert ["payment_authorised", "payment_captured"] == told(payment_id)
    assert 10_000 == payment(payment_id).refundable


def paid_unheard(provider: Provider) -> str:
    payment_id = started(capture="manual")
    provider.pay(payment(payment_id))
    return payment_id
