"""Facts become entries once, however often and in whatever order they are told."""

import itertools
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from entrepot.cloud import dynamo, reads, rows, writes
from entrepot.contracts.events import Event
from entrepot.contracts.payments import ReceiptBooked, ReceiptReturned
from entrepot.kernel.ids import new_id
from functions.settlement import store
from functions.settlement.domain.ledger import Balance, Contradicted, Unbalanced
from functions.settlement.service import reading
from functions.settlement.store import ledger as ledger_rows
from tests.integration.settlement.books import (
    MILAN,
    NOW,
    SHENZHEN,
    Books,
    captured,
    completed,
    fresh,
    refunded,
    share_refunded,
)

TODAY = date(2026, 11, 22)
IOSS = ("EU-IOSS", 2128, "platform")

STORY = (
    captured(13328 + 5000),
    completed(10000, freight=1200, taxes=[IOSS], before=1000),
    completed(5000, order="ord_1", merchant=MILAN),
    refunded(1000, "rfd_1"),
    share_refunded(2500, "rfd_2"),
    refunded(2500, "rfd_2"),
)
ENDS = {
    ("psp:stripe", "EUR"): 18328 - 3500,
    (f"merchant_payable:{SHENZHEN}", "EUR"): -(10000 - 1000 - 2500),
    (f"merchant_payable:{MILAN}", "EUR"): -5000,
    ("carrier_payable", "EUR"): -1200,
    ("tax_payable:EU-IOSS", "EUR"): -2128,
}


def test_what_buyers_paid_is_owed_to_the_last_cent(books):
    books.tell(*STORY)

    assert ENDS == books.balances()
    assert books.trial().balanced


@pytest.mark.parametrize("order", [(5, 4, 3, 2, 1, 0), (4, 1, 0, 5, 3, 2), (1, 3, 5, 0, 2, 4)])
def test_any_order_ends_the_same(books, order):
    books.tell(*(STORY[index] for index in order))

    assert ENDS == books.balances()
    assert 10000 - 3500 == sum(line.commissionable for line in store.pending(SHENZHEN, 10))


def test_a_repeated_event_changes_nothing(books):
    books.tell(*itertools.chain(*zip(STORY, STORY, strict=True)), *STORY)

    assert ENDS == books.balances()
    assert 2 == len(store.pending(SHENZHEN, 10))
    assert len(STORY) == len(reading.entries_on(TODAY))


def test_a_fact_told_by_another_event_changes_nothing(books):
    books.tell(*STORY)

    for event in STORY:
        fresh(event)

    assert ENDS == books.balances()
    assert 2 == len(store.pending(SHENZHEN, 10))


def test_a_fact_told_again_on_another_day_changes_nothing(books):
    books.tell(captured(100), completed(100))

    books.tell(captured(100, at=NOW + timedelta(days=1)), completed(100, at=NOW + timedelta(days=1)))

    assert {("psp:stripe", "EUR"): 100, (f"merchant_payable:{SHENZHEN}", "EUR"): -100} == books.balances()
    assert [] == reading.entries_on(date(2026, 11, 23))
    assert 1 == len(store.pending(SHENZHEN, 10))


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (captured(100), captured(101)),
        (captured(100), captured(100, currency="USD")),
        (refunded(100), refunded(99)),
        (completed(100), completed(101)),
        (share_refunded(100), share_refunded(101)),
    ],
)
def test_a_fact_told_with_other_amounts_is_refused_and_moves_nothing(books, first, other):
    books.tell(first)
    before = books.balances()

    with pytest.raises(Contradicted):
        books.tell(other)

    assert before == books.balances()


def test_a_share_that_does_not_add_up_is_refused_and_leaves_no_trace(books):
    from msgspec.structs import replace

    with pytest.raises(Unbalanced):
        books.tell(replace(completed(100), paid=101))

    assert {} == books.balances()
    assert () == store.pending(SHENZHEN, 10)
    assert {} == store.due()


def test_a_share_that_cost_nothing_is_told_and_moves_nothing(books):
    books.tell(completed(0))

    assert {} == books.balances()
    assert [()] == [entry.postings for entry in reading.entries_on(TODAY)]


def test_a_merchant_with_something_pending_is_found_without_a_scan(books):
    books.tell(completed(100), completed(200, order="ord_2", merchant=MILAN))

    assert {SHENZHEN, MILAN} == set(store.due())
    assert [100] == [line.amount for line in store.pending(SHENZHEN, 10)]


