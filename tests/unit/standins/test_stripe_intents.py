"""The life of a payment intent at the stand-in."""

from __future__ import annotations

import pytest
import stripe

from tests.unit.standins.conftest import Provider


def status_of(provider: Provider, intent_id: str) -> str:
    return provider.sdk.v1.payment_intents.retrieve(intent_id).status


def test_a_card_that_works_is_captured_at_once(provider):
    intent = provider.paid(2500, metadata={"order": "ord_1"}, transfer_group="ord_1")

    assert ("succeeded", 2500, 0) == (intent.status, intent.amount_received, intent.amount_capturable)
    charge = provider.sdk.v1.charges.retrieve(str(intent.latest_charge))
    assert (True, 2500, 0) == (charge.captured, charge.amount_captured, charge.amount_refunded)
    assert ("ord_1", "ord_1") == (charge.metadata["order"], charge.transfer_group)


def test_the_events_of_a_payment_come_in_the_order_of_stripe(provider):
    provider.paid()

    assert [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
    ] == provider.event_types()


def test_the_fee_is_unknown_until_charge_updated(provider):
    provider.paid()

    events = {event["type"]: event for event in map(dict, provider.standin.account.store.newest("event"))}
    assert events["charge.succeeded"]["data"]["object"]["balance_transaction"] is None
    updated = events["charge.updated"]["data"]
    assert {"balance_transaction": None} == updated["previous_attributes"]
    assert updated["object"]["balance_transaction"].startswith("txn_")


def test_manual_capture_authorises_first_and_captures_once(provider):
    intent = provider.paid(5000, capture_method="manual")
    assert ("requires_capture", 5000, 0) == (intent.status, intent.amount_capturable, intent.amount_received)

    captured = provider.sdk.v1.payment_intents.capture(intent.id)

    assert ("succeeded", 0, 5000) == (captured.status, captured.amount_capturable, captured.amount_received)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        provider.sdk.v1.payment_intents.capture(intent.id)
    assert "payment_intent_unexpected_state" == refusal.value.code


def test_a_partial_capture_releases_the_rest(provider):
    intent = provider.paid(5000, capture_method="manual")

    captured = provider.sdk.v1.payment_intents.capture(intent.id, {"amount_to_capture": 3000})

    assert ("succeeded", 3000, 0) == (captured.status, captured.amount_received, captured.amount_capturable)
    charge = provider.sdk.v1.charges.retrieve(str(intent.latest_charge))
    assert (3000, 2000, False) == (charge.amount_captured, charge.amount_refunded, charge.refunded)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        provider.sdk.v1.refunds.create({"payment_intent": intent.id, "amount": 3001})


def test_no_more_than_the_authorised_amount_can_be_captured(provider):
    intent = provider.paid(5000, capture_method="manual")

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        provider.sdk.v1.payment_intents.capture(intent.id, {"amount_to_capture": 5001})

    assert "amount_too_large" == refusal.value.code
    assert "requires_capture" == status_of(provider, intent.id)


def test_a_declined_card_leaves_the_intent_payable(provider):
    intent = provider.intent(3000)

    declining = "pm_card_visa_chargeDeclinedInsufficientFunds"

    with pytest.raises(stripe.CardError) as refusal:
        provider.sdk.v1.payment_intents.confirm(intent.id, {"payment_method": declining})

    error = refusal.value
    assert (402, "card_declined") == (error.http_status, error.code)
    assert error.error is not None
    assert "insufficient_funds" == error.error.decline_code
    now = provider.sdk.v1.payment_intents.retrieve(intent.id)
    assert ("requires_payment_method", None, 0) == (now.status, now.payment_method, now.amount_received)
    assert now.last_payment_error is not None
    assert "card_declined" == now.last_payment_error.code
    again = provider.sdk.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert ("succeeded", 3000) == (again.status, again.amount_received)


def test_strong_authentication_waits_for_the_shopper(provider):
    intent = provider.intent(payment_method="pm_card_threeDSecure2Required", confirm=True)
    assert "requires_action" == intent.status
    assert intent.next_action is not None
    assert "use_stripe_sdk" == intent.next_action.type

    provider.control(f"payment_intents/{intent.id}/authenticate", outcome="succeed")

    assert "succeeded" == status_of(provider, intent.id)


