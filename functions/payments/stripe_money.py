"""How Stripe counts money, where that is not ISO 4217, and which amounts it can charge at all.

Source of every row: https://docs.stripe.com/currencies (zero-decimal, three-decimal, special cases, least and most
amounts), read in November 2026. Amounts of ours are minor units of ISO 4217.
"""

from dataclasses import dataclass
from typing import Final

from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.money import Money
from functions.payments.domain.payment import AmountNotChargeable


@dataclass(frozen=True, slots=True)
class Unit:
    """Stripe's amount = ours × `times` ÷ `of`, and it must be a multiple of `step`."""

    times: int = 1
    of: int = 1
    step: int = 1


_PLAIN: Final = Unit()
_EXCEPTIONS: Final = {
    "ISK": Unit(times=100, step=100),  # no decimals, yet written with two
    "UGX": Unit(times=100, step=100),  # likewise
    "MGA": Unit(of=100),  # zero-decimal there; the iraimbilanja is a fifth, and ISO counts hundredths
    "HUF": Unit(),  # charged with two decimals; only its payouts are whole
    "TWD": Unit(),  # likewise
    "BHD": Unit(step=10),  # three decimals, of which the last must be 0
    "JOD": Unit(step=10),
    "KWD": Unit(step=10),
    "OMR": Unit(step=10),
    "TND": Unit(step=10),
}

_NOT_OFFERED: Final = frozenset(
    (
        "BOV", "BTN", "CHE", "CHW", "CLF", "COU", "CUP", "ERN", "GHS", "IQD", "IRR", "KPW", "LYD", "MRU", "MXV", "SDG",
        "SSP", "STN", "SVC", "SYP", "TMT", "USN", "UYI", "UYW", "VED", "VES", "XAD", "XCG", "ZWG",
    )
)  # fmt: skip

_LEAST: Final = {
    "AED": 200, "AUD": 50, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30, "HKD": 400,
    "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200,
    "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip
_MOST: Final = 99_999_999
_MOST_OF: Final = {"IDR": 999_999_999_999}


def chargeable(money: Money) -> int:
    """The amount of a charge in Stripe's units.

    Raises: AmountNotChargeable: Stripe cannot charge exactly that.
    """
    amount = movable(money)
    if not _LEAST.get(money.currency, 1) <= amount <= _MOST_OF.get(money.currency, _MOST):
        raise AmountNotChargeable(amount=money.amount, currency=money.currency)
    return amount


def movable(money: Money) -> int:
    """Any amount in Stripe's units, also a small part of a charge.

    Raises: AmountNotChargeable: Stripe cannot say exactly that amount.
    """
    unit = _EXCEPTIONS.get(money.currency, _PLAIN)
    amount, rest = divmod(money.amount * unit.times, unit.of)
    if money.currency in _NOT_OFFERED or rest or amount % unit.step:
        raise AmountNotChargeable(amount=money.amount, currency=money.currency)
    return amount


def from_stripe(amount: int, currency: str) -> Money:
    """Money of ours from Stripe's amount.

    Raises: ValueError: Stripe names a currency that ISO 4217 does not know, or a part of a minor unit.
    """
    code = currency.upper()
    if code not in EXPONENTS:
        raise ValueError(f"Stripe's currency {currency!r} is not in ISO 4217")
    unit = _EXCEPTIONS.get(code, _PLAIN)
    ours, rest = divmod(amount * unit.of, unit.times)
    if rest:
        raise ValueError(f"{amount} of Stripe's {currency} is no whole amount")
    return Money(ours, code)
