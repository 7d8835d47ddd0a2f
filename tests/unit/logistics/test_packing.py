"""Units into pieces: small cases by hand, then what holds for every set of goods."""

from collections import Counter
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.logistics.domain.cards import Limits
from functions.logistics.domain.packing import (
    MOST_PIECES,
    PLACED_UNITS,
    Item,
    TooManyPieces,
    box_of,
    fits_alone,
    packed,
)

WEIGHT = Limits(10_000)
CUBE = Limits(30_000, max_side_mm=400)  # a box of 40 x 40 x 40 cm
UPS = Limits(70_000, max_side_mm=2740, max_girth_mm=4000)


def quantities(items: Sequence[Item], limits: Limits) -> list[list[tuple[str, int]]]:
    return [[(item.sku, item.quantity) for item in piece] for piece in packed(tuple(items), limits)]


def test_what_fits_in_one_piece_stays_together():
    assert [[("CUP", 2), ("SPOON", 3)]] == quantities(
        [Item(500, (100, 100, 100), 2, "CUP"), Item(50, (150, 30, 20), 3, "SPOON")], UPS
    )


def test_weight_alone_splits_where_nothing_else_is_limited():
    assert [[("IRON", 2)], [("IRON", 2)], [("IRON", 1)]] == quantities([Item(4000, None, 5, "IRON")], WEIGHT)


def test_small_units_fill_what_large_ones_leave():
    goods = [Item(1000, (50, 50, 50), 4, "SMALL"), Item(7000, (200, 200, 200), 2, "LARGE")]

    assert [[("LARGE", 1), ("SMALL", 3)], [("LARGE", 1), ("SMALL", 1)]] == quantities(goods, WEIGHT)


def test_boxes_are_placed_and_not_only_summed_up():
    # Each is a third of the box by volume, but two of 21 cm do not stand beside each other in 40.
    goods = [Item(100, (400, 210, 250), 2, "FRAME")]

    assert [[("FRAME", 1)], [("FRAME", 1)]] == quantities(goods, CUBE)


def test_a_box_is_turned_until_it_fits():
    goods = [Item(100, (400, 400, 200), 1, "FLAT"), Item(100, (200, 400, 400), 1, "TALL")]

    assert 1 == len(packed(tuple(goods), CUBE))


def test_a_full_box_of_eight_is_full():
    assert [1, 2] == [len(packed((Item(100, (200, 200, 200), count, "DIE"),), CUBE)) for count in (8, 9)]


def test_units_of_unknown_size_take_no_room():
    goods = [Item(100, (400, 400, 400), 1, "CUBE"), Item(100, None, 5, "UNKNOWN")]

    assert 1 == len(packed(tuple(goods), CUBE))


def test_many_units_are_counted_by_volume():
    # Of 40 units of 11 cm three stand beside each other, 27 in all; by volume 38 of 1,331 cm³.
    assert [[("DIE", 38)], [("DIE", 2)]] == quantities([Item(10, (110, 110, 110), 40, "DIE")], CUBE)


def test_what_stands_in_stacks_of_one_footprint_fills_the_box_to_the_brim():
    assert [[("DIE", 64)]] == quantities([Item(10, (100, 100, 100), 64, "DIE")], CUBE)
    assert 2 == len(packed((Item(10, (100, 100, 100), 65, "DIE"),), CUBE))


def test_a_hundred_pieces_are_the_most():
    assert MOST_PIECES == len(packed((Item(10_000, None, MOST_PIECES),), WEIGHT))
    with pytest.raises(TooManyPieces) as refused:
        packed((Item(10_000, None, MOST_PIECES + 1),), WEIGHT)
    assert "lines" == refused.value.facts["field"]


@pytest.mark.parametrize(
    ("expected", "sides"),
    [
        ((1336, 666, 666), (100, 100, 100)),  # the largest box of 4 m length plus girth
        ((2000, 500, 500), (2000, 100, 100)),  # longer for a long unit
        ((900, 900, 650), (900, 900, 560)),  # wider and higher for a wide one
    ],
)
def test_the_box_takes_the_shape_of_its_first_unit(expected, sides):
    assert expected == box_of(Item(1, sides, 1), UPS)


GOODS = st.lists(
    st.builds(
        Item,
        st.integers(1, 9_000),
        st.none() | st.tuples(*[st.integers(1, 900)] * 3),
        st.integers(1, 12),
        st.sampled_from(["A", "B", "C"]),
    ),
    min_size=1,
    max_size=5,
)
LIMITS = st.sampled_from([Limits(10_000), Limits(10_000, 900), Limits(10_000, 1000, 2700), UPS])


def test_nothing_needs_no_piece():
    assert () == packed((), Limits(10_000, 1000, 2700))


@given(GOODS, LIMITS)
def test_no_unit_is_lost_and_every_piece_keeps_to_the_limits(goods, limits):
    goods = tuple(item for item in goods if fits_alone(item, limits))

    pieces = packed(goods, limits)

    def units(items: Iterable[Item]) -> Counter[object]:
        counted: Counter[object] = Counter()
        for item in items:
            key = (item.sku, item.weight_grams, item.dimensions_mm)
            counted[key] += item.quantity
        return counted

    assert units(goods) == units(item for piece in pieces for item in piece)
    assert all(sum(i.weight_grams * i.quantity for i in piece) <= limits.max_grams for piece in pieces)


@given(GOODS, LIMITS, st.randoms())
def test_the_order_of_items_does_not_matter(goods, limits, random):
    goods = [item for item in goods if fits_alone(item, limits)]
    shuffled = list(goods)
    random.shuffle(shuffled)

    assert packed(tuple(goods), limits) == packed(tuple(shuffled), limits)


@given(GOODS, LIMITS)
def test_a_unit_that_fits_alone_fits_the_box_made_for_it(goods, limits):
    for item in goods:
        if item.dimensions_mm and fits_alone(item, limits) and (box := box_of(item, limits)):
            assert all(n <= h for n, h in zip(item.sorted_sides, sorted(box, reverse=True), strict=True))
            if limits.max_girth_mm:
                assert box[0] + 2 * (box[1] + box[2]) <= limits.max_girth_mm


def test_twenty_five_units_are_placed_and_one_more_is_counted():
    placed, counted = (
        packed((Item(10, (90, 90, 90), count, "DIE"),), Limits(10_000, max_side_mm=300))
        for count in (PLACED_UNITS, PLACED_UNITS + 1)
    )

    # Three in each direction are 27 places; four fifths of the volume are 29 units.
    assert (1, 1) == (len(placed), len(counted))
