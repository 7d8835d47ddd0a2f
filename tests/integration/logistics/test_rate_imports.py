"""Rate cards from an operator's file to the price of a parcel, over an AWS in this process."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest

from entrepot.cloud import reads
from functions.logistics import facade, importing, store, tariffs
from functions.logistics.domain.card_csv import rendered
from functions.logistics.domain.cards import RateCard

pytestmark = pytest.mark.usefixtures("aws")

ITEM = facade.Item(450, (200, 180, 80), 1, "LAMP")
OLD = next(card for card in tariffs.all_rate_cards() if card.card_id == "ups-standard-de-2026")
SWITCH = date(2027, 3, 1)
ENDED = replace(OLD, valid_to=SWITCH - timedelta(days=1))
NEW = replace(
    OLD,
    card_id="ups-standard-de-2027",
    valid_from=SWITCH,
    zones=tuple(replace(zone, base_amount=zone.base_amount + 500) for zone in OLD.zones),
)


def imported(*cards: RateCard, dry_run: bool = False) -> importing.Imported:
    return importing.import_cards(rendered(cards), dry_run=dry_run)


def version() -> int | None:
    return reads.fetch_one(facade.rate_version_read())


def rule(on: date, seen: int | None) -> str:
    found = facade.options("DE", "overseas", "DE", "10115", (ITEM,), on, version=seen)
    return found[0].rule


def test_a_new_tariff_follows_the_one_that_it_ends():
    made = imported(ENDED, NEW)

    assert importing.Imported(1, (("ups-standard-de-2026", "ended"), ("ups-standard-de-2027", "new"))) == made
    assert 1 == version()
    assert ["ups-standard-de-2026/domestic", "ups-standard-de-2027/domestic"] == [
        rule(day, 1) for day in (SWITCH - timedelta(days=1), SWITCH)
    ]
    # Who has not heard of the import prices as before.
    assert "ups-standard-de-2026/domestic" == rule(SWITCH, None)


def test_the_same_file_twice_changes_nothing():
    imported(ENDED, NEW)

    again = imported(ENDED, NEW)

    assert (1, False) == (again.version, again.changed)
    assert 1 == version()


def test_a_dry_run_says_what_would_happen_and_stores_nothing():
    made = imported(ENDED, NEW, dry_run=True)

    assert (0, True) == (made.version, made.changed)
    assert (0, {}) == store.imported_cards()


def test_an_overlap_is_refused_with_both_names_and_stores_nothing():
    with pytest.raises(importing.RateCardOverlap) as refused:
        imported(NEW)

    assert [["ups-standard-de-2026", "ups-standard-de-2027"]] == refused.value.facts["cards"]
    assert (0, {}) == store.imported_cards()


def test_two_cards_of_one_file_may_not_overlap_either():
    with pytest.raises(importing.RateCardOverlap):
        imported(ENDED, NEW, replace(NEW, card_id="ups-standard-de-2027b"))


@pytest.mark.parametrize(
    "other",
    [
        replace(OLD, fuel_rate=Fraction(1, 2)),
        replace(OLD, valid_to=OLD.valid_to + timedelta(days=1)),
        replace(ENDED, divisor=6000),
    ],
)
def test_a_card_changes_by_nothing_but_an_earlier_end(other):
    with pytest.raises(importing.BadRateCards) as refused:
        imported(other)

    assert [(2, "card_id")] == [(error["row"], error["column"]) for error in refused.value.facts["errors"]]


def test_a_second_currency_for_an_origin_is_refused():
    with pytest.raises(importing.BadRateCards):
        imported(ENDED, replace(NEW, currency="USD"))


def test_one_wrong_row_stores_none():
    with pytest.raises(importing.BadRateCards) as refused:
        importing.import_cards(
            rendered([ENDED, NEW]).replace(",overseas,", ",teleport,").replace("up,500", "up,x"),
            dry_run=False,
        )

    assert "csv" == refused.value.facts["field"]
    assert (0, {}) == store.imported_cards()


def test_a_second_import_builds_on_the_first():
    imported(ENDED, NEW)
    ended_again = replace(NEW, valid_to=date(2027, 12, 31))

    made = imported(ended_again)

    assert importing.Imported(2, (("ups-standard-de-2027", "ended"),)) == made
    assert date(2027, 12, 31) == importing.book(2).serving("DE", "DE")[-1].card.valid_to


def test_the_book_is_read_once_for_a_version(monkeypatch):
    imported(ENDED, NEW)
    first = importing.book(1)
    monkeypatch.setattr(store, "imported_cards", lambda: pytest.fail("it was read again"))

    assert first is importing.book(1)


def test_an_import_that_was_overtaken_is_checked_against_what_came_before(monkeypatch):
    truth = store.imported_cards
    stale: Iterator[tuple[int, dict[str, RateCard]]] = iter([(0, {})])
    imported(ENDED, NEW)
    monkeypatch.setattr(store, "imported_cards", lambda: next(stale, None) or truth())

    made = imported(ENDED, NEW)

    assert (1, False) == (made.version, made.changed)
