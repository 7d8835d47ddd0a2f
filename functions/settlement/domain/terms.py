"""What a statement is reckoned by: fees and spreads as dated data, and rates as they are recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, Final

from entrepot.kernel.money import Money, rounded
from entrepot.kernel.refusals import Kind, Refusal

BASIS_POINTS: Final = 10_000
EVERY: Final = "*"
_PLACES: Final = 12


class NoTerms(Refusal):
    """The data files have no row for a stage, merchant and day. Facts: `what`, `on`."""

    code: ClassVar[str] = "no_settlement_terms"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "No fee is set for this day."


@dataclass(frozen=True, slots=True)
class FeeRow:
    """What merchants pay for a payment: a part of what the buyer paid, and a fixed amount for each share."""

    stage: str
    effective_from: date
    basis_points: int
    fixed: Money
    source: str


@dataclass(frozen=True, slots=True)
class SpreadRow:
    """What a merchant's rate lies under the reference rate."""

    stage: str
    merchant_id: str
    effective_from: date
    basis_points: int
    source: str


def fee_in_force(rows: Sequence[FeeRow], stage: str, on: date) -> FeeRow:
    """The newest row of the stage, or of every stage.

    Raises: NoTerms.
    """
    found = [row for row in rows if row.stage in (stage, EVERY) and row.effective_from <= on]
    if not found:
        raise NoTerms(what="payment fee", on=on.isoformat())
    return max(found, key=lambda row: (row.stage == stage, row.effective_from))


def spread_in_force(rows: Sequence[SpreadRow], stage: str, merchant_id: str, on: date) -> int:
    """Basis points of the newest row that names this merchant and stage most exactly; 0 where there is none."""
    found = [
        row
        for row in rows
        if row.stage in (stage, EVERY)
        and row.merchant_id in (merchant_id, EVERY)
        and row.effective_from <= on
    ]
    if not found:
        return 0
    exact = max(
        found, key=lambda row: (row.merchant_id == merchant_id, row.stage == stage, row.effective_from)
    )
    return exact.basis_points


@dataclass(frozen=True, slots=True)
class Terms:
    """What a statement is reckoned by, fixed when it is opened; it is resumed on another day by the same."""

    currency: str  # the payout currency
    commission_basis_points: int
    fee_basis_points: int
    fee_fixed: int  # minor units of the payout currency
    spread_basis_points: int
    rates_on: date  # of the publication
    rates_source: str

    @property
    def commission(self) -> Fraction:
        return Fraction(self.commission_basis_points, BASIS_POINTS)

    @property
    def fee(self) -> Fraction:
        return Fraction(self.fee_basis_points, BASIS_POINTS)


@dataclass(frozen=True, slots=True)
class Rate:
    """Whole units of the payout currency for one of `currency`, as decimal texts that are used exactly as written."""

    currency: str
    reference: str
    applied: str


def recorded_rate(currency: str, reference: Fraction, terms: Terms) -> Rate:
    """A rate to twelve places, half up; the merchant's is under it by the spread. Nothing is lost on 1."""
    exact = _text(reference)
    if currency == terms.currency:
        return Rate(currency, exact, exact)
    kept = 1 - Fraction(terms.spread_basis_points, BASIS_POINTS)
    return Rate(currency, exact, _text(Fraction(exact) * kept))


def _text(rate: Fraction) -> str:
    places = Decimal(rounded(rate * 10**_PLACES)).scaleb(-_PLACES)
    return f"{places.normalize():f}"
