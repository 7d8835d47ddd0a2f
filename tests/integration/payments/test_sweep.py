"""The sweep: every payment that has been silent is asked about, and what was left open is closed."""

from datetime import timedelta

import pytest

from entrepot.cloud import writes
from entrepot.kernel.money import Money
from functions.payments import facade, store
from functions.payments.sweep import sweep
from tests.integration.payments.conftest import (
    Provider,
    due,
    heard,
    later,
    now,
    opened,
    paid,
    payment,
    requests_of,
    started,
    told,
)

pytestmark = pytest.mark.usefixtures("provider")


def test_a_lost_webhook_loses_nothing(provider: Provider) -> None:
    payment_id = started()
    provider.pay(payment(payment_id))

    assert 1 == sweep(later(minutes=2))

    assert ["payment_authorised", "payment_captured"] == told(payment_id)
    assert [] == due(later(days=30))


def test_a_webhook_after_the_sweep_adds_nothing(provider: Provider) -> None:
    payment_id = started()
    provider.pay(payment(payment_id))
    sweep(later(minutes=2))

    heard(*provider.events())

    assert ["payment_authorised", "payment_captured"] == told(payment_id)


def test_a_payment_that_stays_silent_is_asked_about_less_and_less() -> None:
    payment_id = started()
    at = now()
    for minutes in (1, 5, 15, 60, 240, 1440, 1440):
        assert [] == due(at + timedelta(minutes=minutes, seconds=-5))
        at += timedelta(minutes=minutes)
        assert [payment_id] == due(at)
        assert 1 == sweep(at)

    assert [] == told(payment_id)


def test_a_decline_that_was_missed_is_told_once(provider: Provider) -> None:
    payment_id = started()
    intent_id = payment(payment_id).intent_id
    provider.control(f"payment_intents/{intent_id}/fail", payment_method="pm_card_chargeDeclined")

    for minutes in (2, 10, 40, 200):
        assert 1 == sweep(later(minutes=minutes))

    assert ["payment_failed"] == told(payment_id)


def test_a_payment_without_intent_is_left_to_its_order() -> None:
    opened()

    assert 0 == sweep(later(days=2))


def test_a_run_stops_where_the_provider_is_out_of_reach_and_the_next_goes_on(provider: Provider) -> None:
    payment_ids = [started() for _ in range(3)]
    for payment_id in payment_ids:
        provider.pay(payment(payment_id))
    provider.fault("unavailable", times=99)
    assert 0 == sweep(later(minutes=2))
    assert [] == due(later(minutes=2))
    provider.heal()

    assert 3 == sweep(later(minutes=4))

    assert ["captured"] * 3 == [payment(payment_id).status.value for payment_id in payment_ids]


def test_one_payment_that_cannot_be_looked_after_stops_no_other(provider: Provider) -> None:
    payment_ids = [started() for _ in range(3)]
    gone = payment(payment_ids[0]).intent_id
    del provider.standin.account.store.objects["payment_intent"][gone]
    for payment_id in payment_ids[1:]:
        provider.pay(payment(payment_id))

    assert 2 == sweep(later(minutes=2))

    assert ["captured"] * 2 == [payment(payment_id).status.value for payment_id in payment_ids[1:]]


def test_an_authorisation_about_to_lapse_is_captured_less_what_was_given_up(provider: Provider) -> None:
    payment_id = paid(provider, capture="manual")
    writes.commit(*facade.forgo(payment(payment_id), Money(3_000, "EUR"), now()))
    assert 0 == sweep(later(days=5, hours=23))

    assert 1 == sweep(later(days=6, minutes=1))
    assert "capture_requested" in told(payment_id)
    requests_of(payment_id)

    assert 7_000 == payment(payment_id).captured


def test_a_capture_whose_request_was_lost_is_made_by_the_sweep(provider: Provider) -> None:
    payment_id = paid(provider, capture="manual")
    writes.commit(*facade.request_capture(payment(payment_id), Money(10_000, "EUR"), now()))

    assert 1 == sweep(later(minutes=2))

    assert 10_000 == payment(payment_id).captured
    assert ["capture_requested", "payment_authorised", "payment_captured"] == told(payment_id)


def test_a_cancellation_whose_request_was_lost_is_made_by_the_sweep(provider: Provider) -> None:
    payment_id = paid(provider, capture="manual")
    writes.commit(*facade.request_cancellation(payment(payment_id), now()))

    assert 1 == sweep(later(minutes=2))

    assert ["canceled"] == [intent["status"] for intent in provider.intents()]
    assert "payment_cancelled" in told(payment_id)


def test_a_refund_whose_request_was_lost_is_made_by_the_sweep_once(provider: Provider) -> None:
    payment_id = paid(provider)
    writes.commit(*facade.refund(payment(payment_id), "rfd_1", Money(4_000, "EUR"), "", now()))

    assert 1 == sweep(later(minutes=2))
    requests_of(payment_id)

    assert 1 == len(provider.refunds())
    assert 4_000 == payment(payment_id).refunded
    assert 1 == told(payment_id).count("refund_succeeded")
    assert [] == due(later(days=30))


def test_a_run_asks_about_a_bounded_number(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.payments.sweep._MOST_OF_A_SHARD", 1)
    for _ in range(12):
        started()

    first = sweep(later(minutes=2))

    assert 0 < first <= 8
    assert 12 - first == len(due(later(minutes=2)))


def test_payments_that_the_provider_does_not_know_keep_no_other_from_being_asked(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SHARDS", 1)
    lost = [started() for _ in range(7)]
    intents = provider.standin.account.store.objects["payment_intent"]
    for payment_id in lost:
        del intents[payment(payment_id).intent_id]
    last = started()
    provider.pay(payment(last))

    runs = [sweep(later(minutes=minutes)) for minutes in (2, 3)]

    assert [0, 1] == runs
    assert "captured" == payment(last).status.value
