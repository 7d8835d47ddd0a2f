"""Webhooks: none lost, none counted twice, in any order; and nothing moves that is not ours."""

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest

from entrepot.cloud import dynamo, writes
from entrepot.kernel.money import Money
from functions.payments import facade, store
from tests.integration.payments.conftest import (
    SECRET,
    Provider,
    heard,
    now,
    paid,
    payment,
    published,
    queued,
    requests_of,
    sent,
    signature,
    started,
    told,
)
from tests.support import pump

pytestmark = pytest.mark.usefixtures("provider")

AUTHORISED_AND_CAPTURED = ["payment_authorised", "payment_captured"]


def changed(body: str, **object_fields: Any) -> str:
    """An event of another id that says something else of its object."""
    event = json.loads(body)
    event["id"] += "_changed"
    event["data"]["object"].update(object_fields)
    return json.dumps(event)


def test_an_event_too_large_for_a_queue_is_cut_to_what_is_read_of_it(provider: Provider) -> None:
    payment_id = started()
    provider.pay(payment(payment_id))
    (body,) = provider.events("payment_intent.succeeded")
    large = json.loads(body)
    large["data"]["object"]["description"] = "x" * 300_000
    raw = json.dumps(large).encode()

    assert 200 == sent(raw, signature(raw, now())).status
    heard(*queued())

    assert AUTHORISED_AND_CAPTURED == told(payment_id)


def test_a_payment_made_is_authorised_and_captured_once(provider: Provider) -> None:
    payment_id = paid(provider, 12_345)

    found = payment(payment_id)
    assert (12_345, 12_345, "captured") == (found.authorised, found.captured, facade.payment_status(found))
    assert AUTHORISED_AND_CAPTURED == told(payment_id)
    (captured,) = published(payment_id, "payment_captured")
    assert (12_345, 12_345, "stripe") == (captured["amount"], captured["captured"], captured["provider"])
    assert f"{found.intent_id}:12345" == captured["fact"]


def test_the_same_event_twenty_times_counts_once(provider: Provider) -> None:
    payment_id = started()
    provider.pay(payment(payment_id))
    (body,) = provider.events("payment_intent.succeeded")

    heard(*[body] * 20)

    assert AUTHORISED_AND_CAPTURED == told(payment_id)
    assert 2 == payment(payment_id).revision


def test_the_same_event_handled_by_two_at_the_same_moment_counts_once(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = started()
    provider.pay(payment(payment_id))
    (body,) = provider.events("payment_intent.succeeded")
    commit = writes.commit

    def commit_after_another(*given: writes.Write) -> None:
        monkeypatch.setattr(writes, "commit", commit)
        heard(body)
        commit(*given)

    monkeypatch.setattr(writes, "commit", commit_after_another)

    heard(body)

    assert AUTHORISED_AND_CAPTURED == told(payment_id)
    assert 2 == payment(payment_id).revision


def test_two_events_of_a_payment_at_the_same_moment_both_count(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = started(capture="manual")
    provider.pay(payment(payment_id))
    (authorised,) = provider.events("payment_intent.amount_capturable_updated")
    captured = changed(authorised, status="succeeded", amount_received=4_000, amount_capturable=0)
    commit = writes.commit

    def commit_after_another(*given: writes.Write) -> None:
        monkeypatch.setattr(writes, "commit", commit)
        heard(captured)
        commit(*given)

    monkeypatch.setattr(writes, "commit", commit_after_another)

    heard(authorised)

    found = payment(payment_id)
    assert (10_000, 4_000) == (found.authorised, found.captured)
    assert AUTHORISED_AND_CAPTURED == told(payment_id)


def test_every_order_of_a_payments_events_ends_the_same(provider: Provider) -> None:
    """Each order plays on a payment of its own, made from the same four events."""
    template = started(capture="manual")
    provider.pay(payment(template))
    writes.commit(*facade.request_capture(_heard(provider, template), Money(6_000, "EUR"), now()))
    requests_of(template)
    provider.taken.clear()
    wanted = (
        "payment_intent.created", "charge.captured", "payment_intent.amount_capturable_updated",
        "payment_intent.succeeded",
    )  # fmt: skip
    bodies = provider.events(*wanted)
    assert 4 == len(bodies)

    for number, order in enumerate(itertools.permutations(bodies)):
        payment_id = started(capture="manual")
        theirs = payment(payment_id).intent_id
        for body in order:
            event = body.replace(template, payment_id).replace(payment(template).intent_id, theirs)
            heard(event.replace('"id": "evt_', f'"id": "evt_{number}_'))

        found = payment(payment_id)
        assert (10_000, 6_000, "captured") == (found.authorised, found.captured, found.status)
        assert AUTHORISED_AND_CAPTURED == told(payment_id)
        assert [6_000] == [event["amount"] for event in published(payment_id, "payment_captured")]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"amount": 9_999, "amount_received": 9_999}, "amount"), ({"currency": "usd"}, "currency")],
)
def test_another_amount_or_currency_is_flagged_once_and_nothing_moves(
    provider: Provider, fields: dict[str, Any], reason: str
) -> None:
    payment_id = started()
    provider.pay(payment(payment_id))
    (body,) = provider.events("payment_intent.succeeded")

    heard(changed(body, **fields), changed(changed(body, **fields)))

    found = payment(payment_id)
    assert (0, 0, "flagged") == (found.authorised, found.captured, found.status)
    assert ["payment_flagged"] == told(payment_id)
    assert [reason] == [event["reason"] for event in published(payment_id, "payment_flagged")]


