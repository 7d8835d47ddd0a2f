"""Reference rates: exact, dated, and refused rather than guessed."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.money import Money
from functions.rates.domain import RateMissing, RatesUnreadable, RateTable, in_force, parsed_daily
from functions.rates.facade import current

TABLE = RateTable(date(2026, 10, 2), "a source", {"USD": Fraction("1.1225"), "JPY": Fraction("176.99")})
HEAD = '<e:Envelope xmlns:e="x" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><Cube>'
TAIL = "</Cube></e:Envelope>"


def daily(*rows: str, days: tuple[str, ...] = ("2026-10-02",)) -> str:
    cubes = "".join(f"<Cube time='{day}'>{''.join(rows)}</Cube>" for day in days)
    return f"{HEAD}{cubes}{TAIL}"


def row(currency: str, rate: str) -> str:
    return f"<Cube currency='{currency}' rate='{rate}'/>"


def test_the_recorded_file_gives_the_published_rates_with_source_and_date() -> None:
    table = current(date(2026, 11, 22))

    assert date(2026, 10, 2) == table.date
    assert "European Central Bank, euro foreign exchange reference rates, 2026-10-02" == table.citation
    assert Fraction("1.1225") == table.rates["USD"]
    assert Fraction("20149.32") == table.rates["IDR"]
    assert 29 == len(table.rates)


def test_a_rate_between_two_foreign_currencies_crosses_through_the_euro_unrounded() -> None:
    assert Fraction("176.99") / Fraction("1.1225") == TABLE.rate("USD", "JPY")


def test_money_is_rounded_once_to_the_minor_unit_of_its_new_currency() -> None:
    assert Money(15767, "JPY") == TABLE.convert(Money(10000, "USD"), "JPY")  # 15,767.4833 yen
    assert Money(11225, "USD") == TABLE.convert(Money(10000, "EUR"), "USD")


def test_money_in_its_own_currency_needs_no_rate() -> None:
    assert Money(1, "ISK") == TABLE.convert(Money(1, "ISK"), "ISK")


@pytest.mark.parametrize(("currency", "into"), [("EUR", "CNY"), ("CNY", "EUR"), ("CNY", "USD")])
def test_a_missing_currency_is_refused_by_name(currency: str, into: str) -> None:
    with pytest.raises(RateMissing) as refused:
        TABLE.rate(currency, into)

    assert {"currency": "CNY", "date": "2026-10-02"} == refused.value.facts
    assert "rate_missing" == refused.value.code


def test_the_newest_table_of_or_before_the_day_holds() -> None:
    older = RateTable(date(2026, 10, 1), "a source", {})

    assert older is in_force([TABLE, older], date(2026, 10, 1))
    assert TABLE is in_force([TABLE, older], date(2026, 10, 4))


def test_a_day_before_every_table_is_refused() -> None:
    with pytest.raises(RateMissing):
        in_force([TABLE], date(2026, 10, 1))


@given(st.integers(-(10**9), 10**9))
def test_there_and_back_at_exact_rates_changes_nothing(amount: int) -> None:
    there = TABLE.rate("USD", "JPY") * amount

    assert amount == there * TABLE.rate("JPY", "USD")


def test_attribute_order_and_quotes_do_not_matter() -> None:
    assert {"USD": Fraction("1.1")} == parsed_daily(daily('<Cube rate="1.1" currency="USD"/>')).rates


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "no xml at all",
        "<html>maintenance</html>",
        daily(),
        daily(row("USD", "1.1"), days=()),
        daily(row("USD", "1.1"), days=("2026-10-01", "2026-10-02")),
        daily(row("USD", "1.1"), days=("yesterday",)),
        daily(row("USD", "1.1"), row("USD", "1.2")),
        daily(row("US$", "1.1")),
        daily(row("USD", "0")),
        daily(row("USD", "-1.1")),
        daily(row("USD", "1e3")),
        daily(row("USD", "1/3")),
        daily(row("USD", "NaN")),
        daily(row("USD", "1,1476")),
        '<!DOCTYPE e [<!ENTITY a "aaaa">]>' + daily(row("USD", "1.1")),
        daily(row("USD", "1.1")) + " " * 600_000,
    ],
)
def test_what_is_not_the_daily_format_is_refused(xml: str) -> None:
    with pytest.raises(RatesUnreadable):
        parsed_daily(xml)
