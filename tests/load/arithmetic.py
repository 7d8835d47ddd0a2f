"""What is worked out from what was measured: percentiles, the knee of a curve, a slope."""

import math
from collections.abc import Sequence
from typing import Final

KNEE: Final = 0.9
"""The knee is where this share of the highest throughput is reached: what is added beyond it only waits."""

GAIN: Final = 0.05
"""A step that adds less than this share to the best so far has added nothing."""


def percentile(values: Sequence[float], per_cent: float) -> float:
    """The smallest value that at least so many per cent of all do not exceed; nan of none.

    Source: the nearest-rank method.
    """
    if not values:
        return math.nan
    rank = max(1, math.ceil(per_cent / 100 * len(values)))
    return sorted(values)[rank - 1]


def knee(curve: Sequence[tuple[int, float]]) -> int:
    """The fewest clients that reach nearly the highest throughput.

    Args: curve: clients at once and requests a second, the fewest clients first; one point at least.
    """
    enough = KNEE * max(rate for _, rate in curve)
    return next(clients for clients, rate in curve if rate >= enough)


def is_saturated(rates: Sequence[float]) -> bool:
    """Whether neither of the last two steps has added to the best before them."""
    if len(rates) < 3:
        return False
    best = max(rates[:-2])
    return max(rates[-2:]) < best * (1 + GAIN)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """By how much y rises with each x, by least squares; 0 where all x are the same or there is none."""
    if not points:
        return 0.0
    middle = sum(x for x, _ in points) / len(points)
    height = sum(y for _, y in points) / len(points)
    spread = sum((x - middle) ** 2 for x, _ in points)
    return sum((x - middle) * (y - height) for x, y in points) / spread if spread else 0.0