@pytest.mark.parametrize("whose", [{"livemode": True}, {"account": "acct_other"}], ids=["live", "account"])
def test_an_event_of_another_account_or_mode_is_flagged_and_nothing_moves(
    provider: Provider, whose: dict[str, Any]
) -> None:
    payment_id = started()
    provider.pay(payment(payment_id))
    (body,) = provider.events("payment_intent.succeeded")

    heard(json.dumps({**json.loads(body), **whose}))

    assert (0, ("account",)) == (payment(payment_id).captured, payment(payment_id).flags)
    assert ["payment_flagged"] == told(payment_id)


def test_another_intent_under_our_payments_name_is_flagged_and_nothing_moves(provider: Provider) -> None:
    payment_id = started()
    provider.pay(payment(payment_id))
    (body,) = provider.events("payment_intent.succeeded")

    heard(changed(body, id="pi_another"))

    assert (0, ("intent",)) == (payment(payment_id).captured, payment(payment_id).flags)


def test_what_is_ours_still_counts_after_something_was_flagged(provider: Provider) -> None:
    payment_id = started()
    provider.pay(payment(payment_id))
    (body,) = provider.events("payment_intent.succeeded")

    heard(changed(body, amount=1), body)

    assert ["payment_authorised", "payment_captured", "payment_flagged"] == told(payment_id)


@pytest.mark.parametrize("metadata", [{}, {"payment_id": "pay_01ARZ3NDEKTSV4RRFFQ69G5FAV"}])
def test_an_event_of_an_unknown_payment_goes_back_to_the_queue(
    provider: Provider, metadata: dict[str, str]
) -> None:
    started()
    (body,) = provider.events("payment_intent.created")

    assert ["message"] == pump.deliver("payments-webhooks", changed(body, metadata=metadata))
    assert [] == pump.events()


def test_an_event_before_the_record_of_its_intent_is_taken_by_our_id(provider: Provider) -> None:
    payment_id = started()
    provider.pay(payment(payment_id))
    (body,) = provider.events("payment_intent.succeeded")
    _forget_intent(payment_id)

    heard(body)

    found = payment(payment_id)
    assert (provider.intents()[0]["id"], 10_000) == (found.intent_id, found.captured)


@pytest.mark.parametrize("kind", ["customer.created", "mandate.updated", "payout.paid"])
def test_an_event_of_another_kind_is_passed_over(kind: str) -> None:
    heard(json.dumps({"id": "evt_1", "type": kind, "data": {"object": {"amount": None, "object": 7}}}))

    assert [] == pump.events()


