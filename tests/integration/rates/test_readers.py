"""Whoever converts, converts by the rates that the stage has stored, where it stores any."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from entrepot.cloud import writes
from entrepot.kernel.clock import utc_now
from functions.rates import store
from functions.rates.domain import RateTable
from functions.rates.prices import prices
from functions.rates.service import reading
from functions.settlement.service import running
from tests.integration.settlement.books import SHENZHEN, Books, captured, completed
from tests.support.shop import Shop


@pytest.fixture
def _recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage that stores its rates, and has the recorded files until it has any."""
    held = prices()
    stages = tuple(replace(row, rates="recorded") if row.stage == "test" else row for row in held.stages)
    monkeypatch.setattr(reading, "prices", lambda: replace(held, stages=stages))
    reading.forget()


def stored(table: RateTable, *, newest: bool = True) -> None:
    writes.commit(store.create_day(table, utc_now()))
    if newest:
        writes.commit(store.put_newest(table, utc_now()))
    reading.forget()


def table(yuan: int, days_ago: int) -> RateTable:
    """So many yuan for a euro."""
    return RateTable((utc_now() - timedelta(days=days_ago)).date(), "test", {"CNY": Fraction(yuan)})


def goods(shop: Shop) -> int:
    """What CNY 200.00 cost in euro, in cents."""
    option = shop.quote({"PHONES-1": 1}, ship_to=CHINESE, currency="EUR")["options"][0]
    return int(option["goods"]["amount"])


CHINESE = {
    "name": "Anna Schmidt", "line1": "Torstraße 1", "city": "Berlin", "postal_code": "10119", "country": "DE",
}  # fmt: skip


@pytest.mark.usefixtures("_recorded")
def test_a_quote_converts_by_the_newest_rates_that_are_stored(shop):
    shop.stocked("PHONES-1", 5)
    by_the_files = goods(shop)

    stored(table(4, days_ago=1))

    assert 5000 == goods(shop) - goods(shop) % 10, by_the_files
    assert by_the_files != goods(shop)


@pytest.mark.usefixtures("_recorded")
def test_rates_of_tomorrow_leave_today_to_those_of_the_days_before(shop):
    shop.stocked("PHONES-1", 5)
    stored(table(4, days_ago=2), newest=False)
    stored(table(40, days_ago=-1))

    assert 5000 == goods(shop) - goods(shop) % 10


@pytest.mark.usefixtures("_recorded")
@pytest.mark.parametrize("days_ago", [1, -1])
def test_a_merchant_is_settled_by_the_rates_that_are_stored(aws, days_ago):
    books = Books()
    today = books.now.date()
    stored(RateTable(today - timedelta(days=2), "test", {"CNY": Fraction(4)}), newest=False)
    stored(RateTable(today - timedelta(days=days_ago), "test", {"CNY": Fraction(40 if days_ago < 0 else 4)}))
    books.tell(captured(13328), completed(10000))

    for turn in list(running.turns()):
        running.take(f'{{"merchant_id": "{turn.merchant_id}"}}', books.now)

    (issued,) = books.statements(SHENZHEN)
    assert 4 * 10000 == issued.statement.gross
