"""What a statement is reckoned by: fees, tiers, reserves and spreads as dated data, and rates as they are recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, Final, TypeVar

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


@dataclass(frozen=True, slots=True)
class LogisticsFeeRow:
    """What merchants pay for each share that is shipped through us."""

    stage: str
    merchant_id: str
    effective_from: date
    per_share: Money
    source: str


@dataclass(frozen=True, slots=True)
class ReserveRow:
    """What is held back of each share, and for how many days after its statement."""

    stage: str
    merchant_id: str
    effective_from: date
    basis_points: int
    days: int
    source: str


@dataclass(frozen=True, slots=True)
class WithholdingRow:
    """What a country's law has a platform withhold from its merchants there, of their goods after refunds."""

    stage: str
    country: str
    effective_from: date
    basis_points: int
    authority: str
    source: str


@dataclass(frozen=True, slots=True)
class Tier:
    """From this turnover on, the merchant's commission is so many basis points lower."""

    turnover_from: Money
    off_basis_points: int


@dataclass(frozen=True, slots=True)
class TiersRow:
    """Tiers by the turnover of the calendar month before."""

    stage: str
    effective_from: date
    tiers: tuple[Tier, ...]
    source: str


_Own = TypeVar("_Own", SpreadRow, LogisticsFeeRow, ReserveRow)


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
    row = merchants_own(rows, stage, merchant_id, on)
    return 0 if row is None else row.basis_points


def merchants_own(rows: Sequence[_Own], stage: str, merchant_id: str, on: date) -> _Own | None:
    """The newest row that names this merchant and stage most exactly."""
    found = [
        row
        for row in rows
        if row.stage in (stage, EVERY)
        and row.merchant_id in (merchant_id, EVERY)
        and row.effective_from <= on
    ]
    return max(
        found,
        key=lambda row: (row.merchant_id == merchant_id, row.stage == stage, row.effective_from),
        default=None,
    )


def withheld_in(rows: Sequence[WithholdingRow], stage: str, country: str, on: date) -> WithholdingRow | None:
    """The newest row for the merchant's country. None: nothing is withheld there."""
    found = [
        row
        for row in rows
        if row.stage in (stage, EVERY) and row.country == country and row.effective_from <= on
    ]
    return max(found, key=lambda row: (row.stage == stage, row.effective_from), default=None)


def tiers_in_force(rows: Sequence[TiersRow], stage: str, on: date) -> tuple[Tier, ...]:
    """The tiers of the newest row of the stage, or of every stage; none where there is no row."""
    found = [row for row in rows if row.stage in (stage, EVERY) and row.effective_from <= on]
    newest = max(found, key=lambda row: (row.stage == stage, row.effective_from), default=None)
    return () if newest is None else newest.tiers


def off_for(tiers: Sequence[tuple[int, int]], turnover: int) -> int:
    """What the highest tier that a turnover reaches takes off the commission.

    Args: tiers: (turnover from, basis points off) in the minor units of the turnover's currency.
    """
    reached = [(start, off) for start, off in tiers if start <= turnover]
    return max(reached)[1] if reached else 0


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
    turnover: int = 0  # of the calendar month before, which the commission's tier goes by
    tier_off_basis_points: int = 0  # already taken off the commission
    logistics_fixed: int = 0  # for each share
    withheld_basis_points: int = 0
    authority: str = ""  # that it is withheld for
    reserve_basis_points: int = 0
    reserve_days: int = 0

    @property
    def withheld(self) -> Fraction:
        return Fraction(self.withheld_basis_points, BASIS_POINTS)

    @property
    def reserve(self) -> Fraction:
        return Fraction(self.reserve_basis_points, BASIS_POINTS)

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
