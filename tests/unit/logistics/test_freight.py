"""What a parcel costs: each carrier's measuring rule worked by hand, then what holds for every parcel."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.money import Money
from functions.logistics.domain.cards import (
    DimensionRounding,
    FuelBase,
    RateBook,
    RateCard,
    RemoteArea,
    Surcharge,
    Zone,
    card_faults,
)
from functions.logistics.domain.freight import (
    FreightOption,
    Lane,
    Network,
    NoCarrier,
    Piece,
    chargeable_grams,
    price,
)
from functions.logistics.domain.freight import options as offered
from functions.logistics.domain.packing import MOST_PIECES, Item, ParcelTooLarge
from functions.logistics.domain.postal import UnknownPostalCode
from functions.logistics.domain.promise import Handling, Promise

TODAY = date(2026, 11, 22)
ZONE = Zone("eu", ("DE", "ES"), base_amount=1000, per_kg_amount=300, transit_days=(3, 5))
# DHL Express: divisor 5000, sides to the nearest centimetre, weight up to the next half kilogram.
DHL = RateCard(
    card_id="dhl",
    carrier="dhl_express",
    service="worldwide",
    currency="EUR",
    origin_countries=("IT",),
    divisor=5000,
    dimension_rounding=DimensionRounding.NEAREST,
    weight_step_grams=500,
    minimum_grams=500,
    volumetric_trigger=Fraction(1),
    fuel_rate=Fraction(0),
    fuel_base=FuelBase.BASE_PLUS_SURCHARGES,
    max_grams=70_000,
    valid_from=date(2026, 1, 1),
    valid_to=date(2026, 12, 31),
    zones=(ZONE,),
    source="test",
)
# UPS: divisor 5000, every side rounded up since 2025-08-18.
UPS = replace(DHL, card_id="ups", carrier="ups", dimension_rounding=DimensionRounding.UP)
# YunExpress: divisor 8000, volume counts from twice the actual weight on, minimum 50 g.
YUN = replace(
    DHL,
    card_id="yun",
    carrier="yunexpress",
    divisor=8000,
    dimension_rounding=DimensionRounding.NONE,
    weight_step_grams=1,
    minimum_grams=50,
    volumetric_trigger=Fraction(2),
)


NETWORK = Network(
    handling={
        "overseas": Handling(time(12), (0, 1)),
        "bonded": Handling(time(12), (0, 0)),
        "direct_mail": Handling(time(12), (1, 2)),
    },
    calendars={},
    delivers_on={},
    postal_forms={"ES": r"\d{5}", "US": r"\d{5}(\d{4})?"},
)


def options(
    cards: Sequence[RateCard], to: Lane, items: Sequence[Item], on: date = TODAY
) -> tuple[FreightOption, ...]:
    return offered(RateBook(cards), NETWORK, to, items, datetime.combine(on, time(8), UTC))


def lane(country: str = "DE", postal_code: str | None = "10115", mode: str = "overseas") -> Lane:
    return Lane("IT", mode, country, postal_code)


@pytest.mark.parametrize(
    ("expected", "card", "item"),
    [
        # 30 x 20 x 10 cm is 6000 cm³: 1.2 kg by volume, 1.5 kg to pay.
        (1500, DHL, Item(900, (300, 200, 100), 1)),
        # 30.4 cm counts as 30, 20.5 as 21: 30 x 21 x 10 = 6300 cm³, 1.26 kg, 1.5 kg to pay.
        (1500, DHL, Item(900, (304, 205, 100), 1)),
        # The same box rounded up: 31 x 21 x 10 = 6510 cm³, 1.302 kg, 1.5 kg to pay.
        (1500, UPS, Item(900, (304, 205, 100), 1)),
        # 40.1 x 25.1 x 10 cm: nearest 40 x 25 x 10 is exactly 2 kg, up 41 x 26 x 10 is 2.132 kg.
        (2000, DHL, Item(900, (401, 251, 100), 1)),
        (2500, UPS, Item(900, (401, 251, 100), 1)),
        # Actual weight above volume: 2.1 kg, 2.5 kg to pay; exactly on a step nothing is added.
        (2500, DHL, Item(2100, (300, 200, 100), 1)),
        (2000, DHL, Item(2000, (300, 200, 100), 1)),
        # 20 x 20 x 20 cm at 8000 is 1 kg: twice 500 g, so it counts; not twice 501 g.
        (1000, YUN, Item(500, (200, 200, 200), 1)),
        (501, YUN, Item(501, (200, 200, 200), 1)),
        # Below the minimum.
        (50, YUN, Item(12, (50, 40, 5), 1)),
        (500, DHL, Item(12, None, 1)),
        # Unknown size: actual weight only.
        (900, YUN, Item(300, None, 3)),
        # Units add up: 3 x 2000 cm³ is 1.2 kg.
        (1500, DHL, Item(100, (200, 100, 100), 3)),
        # A side below half a centimetre counts as one: 40 x 30 x 1 = 1200 cm³, 0.24 kg.
        (500, DHL, Item(100, (400, 300, 4), 1)),
    ],
)
def test_chargeable_weight_follows_the_carriers_rule(expected, card, item):
    assert expected == chargeable_grams(card, [item])


def test_fuel_is_a_share_of_the_base_or_of_the_base_with_surcharges():
    zone = replace(ZONE, surcharges=(Surcharge("remote_area", 500),))
    fuelled = replace(DHL, fuel_rate=Fraction("0.265"))

    on_all = price(fuelled, zone, 1500)
    on_base = price(replace(fuelled, fuel_base=FuelBase.BASE), zone, 1500)

    # base 1000 + 1.5 x 300 = 1450; 1450 + 500 + 0.265 x 1950 = 2466.75; 1450 + 500 + 0.265 x 1450 = 2334.25
    assert Money(2467, "EUR") == on_all
    assert Money(2334, "EUR") == on_base


def test_price_is_rounded_once_and_half_up():
    card = replace(DHL, fuel_rate=Fraction(1, 2), weight_step_grams=1, minimum_grams=1)
    zone = replace(ZONE, base_amount=0, per_kg_amount=1)

    # 0.5 x 1.5 = 0.75 is 1; had the 0.5 been rounded first, it would be 2. 1 x 1.5 = 1.5 is 2.
    assert Money(1, "EUR") == price(card, zone, 500)
    assert Money(2, "EUR") == price(card, zone, 1000)


def test_longest_postal_prefix_wins_and_spaces_do_not_count():
    canary = replace(ZONE, name="canary", countries=("ES",), postal_prefixes=("35", "38"))
    tenerife = replace(ZONE, name="tenerife", countries=("ES",), postal_prefixes=("380",))
    card = replace(DHL, zones=(ZONE, canary, tenerife))

    found = [
        options([card], lane("ES", code), [Item(400, None, 1)])[0].rule
        for code in ("28001", "35 001", "38-001")
    ]

    assert ["dhl/eu", "dhl/canary", "dhl/tenerife"] == found


def test_a_country_served_only_in_part_is_not_served_elsewhere():
    card = replace(DHL, zones=(replace(ZONE, countries=("US",), postal_prefixes=("100",)),))

    with pytest.raises(NoCarrier):
        options([card], lane("US", "94105"), [Item(400, None, 1)])
    assert options([card], lane("US", "10001-1234"), [Item(400, None, 1)])


REMOTE = replace(DHL, remote_areas=(RemoteArea("islands", ("ES",), ("07", "35"), 700),))


def test_a_remote_area_costs_more_in_whatever_zone_it_lies_and_the_rule_names_it():
    mainland, island = (
        options([REMOTE], lane("ES", code), [Item(400, None, 1)])[0] for code in ("28001", "07001")
    )

    assert (1150, "dhl/eu") == (mainland.price.amount, mainland.rule)
    assert (1850, "dhl/eu+islands") == (island.price.amount, island.rule)


def test_fuel_counts_the_remote_area_where_it_counts_surcharges():
    fuelled = replace(REMOTE, fuel_rate=Fraction(1, 10))

    amounts = [
        options([card], lane("ES", "07001"), [Item(400, None, 1)])[0].price.amount
        for card in (fuelled, replace(fuelled, fuel_base=FuelBase.BASE))
    ]

    # 1150 + 700, and a tenth of 1850 or of 1150.
    assert [2035, 1965] == amounts


@pytest.mark.parametrize("code", [None, "", "  ", "2800", "280011", "ABCDE", "٢٨٠٠١x"])
def test_a_postal_code_that_is_none_is_refused_where_the_price_depends_on_it(code):
    with pytest.raises(UnknownPostalCode) as refused:
        options([REMOTE], lane("ES", code), [Item(400, None, 1)])

    assert ("ship_to.postal_code", "ES") == (refused.value.facts["field"], refused.value.facts["country"])


def test_a_card_whose_price_depends_on_no_postal_code_is_offered_without_one():
    (found,) = options([REMOTE, UPS], lane("ES", "2800"), [Item(400, None, 1)])

    assert "ups" == found.carrier


def test_a_carrier_that_would_need_too_many_pieces_is_left_out():
    small = replace(UPS, max_grams=400)

    (found,) = options([DHL, small], lane(), [Item(400, None, MOST_PIECES + 1)])

    assert "dhl_express" == found.carrier


def test_a_postal_code_is_not_asked_for_where_no_price_depends_on_it():
    assert options([REMOTE], lane("DE", None), [Item(400, None, 1)])


def test_options_are_sorted_by_price_and_name_their_rule():
    cheap = replace(UPS, zones=(replace(ZONE, base_amount=500),))

    found = options([DHL, cheap], lane(), [Item(400, None, 1)])

    assert [("ups", 650, "ups/eu"), ("dhl_express", 1150, "dhl/eu")] == [
        (option.carrier, option.price.amount, option.rule) for option in found
    ]


def test_promise_adds_handling_to_transit():
    direct = lane(mode="direct_mail")

    (option,) = options([DHL], direct, [Item(400, None, 1)])

    assert Promise(date(2026, 11, 26), date(2026, 11, 29)) == option.promise


def test_a_card_counts_on_its_first_and_last_day_only():
    def served(on: date) -> int:
        try:
            return len(options([DHL], lane(), [Item(400, None, 1)], on))
        except NoCarrier:
            return 0

    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)]
    assert [0, 1, 1, 0] == [served(day) for day in days]


def test_a_card_for_other_modes_does_not_serve():
    direct_only = replace(DHL, modes=("direct_mail",))

    with pytest.raises(NoCarrier):
        options([direct_only], lane(mode="bonded"), [Item(400, None, 1)])
    assert options([direct_only], lane(mode="direct_mail"), [Item(400, None, 1)])


def test_no_carrier_names_the_lane():
    with pytest.raises(NoCarrier) as refused:
        options([DHL], lane("BR"), [Item(400, None, 1)])

    assert ("IT-BR", "lane") == (refused.value.facts["lane"], refused.value.facts["reason"])


def test_a_consignment_heavier_than_a_piece_goes_in_several_and_pays_for_each():
    small = replace(DHL, max_grams=2_000)

    (option,) = options([small], lane(), [Item(800, None, 3, "LAMP"), Item(300, None, 1, "BULB")])

    # 800 + 800 + 300 is 1.9 kg, paid as 2 kg: 1000 + 600. 800 is paid as 1 kg: 1000 + 300.
    assert (Piece(1900, 2000, (("BULB", 1), ("LAMP", 2))), Piece(800, 1000, (("LAMP", 1),))) == option.pieces
    assert (Money(2900, "EUR"), 3000) == (option.price, option.chargeable_grams)


def test_a_remote_area_is_paid_for_each_piece():
    card = replace(REMOTE, max_grams=500)

    (option,) = options([card], lane("ES", "35001"), [Item(500, None, 2)])

    assert Money(2 * 1850, "EUR") == option.price


def test_a_unit_above_every_limit_is_refused_by_name_with_the_limits_and_one_gram_less_passes():
    small = replace(UPS, max_grams=30_000)

    with pytest.raises(ParcelTooLarge) as refused:
        options([DHL, small], lane(), [Item(400, None, 1, "CUP"), Item(70_001, None, 1, "ANVIL")])
    (option,) = options([DHL, small], lane(), [Item(70_000, None, 1, "ANVIL")])

    assert ("lines", "ANVIL", 70_001, 70_000, None) == tuple(
        refused.value.facts[name] for name in ("field", "sku", "weight_grams", "max_grams", "max_side_mm")
    )
    assert "dhl_express" == option.carrier


@pytest.mark.parametrize(
    ("sides", "taken"),
    [
        ((1200, 700, 700), True),  # 1200 + 2 x 1400 = 4000
        ((1200, 700, 701), False),
        ((1201, 100, 100), False),
        ((100, 1200, 100), True),  # whichever side is the longest
    ],
)
def test_a_carrier_takes_up_to_its_longest_side_and_its_length_plus_girth(sides, taken):
    limited = replace(DHL, max_side_mm=1200, max_girth_mm=4000)

    if taken:
        assert options([limited], lane(), [Item(1000, sides, 1)])
    else:
        with pytest.raises(ParcelTooLarge):
            options([limited], lane(), [Item(1000, sides, 1)])


@pytest.mark.parametrize(
    ("weight", "sides", "quantity"), [(0, None, 1), (1, (1, 0, 1), 1), (1, None, 0), (-5, None, 1)]
)
def test_an_item_is_positive_in_all_its_measures(weight, sides, quantity):
    with pytest.raises(ValueError):
        Item(weight, sides, quantity)


def test_faults_of_a_set_of_cards_are_found():
    twice = replace(DHL, card_id="twice", zones=(ZONE, ZONE))
    overlapping = replace(DHL, card_id="other", valid_from=date(2026, 12, 31), valid_to=date(2027, 1, 1))
    dollars = replace(UPS, card_id="dollars", currency="USD")
    early = replace(UPS, card_id="early", zones=(replace(ZONE, transit_days=(5, 3)),))
    area = RemoteArea("sea", ("ES",), ("07", "07"), 1)

    assert [] == card_faults([DHL, UPS])
    assert ["dhl and other overlap"] == card_faults([DHL, overlapping])
    assert ["twice names ('DE', '') twice", "twice names ('ES', '') twice"] == card_faults([twice])
    assert ["early has nine of ten parcels arrive before half of them"] == card_faults([early])
    assert ["dhl names ('ES', '07') twice"] == card_faults([replace(DHL, remote_areas=(area,))])
    assert ["dollars prices IT in a second currency"] == card_faults([DHL, dollars])


ITEMS = st.lists(
    st.builds(
        Item,
        st.integers(1, 5_000),
        st.none() | st.tuples(*[st.integers(1, 800)] * 3),
        st.integers(1, 5),
    ),
    min_size=1,
    max_size=6,
)
CARDS = st.sampled_from([DHL, UPS, YUN])


@given(CARDS, ITEMS)
def test_chargeable_weight_is_a_whole_number_of_steps_and_never_below_the_actual(card, items):
    grams = chargeable_grams(card, items)

    assert 0 == grams % card.weight_step_grams
    assert grams >= max(card.minimum_grams, sum(item.weight_grams * item.quantity for item in items))


@given(CARDS, ITEMS, st.randoms())
def test_the_order_of_items_does_not_matter(card, items, random):
    shuffled = list(items)
    random.shuffle(shuffled)

    assert chargeable_grams(card, items) == chargeable_grams(card, shuffled)


@given(st.sampled_from([DHL, UPS]), ITEMS, ITEMS)
def test_more_goods_never_cost_less_where_volume_always_counts(card, items, more):
    before, after = (price(card, ZONE, chargeable_grams(card, goods)) for goods in (items, items + more))

    assert before <= after