def test_failed_authentication_asks_for_another_payment_method(provider):
    intent = provider.intent(payment_method="pm_card_threeDSecure2Required", confirm=True)

    provider.control(f"payment_intents/{intent.id}/authenticate", outcome="fail")

    now = provider.sdk.v1.payment_intents.retrieve(intent.id)
    assert now.last_payment_error is not None
    assert ("requires_payment_method", "payment_intent_authentication_failure") == (
        now.status,
        now.last_payment_error.code,
    )


@pytest.mark.parametrize(
    ("outcome", "status"), [("succeed", "succeeded"), ("fail", "requires_payment_method")]
)
def test_a_debit_is_processing_until_it_is_finished(provider, outcome, status):
    intent = provider.intent(
        allowed_payment_method_types=["sepa_debit"], payment_method="pm_standin_sepa_debit", confirm=True
    )
    assert "processing" == intent.status
    with pytest.raises(stripe.InvalidRequestError, match="status of processing"):
        provider.sdk.v1.payment_intents.cancel(intent.id)

    provider.control(f"payment_intents/{intent.id}/finish", outcome=outcome)

    assert status == status_of(provider, intent.id)
    charges = provider.sdk.v1.charges.list({"payment_intent": intent.id}).data
    assert 1 == len(charges)


def test_a_wallet_redirects_and_is_captured_after_the_return(provider):
    intent = provider.intent(
        allowed_payment_method_types=["alipay"],
        payment_method_data={"type": "alipay"},
        confirm=True,
        return_url="https://shop.invalid/back",
    )
    assert intent.next_action is not None
    assert intent.next_action.alipay_handle_redirect is not None
    assert "https://shop.invalid/back" == intent.next_action.alipay_handle_redirect.return_url

    provider.control(f"payment_intents/{intent.id}/authenticate")

    assert "succeeded" == status_of(provider, intent.id)


def test_cancelling_an_authorisation_releases_it(provider):
    intent = provider.paid(capture_method="manual")

    cancelled = provider.sdk.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})

    assert ("canceled", "abandoned", 0) == (
        cancelled.status,
        cancelled.cancellation_reason,
        cancelled.amount_capturable,
    )
    charge = provider.sdk.v1.charges.retrieve(str(intent.latest_charge))
    assert (True, False, 0) == (charge.refunded, charge.captured, charge.amount_captured)
    assert ["charge.refunded", "payment_intent.canceled"] == provider.event_types()[-2:]


@pytest.mark.parametrize("twice", [False, True])
def test_what_succeeded_or_was_cancelled_cannot_be_cancelled(provider, twice):
    intent = provider.intent() if twice else provider.paid()
    if twice:
        provider.sdk.v1.payment_intents.cancel(intent.id)
    before = status_of(provider, intent.id)

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        provider.sdk.v1.payment_intents.cancel(intent.id)

    assert (400, "payment_intent_unexpected_state") == (refusal.value.http_status, refusal.value.code)
    assert refusal.value.error is not None
    assert refusal.value.error.payment_intent is not None
    assert before == refusal.value.error.payment_intent.status == status_of(provider, intent.id)


def test_an_authorisation_that_lapses_is_cancelled_by_stripe(provider):
    intent = provider.paid(capture_method="manual")

    provider.control(f"payment_intents/{intent.id}/lapse")

    now = provider.sdk.v1.payment_intents.retrieve(intent.id)
    assert ("canceled", "automatic") == (now.status, now.cancellation_reason)
    assert "charge.expired" in provider.event_types()


def test_the_shopper_pays_with_the_client_secret(provider):
    intent = provider.intent(1500)
    path = f"payment_intents/{intent.id}/pay"

    status, error = provider.call("POST", f"/test/{path}", {"client_secret": f"{intent.id}_secret_guess"})
    assert (404, "resource_missing") == (status, error["error"]["code"])
    assert "requires_payment_method" == status_of(provider, intent.id)

    paid = provider.control(path, client_secret=intent.client_secret, payment_method="pm_card_visa")
    assert ("succeeded", 1500) == (paid["status"], paid["amount_received"])


