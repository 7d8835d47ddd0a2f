"""The status is derived from facts, and so is when the sweep looks next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from entrepot.kernel.money import Money
from functions.payments.domain.facts import Dispute, DisputeStatus, Fee, Refund, RefundStatus, Status, Word
from functions.payments.domain.payment import (
    AmountNotPositive,
    CaptureMode,
    CurrencyMismatch,
    ExceedsAuthorised,
    Payment,
    PaymentNotOpen,
    Snapshot,
    about_to_lapse,
    merged,
    next_look,
    payment_status,
    with_cancellation,
    with_capture,
    with_forgone,
    with_refund,
)

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
NEW = Payment("pay_1", "ord_1", Money(10_000, "EUR"), "card", CaptureMode.MANUAL, NOW)
MADE = replace(NEW, intent_id="pi_1", word=Word(Status.CREATED, NOW))
AUTHORISED = replace(MADE, authorised=10_000, authorised_at=NOW)
CAPTURED = replace(AUTHORISED, captured=10_000)
FEE = Fee("ch_1", "txn_1", 10_000, 320, "EUR")
DISPUTE = Dispute("du_1", 10_000, "fraudulent", DisputeStatus.OPEN)


def eur(amount: int) -> Money:
    return Money(amount, "EUR")


def refund(amount: int, status: RefundStatus) -> Refund:
    return Refund(f"rfd_{amount}", amount, status)


@pytest.mark.parametrize(
    ("payment", "status", "shown"),
    [
        (NEW, "created", "none"),
        (MADE, "created", "none"),
        (replace(MADE, word=Word(Status.REQUIRES_ACTION, NOW)), "requires_action", "none"),
        (replace(MADE, word=Word(Status.PROCESSING, NOW)), "processing", "processing"),
        (replace(MADE, word=Word(Status.FAILED, NOW, "declined")), "failed", "failed"),
        (replace(MADE, flags=("amount",)), "flagged", "none"),
        (replace(MADE, authorised=9_999), "created", "none"),
        (AUTHORISED, "authorised", "authorised"),
        (replace(AUTHORISED, flags=("amount",)), "authorised", "authorised"),
        (replace(AUTHORISED, cancelled=True), "cancelled", "none"),
        (CAPTURED, "captured", "captured"),
        (replace(CAPTURED, cancelled=True), "captured", "captured"),
        (replace(CAPTURED, refunds=(refund(1, RefundStatus.PENDING),)), "captured", "captured"),
        (replace(CAPTURED, refunds=(refund(1, RefundStatus.SUCCEEDED),)), "captured", "partially_refunded"),
        (replace(CAPTURED, refunds=(refund(10_000, RefundStatus.SUCCEEDED),)), "captured", "refunded"),
        (replace(CAPTURED, refunds=(refund(10_000, RefundStatus.FAILED),)), "captured", "captured"),
        (replace(CAPTURED, disputed=True), "captured", "disputed"),
    ],
)
def test_a_payment_is_what_its_facts_make_it(payment: Payment, status: str, shown: str) -> None:
    assert (status, shown) == (payment.status.value, payment_status(payment))


def test_no_payment_has_the_status_none() -> None:
    assert "none" == payment_status(None)


def test_the_later_word_of_the_provider_holds_whichever_comes_first() -> None:
    failed = Snapshot(NOW, "pi_1", "EUR", word=Word(Status.FAILED, NOW, "declined"))
    tried_again = Snapshot(NOW, "pi_1", "EUR", word=Word(Status.PROCESSING, NOW + timedelta(seconds=9)))

    assert "processing" == merged(merged(MADE, failed), tried_again).status
    assert "processing" == merged(merged(MADE, tried_again), failed).status


def test_a_refund_of_another_amount_than_ours_is_flagged() -> None:
    requested = with_refund(CAPTURED, "rfd_1", eur(2_000), "", NOW)
    told = Snapshot(NOW, "pi_1", "EUR", refunds=(Refund("rfd_1", 2_001, RefundStatus.SUCCEEDED),))

    after = merged(requested, told)

    assert (("refund",), 0) == (after.flags, after.refunded)


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [(Money(1, "USD"), CurrencyMismatch), (eur(0), AmountNotPositive), (eur(-1), AmountNotPositive)],
)
def test_a_part_is_positive_and_in_the_payments_currency(amount: Money, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        with_refund(CAPTURED, "rfd_1", amount, "", NOW)
    with pytest.raises(refusal):
        with_capture(AUTHORISED, amount)
    with pytest.raises(refusal):
        with_forgone(AUTHORISED, amount)


@pytest.mark.parametrize(
    "payment",
    [NEW, MADE, CAPTURED, replace(AUTHORISED, capture_requested=1), replace(AUTHORISED, cancelled=True)],
)
def test_only_an_open_authorisation_can_be_captured_or_given_up(payment: Payment) -> None:
    with pytest.raises(PaymentNotOpen):
        with_capture(payment, eur(1))
    with pytest.raises(PaymentNotOpen):
        with_forgone(payment, eur(1))


def test_an_automatic_capture_is_nobodys_to_request() -> None:
    with pytest.raises(PaymentNotOpen):
        with_capture(replace(AUTHORISED, capture=CaptureMode.AUTOMATIC), eur(1))


def test_more_than_is_left_cannot_be_given_up() -> None:
    assert 4_000 == with_forgone(AUTHORISED, eur(6_000)).capturable
    with pytest.raises(ExceedsAuthorised):
        with_forgone(with_forgone(AUTHORISED, eur(6_000)), eur(4_001))


def test_what_is_captured_or_about_to_be_is_not_cancelled() -> None:
    for payment in (CAPTURED, with_capture(AUTHORISED, eur(10_000))):
        with pytest.raises(PaymentNotOpen):
            with_cancellation(payment)


@pytest.mark.parametrize(
    ("payment", "wait"),
    [
        (NEW, None),
        (MADE, timedelta(minutes=1)),
        (replace(MADE, word=Word(Status.FAILED, NOW)), timedelta(minutes=1)),
        (AUTHORISED, timedelta(days=6)),
        (replace(AUTHORISED, capture_requested=10_000), timedelta(minutes=1)),
        (replace(AUTHORISED, cancellation_requested=True), timedelta(minutes=1)),
        (replace(AUTHORISED, cancelled=True), None),
        (CAPTURED, timedelta(minutes=1)),
        (replace(CAPTURED, fees=(FEE,)), None),
        (replace(CAPTURED, fees=(FEE,), disputes=(DISPUTE,)), timedelta(days=1)),
        (replace(CAPTURED, refunds=(refund(1, RefundStatus.REQUESTED),)), timedelta(minutes=1)),
        (replace(CAPTURED, refunds=(refund(1, RefundStatus.PENDING),)), timedelta(minutes=1)),
        (replace(CAPTURED, fees=(FEE,), refunds=(refund(1, RefundStatus.SUCCEEDED),)), None),
    ],
)
def test_the_sweep_looks_at_what_may_still_change(payment: Payment, wait: timedelta | None) -> None:
    assert (NOW + wait if wait else None) == next_look(payment, 0, NOW)


def test_a_fee_that_nobody_tells_is_not_asked_for_for_ever() -> None:
    assert NOW + timedelta(days=1) == next_look(CAPTURED, 5, NOW)
    assert None is next_look(CAPTURED, 6, NOW)


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (DisputeStatus.INQUIRY, "captured"),
        (DisputeStatus.OPEN, "disputed"),
        (DisputeStatus.UNDER_REVIEW, "disputed"),
        (DisputeStatus.LOST, "disputed"),
        (DisputeStatus.WON, "captured"),
    ],
)
def test_a_payment_is_disputed_until_the_dispute_is_won(status: DisputeStatus, shown: str) -> None:
    disputed = replace(CAPTURED, disputed=True, disputes=(replace(DISPUTE, status=status),))

    assert shown == payment_status(disputed)


def test_an_authorisation_is_about_to_lapse_a_day_before_it_does() -> None:
    at = NOW + timedelta(days=6)

    assert not about_to_lapse(AUTHORISED, at - timedelta(seconds=1))
    assert about_to_lapse(AUTHORISED, at)
    assert not about_to_lapse(CAPTURED, at)
    assert not about_to_lapse(with_capture(AUTHORISED, eur(10_000)), at)
