"""What a difference is: worked examples by hand first, then what holds for all of them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.money import Money
from functions.clearing.domain import items, reports
from functions.clearing.domain.items import (
    FACTS,
    OVERDUE_DAYS,
    PATIENCE_DAYS,
    Cause,
    Item,
    Movement,
    NotResolvable,
    Outcome,
    Owner,
    Reason,
    Side,
    Sum,
)

DAY = date(2026, 10, 5)
SOON, LATER = DAY + timedelta(days=1), DAY + timedelta(days=PATIENCE_DAYS)
AT = datetime(2026, 10, 5, 12, tzinfo=UTC)


def charge(gross: int = 10_000, fee: int = 320, currency: str = "EUR", **more: Money) -> Movement:
    return Movement("txn_1", AT, "capture", "pi_1:10000", currency, gross, fee, **more)


def seen(movement: Movement, ledger: dict[str, int], booked: list[str], today: date = SOON) -> Item:
    return items.judged(items.of_movement("stripe", DAY, 0, movement), ledger, booked, today)


def verdict(item: Item) -> tuple[str, str, list[tuple[str, int]]]:
    return item.outcome.value, item.cause.value, [(each.currency, each.difference) for each in item.sums]


CAPTURE, FEE = "capture:pi_1:10000", "fee:txn_1"


def test_a_charge_of_100_with_a_fee_of_320_cents_is_matched_by_both_of_its_entries():
    """Stripe moved 100.00 - 3.20 = 96.80; the ledger 100.00 by the capture and -3.20 by the fee."""
    assert ("matched", "", [("EUR", 0)]) == verdict(seen(charge(), {"EUR": 9_680}, [CAPTURE, FEE]))


def test_without_the_fees_entry_it_differs_by_the_fee_and_says_so_until_patience_ends():
    assert ("explained", "fee", [("EUR", -320)]) == verdict(seen(charge(), {"EUR": 10_000}, [CAPTURE]))
    late = seen(charge(), {"EUR": 10_000}, [CAPTURE], LATER)
    assert ("break", "fee", [("EUR", -320)]) == verdict(late)
    assert Owner.FINANCE is late.owner


def test_a_charge_in_yen_on_a_balance_in_euro_differs_by_its_rate_until_that_is_booked():
    """The payer was charged JPY 2,000; Stripe made EUR 12.34 of it and kept 0.66: a balance of 11.68 more."""
    yen = charge(1_234, 66, presented=Money(2_000, "JPY"))
    unbooked = seen(yen, {"JPY": 2_000}, [CAPTURE])
    booked = seen(yen, {"JPY": 0, "EUR": 1_168}, [CAPTURE, FEE])

    assert ("explained", "rate", [("EUR", 1_168), ("JPY", -2_000)]) == verdict(unbooked)
    assert ("matched", "", [("EUR", 0)]) == verdict(booked)


def test_what_the_ledger_does_not_have_is_late_first_and_then_a_break_of_the_operators():
    assert ("explained", "timing", [("EUR", 9_680)]) == verdict(seen(charge(), {}, []))
    broken = seen(charge(), {}, [], LATER)
    assert ("break", "not_in_ledger", [("EUR", 9_680)]) == verdict(broken)
    assert Owner.OPERATOR is broken.owner


def test_another_amount_is_a_break_at_once():
    assert ("break", "amount", [("EUR", 1)]) == verdict(seen(charge(), {"EUR": 9_679}, [CAPTURE, FEE]))
    assert ("break", "amount", [("EUR", -9_680)]) == verdict(seen(charge(), {"EUR": 19_360}, [CAPTURE, FEE]))
    assert ("break", "amount", [("EUR", -20)]) == verdict(seen(charge(), {"EUR": 9_700}, [CAPTURE]))


def test_a_movement_of_no_sale_is_a_break_at_once():
    price = Movement("txn_2", AT, "other", "", "EUR", -200)

    found = seen(price, {}, [])

    assert ("break", "not_in_ledger", [("EUR", -200)]) == verdict(found)
    assert Owner.FINANCE is found.owner


def test_what_the_provider_does_not_have_is_late_first_and_then_a_break():
    fact = items.of_fact("stripe", DAY, 0, "refund:rfd_1", "refund_succeeded", AT)

    early = items.judged(fact, {"EUR": -500}, ["refund:rfd_1"], SOON)
    broken = items.judged(fact, {"EUR": -500}, ["refund:rfd_1"], LATER)

    assert ("explained", "timing", [("EUR", 500)]) == verdict(early)
    assert ("break", "not_at_provider", [("EUR", 500)]) == verdict(broken)


def test_a_break_that_comes_right_was_timing():
    known = seen(charge(), {}, [], LATER)
    kept = items.judged(known, {"EUR": 9_680}, [CAPTURE, FEE], LATER)  # as it was before it was ever kept
    assert Outcome.MATCHED is kept.outcome

    from dataclasses import replace

    arrived = items.judged(replace(known, revision=1), {"EUR": 9_680}, [CAPTURE, FEE], LATER)

    assert ("explained", "timing", [("EUR", 0)]) == verdict(arrived)
    assert not arrived.open


def test_what_is_matched_and_then_reversed_is_a_break():
    matched = seen(charge(), {"EUR": 9_680}, [CAPTURE, FEE])

    assert "break" == verdict(items.judged(matched, {"EUR": -320}, [CAPTURE, FEE], SOON))[0]


def test_only_a_break_is_taken_or_resolved_and_a_fee_is_never_a_gain():
    early, broken = seen(charge(), {}, []), seen(charge(), {}, [], LATER)

    with pytest.raises(NotResolvable):
        items.taken(early, "mbr_1")
    with pytest.raises(NotResolvable):
        items.resolved(early, Reason.SUSPENSE, "who knows", "mbr_1", "clearing:1")
    with pytest.raises(NotResolvable):
        items.resolved(broken, Reason.FEE, "a gain", "mbr_1", "clearing:1")
    with pytest.raises(NotResolvable):
        items.resolved(broken, Reason.RATE, "none", "mbr_1", "clearing:1")

    done = items.resolved(broken, Reason.SUSPENSE, "who knows", "mbr_1", "clearing:1")
    assert (Outcome.RESOLVED, False, "mbr_1") == (done.outcome, done.open, done.taken_by)
    assert (*broken.facts, "clearing:1") == done.facts
    assert Outcome.RESOLVED is items.judged(done, {"EUR": 9_680}, ["clearing:1"], LATER).outcome


def test_every_kind_names_the_entries_that_settlement_books():
    assert {"capture:pi_1:10000", "fee:txn_1"} == set(items.facts_of(charge()))
    assert all(names for names in FACTS.values())
    assert PATIENCE_DAYS < OVERDUE_DAYS


AMOUNTS = st.integers(-(10**9), 10**9)
MOVEMENTS = st.builds(
    Movement,
    movement_id=st.uuids().map(str),
    at=st.just(AT),
    kind=st.sampled_from([*FACTS, "other"]),
    reference=st.uuids().map(str),
    currency=st.sampled_from(["EUR", "USD", "JPY"]),
    gross=AMOUNTS,
    fee=st.integers(0, 10**6),
)
LEDGERS = st.dictionaries(st.sampled_from(["EUR", "USD", "JPY"]), AMOUNTS, max_size=3)
AGES = st.integers(0, 30)


@st.composite
def judged_items(draw: st.DrawFn) -> Item:
    today = DAY + timedelta(days=draw(AGES))
    ledger = draw(LEDGERS)
    if draw(st.integers(0, 3)) == 0:
        fact = items.of_fact("stripe", DAY, 0, draw(st.uuids().map(str)), "refund_succeeded", AT)
        return items.judged(fact, ledger, fact.facts, today)
    item = items.of_movement("stripe", DAY, 0, draw(MOVEMENTS))
    if draw(st.booleans()) and item.movement is not None:
        ledger = {item.movement.currency: item.movement.net}
    booked = [fact for fact in item.facts if draw(st.booleans())]
    return items.judged(item, ledger, booked, today)


@given(st.lists(judged_items(), max_size=20))
def test_nothing_is_lost_matched_explained_and_breaks_are_all_that_the_provider_moved(found: list[Item]):
    told = [item.movement for item in found if item.movement is not None]

    for sums in reports.added(found):
        provider = sum(each.net for each in told if each.currency == sums.currency)
        alone = sum(
            each.ledger
            for item in found
            if item.side is Side.LEDGER
            for each in item.sums
            if each.currency == sums.currency
        )
        explained = sum(sums.explained.values())
        assert provider == sums.provider == sums.ledger + explained + sums.breaks
        assert sums.ledger == sums.matched + alone
        assert sums.open_breaks >= abs(sums.breaks)


@given(judged_items())
def test_an_item_without_a_difference_is_never_open_and_one_with_it_never_matched(item: Item):
    differs = any(each.difference for each in item.sums)

    assert differs == item.open
    assert not (differs and item.outcome in (Outcome.MATCHED, Outcome.RESOLVED))
    assert not (item.outcome is Outcome.BREAK and (not differs or item.cause is Cause.NONE))


@given(st.lists(judged_items(), max_size=12), st.integers(0, 12))
def test_parts_of_a_day_add_up_to_the_day(found: list[Item], cut: int):
    parts = reports.joined(reports.added(found[:cut]), reports.added(found[cut:]))

    assert reports.added(found) == parts


def test_sums_leave_out_what_neither_has_moved():
    assert (Sum("EUR", 9_680, 0),) == items.sums_of(charge(), {"JPY": 0})