def test_a_publishable_key_confirms_with_the_client_secret_and_does_nothing_else(provider):
    intent = provider.intent(1500)
    headers = {
        "Authorization": "Bearer pk_test_shop",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    confirm = f"/v1/payment_intents/{intent.id}/confirm"
    right = f"payment_method=pm_card_visa&client_secret={intent.client_secret}".encode()

    assert 404 == provider.raw("POST", confirm, b"payment_method=pm_card_visa&client_secret=x", headers)[0]
    assert 401 == provider.raw("POST", confirm, b"payment_method=pm_card_visa", headers)[0]
    assert 401 == provider.raw("GET", f"/v1/payment_intents/{intent.id}", b"", headers)[0]
    status, paid = provider.raw("POST", confirm, right, headers)

    assert (200, "succeeded") == (status, paid["status"])


def test_failing_and_processing_by_control(provider):
    failed, processing = provider.intent(), provider.intent()

    provider.control(f"payment_intents/{failed.id}/fail")
    provider.control(f"payment_intents/{processing.id}/process")

    assert ("requires_payment_method", "processing") == (
        status_of(provider, failed.id),
        status_of(provider, processing.id),
    )
    provider.control(f"payment_intents/{processing.id}/finish", outcome="succeed")
    assert "succeeded" == status_of(provider, processing.id)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": "12.5"}, "amount"),
        ({"amount": 49}, "amount"),
        ({"amount": 100_000_000}, "amount"),
        ({"currency": "zzz"}, "currency"),
        ({"amount": 1005, "currency": "kwd"}, "amount"),
        ({"amount": 1050, "currency": "isk"}, "amount"),
        ({"capture_method": "later"}, "capture_method"),
        ({"allowed_payment_method_types": ["shells"]}, "allowed_payment_method_types"),
        ({"allowed_payment_method_types": ["crypto"]}, "allowed_payment_method_types"),
        ({"payment_method_types": ["card"]}, "payment_method_types"),
        ({"surprise": "yes"}, "surprise"),
    ],
)
def test_a_wrong_parameter_is_named_and_creates_nothing(provider, change, param):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        provider.intent(**{"amount": 1000, **change})

    assert (400, param) == (refusal.value.http_status, refusal.value.param)
    assert [] == provider.sdk.v1.payment_intents.list().data


def test_redirecting_methods_ask_for_a_return_address(provider):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        provider.sdk.v1.payment_intents.create(
            {"amount": 1000, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
        )

    assert "return_url" == refusal.value.param
    assert [] == provider.sdk.v1.payment_intents.list().data


def test_a_payment_method_of_another_type_is_refused(provider):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        provider.intent(payment_method="pm_standin_alipay")

    assert "payment_intent_incompatible_payment_method" == refusal.value.code


def test_metadata_is_merged_and_an_empty_value_deletes(provider):
    intent = provider.intent(metadata={"order": "ord_1", "note": "x"})

    updated = provider.sdk.v1.payment_intents.update(intent.id, {"metadata": {"note": "", "try": "2"}})

    assert {"order": "ord_1", "try": "2"} == updated.metadata.to_dict()


def test_lists_are_newest_first_and_paged(provider):
    ids = [provider.intent(1000 + step).id for step in range(5)]

    first = provider.sdk.v1.payment_intents.list({"limit": 2})
    assert ids[:2:-1] == [intent.id for intent in first.data]
    assert first.has_more
    everything = provider.sdk.v1.payment_intents.list({"limit": 2}).auto_paging_iter()
    assert ids[::-1] == [intent.id for intent in everything]
    newer = provider.sdk.v1.payment_intents.list({"limit": 2, "ending_before": ids[1]})
    assert [ids[3], ids[2]] == [intent.id for intent in newer.data]


def test_lists_are_filtered_by_when_things_were_created(provider):
    intent = provider.intent()
    intents = provider.sdk.v1.payment_intents

    assert [] == intents.list({"created": {"gt": intent.created}}).data
    assert [intent.id] == [found.id for found in intents.list({"created": {"gte": intent.created}}).data]
    assert [intent.id] == [found.id for found in intents.list({"created": intent.created}).data]


def test_a_missing_intent_is_404(provider):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        provider.sdk.v1.payment_intents.retrieve("pi_nothing")

    assert (404, "resource_missing", "intent") == (
        refusal.value.http_status,
        refusal.value.code,
        refusal.value.param,
    )


@pytest.mark.parametrize("authorization", [None, "Bearer sk_live_real", "Bearer nonsense", "Basic !!"])
def test_only_a_test_key_is_let_in(provider, authorization):
    headers = {"Authorization": authorization} if authorization else {}

    status, answer = provider.raw("GET", "/v1/payment_intents", b"", headers)

    assert (401, "invalid_request_error") == (status, answer["error"]["type"])
