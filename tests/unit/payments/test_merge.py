"""The merge is a join: whatever order snapshots come in, however often, the payment ends the same and never falls."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from entrepot.contracts.payments import PaymentCaptured, ReceiptBooked
from entrepot.kernel.money import Money
from functions.payments import announcements
from functions.payments.domain.facts import Dispute, DisputeStatus, Fee, Refund, RefundStatus, Status, Word
from functions.payments.domain.payment import (
    CaptureMode,
    ExceedsCaptured,
    Payment,
    Snapshot,
    merged,
    with_refund,
    with_return,
)

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
INTENT = "pi_1"
WHOLE = 10_000
REFUNDS = {"rfd_1": 2_000, "rfd_2": 3_000, "re_by_hand": 1_000}
WORDS = (Status.CREATED, Status.REQUIRES_ACTION, Status.PROCESSING, Status.FAILED)

BASE = Payment(
    "pay_1", "ord_1", Money(WHOLE, "EUR"), "card", CaptureMode.MANUAL, NOW, intent_id=INTENT,
    refunds=(Refund("rfd_1", 2_000, RefundStatus.REQUESTED, requested_at=NOW),),
)  # fmt: skip

moments = st.integers(0, 20).map(lambda seconds: NOW + timedelta(seconds=seconds))
refunds = st.sampled_from(sorted(REFUNDS)).flatmap(
    lambda refund_id: st.builds(
        Refund,
        st.just(refund_id),
        st.just(REFUNDS[refund_id]),
        st.sampled_from(tuple(RefundStatus)),
        st.sampled_from(("", f"provider-{refund_id}")),
        st.sampled_from(("", "declined", "expired_card")),
    )
)
words = st.builds(Word, st.sampled_from(WORDS), moments, st.sampled_from(("", "declined", "stolen_card")))
fees = st.builds(
    Fee,
    st.sampled_from(("ch_1", "ch_2")),
    st.sampled_from(("txn_1", "txn_2")),
    st.integers(0, 9),
    st.integers(0, 9),
    st.just("EUR"),
)
disputes = st.builds(
    Dispute,
    st.sampled_from(("du_1", "du_2")),
    st.integers(1, 9),
    st.sampled_from(("fraudulent", "general")),
    st.sampled_from(tuple(DisputeStatus)),
    st.integers(0, 2),
    st.sampled_from(("", "EUR")),
    st.none() | moments,
    st.booleans(),
)
snapshots = st.builds(
    Snapshot,
    at=moments,
    intent_id=st.sampled_from((INTENT, INTENT, INTENT, "pi_other")),
    currency=st.sampled_from(("EUR", "EUR", "EUR", "USD")),
    amount=st.sampled_from((None, WHOLE, WHOLE, WHOLE - 1)),
    ours=st.sampled_from((True, True, True, False)),
    word=st.none() | words,
    authorised=st.integers(0, WHOLE),
    captured=st.integers(0, WHOLE),
    cancelled=st.booleans(),
    disputed=st.booleans(),
    received=st.integers(0, 2 * WHOLE),
    fees=st.lists(fees, max_size=2, unique_by=lambda fee: fee.charge_id).map(tuple),
    disputes=st.lists(disputes, max_size=2, unique_by=lambda dispute: dispute.dispute_id).map(tuple),
    refunds=st.lists(refunds, max_size=2, unique_by=lambda refund: refund.refund_id).map(tuple),
)


def after(snapshots: list[Snapshot]) -> Payment:
    payment = BASE
    for snapshot in snapshots:
        payment = merged(payment, snapshot)
    return payment


@given(st.lists(snapshots, max_size=8), st.data())
def test_any_order_and_any_repetition_ends_the_same(found: list[Snapshot], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(found), max_size=8)) if found else []
    shuffled = data.draw(st.permutations(found + again))

    assert after(found) == after(list(shuffled))


@given(st.lists(snapshots, max_size=8))
def test_no_fact_ever_falls(found: list[Snapshot]) -> None:
    payment = BASE
    for snapshot in found:
        before, payment = payment, merged(payment, snapshot)

        assert before.authorised <= payment.authorised
        assert before.captured <= payment.captured
        assert before.cancelled <= payment.cancelled
        assert before.received <= payment.received
        assert set(before.flags) <= set(payment.flags)
        assert {refund.refund_id for refund in before.refunds} <= {
            refund.refund_id for refund in payment.refunds
        }


@given(st.lists(snapshots, max_size=8))
def test_what_is_not_ours_moves_nothing_but_its_flag(found: list[Snapshot]) -> None:
    foreign = [replace(snapshot, ours=False) for snapshot in found]

    payment = after(foreign)

    assert replace(BASE, flags=("account",) if found else ()) == payment


@given(st.lists(snapshots, max_size=8), st.data())
def test_every_order_tells_the_same_amounts_once(found: list[Snapshot], data: st.DataObject) -> None:
    """What was told in any order sums to the same: captures add up, and nothing is told twice.

    An authorisation is told again only where money came after its cancellation, so that it can be given back.
    """
    for order in (found, data.draw(st.permutations(found + found))):
        payment, told = BASE, []
        for snapshot in order:
            before, payment = payment, merged(payment, snapshot)
            told += announcements.told(before, payment, NOW)

        captured = [event for event in told if isinstance(event, PaymentCaptured)]
        booked = [event for event in told if isinstance(event, ReceiptBooked)]
        assert payment.received == sum(event.amount for event in booked)
        assert len(booked) == len({event.fact for event in booked})
        assert payment.captured == sum(event.amount for event in captured)
        assert len(captured) == len({event.captured for event in captured})
        for name, most in (("payment_authorised", 2), ("payment_flagged", 4), ("payment_cancelled", 1)):
            assert most >= len([event for event in told if event.NAME == f"payments.{name}"])
        succeeded = [event for event in told if event.NAME == "payments.refund_succeeded"]
        assert len(succeeded) == len({getattr(event, "refund_id", None) for event in succeeded})


@given(
    st.lists(
        st.tuples(st.integers(1, 6_000), st.sampled_from((None, *RefundStatus))), min_size=1, max_size=12
    ),
    st.integers(0, WHOLE),
)
def test_refunds_that_have_not_failed_never_sum_above_what_was_captured(
    wanted: list[tuple[int, RefundStatus | None]], captured: int
) -> None:
    payment = replace(BASE, captured=captured, refunds=())
    for number, (amount, outcome) in enumerate(wanted):
        refund_id = f"rfd_{number}"
        try:
            payment = with_refund(payment, refund_id, Money(amount, "EUR"), "", NOW)
        except ExceedsCaptured:
            assert amount > payment.refundable
            continue
        if outcome is not None:
            refund = Refund(refund_id, amount, outcome)
            payment = merged(payment, Snapshot(NOW, INTENT, "EUR", refunds=(refund,)))

        standing = [refund for refund in payment.refunds if refund.status is not RefundStatus.FAILED]
        assert captured >= sum(refund.amount for refund in standing)
        assert captured - sum(refund.amount for refund in standing) == payment.refundable


balances = st.builds(
    Snapshot,
    at=moments,
    intent_id=st.just(INTENT),
    currency=st.just("EUR"),
    captured=st.sampled_from((0, WHOLE)),
    cancelled=st.just(False),
    received=st.integers(0, 3 * WHOLE),
)


@given(st.lists(balances, max_size=8))
def test_exactly_what_is_over_goes_back_and_none_of_it_before_the_payment_is_there(
    found: list[Snapshot],
) -> None:
    payment = BASE
    for number, snapshot in enumerate(found):
        payment = merged(payment, snapshot)
        payment = with_return(payment, f"ret_{number}", NOW) if payment.set_aside else payment

        back = sum(each.amount for each in payment.returns)
        assert (max(0, payment.received - WHOLE) if payment.captured else 0) == back
        assert 0 == payment.set_aside


beyond = st.builds(
    Snapshot,
    at=moments,
    intent_id=st.just(INTENT),
    currency=st.just("EUR"),
    authorised=st.just(0),
    captured=st.sampled_from((0, WHOLE)),
    cancelled=st.booleans(),
    received=st.integers(0, 3 * WHOLE),
).map(lambda said: replace(said, authorised=said.captured, received=max(said.received, said.captured)))


@given(st.lists(beyond, max_size=8), st.data())
def test_what_cannot_be_refused_pays_or_goes_back_and_never_both(
    found: list[Snapshot], data: st.DataObject
) -> None:
    payment = replace(BASE, provider="btcpay", refunds=())
    for number, snapshot in enumerate(found):
        payment = merged(payment, snapshot)
        payment = with_return(payment, f"ret_{number}", NOW) if payment.set_aside else payment
        if payment.returns:
            status: RefundStatus = data.draw(st.sampled_from(tuple(RefundStatus)))
            ended = replace(payment.returns[0], status=status)
            payment = merged(payment, Snapshot(NOW, INTENT, "EUR", returns=(ended,)))

        assert payment.received >= payment.captured + sum(each.amount for each in payment.returns)
        assert payment.captured in (0, WHOLE)
        assert payment.captured == payment.authorised
