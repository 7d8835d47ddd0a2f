"""When a parcel should arrive, by hand over known weeks, and which offer wears which label."""

import json
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.logistics import facade, tariffs
from functions.logistics.domain.promise import ALWAYS, EVERY_DAY, Calendar, Handling, Promise, promised
from functions.logistics.domain.ranking import Offer, ranked
from infra import holiday_rows

WEEK = Calendar(frozenset({5, 6}), frozenset({date(2026, 12, 25)}), date(2029, 12, 31))
AT_ONCE = Handling(time(12), (0, 0))


def at(day: int, hour: int = 8) -> datetime:
    return datetime(2026, 12, day, hour, tzinfo=UTC)  # 2026-12-01 is a Tuesday


def test_handling_then_transit_on_working_days():
    handling = Handling(time(12), (1, 2))

    found = promised(at(3), handling, WEEK, WEEK, (2, 4))

    # Thursday: handed over on Friday or Monday the 7th; two days on is Tuesday, four days on Friday the 11th.
    assert Promise(date(2026, 12, 8), date(2026, 12, 11)) == found


@pytest.mark.parametrize(
    ("expected", "moment"),
    [
        (date(2026, 12, 2), datetime(2026, 12, 1, 11, 59, 59, tzinfo=UTC)),
        (date(2026, 12, 3), datetime(2026, 12, 1, 12, 0, 0, tzinfo=UTC)),  # at the cut-off it is too late
        (date(2026, 12, 8), datetime(2026, 12, 4, 12, 0, 0, tzinfo=UTC)),  # Friday afternoon is Monday
        (date(2026, 12, 8), datetime(2026, 12, 5, 8, 0, 0, tzinfo=UTC)),
    ],
)
def test_the_cut_off_decides_on_which_day_handling_begins(expected, moment):
    assert expected == promised(moment, AT_ONCE, WEEK, WEEK, (1, 1)).earliest


def test_holidays_of_either_country_count_where_the_parcel_is():
    off_on_the_2nd = Calendar(frozenset(), frozenset({date(2026, 12, 2)}), date.max)
    handling = Handling(time(12), (1, 1))

    at_home = promised(at(1), handling, off_on_the_2nd, ALWAYS, (1, 1))
    abroad = promised(at(1), AT_ONCE, ALWAYS, off_on_the_2nd, (1, 1))
    on_the_way = promised(at(1), handling, ALWAYS, off_on_the_2nd, (1, 1))

    assert [date(2026, 12, 4), date(2026, 12, 3), date(2026, 12, 4)] == [
        at_home.earliest, abroad.earliest, on_the_way.earliest,
    ]  # fmt: skip


def test_christmas_and_the_weekend_after_it_are_waited_for():
    assert date(2026, 12, 28) == promised(at(24), AT_ONCE, WEEK, WEEK, (1, 1)).earliest


def test_a_carrier_that_delivers_on_saturday_is_faster():
    six_days = frozenset(range(6))
    no_weekend = Calendar(frozenset({6}), frozenset(), date.max)

    found = [
        promised(at(4), AT_ONCE, ALWAYS, no_weekend, (1, 1), days).earliest
        for days in (six_days, frozenset(range(5)))
    ]

    assert [date(2026, 12, 5), date(2026, 12, 7)] == found


@given(
    st.integers(0, 3 * 366 * 24 * 60).map(
        lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    st.tuples(st.integers(0, 5), st.integers(0, 5)).map(lambda days: tuple(sorted(days))),
    st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda days: tuple(sorted(days))),
)
def test_a_promise_begins_before_it_ends_and_on_a_working_day_and_never_in_the_past(
    moment, handling, transit
):
    found = promised(moment, Handling(time(12), handling), WEEK, WEEK, transit)

    assert moment.date() <= found.earliest <= found.latest
    assert [True, True] == [WEEK.works(day) for day in (found.earliest, found.latest)]


def test_chinese_new_year_holds_a_parcel_in_shenzhen():
    item = facade.Item(450, None, 1)

    def earliest(on: date) -> date:
        options = facade.options("CN", "direct_mail", "DE", "10115", (item,), on)
        return next(option for option in options if option.carrier == "dhl_express").promise.earliest

    # Ordered on Friday: handled on Monday; half of DHL's parcels arrive three days later.
    assert date(2026, 3, 12) == earliest(date(2026, 3, 6))
    # Ordered on Friday the 13th: handled after the festival, on Tuesday the 24th of February.
    assert date(2026, 2, 27) == earliest(date(2026, 2, 13))


def test_the_moment_of_the_order_decides_about_the_cut_off():
    def first(at: datetime | None) -> date:
        item = facade.Item(450, None, 1)
        return facade.options("DE", "overseas", "DE", "10115", (item,), date(2026, 12, 1), at=at)[
            0
        ].promise.earliest

    assert [date(2026, 12, 2), date(2026, 12, 3)] == [
        first(None),
        first(datetime(2026, 12, 1, 12, tzinfo=UTC)),
    ]


def test_every_country_of_the_rate_cards_has_a_calendar_as_long_as_the_cards():
    network = tariffs.network()
    cards = tariffs.all_rate_cards()

    served = {c for card in cards for zone in card.zones for c in zone.countries} | {
        c for card in cards for c in card.origin_countries
    }
    assert set() == served - network.calendars.keys()
    assert all(
        calendar.known_until > max(c.valid_to for c in cards) for calendar in network.calendars.values()
    )


def test_the_holidays_are_those_of_the_package_named_beside_them():
    assert json.loads(holiday_rows.FILE.read_text("utf-8")) == holiday_rows.rows()


TODAY = date(2026, 12, 1)
SLOW = Offer(1000, date(2026, 12, 15), date(2026, 12, 21))
MIDDLE = Offer(1500, date(2026, 12, 5), date(2026, 12, 7))
FAST = Offer(9000, date(2026, 12, 3), date(2026, 12, 4))


def test_each_label_goes_to_the_offer_that_earns_it():
    # The slow one is the burden of 1 and 20/3, the middle one of 1.5 and 6/3, the fast one of 9 and 1.
    assert [("fastest",), ("cheapest",), ("best",)] == ranked([FAST, SLOW, MIDDLE], TODAY)


def test_one_offer_is_all_three():
    assert [("cheapest", "fastest", "best")] == ranked([SLOW], TODAY)
    assert [] == ranked([], TODAY)


def test_of_equal_prices_the_faster_is_the_cheapest():
    same = Offer(1000, date(2026, 12, 15), date(2026, 12, 20))

    assert [(), ("cheapest", "fastest", "best")] == ranked([SLOW, same], TODAY)


OFFERS = st.lists(
    st.builds(Offer, st.integers(0, 10**6), st.just(TODAY), st.dates(TODAY, date(2027, 3, 1))),
    min_size=1,
    max_size=6,
)


@given(OFFERS)
def test_each_label_is_given_once_and_no_offer_beats_it(offers):
    labels = ranked(offers, TODAY)

    assert sorted(["cheapest", "fastest", "best"]) == sorted(label for each in labels for label in each)
    by_label = {label: offer for offer, each in zip(offers, labels, strict=True) for label in each}
    assert by_label["cheapest"].amount == min(offer.amount for offer in offers)
    assert by_label["fastest"].latest == min(offer.latest for offer in offers)


def test_a_carrier_without_days_of_its_own_delivers_every_day():
    assert frozenset({0, 1, 2, 3, 4, 5, 6}) == EVERY_DAY