def test_a_decline_is_told_with_its_code_and_the_buyer_may_try_again(provider: Provider) -> None:
    payment_id = started()
    provider.control(
        f"payment_intents/{payment(payment_id).intent_id}/fail",
        payment_method="pm_card_chargeDeclinedInsufficientFunds",
    )
    heard(*provider.events())
    assert ["insufficient_funds"] == [event["reason"] for event in published(payment_id, "payment_failed")]
    assert "failed" == facade.payment_status(payment(payment_id))

    provider.pay(payment(payment_id))
    heard(*provider.events())

    assert "captured" == facade.payment_status(payment(payment_id))
    assert ["payment_authorised", "payment_captured", "payment_failed"] == told(payment_id)


def test_three_d_secure_waits_for_the_payer_and_then_pays(provider: Provider) -> None:
    payment_id = started()
    provider.pay(payment(payment_id), "pm_card_threeDSecure2Required")
    heard(*provider.events())
    assert "requires_action" == payment(payment_id).status
    view = facade.start(payment_id, now())
    assert view.next_action is not None

    provider.control(f"payment_intents/{payment(payment_id).intent_id}/authenticate", outcome="succeed")
    heard(*provider.events())

    assert AUTHORISED_AND_CAPTURED == told(payment_id)


def test_a_method_that_takes_its_time_is_told_as_processing(provider: Provider) -> None:
    payment_id = started()
    provider.control(f"payment_intents/{payment(payment_id).intent_id}/process")
    heard(*provider.events())

    assert "processing" == facade.payment_status(payment(payment_id))
    assert ["payment_processing"] == told(payment_id)


def test_a_process_that_dies_after_its_commit_hears_the_event_again_without_effect(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = started()
    provider.pay(payment(payment_id))
    (body,) = provider.events("payment_intent.succeeded")
    commit = writes.commit

    def commit_and_die(*given: writes.Write) -> None:
        commit(*given)
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(writes, "commit", commit_and_die)
        assert ["message"] == pump.deliver("payments-webhooks", body)

    heard(body)

    assert AUTHORISED_AND_CAPTURED == told(payment_id)


def test_a_webhook_costs_one_read_and_one_transaction_and_its_repetition_one_read(provider: Provider) -> None:
    payment_id = started()
    provider.pay(payment(payment_id))
    (body,) = provider.events("payment_intent.succeeded")
    seen: list[str] = []

    def observe(operation: str, arguments: dict[str, Any], answer: dict[str, Any]) -> None:
        seen.append(operation)

    dynamo.observers.append(observe)
    try:
        heard(body, body)
    finally:
        dynamo.observers.remove(observe)

    assert ["GetItem", "TransactWriteItems", "GetItem"] == seen


def test_no_event_of_a_payment_holds_what_the_provider_knows_of_the_payer(provider: Provider) -> None:
    payment_id = paid(provider)
    secret = provider.intents()[0]["client_secret"]
    texts = json.dumps(pump.events())

    assert secret not in texts
    assert {"payment_id", "order_id", "event_id"} <= set(published(payment_id, "payment_captured")[0])
    assert not {"client_secret", "payment_method", "receipt_email"} & set(pump.events()[0])


def test_no_log_line_holds_a_secret(provider: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    payment_id = started()
    facade.start(payment_id, now())
    provider.pay(payment(payment_id))
    body = provider.events("payment_intent.succeeded")[0].encode()
    sent(body, signature(body, now()))
    heard(body.decode())

    out = capsys.readouterr().out

    assert "webhook_received" in out
    for secret in (provider.intents()[0]["client_secret"], SECRET, "sk_test_stage"):
        assert secret not in out


def _heard(provider: Provider, payment_id: str) -> facade.Payment:
    heard(*provider.events())
    return payment(payment_id)


def _forget_intent(payment_id: str) -> None:
    """As if the process had died before it recorded the intent it had made."""
    found = payment(payment_id)
    writes.commit(store.saved(found, replace(found, intent_id="", word=None), now()))
