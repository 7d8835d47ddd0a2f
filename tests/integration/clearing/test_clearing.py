"""A day of the provider and of the bank beside the ledger, as the daily job does it."""

import json
from datetime import timedelta

import pytest

from entrepot.cloud import aws
from functions.clearing.domain.items import Cause, Item, NotResolvable, Outcome, Reason, Side
from functions.clearing.domain.reports import Totals
from functions.clearing.service import breaks, jobs, judging
from functions.payments import facade as payments
from functions.payments import providers, statements, stripe_gateway
from tests.integration.clearing.conftest import FINANCE, Desk
from tests.integration.payments.conftest import now, payment
from tests.integration.settlement.books import captured
from tests.support import memory, pump
from tests.support.bank import camt, camt_entry, in_base64


def euro(report: object) -> Totals:
    (totals,) = report.totals  # type: ignore[attr-defined]
    assert "EUR" == totals.currency
    assert isinstance(totals, Totals)
    return totals


def verdicts(items: list[Item]) -> list[tuple[str, str]]:
    return sorted((item.outcome.value, item.cause.value) for item in items)


def refunded(desk: Desk, payment_id: str, amount: int = 3_000) -> None:
    wanted = payments.Refund("rfd_01ARZ3NDEKTSV4RRFFQ69G5FAV", amount, payments.RefundStatus.REQUESTED)
    providers.named("stripe", now()).refund(payment(payment_id), wanted)
    desk.hear()


def imported(*entries: str) -> None:
    job = {"statement_id": "stm_1", "form": "camt.053", "content": in_base64(camt(entries))}
    statements.take_in(json.dumps(job), now())


def test_a_day_that_is_booked_is_matched_and_its_sums_are_the_ledgers(desk: Desk) -> None:
    payment_id, _ = desk.pay(), desk.pay(2_500)
    refunded(desk, payment_id)
    desk.book()

    desk.run()

    found = desk.report()
    held = 10_000 - 320 + 2_500 - 103 - 3_000
    assert found.complete
    assert Totals("EUR", 3, provider=held, ledger=held, matched=held) == euro(found)
    assert held == desk.ledger()["psp:stripe", "EUR"]
    assert [] == desk.breaks()


def test_a_second_run_and_a_message_that_comes_twice_change_nothing(desk: Desk) -> None:
    desk.pay()
    desk.book("fee_known")
    desk.run(times=2)
    before = memory.current().kept()

    desk.run(times=2)

    assert [] == _changes(before)


def _changes(before: memory.Kept) -> list[str]:
    """Rows of clearing that have another content, but for the mark of what is complete."""
    changed = memory.current().changed_since(before).get(aws.name("clearing"), [])
    return [
        str((old or new or {})["pk"]["S"])
        for old, new in changed
        if old != new and not (old or new or {})["pk"]["S"].startswith("cleared#")
    ]


def test_what_the_ledger_was_not_told_is_timing_then_a_break_and_timing_again_once_it_arrives(
    desk: Desk,
) -> None:
    desk.pay()
    desk.run(1)
    assert [("explained", "timing")] == verdicts(desk.items())
    desk.run(4)
    assert [("break", "not_in_ledger")] == verdicts(desk.items())
    assert (9_680, 9_680, 1) == (
        euro(desk.report()).breaks,
        euro(desk.report()).open_breaks,
        euro(desk.report()).number_of_breaks,
    )

    desk.book()
    desk.run(5)

    assert [("explained", "timing")] == verdicts(desk.items())
    assert [] == desk.breaks()
    late = euro(desk.report())
    assert (9_680, 9_680, {"timing": 0}, 0) == (late.provider, late.ledger, late.explained, late.breaks)


