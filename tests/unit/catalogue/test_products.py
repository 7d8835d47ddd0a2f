"""What a product is, without any table: its rules, its moves, and what is derived from it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.money import Money
from entrepot.kernel.refusals import NotFound
from functions.catalogue import domain
from functions.catalogue.domain import (
    CardVariant,
    Details,
    DuplicateSku,
    Editor,
    Entry,
    FixedPrice,
    NotReadyForSale,
    Presence,
    PriceNeverHolds,
    PriceNotPositive,
    PricesOverlap,
    Product,
    Status,
    Variant,
)

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
EDITOR = Editor("mbr_1", "mrc_1")


def variant(sku: str = "CUP-1", price: int = 1990) -> Variant:
    return Variant(sku, Money(price, "EUR"), 320)


def details(*variants: Variant) -> Details:
    return Details("Cup", "CN", variants or (variant(),), hs_code="691110")


def draft(*variants: Variant) -> Product:
    return domain.drafted("prd_1", details(*variants), EDITOR, NOW)


def test_a_new_product_is_a_draft_in_its_first_revision() -> None:
    product = draft()

    assert (Status.DRAFT, 1, None) == (product.status, product.revision, product.published_at)


@pytest.mark.parametrize("price", [0, -1])
def test_a_price_is_above_zero_for_every_variant(price: int) -> None:
    with pytest.raises(PriceNotPositive) as refused:
        draft(variant("A"), variant("B", price))

    assert {"field": "variants[1].price.amount", "sku": "B"} == refused.value.facts


def test_a_sku_stands_once_in_a_product() -> None:
    with pytest.raises(DuplicateSku) as refused:
        draft(variant("A"), variant("B"), variant("A"))

    assert "variants[2].sku" == refused.value.facts["field"]


def test_each_variant_may_have_its_own_currency() -> None:
    product = draft(variant("A"), replace(variant("B"), price=Money(300, "JPY")))

    assert ["EUR", "JPY"] == [offer.price.currency for offer in domain.offers(product).values()]


def test_the_same_details_are_no_change() -> None:
    product = draft()

    assert product is domain.amended(product, details(), EDITOR, LATER)


def test_other_details_are_a_revision_with_who_and_when() -> None:
    changed = domain.amended(draft(), replace(details(), title="Mug"), Editor("mbr_2", "mrc_1"), LATER)

    assert ("Mug", 2, LATER, "mbr_2") == (
        changed.details.title,
        changed.revision,
        changed.updated_at,
        changed.updated_by,
    )
    assert NOW == changed.created_at


def test_nothing_is_published_without_an_hs_code() -> None:
    product = domain.drafted("prd_1", replace(details(), hs_code=None), EDITOR, NOW)

    with pytest.raises(NotReadyForSale) as refused:
        domain.moved(product, Status.PUBLISHED, EDITOR, LATER)

    assert {"field": "hs_code"} == refused.value.facts


def test_a_product_on_sale_keeps_its_hs_code_and_a_draft_may_lose_it() -> None:
    without = replace(details(), hs_code=None)
    published = domain.moved(draft(), Status.PUBLISHED, EDITOR, LATER)

    with pytest.raises(NotReadyForSale):
        domain.amended(published, without, EDITOR, LATER)
    assert domain.amended(draft(), without, EDITOR, LATER).details.hs_code is None


def test_publishing_again_does_not_make_a_product_new() -> None:
    first = domain.moved(draft(), Status.PUBLISHED, EDITOR, LATER)
    again = domain.moved(
        domain.moved(first, Status.DRAFT, EDITOR, LATER), Status.PUBLISHED, EDITOR, LATER + timedelta(days=9)
    )

    assert (LATER, 4) == (again.published_at, again.revision)


@pytest.mark.parametrize("status", list(Status))
def test_a_product_that_is_already_there_stays_as_it_is(status: Status) -> None:
    product = replace(draft(), status=status)

    assert product is domain.moved(product, status, EDITOR, LATER)


def test_a_deleted_product_comes_back_as_a_draft_only() -> None:
    deleted = domain.moved(draft(), Status.DELETED, EDITOR, LATER)

    with pytest.raises(NotFound):
        domain.moved(deleted, Status.PUBLISHED, EDITOR, LATER)
    assert Status.DRAFT is domain.moved(deleted, Status.DRAFT, EDITOR, LATER).status


def test_an_offer_is_on_sale_while_its_product_is() -> None:
    product = draft(variant("A"), variant("B"))
    published = domain.moved(product, Status.PUBLISHED, EDITOR, LATER)

    assert [False, False] == [offer.on_sale for offer in domain.offers(product).values()]
    assert [True, True] == [offer.on_sale for offer in domain.offers(published).values()]


def test_a_card_shows_what_is_available() -> None:
    entry = Entry(draft(variant("A"), variant("B")), {"B": Presence(True, 1)}, 1)

    assert (
        CardVariant("A", Money(1990, "EUR"), False),
        CardVariant("B", Money(1990, "EUR"), True),
    ) == domain.card(entry).variants


def test_a_report_on_a_sku_that_is_gone_tells_nothing() -> None:
    assert domain.reported(Entry(draft(), {}, 1), "GONE", Presence(True, 7)) is None


reports = st.builds(Presence, st.booleans(), st.integers(1, 30))


@given(st.lists(reports, min_size=1, unique_by=lambda report: report.sequence), st.randoms())
def test_the_report_with_the_highest_sequence_holds_in_whatever_order_they_come(seen, random) -> None:
    last = max(seen, key=lambda report: report.sequence)
    arriving = [*seen, *seen]
    random.shuffle(arriving)

    entry = Entry(draft(), {}, 1)
    for report in arriving:
        entry = replace(entry, availability=domain.reported(entry, "CUP-1", report) or entry.availability)

    assert {"CUP-1": last} == entry.availability


def test_what_is_known_of_a_removed_sku_is_dropped() -> None:
    assert {"A": Presence(True, 1)} == domain.kept(
        {"A": Presence(True, 1), "B": Presence(True, 1)}, ["A", "C"]
    )


def fixed(
    amount: int = 900,
    currency: str = "USD",
    market: str | None = None,
    starts: datetime | None = None,
    ends: datetime | None = None,
) -> FixedPrice:
    return FixedPrice(Money(amount, currency), market, starts, ends)


def priced(*prices: FixedPrice) -> Variant:
    return replace(variant(), prices=prices)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (fixed(), fixed(800)),
        (fixed(starts=NOW), fixed(ends=LATER)),
        (fixed(starts=NOW, ends=LATER), fixed(starts=LATER - timedelta(seconds=1))),
    ],
)
def test_two_prices_for_one_buyer_at_one_time_are_refused(first: FixedPrice, second: FixedPrice) -> None:
    for pair in ((first, second), (second, first)):
        with pytest.raises(PricesOverlap) as refused:
            draft(priced(*pair))

        assert {"field": "variants[0].prices[1]", "sku": "CUP-1"} == refused.value.facts


def test_prices_that_follow_one_another_or_are_for_others_stand_side_by_side() -> None:
    beside = priced(
        fixed(ends=NOW),
        fixed(starts=NOW, ends=LATER),
        fixed(starts=LATER),
        fixed(market="US"),
        fixed(currency="GBP"),
    )

    assert (beside,) == draft(beside).details.variants


def test_a_price_above_zero_ends_after_it_begins() -> None:
    with pytest.raises(PriceNotPositive):
        draft(priced(fixed(0)))
    with pytest.raises(PriceNeverHolds) as refused:
        draft(priced(fixed(starts=NOW, ends=NOW)))

    assert "variants[0].prices[0].until" == refused.value.facts["field"]


def offer(*prices: FixedPrice) -> domain.Offer:
    return domain.offers(draft(priced(*prices)))["CUP-1"]


def test_a_price_in_the_buyers_currency_wins_and_one_for_their_market_before_it() -> None:
    sold = offer(fixed(900), fixed(950, market="US"))

    assert Money(950, "USD") == sold.price_in("USD", "US", NOW)
    assert Money(900, "USD") == sold.price_in("USD", "CA", NOW)
    assert Money(1990, "EUR") == sold.price_in("GBP", "GB", NOW)


def test_a_scheduled_price_holds_from_its_first_moment_until_its_last() -> None:
    sold = offer(fixed(1500, "EUR", starts=NOW, ends=LATER))

    moment = timedelta(microseconds=1)
    asked = [sold.price_in("EUR", "DE", at).amount for at in (NOW - moment, NOW, LATER - moment, LATER)]
    assert [1990, 1500, 1500, 1990] == asked
    assert Money(1500, "EUR") == sold.price_in("USD", "US", NOW)


def test_a_variant_goes_by_its_own_code_origin_and_hazards_else_by_the_products() -> None:
    own = replace(variant("A"), hs_code="850760", origin_country="KR", hazards=("battery",))
    made = replace(details(own, variant("B")), hazards=("magnet",), materials=("steel",))

    found = domain.offers(domain.drafted("prd_1", made, EDITOR, NOW))

    assert ("850760", "KR", ("battery",)) == (
        found["A"].hs_code,
        found["A"].origin_country,
        found["A"].hazards,
    )
    assert ("691110", "CN", ("magnet",)) == (
        found["B"].hs_code,
        found["B"].origin_country,
        found["B"].hazards,
    )
    assert ("steel",) == found["A"].materials


def test_a_product_whose_variants_all_have_a_code_needs_none() -> None:
    coded = replace(variant("A"), hs_code="850760")
    product = domain.drafted("prd_1", replace(details(coded), hs_code=None), EDITOR, NOW)

    assert domain.moved(product, Status.PUBLISHED, EDITOR, NOW).on_sale
