"""Which units go into which piece, so that every piece is one a carrier takes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from entrepot.kernel.refusals import Kind, Refusal
from functions.logistics.domain.cards import Limits

MOST_PIECES: Final = 100
PLACED_UNITS: Final = 25
"""Up to so many units each gets a place of its own in its box; more are counted by volume (ADR 0044)."""

_FILLED: Final = Fraction(4, 5)
"""How much of a box is taken for usable where units are only counted: the rest is gaps and wrapping."""

Sides = tuple[int, int, int]
Point = tuple[int, int, int]


class ParcelTooLarge(Refusal):
    code = "parcel_too_large"
    kind = Kind.RULE
    title = "One unit is heavier or larger than any carrier on this lane takes."


class TooManyPieces(Refusal):
    code = "too_many_pieces"
    kind = Kind.RULE
    title = f"A consignment has at most {MOST_PIECES} pieces; buy in several orders."


@dataclass(frozen=True, slots=True)
class Item:
    """Units of one article in a parcel. Sides are those of one packed unit, None where unknown.

    Raises: ValueError: a weight, side or quantity is not positive.
    """

    weight_grams: int
    dimensions_mm: Sides | None
    quantity: int
    sku: str = ""

    def __post_init__(self) -> None:
        if min(self.weight_grams, self.quantity, *(self.dimensions_mm or (1,))) <= 0:
            raise ValueError("weight, sides and quantity are positive")

    @property
    def sorted_sides(self) -> Sides:
        """Longest first; of a unit of unknown size all 0."""
        longest, middle, shortest = sorted(self.dimensions_mm or (0, 0, 0), reverse=True)
        return longest, middle, shortest

    @property
    def volume_mm3(self) -> int:
        length, width, height = self.dimensions_mm or (0, 0, 0)
        return length * width * height


def fits_alone(item: Item, limits: Limits) -> bool:
    """Whether one unit is a piece that the carrier takes."""
    longest, middle, shortest = item.sorted_sides
    return (
        item.weight_grams <= limits.max_grams
        and (limits.max_side_mm is None or longest <= limits.max_side_mm)
        and (limits.max_girth_mm is None or longest + 2 * (middle + shortest) <= limits.max_girth_mm)
    )


@lru_cache(maxsize=256)
def packed(items: tuple[Item, ...], limits: Limits) -> tuple[tuple[Item, ...], ...]:
    """`items` in as few pieces as first fit, the largest first, finds; each within `limits`.

    The box of a piece is as large as the limits allow and has the shape that its first unit needs. A unit of
    unknown size takes weight and no room. The order of the items does not matter.

    Raises: TooManyPieces. ValueError: a unit is no piece by itself (see fits_alone).
    """
    if not items:
        return ()
    if not all(fits_alone(item, limits) for item in items):
        raise ValueError("a unit exceeds the limits by itself")
    largest_first = sorted(
        items, key=lambda i: (i.volume_mm3, i.sorted_sides, i.weight_grams, i.sku), reverse=True
    )
    if _stacked(largest_first, limits):
        return (_merged(largest_first),)
    if sum(item.quantity for item in items) <= PLACED_UNITS:
        units = [item for item in largest_first for _ in range(item.quantity)]
        return tuple(_merged(box.units) for box in _placed(units, limits))
    return tuple(_merged(box.units) for box in _counted(largest_first, limits))


def _stacked(largest_first: Sequence[Item], limits: Limits) -> bool:
    """Whether all units go into one piece in stacks of one footprint: seen at once, and so it is with most orders."""
    if sum(item.weight_grams * item.quantity for item in largest_first) > limits.max_grams:
        return False
    box = box_of(largest_first[0], limits)
    sized = [item for item in largest_first if item.dimensions_mm is not None]
    if box is None or not sized:
        return True
    length, width, height = box
    longest, middle = (max(item.sorted_sides[side] for item in sized) for side in (0, 1))
    left = [height] * ((length // longest) * (width // middle))
    for item in sorted(sized, key=lambda item: item.sorted_sides[2], reverse=True):
        thick, units = item.sorted_sides[2], item.quantity
        for stack, room in enumerate(left):
            fits = min(units, room // thick)
            left[stack] -= fits * thick
            units -= fits
        if units:
            return False
    return True


def box_of(item: Item, limits: Limits) -> Sides | None:
    """The sides of the largest box within `limits` that takes `item`; None where they limit weight only.

    A box of length plus girth G is largest at G/3 × G/6 × G/6; it is made longer, wider or higher where the item
    is, at the cost of the other sides.
    """
    side, girth = limits.max_side_mm, limits.max_girth_mm
    if girth is None:
        return None if side is None else (side, side, side)
    longest, middle, shortest = item.sorted_sides
    most = girth if side is None else min(side, girth)
    width, height = max(girth // 6, middle), max(girth // 6, shortest)
    length = min(most, girth - 2 * (width + height))
    if length < longest:
        length, around = longest, (girth - longest) // 2
        width = min(most, max(around // 2, middle))
        height = min(most, around - width)
    return length, min(width, most), min(height, most)


class _Box:
    """A piece being filled."""

    def __init__(self, first: Item, limits: Limits) -> None:
        self.units: list[Item] = []
        self.grams = 0
        self._limits = limits
        self._sides = box_of(first, limits)
        self._corners: list[Point] = [(0, 0, 0)]
        self._taken: list[tuple[Point, Point]] = []
        self._free_mm3 = int(_FILLED * _product(self._sides)) if self._sides else 0

    def place(self, unit: Item) -> bool:
        """Put one unit where it meets no other, in any of its six positions; False where there is no such place."""
        if self.grams + unit.weight_grams > self._limits.max_grams:
            return False
        if self._sides is not None and unit.dimensions_mm is not None:
            spot = self._spot(unit.sorted_sides)
            if spot is None:
                return False
            self._take(*spot)
        self.units.append(_of(unit, 1))
        self.grams += unit.weight_grams
        return True

    def count_in(self, item: Item, most: int) -> int:
        """Put in as many units of `item` as weight and volume allow, at most `most`, and say how many."""
        units = min(most, (self._limits.max_grams - self.grams) // item.weight_grams)
        if self._sides is not None and item.volume_mm3:
            roomiest = sorted(self._sides, reverse=True)
            if any(need > has for need, has in zip(item.sorted_sides, roomiest, strict=True)):
                return 0
            # The first unit is taken though it fill more of the box than is usable: by itself it is a piece.
            units = min(units, max(self._free_mm3 // item.volume_mm3, 0 if self.units else 1))
            self._free_mm3 -= units * item.volume_mm3
        if units:
            self.units.append(_of(item, units))
            self.grams += units * item.weight_grams
        return units

    def _spot(self, sides: Sides) -> tuple[Point, Point] | None:
        assert self._sides is not None, "a box without sides has no places"
        length, width, height = self._sides
        for x, y, z in self._corners:
            for a, b, c in _turned(sides):
                far = (x + a, y + b, z + c)
                if (
                    far[0] <= length
                    and far[1] <= width
                    and far[2] <= height
                    and self._is_free((x, y, z), far)
                ):
                    return (x, y, z), far
        return None

    def _is_free(self, near: Point, far: Point) -> bool:
        (ax, ay, az), (bx, by, bz) = near, far
        return not any(
            ax < q[0] and p[0] < bx and ay < q[1] and p[1] < by and az < q[2] and p[2] < bz
            for p, q in self._taken
        )

    def _take(self, near: Point, far: Point) -> None:
        self._taken.append((near, far))
        self._corners.remove(near)
        (ax, ay, az), (bx, by, bz) = near, far
        self._corners += [(bx, ay, az), (ax, by, az), (ax, ay, bz)]
        self._corners.sort(key=lambda point: (point[2], point[1], point[0]))


def _placed(units: Iterable[Item], limits: Limits) -> list[_Box]:
    boxes: list[_Box] = []
    for unit in units:
        if not any(box.place(unit) for box in boxes):
            box = _opened(unit, limits, boxes)
            assert box.place(unit), "a unit does not fit the box that was made for it"
    return boxes


def _counted(items: Iterable[Item], limits: Limits) -> list[_Box]:
    boxes: list[_Box] = []
    for item in items:
        left = item.quantity
        for box in boxes:
            left -= box.count_in(item, left)
        while left:
            units = _opened(item, limits, boxes).count_in(item, left)
            assert units, "a unit does not fit the box that was made for it"
            left -= units
    return boxes


def _opened(first: Item, limits: Limits, boxes: list[_Box]) -> _Box:
    if len(boxes) == MOST_PIECES:
        raise TooManyPieces(field="lines", limit=MOST_PIECES)
    boxes.append(_Box(first, limits))
    return boxes[-1]


def _merged(units: Sequence[Item]) -> tuple[Item, ...]:
    alike: dict[Item, int] = {}
    for unit in units:
        one = _of(unit, 1)
        alike[one] = alike.get(one, 0) + unit.quantity
    return tuple(_of(unit, quantity) for unit, quantity in alike.items())


def _of(item: Item, quantity: int) -> Item:
    return Item(item.weight_grams, item.dimensions_mm, quantity, item.sku)


def _turned(sides: Sides) -> list[Sides]:
    """The positions of a box; equal sides make some of the six the same."""
    a, b, c = sides
    return list(dict.fromkeys([(a, b, c), (b, a, c), (a, c, b), (c, a, b), (b, c, a), (c, b, a)]))


def _product(sides: Sides) -> int:
    return sides[0] * sides[1] * sides[2]