def test_pending_lines_are_the_oldest_first(books):
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in (3, 1, 2)]
    books.tell(*(completed(day.day, order=f"ord_{day.day}", at=day) for day in days))

    assert [1, 2, 3] == [line.amount for line in store.pending(SHENZHEN, 10)]
    assert [1, 2] == [line.amount for line in store.pending(SHENZHEN, 2)]


def test_balances_are_the_sum_of_the_entries(books):
    books.tell(*STORY)

    assert books.trial().accounts == reading.recomputed([TODAY])


def test_an_entry_cannot_be_written_again(books):
    books.tell(captured(100))
    (entry,) = reading.entries_on(TODAY)

    with pytest.raises(store.AlreadyPosted):
        writes.commit(*store.posted(entry))

    assert (entry,) == tuple(reading.entries_on(TODAY))
    assert {("psp:stripe", "EUR"): 100, ("customer_funds", "EUR"): -100} == books.balances()


def test_balances_are_spread_over_shards(books):
    books.tell(*(captured(1, fact=f"pi_{number}:1") for number in range(40)))

    shards = [balance for balance in store.balance_shards() if balance.account == "psp:stripe"]

    assert 40 == sum(balance.debits for balance in shards)
    assert 4 <= len(shards) <= store.SHARDS


def test_one_cent_too_much_puts_the_trial_balance_out(books):
    books.tell(*STORY)
    row = ledger_rows.BalanceRow("balance#0", "customer_funds#EUR")
    dynamo.call(
        "UpdateItem",
        TableName=rows.table_name(ledger_rows.BalanceRow),
        Key={"pk": {"S": row.pk}, "sk": {"S": row.sk}},
        UpdateExpression="ADD debits :one, credits :none",
        ExpressionAttributeValues={":one": {"N": "1"}, ":none": {"N": "0"}},
    )

    assert not books.trial().balanced
    assert books.trial().accounts != reading.recomputed([TODAY])


def test_a_reading_torn_by_an_entry_is_taken_again(books: Books, monkeypatch):
    books.tell(captured(100))
    real, torn = store.balance_shards, [Balance("psp:stripe", "EUR", 150, 0)]
    answers = iter([torn, real()])
    monkeypatch.setattr(store, "balance_shards", lambda: next(answers))

    assert books.trial().balanced


def test_a_trial_balance_costs_a_query_a_shard_however_many_accounts(books):
    books.tell(*(completed(1, order=f"ord_{n}", merchant=f"mrc_{n}") for n in range(30)))
    made = []
    observer = lambda operation, arguments, answer: made.append(operation)  # noqa: E731
    dynamo.observers.append(observer)
    try:
        accounts = books.trial().accounts
    finally:
        dynamo.observers.remove(observer)

    assert 31 == len(accounts)
    assert ["Query"] * store.SHARDS == made


def test_a_capture_is_one_transaction_of_six_items(books):
    made = []
    observer = lambda operation, arguments, answer: made.append((operation, arguments))  # noqa: E731
    dynamo.observers.append(observer)
    try:
        books.tell(captured(100))
    finally:
        dynamo.observers.remove(observer)

    assert ["TransactWriteItems"] == [operation for operation, _ in made]
    assert 6 == len(made[0][1]["TransactItems"])
    assert reads.fetch_one(store.entry_read("capture:pi_1:1")) is not None


def receipt(
    amount: int, fact: str, kind: type[ReceiptBooked] | type[ReceiptReturned] = ReceiptBooked
) -> Event:
    return kind(
        event_id=new_id("evt", NOW),
        occurred_at=NOW,
        provider="bank",
        fact=fact,
        currency="EUR",
        amount=amount,
        booked_on="2026-11-22",
    )


def test_a_transfer_is_in_suspense_until_it_is_known_what_it_pays_and_what_is_over_leaves_again(books):
    paid = msgspec.structs.replace(captured(10_000, "RF1:10000"), provider="bank")
    books.tell(receipt(6_000, "entry-1"), receipt(4_500, "entry-2"))
    assert {("psp:bank", "EUR"): 10_500, ("unmatched_receipts", "EUR"): -10_500} == books.balances()

    books.tell(paid, receipt(500, "entry-3", ReceiptReturned), paid)

    assert {("psp:bank", "EUR"): 10_000, ("customer_funds", "EUR"): -10_000} == books.balances()
