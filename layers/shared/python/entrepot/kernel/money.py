"""Money in whole minor units, exact, with the one place where it is rounded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache

from entrepot.kernel.currencies import EXPONENTS


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units of an ISO 4217 currency: `Money(1999, "EUR")` is EUR 19.99.

    Raises: ValueError: the currency is unknown, or the amount is no whole number.
    """

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in EXPONENTS:
            raise ValueError(f"{self.currency!r} is not a currency of ISO 4217")
        if type(self.amount) is not int:
            raise ValueError("an amount is a whole number of minor units")

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other).amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __mul__(self, times: int) -> "Money":
        if type(times) is not int:
            raise TypeError("money is multiplied by whole numbers only; a rate goes through `scaled`")
        return Money(self.amount * times, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other).amount

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other).amount

    def __gt__(self, other: "Money") -> bool:
        return self.amount > self._same(other).amount

    def __ge__(self, other: "Money") -> bool:
        return self.amount >= self._same(other).amount

    def __bool__(self) -> bool:
        return self.amount != 0

    def __str__(self) -> str:
        exponent = EXPONENTS[self.currency]
        if not exponent:
            return f"{self.currency} {self.amount:,}"
        whole, part = divmod(abs(self.amount), 10**exponent)
        return f"{self.currency} {'-' if self.amount < 0 else ''}{whole:,}.{part:0{exponent}}"

    def _same(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
        return other


@cache
def zero(currency: str) -> Money:
    return Money(0, currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of `amounts`, `zero(currency)` where there are none."""
    sum_ = 0
    for amount in amounts:
        if amount.currency != currency:
            raise ValueError(f"{currency} and {amount.currency} do not mix")
        sum_ += amount.amount
    return Money(sum_, currency)


def rounded(value: Fraction | Decimal) -> int:
    """`value` to a whole number as `divided` rounds."""
    exact = value if isinstance(value, Fraction) else Fraction(value)
    return divided(exact.numerator, exact.denominator)


def divided(numerator: int, denominator: int) -> int:
    """A ratio to a whole number, half up, away from zero at the half: the platform's one rounding rule.

    Args: denominator: positive. The two need not be in lowest terms: whoever has many to round spares a Fraction.
    """
    floor, rest = divmod(abs(numerator), denominator)
    whole = floor + (2 * rest >= denominator)
    return whole if numerator >= 0 else -whole


def scaled(money: Money, rate: Fraction | Decimal) -> Money:
    """`money` times a rate (0.19 for 19 %), rounded half up to its currency's minor unit."""
    return Money(rounded(Fraction(rate) * money.amount), money.currency)


def converted(money: Money, rate: Fraction | Decimal, currency: str) -> Money:
    """`money` in `currency`, at `rate` units of `currency` for one unit of its own, rounded half up.

    The rate is between whole units (1 EUR = 1.0841 USD), so the exponents of both currencies count.
    """
    exact = rate if isinstance(rate, Fraction) else Fraction(rate)
    places = EXPONENTS[currency] - EXPONENTS[money.currency]
    top = exact.numerator * money.amount * 10 ** max(places, 0)
    return Money(divided(top, exact.denominator * 10 ** max(-places, 0)), currency)


def allocate(amount: Money, weights: Sequence[int]) -> list[Money]:
    """Split `amount` over `weights` without losing a minor unit; ties go to the earlier part.

    Args: weights: non-negative, one per part, any unit.
    Returns: len(weights) amounts that sum to `amount`.
    Raises: ValueError: a weight is negative, or the weights sum to zero.
    Source: largest-remainder method (Hamilton).
    """
    whole = sum(weights)
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("weights must be non-negative and not all zero")
    if not amount:
        return [amount] * len(weights)
    sign = -1 if amount.amount < 0 else 1
    magnitude = abs(amount.amount)
    parts = [magnitude * weight // whole for weight in weights]
    if left := magnitude - sum(parts):
        # Sorting is stable: of equal remainders the earlier part comes first.
        rests = [-(magnitude * weight % whole) for weight in weights]
        for index in sorted(range(len(weights)), key=rests.__getitem__)[:left]:
            parts[index] += 1
    return [Money(sign * part, amount.currency) for part in parts]


def major_units(text: str, currency: str) -> Money:
    """Money from a decimal text in whole units ("19.99" EUR), as data files write it.

    Raises: ValueError: the text has more places than the currency.
    """
    minor = Decimal(text).scaleb(EXPONENTS[currency])
    if minor != minor.to_integral_value(ROUND_HALF_UP):
        raise ValueError(f"{text} has more decimal places than {currency}")
    return Money(int(minor), currency)
