"""What Stripe's objects say, in our words."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from functions.payments import stripe_wire
from functions.payments.domain.facts import Dispute, DisputeStatus, Fee, Refund, RefundStatus, Status, Word
from functions.payments.domain.payment import Snapshot

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
INTENT = {"id": "pi_1", "object": "payment_intent", "amount": 10_000, "currency": "eur", "created": 1}


def said(**fields: Any) -> Snapshot:
    return stripe_wire.snapshot(stripe_wire.thing({**INTENT, **fields}), AT, ours=True)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"status": "requires_payment_method"}, Word(Status.CREATED, AT)),
        ({"status": "requires_confirmation"}, Word(Status.CREATED, AT)),
        ({"status": "requires_action"}, Word(Status.REQUIRES_ACTION, AT)),
        ({"status": "processing"}, Word(Status.PROCESSING, AT)),
        (
            {"status": "requires_payment_method", "last_payment_error": {"code": "card_declined"}},
            Word(Status.FAILED, AT, "card_declined"),
        ),
        (
            {
                "status": "requires_payment_method",
                "last_payment_error": {"code": "card_declined", "decline_code": "lost_card"},
            },
            Word(Status.FAILED, AT, "lost_card"),
        ),
        ({"status": "succeeded"}, None),
        ({"status": "a_status_of_tomorrow"}, None),
    ],
)
def test_the_word_on_an_unfinished_intent(fields: dict[str, Any], word: Word | None) -> None:
    assert word == said(**fields).word


def test_an_authorised_intent_holds_what_can_be_captured() -> None:
    snapshot = said(status="requires_capture", amount_capturable=10_000, capture_method="manual")

    assert (10_000, 0) == (snapshot.authorised, snapshot.captured)


def test_a_part_captured_by_hand_was_authorised_in_full() -> None:
    snapshot = said(status="succeeded", amount_received=4_000, capture_method="manual")

    assert (10_000, 4_000) == (snapshot.authorised, snapshot.captured)


def test_an_automatic_capture_authorises_no_more_than_it_received() -> None:
    snapshot = said(status="succeeded", amount_received=9_000, capture_method="automatic")

    assert (9_000, 9_000) == (snapshot.authorised, snapshot.captured)


def test_a_charge_counts_what_was_captured_and_never_what_it_calls_refunded() -> None:
    charge = {
        "id": "ch_1", "object": "charge", "payment_intent": "pi_1", "amount": 10_000, "currency": "eur",
        "status": "succeeded", "captured": True, "amount_captured": 4_000, "amount_refunded": 6_000,
    }  # fmt: skip

    snapshot = stripe_wire.snapshot(stripe_wire.thing(charge), AT, ours=True)

    assert Snapshot(AT, "pi_1", "EUR", amount=10_000, authorised=10_000, captured=4_000) == snapshot


@pytest.mark.parametrize("status", ["pending", "failed"])
def test_a_charge_that_did_not_succeed_moves_nothing(status: str) -> None:
    charge = {"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "amount": 9, "status": status}

    snapshot = stripe_wire.snapshot(stripe_wire.thing({**charge, "currency": "eur"}), AT, ours=True)

    assert (0, 0) == (snapshot.authorised, snapshot.captured)


@pytest.mark.parametrize(
    ("status", "more", "ours", "error"),
    [
        ("pending", {}, RefundStatus.PENDING, ""),
        ("requires_action", {}, RefundStatus.PENDING, ""),
        ("succeeded", {}, RefundStatus.SUCCEEDED, ""),
        ("failed", {"failure_reason": "lost_or_stolen_card"}, RefundStatus.FAILED, "lost_or_stolen_card"),
        ("canceled", {}, RefundStatus.FAILED, "canceled"),
    ],
)
def test_a_refund_goes_by_our_id(status: str, more: dict[str, Any], ours: RefundStatus, error: str) -> None:
    refund = {
        "id": "re_1", "object": "refund", "payment_intent": "pi_1", "amount": 400, "currency": "eur",
        "status": status, "metadata": {"refund_id": "rfd_1"}, **more,
    }  # fmt: skip

    snapshot = stripe_wire.snapshot(stripe_wire.thing(refund), AT, ours=True)

    assert (Refund("rfd_1", 400, ours, "re_1", error),) == snapshot.refunds
    assert (None, 0, 0) == (snapshot.amount, snapshot.authorised, snapshot.captured)


def test_a_currency_nobody_knows_is_nobodys_amount() -> None:
    snapshot = said(currency="xxx", status="succeeded", amount_received=10_000)

    assert ("XXX", -1) == (snapshot.currency, snapshot.amount)


@pytest.mark.parametrize(
    ("status", "ours", "drawn"),
    [
        ("warning_needs_response", DisputeStatus.INQUIRY, False),
        ("warning_closed", DisputeStatus.INQUIRY_CLOSED, False),
        ("needs_response", DisputeStatus.OPEN, True),
        ("under_review", DisputeStatus.UNDER_REVIEW, True),
        ("lost", DisputeStatus.LOST, True),
        ("won", DisputeStatus.WON, True),
        ("a_status_of_tomorrow", DisputeStatus.OPEN, True),
    ],
)
def test_a_dispute_says_what_it_takes_and_costs(status: str, ours: DisputeStatus, drawn: bool) -> None:
    dispute = {
        "id": "du_1", "object": "dispute", "payment_intent": "pi_1", "amount": 400, "currency": "eur", "status": status,
        "reason": "fraudulent", "evidence_details": {"due_by": 60},
        "balance_transactions": [{"id": "txn_1", "amount": -400, "fee": 1500, "currency": "eur"}],
    }  # fmt: skip

    snapshot = stripe_wire.snapshot(stripe_wire.thing(dispute), AT, ours=True)

    due = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    assert (Dispute("du_1", 400, "fraudulent", ours, 1500, "EUR", due),) == snapshot.disputes
    assert (None, drawn) == (snapshot.amount, snapshot.disputed)


def test_a_fee_is_known_once_the_balance_has_its_entry() -> None:
    entry = {"id": "txn_1", "amount": 10_000, "fee": 320, "currency": "eur"}

    assert () == said(latest_charge="ch_1").fees
    assert () == said(latest_charge={"id": "ch_1", "object": "charge", "balance_transaction": "txn_1"}).fees
    charge = {"id": "ch_1", "object": "charge", "balance_transaction": entry}
    assert (Fee("ch_1", "txn_1", 10_000, 320, "EUR"),) == said(latest_charge=charge).fees


@pytest.mark.parametrize("kind", ["invoice.paid", "customer.updated", "payment_method.attached"])
def test_an_event_of_another_kind_is_not_read(kind: str) -> None:
    assert None is stripe_wire.event_of(json.dumps({"id": "evt_1", "type": kind, "data": 7}))


def test_an_event_of_our_kind_without_its_parts_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError):
        stripe_wire.event_of(json.dumps({"id": "evt_1", "type": "payment_intent.succeeded", "data": {}}))


def test_a_secret_shows_in_no_text_of_an_intent() -> None:
    thing = stripe_wire.thing({**INTENT, "client_secret": "pi_1_secret_x"})

    assert "secret" not in repr(thing) + repr(stripe_wire.intent(thing, AT, ours=True))


def test_reading_webhooks_does_not_import_stripe() -> None:
    code = "import sys; import functions.payments.triggers; print('stripe' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_environment()
    )

    assert "False" == done.stdout.strip()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join((".", "layers/shared/python"))}


def test_a_transfer_that_came_in_part_is_under_way_and_takes_nothing() -> None:
    transfer = "display_bank_transfer_instructions"
    left = {"type": transfer, transfer: {"amount_remaining": 4_000, "currency": "gbp"}}
    what = stripe_wire.thing(
        {
            "id": "pi_1",
            "object": "payment_intent",
            "amount": 10_000,
            "amount_received": 6_000,
            "currency": "gbp",
            "status": "requires_action",
            "next_action": left,
        }
    )

    said = stripe_wire.intent(what, AT, True)

    assert Word(Status.PROCESSING, AT) == said.snapshot.word
    assert 0 == said.snapshot.captured
    assert said.next_action is not None
    assert {"reference": "", "amount_remaining": "4000", "currency": "GBP"} == said.next_action.details


def test_a_refund_out_of_a_payers_balance_is_none_of_the_payment() -> None:
    metadata = {"payment_id": "pay_1", "intent_id": "pi_1", "return_id": "ret_1"}
    what = stripe_wire.thing(
        {
            "id": "re_1",
            "object": "refund",
            "amount": 500,
            "currency": "gbp",
            "status": "pending",
            "metadata": metadata,
        }
    )

    said = stripe_wire.snapshot(what, AT, True)

    assert ("pi_1", ()) == (said.intent_id, said.refunds)
    assert (Refund("ret_1", 500, RefundStatus.PENDING, provider_refund_id="re_1"),) == said.returns