def test_a_fee_that_nobody_told_is_booked_by_a_person_and_a_late_event_changes_nothing(desk: Desk) -> None:
    desk.pay()
    desk.book("fee_known")
    desk.run(1)
    assert {"fee": -320} == euro(desk.report()).explained
    desk.run(4)
    (broken,) = desk.breaks()
    assert Cause.FEE is broken.cause

    done = breaks.resolve(broken.item_id, Reason.FEE, "the event was lost", FINANCE, now())

    assert Outcome.RESOLVED is done.outcome
    assert (FINANCE.member_id, "fee") == (done.resolved_by, done.reason)
    assert {
        ("psp:stripe", "EUR"): 9_680,
        ("psp_fee_expense", "EUR"): 320,
        ("customer_funds", "EUR"): -10_000,
    } == (desk.ledger())
    desk.book()
    desk.run(5)
    assert 9_680 == desk.ledger()["psp:stripe", "EUR"]
    assert (1, 0, {}) == (
        euro(desk.report()).resolved,
        euro(desk.report()).breaks,
        euro(desk.report()).explained,
    )
    with pytest.raises(NotResolvable):
        breaks.resolve(broken.item_id, Reason.FEE, "again", FINANCE, now())


def test_a_fee_that_arrives_while_a_person_books_it_is_booked_once(desk: Desk) -> None:
    desk.pay()
    desk.book("fee_known")
    desk.run(4)
    (broken,) = desk.breaks()
    desk.book()

    with pytest.raises(NotResolvable):
        breaks.resolve(broken.item_id, Reason.FEE, "the event was lost", FINANCE, now())

    assert 320 == desk.ledger()["psp_fee_expense", "EUR"]
    assert [] == desk.breaks()


def test_what_the_provider_never_moved_is_a_break_of_the_ledger_and_is_written_off(desk: Desk) -> None:
    told = captured(5_000, "pi_nowhere:5000", at=now())
    assert [] == pump.deliver("settlement-events", json.dumps(_as_event(told)))
    desk.run(1)
    assert [("explained", "timing")] == verdicts(desk.items())
    desk.run(4)
    (broken,) = desk.breaks()
    assert (Side.LEDGER, Cause.NOT_AT_PROVIDER, "capture:pi_nowhere:5000") == (
        broken.side,
        broken.cause,
        broken.key,
    )
    assert (0, 5_000, -5_000) == (
        euro(desk.report()).provider,
        euro(desk.report()).ledger,
        euro(desk.report()).breaks,
    )

    breaks.resolve(broken.item_id, Reason.WRITE_OFF, "told by mistake", FINANCE, now())

    assert {("clearing_differences", "EUR"): 5_000, ("customer_funds", "EUR"): -5_000} == desk.ledger()
    desk.run(5)
    assert [] == desk.breaks()


def test_an_entry_of_the_day_before_its_movement_counts_once(desk: Desk) -> None:
    desk.pay()
    desk.book()
    for entry in desk.provider.standin.account.store.objects["balance_transaction"].values():
        entry["created"] += 86_400
    desk.run(1)
    assert {"timing": -9_680} == euro(desk.report()).explained

    desk.run(2)

    assert [] == [each for each in desk.report().totals if each.ledger]
    assert (9_680, 9_680) == (euro(desk.report(day=1)).provider, euro(desk.report(day=1)).matched)
    assert [] == [item for item in desk.items() if item.open]


