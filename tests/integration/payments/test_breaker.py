"""A provider that does not answer: found out once, left alone, tried by one, and nothing is lost meanwhile."""

from dataclasses import replace
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

from entrepot.cloud import audit, reads, writes
from entrepot.cloud.auth import Principal
from entrepot.contracts import orders
from entrepot.contracts.events import encoded
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from functions.payments import book, facade, health, providers, stripe_gateway
from functions.payments.domain.breaker import COOL_DOWN, OPENS_AFTER
from functions.payments.gateway import Declined, ProviderBusy, ProviderUnavailable
from functions.payments.sweep import sweep
from tests.integration.payments.conftest import (
    Provider,
    due,
    heard,
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


class Outage:
    """Stripe as it does not answer, for as long as it lasts; `calls` counts who found that out."""

    def __init__(self) -> None:
        self.calls = 0
        self.over = False
        self.kind = ProviderUnavailable

    def met(self) -> None:
        if not self.over:
            self.calls += 1
            raise self.kind


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Outage:
    # These take the name `sent` over when they are first imported, which must not be while it is replaced.
    for module in ("stripe_balance", "stripe_keeper", "stripe_transfers"):
        import_module(f"functions.payments.{module}")
    outage = Outage()
    send = stripe_gateway.sent

    def sent(call: Any) -> Any:
        outage.met()
        return send(call)

    monkeypatch.setattr(stripe_gateway, "sent", sent)
    return outage


def found_down(outage: Outage, at: datetime) -> str:
    """A payment by which it was found out, by the last of enough tries, that the provider is down."""
    payment_id = opened()
    for _ in range(OPENS_AFTER):
        assert "pending" == facade.start(payment_id, at).status
    assert OPENS_AFTER == outage.calls
    return payment_id


def known_down(at: datetime) -> frozenset[str]:
    """As who places an order sees it."""
    return facade.down(reads.fetch(*facade.health_reads(), consistent=True), at)


def test_a_provider_that_was_found_down_is_not_called(outage: Outage) -> None:
    at = now()
    payment_id = found_down(outage, at)

    assert "pending" == facade.start(payment_id, at + timedelta(seconds=20)).status

    assert OPENS_AFTER == outage.calls
    assert frozenset({"stripe"}) == known_down(at + timedelta(seconds=20))


def test_another_process_learns_of_it_within_seconds(outage: Outage) -> None:
    at = now()
    payment_id = found_down(outage, at)
    health.forget()

    facade.start(payment_id, at + timedelta(seconds=6))

    assert OPENS_AFTER == outage.calls


def test_after_the_rest_one_of_many_tries_and_its_answer_closes_it(
    outage: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now()
    found_down(outage, at)
    outage.over = True
    later = at + COOL_DOWN
    (held,) = reads.fetch(*facade.health_reads())
    # Two functions have read the same breaker; each wants to be the one that tries.
    with monkeypatch.context() as patched:
        patched.setattr(health, "_read_anew", lambda provider, moment: held)
        assert [True, False] == [_admitted(later), _admitted(later)]

    providers.named("stripe", later + timedelta(seconds=40)).fetch(made_before(later))
    assert frozenset() == known_down(later + timedelta(seconds=40))


def _admitted(at: datetime) -> bool:
    try:
        return health._admitted("stripe", at)
    except ProviderUnavailable:
        return False


def made_before(at: datetime) -> str:
    """An intent of Stripe, made past the guard."""
    found = payment(opened())
    return stripe_gateway.gateway().create(found).snapshot.intent_id


def test_a_refusal_by_the_provider_is_an_answer(outage: Outage) -> None:
    at = now()
    found_down(outage, at)
    outage.over = True

    with pytest.raises(Declined):
        providers.named("stripe", at + COOL_DOWN).fetch("pi_unknown")

    assert frozenset() == known_down(at + COOL_DOWN)


@pytest.mark.parametrize(
    ("status", "code"), [("409", "lock_timeout"), ("429", "lock_timeout"), ("409", "idempotency_key_in_use")]
)
def test_a_payment_that_another_request_holds_is_busy(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, status: str, code: str
) -> None:
    monkeypatch.setattr(stripe_gateway, "_RETRIES", 0)
    intent_id = payment(started()).intent_id
    stripe_gateway.forget()
    provider.fault("unavailable", status=status, code=code)

    with pytest.raises(ProviderBusy):
        providers.named("stripe", now()).fetch(intent_id)


def test_a_payment_that_is_held_at_the_provider_is_no_outage(outage: Outage) -> None:
    at = now()
    outage.kind = ProviderBusy

    for _ in range(2 * OPENS_AFTER):
        assert "pending" == facade.start(opened(), at).status

    assert 2 * OPENS_AFTER == outage.calls
    assert frozenset() == known_down(at)


def test_a_trial_that_meets_a_held_payment_was_answered(outage: Outage) -> None:
    at = now()
    payment_id = found_down(outage, at)
    outage.kind = ProviderBusy

    facade.start(payment_id, at + COOL_DOWN)

    assert frozenset() == known_down(at + COOL_DOWN)


def test_one_held_payment_keeps_the_sweep_from_no_other(
    outage: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.payments.store.SHARDS", 1)
    outage.over = True
    waiting = [started(), started(), started()]
    outage.over, outage.kind = False, ProviderBusy

    assert 0 == sweep(now() + timedelta(minutes=2))

    assert len(waiting) + 1 == outage.calls  # each of them, and who disputes
    assert [] == due(now() + timedelta(minutes=2))


def test_what_a_webhook_has_to_ask_is_not_asked_of_one_that_is_down(
    outage: Outage, provider: Provider
) -> None:
    at = now()
    outage.over = True
    payment_id = started()
    provider.pay(payment(payment_id))
    (fee,) = provider.events("charge.updated")
    outage.over = False
    found_down(outage, at)

    assert ["message"] == pump.deliver("payments-webhooks", fee)

    assert OPENS_AFTER == outage.calls


def test_evidence_for_one_that_is_down_is_left_to_the_sweep(outage: Outage, provider: Provider) -> None:
    at = now()
    outage.over = True
    payment_id = paid(provider)
    (charge,) = provider.standin.account.store.objects["charge"].values()
    dispute = provider.control(f"charges/{charge['id']}/dispute")
    heard(*provider.events())
    outage.over = False
    found_down(outage, at)
    gathered = orders.EvidenceGathered(
        event_id=new_id("evt", at),
        occurred_at=at,
        order_id=payment(payment_id).order_id,
        payment_id=payment_id,
        dispute_id=dispute["id"],
        product_description="2 x Headphones",
        shipping_carrier="",
        shipping_tracking_number="",
        shipping_date="",
        course="",
    )

    assert [] == pump.deliver("payments-events", encoded(gathered))

    assert OPENS_AFTER == outage.calls
    assert "needs_response" == dispute["status"]


def test_what_staff_do_says_nothing_of_the_breaker(outage: Outage) -> None:
    outage.over = True
    payment_id = started()
    outage.over = False
    staff = Principal("mbr_1", "operator", None, "ses_1")

    with audit.by_staff(staff, "orders.cancel", "/v1/orders/{order_id}/cancel", {}):
        assert "unknown" == facade.cancel_intent(payment_id, now())

    assert 1 == outage.calls
    assert [] == audit.entries_of("mbr_1")
    (held,) = reads.fetch(*facade.health_reads())
    assert 1 == held.failures


def test_a_trial_without_answer_lets_it_rest_anew(outage: Outage) -> None:
    at = now()
    payment_id = found_down(outage, at)

    facade.start(payment_id, at + COOL_DOWN)
    facade.start(payment_id, at + COOL_DOWN + timedelta(seconds=20))

    assert OPENS_AFTER + 1 == outage.calls


def test_where_another_serves_the_method_a_payment_is_made_through_that(
    outage: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now()
    found_down(outage, at)
    held = book.offers()
    dearer = next(offer for offer in held if offer.provider == "bank")
    dearer = replace(dearer, method="card", cost_bp=999)
    monkeypatch.setattr(book, "offers", lambda: (*held, dearer))
    down = known_down(at)
    made, _ = facade.open_payment(
        new_id("pay", at), "ord_1", Money(1_000, "EUR"), "card", "automatic", at, "DE", down
    )

    assert "bank" == made.provider
    assert dearer.window == facade.check_method("card", made.amount, "DE", "automatic", at, down)


def test_a_payment_that_stayed_pending_is_started_by_the_sweep(outage: Outage, provider: Provider) -> None:
    at = now()
    payment_id = found_down(outage, at)
    assert [payment_id] == due(at + timedelta(minutes=1))
    outage.over = True

    assert 1 == sweep(at + timedelta(minutes=2))

    (intent,) = provider.intents()
    assert intent["id"] == payment(payment_id).intent_id


def test_a_pending_payment_that_its_order_has_closed_is_never_started(
    outage: Outage, provider: Provider
) -> None:
    at = now()
    payment_id = found_down(outage, at)
    assert "none" == facade.cancel_intent(payment_id, at)
    outage.over = True

    assert 0 == sweep(at + timedelta(minutes=2))

    assert [] == provider.intents()


def test_an_hour_without_the_provider_loses_nothing_and_does_nothing_twice(
    outage: Outage, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.payments.store.SHARDS", 1)
    outage.over = True
    refunded, captured = paid(provider), paid(provider, capture="manual")
    outage.over = False
    at = now()
    pending = found_down(outage, at)
    writes.commit(*facade.refund(payment(refunded), "rfd_1", Money(4_000, "EUR"), "", at))
    writes.commit(*facade.request_capture(payment(captured), Money(10_000, "EUR"), at))
    # Taken off the queue at once: nothing of it becomes a dead letter.
    requests_of(refunded)
    requests_of(captured)

    for minute in range(2, 61, 3):
        assert 0 == sweep(at + timedelta(minutes=minute))
    during = outage.calls
    outage.over = True
    assert 3 == sweep(at + timedelta(minutes=62))

    # One trial a run, and no more.
    assert OPENS_AFTER + 20 == during
    assert 4_000 == payment(refunded).refunded
    assert 10_000 == payment(captured).captured
    assert "created" == payment(pending).status.value
    assert (1, 2 + 1) == (len(provider.refunds()), len(provider.intents()))
    assert 1 == told(refunded).count("refund_succeeded")
    assert 1 == len(published(captured, "payment_captured"))


def test_one_provider_that_is_down_does_not_keep_the_sweep_from_the_others(
    outage: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now()
    monkeypatch.setattr("functions.payments.store.SHARDS", 1)
    monkeypatch.setattr("functions.payments.sweep._MOST_OF_A_SHARD", 2)
    outage.over = True
    waiting = [opened() for _ in range(3)]
    for payment_id in waiting:
        facade.start(payment_id, at)
    transfer = opened(method="bank_transfer")
    facade.start(transfer, at + timedelta(seconds=1))
    outage.over = False

    assert 0 == sweep(at + timedelta(minutes=2))
    assert 1 == sweep(at + timedelta(minutes=2))

    assert 1 == outage.calls - 1
    assert [] == [event for event in pump.events() if event["event"] == "payments.payment_failed"]
