"""What a provider and the bank say moved on our balances, a day at a time, in our own words."""

import json
from datetime import date
from typing import Any

import pytest

from entrepot.kernel.money import Money
from functions.payments import facade, providers, statements, stripe_wire
from functions.payments.domain.movements import Moved, Movement
from tests.integration.payments.conftest import Provider, later, now, opened, paid, payment
from tests.support import pump
from tests.support.bank import camt, camt_entry, camt_transfer, in_base64

REFUND = "rfd_01ARZ3NDEKTSV4RRFFQ69G5FAV"
PAYOUT = "pot_01ARZ3NDEKTSV4RRFFQ69G5FAV"


def moved(provider: str, day: date | None = None) -> list[Movement]:
    """All movements of a day, page after page."""
    gateway, after = providers.named(provider, now()), None
    found: list[Movement] = []
    while True:
        page = gateway.movements(day or now().date(), after)
        found += page.items
        after = page.after
        if after is None:
            return found


def told(movements: list[Movement]) -> list[tuple[str, str, str, int, int]]:
    return sorted((m.kind.value, m.reference, m.currency, m.gross, m.fee) for m in movements)


def imported(*entries: str) -> None:
    job = {"statement_id": "stm_1", "form": "camt.053", "content": in_base64(camt(entries))}
    statements.take_in(json.dumps(job), now())


def test_each_movement_at_stripe_names_the_fact_that_it_is_of(provider: Provider) -> None:
    payment_id = paid(provider)
    intent_id = payment(payment_id).intent_id
    gateway = providers.named("stripe", now())
    wanted = facade.Refund(REFUND, 3_000, facade.RefundStatus.REQUESTED)
    gateway.refund(payment(payment_id), wanted)
    (refund,) = provider.refunds()
    provider.control(f"refunds/{refund['id']}/finish", outcome="fail")
    (charge,) = provider.standin.account.store.objects["charge"].values()
    dispute = provider.control(f"charges/{charge['id']}/dispute", amount="4000")
    provider.control(f"disputes/{dispute['id']}/close", outcome="won")

    assert told(moved("stripe")) == sorted(
        [
            ("capture", f"{intent_id}:10000", "EUR", 10_000, 320),
            ("refund", REFUND, "EUR", -3_000, 0),
            ("refund_returned", REFUND, "EUR", 3_000, 0),
            ("dispute", dispute["id"], "EUR", -4_000, 1_500),
            ("dispute_won", dispute["id"], "EUR", 4_000, 0),
        ]
    )
    assert [] == moved("stripe", later(days=1).date())


def test_a_day_of_several_pages_is_told_whole_and_once(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functions.payments import stripe_gateway

    monkeypatch.setattr(stripe_gateway, "_MOST_MOVEMENTS", 2)
    for _ in range(5):
        paid(provider)

    found = moved("stripe")

    assert 5 == len(found) == len({each.movement_id for each in found})


def test_a_transfer_names_our_payout_where_it_has_one(provider: Provider) -> None:
    paid(provider)
    client: Any = providers.named("stripe", now())._gateway._connect()  # type: ignore[attr-defined]
    wanted = {"amount": 500, "currency": "eur", "destination": "acct_1"}
    made = client.v1.transfers.create({**wanted, "transfer_group": PAYOUT})
    client.v1.transfers.reversals.create(made.id)
    other = client.v1.transfers.create(wanted)

    found = [each for each in told(moved("stripe")) if each[0] != "capture"]

    assert ("payout", PAYOUT, "EUR", -500, 0) in found
    assert ("payout", other.id, "EUR", -500, 0) in found
    assert 1 == len([each for each in found if each[0] == "payout_returned"])


def test_a_charge_on_a_balance_in_another_currency_says_what_the_payer_was_charged() -> None:
    charge = {
        "id": "ch_1", "object": "charge", "payment_intent": "pi_1", "currency": "jpy", "amount_captured": 2_000
    }  # fmt: skip
    told_of = {
        "id": "txn_1", "object": "balance_transaction", "type": "charge", "amount": 1_234, "fee": 66,
        "currency": "eur", "created": 1_790_000_000, "source": charge, "exchange_rate": 0.00617,
    }  # fmt: skip

    found = stripe_wire.movement(told_of)

    assert (Moved.CAPTURE, "pi_1:2000", 1_168) == (found.kind, found.reference, found.net)
    assert Money(2_000, "JPY") == found.presented


@pytest.mark.parametrize("kind", ["stripe_fee", "payout", "adjustment", "a_type_of_next_year"])
def test_what_is_of_no_sale_is_told_as_something_else(kind: str) -> None:
    told_of = {"id": "txn_1", "type": kind, "amount": -200, "currency": "eur", "created": 1_790_000_000}

    found = stripe_wire.movement({**told_of, "source": {"id": "po_1", "object": "payout", "amount": 200}})

    assert (Moved.OTHER, "po_1", -200) == (found.kind, found.reference, found.net)


@pytest.mark.usefixtures("aws")
def test_each_entry_of_the_bank_moves_once_and_says_what_it_is() -> None:
    payment_id = opened(method="bank_transfer")
    view = facade.start(payment_id, now())
    assert view.next_action is not None
    assert view.next_action.details is not None
    reference = view.next_action.details["reference"]
    entries = (
        camt_entry("120.00", f"danke {reference}", "B1"),
        camt_entry("5.00", "nobody's", "B2"),
        camt_entry("70.00", f"/{PAYOUT}/", "B3", side="DBIT"),
        camt_transfer("70.00", PAYOUT, "B4", back="AC04"),
        camt_entry("1.00", "account fee", "B5", side="DBIT"),
    )

    imported(*entries)
    imported(*entries)
    (over,) = (each.work for each in statements.unmatched(9, None).items if each.work.kind == "return")
    back = camt_entry("20.00", over.item_id.rpartition("_")[2], "B6", side="DBIT")
    imported(back)
    imported(back)

    found = moved("bank")
    assert [
        ("other", -100),
        ("payout", -7_000),
        ("payout_returned", 7_000),
        ("receipt", 500),
        ("receipt", 12_000),
        ("receipt_returned", -2_000),
    ] == sorted((each.kind.value, each.net) for each in found)
    assert {PAYOUT} == {each.reference for each in found if each.kind.value.startswith("payout")}
    assert [("unmatched", 500)] == [
        (each.work.kind.value, each.work.money.amount) for each in statements.unmatched(9, None).items
    ]
    receipts = [event for event in pump.events() if event["event"] == "payments.receipt_booked"]
    returned = [event for event in pump.events() if event["event"] == "payments.receipt_returned"]
    assert [500, 12_000] == sorted(event["amount"] for event in receipts)
    assert [2_000] == [event["amount"] for event in returned]
