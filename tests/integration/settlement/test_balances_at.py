"""Balances at a date: of what was booked by then, whenever it is asked; entries by id and by account; reversals."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from entrepot.cloud import writes
from entrepot.kernel.refusals import NotFound
from functions.settlement.domain.ledger import Balance, Entry, NotReversible, balances
from functions.settlement.service import closing, reading, reversing
from functions.settlement.service.reversing import AlreadyReversed
from tests.integration.settlement.books import NOW, SHENZHEN, Books, Crash, captured, completed, crash_at
from tests.support import memory


@pytest.fixture
def books() -> Iterator[Books]:
    with memory.in_process():
        yield Books()


FIRST = date(2026, 11, 22)
SPAN = 10


def diary(books: Books) -> dict[date, tuple[Balance, ...]]:
    """Something booked on most days over the end of a month, and the balances as they stood each evening."""
    stood: dict[date, tuple[Balance, ...]] = {}
    for day in range(SPAN):
        if day != 3:
            books.tell(captured(100 + day, f"pi_{day}:1", at=NOW), captured(7, f"pi_{day}:2", "CNY"))
        stood[FIRST + timedelta(days=day)] = balances(books.trial().accounts)
        books.later(days=1)
    return stood


def test_balances_at_a_date_are_those_that_stood_then(books):
    stood = diary(books)

    before = {day: reading.trial_balance_at(day, books.now).accounts for day in stood}
    closed = closing.close_days(books.now)
    after = {day: reading.trial_balance_at(day, books.now).accounts for day in stood}

    assert list(stood) == closed
    assert stood == before == after
    assert () == reading.trial_balance_at(FIRST - timedelta(days=1), books.now).accounts


def test_what_comes_late_does_not_change_a_day_that_is_over(books):
    books.tell(captured(100, "pi_1:1"))
    books.later(days=2)
    closing.close_days(books.now)

    books.tell(captured(900, "pi_2:1", at=NOW))

    assert [100, 100] == [b.debits + b.credits for b in reading.trial_balance_at(FIRST, books.now).accounts]
    assert [1000, 1000] == [b.debits + b.credits for b in books.trial().accounts]


def test_closing_that_died_goes_on_where_it_stood(books, monkeypatch):
    stood = diary(books)
    with monkeypatch.context() as dying:
        crash_at(dying, 4, written=True)
        with pytest.raises(Crash):
            closing.close_days(books.now)

    closing.close_days(books.now)

    assert [] == closing.close_days(books.now)
    assert stood == {day: reading.trial_balance_at(day, books.now).accounts for day in stood}


def test_a_day_to_come_has_no_balances(books):
    with pytest.raises(reading.DayNotOver):
        reading.trial_balance_at(FIRST + timedelta(days=1), books.now)


def test_entries_are_found_by_id_and_by_account_and_day(books):
    books.tell(captured(100, "pi_1:1"), captured(200, "pi_2:1"), completed(80))

    found: list[Entry] = []
    after = None
    while True:
        page = reading.entries_of(f"merchant_payable:{SHENZHEN}", FIRST, 10, after)
        found += page.items
        after = page.next_key
        if after is None:
            break

    (entry,) = found
    assert "share_completed" == entry.rule
    assert entry == reading.entry(entry.entry_id)
    with pytest.raises(NotFound):
        reading.entry("ent_01JD0000000000000000000000")
    with pytest.raises(NotFound):
        reading.entries_of("nonsense", FIRST, 10, None)


def test_an_entry_is_reversed_once_by_one_that_names_it(books):
    books.tell(captured(100, "pi_1:1"))
    (entry,) = reading.entries_on(FIRST)

    reversal = reversing.reverse(entry.entry_id, books.now)

    assert ("reversed", "capture:pi_1:1") == (reversal.rule, reversal.reverses)
    assert {} == books.balances()
    with pytest.raises(AlreadyReversed) as refused:
        reversing.reverse(entry.entry_id, books.now)
    assert {"entry_id": reversal.entry_id} == refused.value.facts
    with pytest.raises(NotReversible):
        reversing.reverse(reversal.entry_id, books.now)


def test_what_a_statement_tells_of_is_not_reversed_by_hand(books):
    books.tell(completed(80))
    (entry,) = reading.entries_on(FIRST)

    with pytest.raises(NotReversible):
        reversing.reverse(entry.entry_id, books.now)


def test_nothing_but_creations_reaches_the_ledgers_table(books, monkeypatch):
    made: list[writes.Write] = []
    real = writes.commit

    def commit(*given: writes.Write) -> None:
        made.extend(given)
        real(*given)

    monkeypatch.setattr(writes, "commit", commit)

    books.tell(captured(100, "pi_1:1"), completed(80))
    books.run()
    books.later(days=2)
    closing.close_days(books.now)

    reached = [write for write in made if write.key[0].endswith("-ledger")]
    assert 10 < len(reached)
    assert {("Put", "attribute_not_exists (pk)")} == {(write.verb, str(write.condition)) for write in reached}
