"""Merchants: who sells, from where, in which currency they are paid, and what the platform keeps."""

import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from entrepot.kernel.countries import COUNTRIES
from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.refusals import Kind, Refusal

NAME_LONGEST: Final = 200
BASIS_POINTS: Final = 10_000
COMMISSION_MOST: Final = Decimal("0.5")
COMMISSION_PLACES: Final = 4
_MOST_DIGITS: Final = 40


class InvalidMerchantName(Refusal):
    code = "invalid_name"
    kind = Kind.MALFORMED
    title = f"A merchant's name has 1 to {NAME_LONGEST} printable characters."


class UnknownCountry(Refusal):
    code = "unknown_country"
    kind = Kind.MALFORMED
    title = "A country is a code of ISO 3166-1 alpha-2."


class UnknownCurrency(Refusal):
    code = "unknown_currency"
    kind = Kind.MALFORMED
    title = "A currency is a code of ISO 4217."


class InvalidCommissionRate(Refusal):
    code = "invalid_commission_rate"
    kind = Kind.MALFORMED
    title = (
        f"A commission rate lies between 0 and {COMMISSION_MOST}, with at most {COMMISSION_PLACES} places."
    )


@dataclass(frozen=True, slots=True)
class Merchant:
    """A seller. `commission_basis_points`: what the platform keeps of the goods' value, 800 for 8 %."""

    merchant_id: str
    name: str
    country: str  # ISO 3166-1 alpha-2
    payout_currency: str  # ISO 4217
    commission_basis_points: int

    @property
    def commission(self) -> Fraction:
        """The same as a rate: 2/25 for 8 %."""
        return Fraction(self.commission_basis_points, BASIS_POINTS)

    @property
    def commission_rate(self) -> str:
        """The same as the API writes it: "0.08"."""
        return f"{Decimal(self.commission_basis_points).scaleb(-COMMISSION_PLACES).normalize():f}"


def merchant(merchant_id: str, name: str, country: str, payout_currency: str, rate: Decimal) -> Merchant:
    """A merchant of checked parts.

    Raises: InvalidMerchantName, UnknownCountry, UnknownCurrency, InvalidCommissionRate.
    """
    spelled = unicodedata.normalize("NFC", name).strip()
    if not (1 <= len(spelled) <= NAME_LONGEST and spelled.isprintable()):
        raise InvalidMerchantName(field="name")
    if country not in COUNTRIES:
        raise UnknownCountry(field="country")
    if payout_currency not in EXPONENTS:
        raise UnknownCurrency(field="payout_currency")
    return Merchant(merchant_id, spelled, country, payout_currency, _basis_points(rate))


def _basis_points(rate: Decimal) -> int:
    if not rate.is_finite() or not 0 <= rate <= COMMISSION_MOST:
        raise InvalidCommissionRate(field="commission_rate")
    # A rate of 1E-999999999, or of a hundred thousand digits, is refused before anything reckons with it.
    if rate and (rate.adjusted() < -COMMISSION_PLACES or len(rate.as_tuple().digits) > _MOST_DIGITS):
        raise InvalidCommissionRate(field="commission_rate")
    exact = Fraction(rate) * BASIS_POINTS
    if exact.denominator != 1:
        raise InvalidCommissionRate(field="commission_rate")
    return exact.numerator