def test_a_movement_that_comes_at_the_same_moment_as_its_entry_is_found_counts_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The movement is looked up before the entry is an item by itself, and kept after it."""
    desk.pay()
    desk.book()
    for entry in desk.provider.standin.account.store.objects["balance_transaction"].values():
        entry["created"] += 86_400
    desk.run(1)
    assert {"timing": -9_680} == euro(desk.report()).explained
    with monkeypatch.context() as patched:
        patched.setattr(judging, "_claimed", lambda new: ({}, []))
        patched.setattr(judging, "_given_up", lambda held: [])
        desk.run(2)
    assert 2 * 9_680 == euro(desk.report()).ledger + euro(desk.report(day=1)).ledger

    desk.run(3)

    assert [] == [each for each in desk.report().totals if each.ledger]
    assert 9_680 == euro(desk.report(day=1)).ledger


def test_a_refund_that_the_provider_moved_twice_is_a_break_once(desk: Desk) -> None:
    refunded(desk, desk.pay())
    desk.book()
    objects = desk.provider.standin.account.store.objects["balance_transaction"]
    (refund,) = (each for each in objects.values() if each["type"] == "refund")
    objects["txn_again"] = {**refund, "id": "txn_again"}

    desk.run(4)

    assert [(Cause.NOT_IN_LEDGER, -3_000)] == [
        (each.cause, each.sums[0].difference) for each in desk.breaks()
    ]
    assert -3_000 == euro(desk.report()).breaks
    assert 9_680 - 3_000 == euro(desk.report()).ledger


def test_an_entry_that_a_person_reverses_makes_its_movement_a_break(desk: Desk) -> None:
    from functions.settlement import store
    from functions.settlement.service import reversing

    payment_id = desk.pay()
    desk.book()
    desk.run(1)
    fact = f"capture:{payment(payment_id).intent_id}:10000"
    (entry,) = store.entries([fact])

    reversing.reverse(entry.entry_id, now() + timedelta(days=1))
    desk.run(2)

    assert [(Cause.AMOUNT, 10_000)] == [(each.cause, each.sums[0].difference) for each in desk.breaks()]


def test_a_busy_day_goes_page_by_page_and_is_told_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_gateway, "_MOST_MOVEMENTS", 2)
    monkeypatch.setattr(jobs, "_PAGE", 2)
    monkeypatch.setattr(jobs, "_OPEN_PAGE", 1)
    for _ in range(7):
        desk.pay()
    desk.book("fee_known")

    desk.run(1, times=2)
    assert (7, 7 * 9_680, 7 * 10_000, {"fee": -7 * 320}) == _sums(desk)
    desk.book()
    desk.run(2)

    assert (7, 7 * 9_680, 7 * 9_680, {"timing": 0}) == _sums(desk)


def _sums(desk: Desk) -> tuple[int, int, int, dict[str, int]]:
    found = euro(desk.report())
    return found.movements, found.provider, found.ledger, dict(found.explained)


def test_the_bank_is_cleared_entry_by_entry_and_its_own_price_is_a_break(desk: Desk) -> None:
    imported(
        camt_entry("100.00", "who am I", "B1"),
        camt_entry("0.20", "price of an entry", "B2", side="DBIT"),
    )
    desk.book()

    desk.run()

    found = euro(desk.report("bank"))
    assert (9_980, 10_000, 10_000, -20) == (found.provider, found.ledger, found.matched, found.breaks)
    (broken,) = desk.breaks()
    breaks.resolve(broken.item_id, Reason.FEE, "the bank's own price", FINANCE, now())
    assert {
        ("psp:bank", "EUR"): 9_980,
        ("psp_fee_expense", "EUR"): 20,
        ("unmatched_receipts", "EUR"): -10_000,
    } == desk.ledger()


def test_a_break_older_than_a_week_rings(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.pay()
    for day in (1, 4, 7):
        desk.run(day)
    assert "ClearingBreaksOverdue" not in capsys.readouterr().out

    desk.run(8)

    assert '"ClearingBreaksOverdue":1' in capsys.readouterr().out


def test_a_provider_that_is_away_leaves_the_day_to_the_next_run(desk: Desk) -> None:
    desk.pay()
    desk.book()
    desk.provider.fault("unavailable")
    with pytest.raises(payments.ProviderUnavailable):
        desk.run(1)
    desk.provider.heal()
    assert [] == desk.items()

    desk.run(2)

    assert desk.report().complete
    assert 9_680 == euro(desk.report()).matched


def _as_event(event: object) -> object:
    from entrepot.contracts.events import Event, encoded

    assert isinstance(event, Event)
    return json.loads(encoded(event))
