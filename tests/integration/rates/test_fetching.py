"""Rates of the ECB: fetched once, immutable by day, never overwritten by older ones, kept in the process."""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from entrepot.cloud import aws as cloud
from entrepot.cloud import dynamo
from functions.rates import ecb_gateway, facade
from functions.rates.domain import RatesUnreadable
from functions.rates.service import fetching, reading

NOW = datetime(2026, 10, 6, 16, 30, tzinfo=UTC)
HEAD = '<e:Envelope xmlns:e="x" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><Cube>'
TAIL = "</Cube></e:Envelope>"


@pytest.fixture(autouse=True)
def prod(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "STAGE", "prod")


def published(**days: str) -> str:
    """A file with a rate of the dollar for each day, named such as `d2`, in October 2026."""
    cubes = (
        f"<Cube time='2026-10-{int(day[1:]):02}'><Cube currency='USD' rate='{rate}'/></Cube>"
        for day, rate in days.items()
    )
    return HEAD + "".join(cubes) + TAIL


class Ecb:
    def __init__(self, daily: str, history: str = "") -> None:
        self.files = {ecb_gateway.DAILY: daily, ecb_gateway.NINETY_DAYS: history}
        self.asked: list[str] = []

    def read(self, url: str) -> str:
        self.asked.append(url)
        return self.files[url]


def dollar(day: int) -> tuple[date, Fraction]:
    reading.forget()
    table = facade.current(date(2026, 10, day))
    return table.date, table.rates["USD"]


def test_the_first_run_stores_the_ninety_days_and_the_next_asks_for_the_day_alone():
    ecb = Ecb(published(d6="1.13"), published(d6="1.13", d5="1.12", d2="1.11"))

    assert 3 == fetching.fetch(NOW, ecb.read)
    assert 0 == fetching.fetch(NOW, ecb.read)

    assert [ecb_gateway.DAILY, ecb_gateway.NINETY_DAYS, ecb_gateway.DAILY] == ecb.asked
    assert (date(2026, 10, 6), Fraction("1.13")) == dollar(7)
    assert (date(2026, 10, 2), Fraction("1.11")) == dollar(4)  # a Sunday, by Friday's


def test_a_day_stored_stays_as_it_is_and_an_older_file_does_not_become_the_newest():
    fetching.fetch(NOW, Ecb(published(d6="1.13"), published(d5="1.12")).read)

    assert 0 == fetching.fetch(NOW, Ecb(published(d6="9.99")).read)
    assert 0 == fetching.fetch(NOW, Ecb(published(d5="9.99")).read)

    assert (date(2026, 10, 6), Fraction("1.13")) == dollar(6)


def test_a_warm_process_asks_for_rates_no_more():
    fetching.fetch(NOW, Ecb(published(d6="1.13"), published(d5="1.12")).read)
    facade.current(date(2026, 10, 7))
    seen: list[str] = []
    dynamo.observers.append(lambda operation, *_: seen.append(operation))

    facade.book(date(2026, 10, 7), "DE")

    dynamo.observers.pop()
    assert [] == seen


def test_rates_five_days_old_convert_and_older_ones_are_refused():
    fetching.fetch(NOW, Ecb(published(d6="1.13"), published(d5="1.12")).read)

    assert Fraction("1.13") == facade.current(date(2026, 10, 11)).rate("EUR", "USD")
    with pytest.raises(facade.RateStale, match="2026-10-06"):
        facade.current(date(2026, 10, 12)).rate("EUR", "USD")


def test_a_stage_without_rates_yet_refuses_by_the_day():
    with pytest.raises(facade.RateMissing):
        facade.current(date(2026, 10, 6))


def test_a_file_that_is_none_of_the_ecbs_changes_nothing():
    fetching.fetch(NOW, Ecb(published(d6="1.13"), published(d5="1.12")).read)

    with pytest.raises(RatesUnreadable):
        fetching.fetch(NOW, Ecb("<html/>").read)

    assert (date(2026, 10, 6), Fraction("1.13")) == dollar(6)


def test_one_machine_stores_the_recorded_file_and_reads_it_from_the_table(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cloud, "STAGE", "local")

    assert 1 == fetching.fetch(NOW)
    assert 0 == fetching.fetch(NOW)

    assert (date(2026, 10, 2), Fraction("1.1225")) == dollar(6)
