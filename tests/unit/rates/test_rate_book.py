"""The rates of one quote: locked as used, with spread and endings on unit prices alone."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.money import Money, converted
from functions.rates.domain import Charm, RateBook, RateLock, RateStale, RateTable, Spread, Terms
from functions.rates.domain.book import charmed

DAY = date(2026, 10, 2)
TABLE = RateTable(DAY, "a source", {"USD": Fraction("1.1225"), "CNY": Fraction("7.5259")})
NINES = Charm("US", "USD", date(2026, 1, 1), date(2027, 1, 1), 100, 99, "own")


def book(
    *spreads: Spread, country: str = "US", on: date = DAY, charms: tuple[Charm, ...] = (NINES,)
) -> RateBook:
    return RateBook(TABLE, Terms("prod", country, on, 5, spreads, charms))


def spread(points: int, stage: str = "*", merchant: str = "*", since: date = date(2026, 1, 1)) -> Spread:
    return Spread(stage, merchant, since, points, "own")


def test_every_rate_that_was_used_is_locked_once_as_it_was_used() -> None:
    rates = book(spread(100))

    rates.presented(Money(1000, "EUR"), "USD", "mrc_1")
    rates.presented(Money(2000, "EUR"), "USD", "mrc_1")
    rates.convert(Money(100, "EUR"), "USD")

    reference = RateLock("EUR", "USD", "1.1225", "1.1225", 0, "a source", DAY)
    sold = RateLock("EUR", "USD", "1.1225", "1.133725", 100, "a source", DAY)
    assert (reference, sold) == rates.locks


def test_a_cross_rate_is_used_as_it_is_locked() -> None:
    rates = book()

    found = rates.convert(Money(10**12, "CNY"), "USD")

    assert converted(Money(10**12, "CNY"), Fraction(rates.locks[0].applied), "USD") == found


def test_the_spread_is_the_most_exact_row_that_holds() -> None:
    rates = book(
        spread(10),
        spread(20, stage="prod"),
        spread(30, merchant="mrc_1"),
        spread(40, since=date(2026, 10, 3)),
    )

    assert [30, 20] == [rates.spread("mrc_1"), rates.spread("mrc_2")]


def test_a_price_in_the_buyers_currency_stays_as_it_is_written() -> None:
    rates = book(spread(100))

    assert Money(1000, "USD") == rates.presented(Money(1000, "USD"), "USD", "mrc_1")
    assert () == rates.locks


def test_unit_prices_end_as_the_market_likes_it_and_only_there_and_then() -> None:
    assert Money(1099, "USD") == book().presented(Money(1000, "EUR"), "USD", "m")  # 11.225
    assert Money(1123, "USD") == book(country="CA").presented(Money(1000, "EUR"), "USD", "m")
    assert Money(1123, "USD") == book(on=date(2027, 1, 1)).presented(Money(1000, "EUR"), "USD", "m")
    assert Money(1123, "USD") == book().convert(Money(1000, "EUR"), "USD")


@pytest.mark.parametrize(("amount", "ending"), [(1, 99), (149, 199), (148, 99), (199, 199), (1250, 1299)])
def test_an_amount_goes_to_the_nearest_ending(amount: int, ending: int) -> None:
    assert ending == charmed(amount, NINES)


@given(st.integers(0, 10**9), st.integers(0, 10**6))
def test_a_higher_price_never_becomes_the_lower_one(amount: int, more: int) -> None:
    assert charmed(amount, NINES) <= charmed(amount + more, NINES)
    assert 99 == charmed(amount, NINES) % 100


def test_a_stale_table_refuses_by_currency_and_day_when_it_converts() -> None:
    rates = RateBook(RateTable(DAY, "a source", TABLE.rates, stale_after=5), book().terms)

    assert Money(5, "EUR") == rates.convert(Money(5, "EUR"), "EUR")
    with pytest.raises(RateStale) as refused:
        rates.convert(Money(5, "EUR"), "USD")

    stale = {"field": "currency", "currency": "USD", "date": "2026-10-02", "most_days": 5}
    assert stale == refused.value.facts


def test_an_age_that_no_holiday_explains_is_said() -> None:
    assert "" == book(on=date(2026, 10, 7)).age_note
    assert "6 days old; this stage allows 5" == book(on=date(2026, 10, 8)).age_note
