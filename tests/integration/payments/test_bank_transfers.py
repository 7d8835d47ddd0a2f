"""Bank transfer: exact, partial, over, twice, late, unmatched; the same statement twice changes nothing."""

import json
from typing import Any

import pytest

from entrepot.cloud import writes
from entrepot.kernel.money import Money
from functions.payments import facade, statements
from functions.payments.sweep import sweep
from tests.integration.payments.conftest import due, later, now, opened, payment, published, requests_of, told
from tests.support.bank import camt, camt_entry, in_base64, mt940

pytestmark = pytest.mark.usefixtures("aws")
PAID = ["payment_authorised", "payment_captured"]


def asked() -> tuple[str, str]:
    """A payment of 100.00 by transfer, and the reference that the payer is told."""
    payment_id = opened(method="bank_transfer")
    view = facade.start(payment_id, now())
    assert view.next_action is not None
    assert view.next_action.details is not None
    return payment_id, view.next_action.details["reference"]


def imported(*entries: str) -> None:
    job = {"statement_id": "stm_1", "form": "camt.053", "content": in_base64(camt(entries))}
    statements.take_in(json.dumps(job), now())


def work() -> list[tuple[str, str, int]]:
    items = (each.work for each in statements.unmatched(50, None).items)
    return [(item.kind.value, item.reason, item.money.amount) for item in items]


def test_the_payer_is_told_account_and_reference() -> None:
    payment_id = opened(method="bank_transfer")

    view, again = facade.start(payment_id, now()), facade.start(payment_id, now())

    assert view.next_action is not None
    assert ("requires_action", "bank_transfer") == (view.status, view.next_action.kind)
    assert {"iban", "bic", "holder", "reference"} == set(view.next_action.details or {})
    assert view.next_action == again.next_action


def test_the_exact_amount_pays_once_however_often_it_is_imported() -> None:
    payment_id, reference = asked()
    entry = camt_entry("100.00", f"danke {reference}", "B1")

    imported(entry)
    imported(entry, camt_entry("1.00", "another", "B2"))

    assert PAID == [name for name in told(payment_id) if name in PAID]
    assert [(10_000, "bank")] == [
        (event["amount"], event["provider"]) for event in published(payment_id, "payment_captured")
    ]
    assert [("unmatched", "no_reference", 100)] == work()
    assert [] == due(later(days=30))


def test_mt940_pays_as_well() -> None:
    payment_id, reference = asked()
    content = in_base64(mt940([("100,00", reference, "B1")]))

    statements.take_in(json.dumps({"statement_id": "stm_1", "form": "mt940", "content": content}), now())

    assert 10_000 == payment(payment_id).captured


def test_parts_wait_for_the_whole_and_what_is_over_goes_back() -> None:
    payment_id, reference = asked()

    imported(camt_entry("60.00", reference, "B1"))
    assert ("processing", 0) == (payment(payment_id).status, payment(payment_id).captured)
    imported(camt_entry("45.00", reference, "B2"))

    assert (10_000, 10_000) == (payment(payment_id).authorised, payment(payment_id).captured)
    assert [("return", "over", 500)] == work()


def test_a_second_transfer_goes_back_whole() -> None:
    payment_id, reference = asked()

    imported(camt_entry("100.00", reference, "B1"), camt_entry("100.00", reference, "B2"))

    assert 10_000 == payment(payment_id).captured
    assert [("return", "twice", 10_000)] == work()


def test_an_order_that_ended_returns_what_came_before_and_after() -> None:
    payment_id, reference = asked()
    imported(camt_entry("60.00", reference, "B1"))

    assert "cancelled" == facade.cancel_intent(payment_id, now())
    imported(camt_entry("40.00", reference, "B2"))

    assert ("cancelled", 0) == (payment(payment_id).status, payment(payment_id).captured)
    assert [("return", "late", 4_000), ("return", "partial", 6_000)] == sorted(work())


def test_a_payment_that_arrived_is_not_cancelled() -> None:
    payment_id, reference = asked()
    imported(camt_entry("100.00", reference, "B1"))

    assert "succeeded" == facade.cancel_intent(payment_id, now())
    assert [] == work()


def test_another_currency_is_put_before_a_person() -> None:
    payment_id, reference = asked()

    imported(camt_entry("100.00", reference, "B1", currency="USD"))

    assert 0 == payment(payment_id).captured
    assert [("unmatched", "other_currency", 10_000)] == work()


def test_an_unmatched_entry_is_suggested_its_due_and_assigned_once() -> None:
    payment_id, reference = asked()
    entry = camt_entry("100.00", f"re {reference[:-1]}?", "B1")
    imported(entry)
    (item,) = statements.unmatched(50, None).items
    assert reference == item.suggestions[0].reference
    assert 90 <= item.suggestions[0].likeness

    assert statements.assign(item.work.item_id, reference, now()).paid_at
    imported(entry)

    assert 10_000 == payment(payment_id).captured
    assert [] == work()


def test_a_refund_is_work_until_the_statement_shows_it() -> None:
    payment_id, reference = asked()
    imported(camt_entry("100.00", reference, "B1"))
    refund_id = "rfd_01ARZ3NDEKTSV4RRFFQ69G5FAV"
    writes.commit(*facade.refund(payment(payment_id), refund_id, Money(3_000, "EUR"), "broken", now()))
    requests_of(payment_id)
    requests_of(payment_id)
    assert [("return", "refund", 3_000)] == work()
    assert 0 == payment(payment_id).refunded
    paid_out = camt_entry("30.00", "Erstattung 01ARZ3NDEKTSV4RRFFQ69G5FAV", "B2", side="DBIT")

    imported(paid_out)
    imported(paid_out)

    assert 3_000 == payment(payment_id).refunded
    assert [] == work()
    assert 1 == len(published(payment_id, "refund_succeeded"))


def test_a_job_that_died_before_the_payment_heard_is_made_whole_by_the_sweep(monkeypatch: Any) -> None:
    payment_id, reference = asked()
    monkeypatch.setattr(statements, "tell", lambda reference, at: None)
    imported(camt_entry("100.00", reference, "B1"))
    assert 0 == payment(payment_id).captured

    sweep(later(minutes=2))

    assert 10_000 == payment(payment_id).captured
