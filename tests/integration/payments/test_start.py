"""Starting a payment: one intent, whatever is retried."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from entrepot.cloud import writes
from entrepot.kernel.money import Money
from functions.payments import facade, stripe_gateway
from tests.integration.payments.conftest import (
    Provider,
    due,
    later,
    now,
    opened,
    payment,
    requests_of,
    started,
    told,
)

pytestmark = pytest.mark.usefixtures("provider")


class Dies(BaseException):
    """The process ends here: no handler of ours runs."""


def test_a_start_makes_an_intent_of_our_amount_and_gives_its_secret(provider: Provider) -> None:
    payment_id = opened(12_345)

    view = facade.start(payment_id, now())

    (intent,) = provider.intents()
    assert (12_345, "eur", "automatic") == (intent["amount"], intent["currency"], intent["capture_method"])
    assert {"payment_id": payment_id, "order_id": payment(payment_id).order_id} == intent["metadata"]
    assert ("created", intent["client_secret"]) == (view.status, view.client_secret)
    assert intent["id"] == payment(payment_id).intent_id
    assert [] == told(payment_id)


def test_a_start_again_gives_the_same_secret_and_writes_nothing(provider: Provider) -> None:
    payment_id = opened()
    first = facade.start(payment_id, now())
    revision = payment(payment_id).revision

    again = facade.start(payment_id, later(seconds=5))

    assert first == again
    assert 1 == len(provider.intents())
    assert revision == payment(payment_id).revision


def test_an_intent_whose_answer_was_lost_is_not_asked_for_again_once_the_provider_may_have_forgotten_the_key(
    provider: Provider,
) -> None:
    payment_id = opened()
    provider.fault("drop_after", times=9)
    facade.start(payment_id, now())
    provider.heal()
    provider.standin.account.store.answers.clear()  # a day has passed at the provider

    view = facade.start(payment_id, later(hours=21))

    assert ("cancelled", None) == (view.status, view.client_secret)
    assert 1 == len(provider.intents())
    assert "cancelled" == facade.start(payment_id, later(hours=22)).status
    assert [] == due(later(days=30))


def test_a_provider_out_of_reach_leaves_the_payment_pending_without_a_secret(provider: Provider) -> None:
    payment_id = opened()
    provider.fault("unavailable", times=9)

    view = facade.start(payment_id, now())

    assert ("pending", None) == (view.status, view.client_secret)
    assert [] == provider.intents()
    # Should nobody come back for it, the sweep starts it.
    assert [payment_id] == due(later(minutes=2))

    provider.heal()
    assert facade.start(payment_id, now()).client_secret is not None
    assert 1 == len(provider.intents())


def test_an_answer_lost_after_the_provider_acted_makes_no_second_intent(provider: Provider) -> None:
    payment_id = opened()
    provider.fault("drop_after", times=9)
    assert "pending" == facade.start(payment_id, now()).status
    provider.heal()

    view = facade.start(payment_id, now())

    (intent,) = provider.intents()
    assert intent["client_secret"] == view.client_secret


def test_a_process_that_dies_between_provider_and_record_finds_its_intent_again(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = opened()

    def die(*given: object) -> None:
        raise Dies

    with monkeypatch.context() as patched:
        patched.setattr(writes, "commit", die)
        with pytest.raises(Dies):
            facade.start(payment_id, now())
    assert "" == payment(payment_id).intent_id

    view = facade.start(payment_id, now())

    (intent,) = provider.intents()
    assert intent["client_secret"] == view.client_secret
    assert intent["id"] == payment(payment_id).intent_id


def test_a_process_that_dies_between_record_and_reply_gives_the_same_secret_when_asked_again(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = opened()
    commit = writes.commit

    def die(*given: writes.Write) -> None:
        commit(*given)
        raise Dies

    with monkeypatch.context() as patched:
        patched.setattr(writes, "commit", die)
        with pytest.raises(Dies):
            facade.start(payment_id, now())

    view = facade.start(payment_id, now())

    (intent,) = provider.intents()
    assert intent["client_secret"] == view.client_secret


def test_a_payment_that_was_closed_gets_no_intent(provider: Provider) -> None:
    payment_id = opened()
    assert "none" == facade.cancel_intent(payment_id, now())

    view = facade.start(payment_id, now())

    assert ("cancelled", None) == (view.status, view.client_secret)
    assert [] == provider.intents()


def test_a_payment_closed_while_its_intent_is_made_gives_no_secret_and_lets_the_intent_go(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = opened()
    create = stripe_gateway.StripeGateway.create

    def create_while_it_is_closed(self: stripe_gateway.StripeGateway, found: facade.Payment) -> object:
        made = create(self, found)
        assert "none" == facade.cancel_intent(payment_id, now())
        return made

    monkeypatch.setattr(stripe_gateway.StripeGateway, "create", create_while_it_is_closed)

    view = facade.start(payment_id, now())

    assert ("cancelled", None) == (view.status, view.client_secret)
    assert ["cancellation_requested", "payment_cancelled"] == told(payment_id)
    requests_of(payment_id)
    assert ["canceled"] == [intent["status"] for intent in provider.intents()]


def test_what_stripe_refuses_for_good_fails_the_payment(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = opened()
    # The stand-in refuses a fraction of Stripe's least amount, as Stripe does; our own table would have said so first.
    monkeypatch.setattr(stripe_gateway, "chargeable", lambda money: 1)

    view = facade.start(payment_id, now())

    assert ("failed", None) == (view.status, view.client_secret)
    assert "amount_too_small" == payment(payment_id).last_error
    assert ["payment_failed"] == told(payment_id)


def test_an_open_payment_is_refused_what_cannot_be_paid() -> None:
    at = datetime.now(UTC)
    with pytest.raises(facade.MethodNotAvailable):
        facade.open_payment("pay_1", "ord_1", Money(1000, "EUR"), "crypto", "automatic", at)
    with pytest.raises(facade.AmountNotChargeable):
        facade.open_payment("pay_1", "ord_1", Money(12_345, "KWD"), "card", "automatic", at)


def test_a_started_payment_is_watched_from_the_next_minute_on() -> None:
    payment_id = started()

    assert [] == due(later(seconds=55))
    assert [payment_id] == due(later(seconds=65))


def test_a_secret_shows_in_no_text_of_the_view() -> None:
    view = facade.start(opened(), now())

    assert view.client_secret is not None
    assert view.client_secret not in repr(view)


def test_nothing_of_stripes_library_is_kept_in_a_home_folder(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr("stripe._telemetry_id._loaded", False)

    started()

    assert 1 == len(provider.intents())
    assert [] == list(tmp_path.iterdir())
