"""Statements: pending lines converted, charged and added up, part by part.

Each line is rounded by itself, half up, and shows every number that the next one is made of, so that a merchant can
check a statement with a pocket calculator and its parts add up whatever lines they were cut into.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final

from entrepot.kernel.money import Money, converted, scaled
from functions.settlement.domain.rules import Conversion
from functions.settlement.domain.shares import PendingLine
from functions.settlement.domain.terms import Rate, Terms

LINES_PER_PART: Final = 20
"""Twenty deletions, two balances a currency for twenty currencies and the rest stay within a transaction's 80 items."""

PARTS_PER_STATEMENT: Final = 25
"""Five hundred lines: an answer of about a megabyte with all entries. What is left goes into the next statement."""


@dataclass(frozen=True, slots=True)
class Line:
    """One pending line on a statement. `converted` and what follows is in the payout currency's minor units."""

    pending: PendingLine
    rate: Rate
    converted: int  # of pending.amount
    commissionable: int
    commission: int
    paid: int
    payment_fee: int

    @property
    def net(self) -> int:
        return self.converted - self.commission - self.payment_fee


@dataclass(frozen=True, slots=True)
class Part:
    """What one transaction settled, and the entry that it wrote."""

    number: int
    fact: str
    entry_id: str
    lines: tuple[Line, ...]


class Status(StrEnum):
    OPEN = "open"
    ISSUED = "issued"


@dataclass(frozen=True, slots=True)
class Statement:
    """What a merchant is paid, in minor units of `terms.currency`.

    `opening` is what it owed before (zero or below), `closing` = opening + net: what is paid out, or carried on.
    """

    statement_id: str
    merchant_id: str
    number: int  # the merchant's first is 1
    status: Status
    terms: Terms
    opened_at: datetime  # UTC
    opening: int
    rates: tuple[Rate, ...] = ()
    parts: int = 0
    lines: int = 0
    gross: int = 0
    commission: int = 0
    payment_fees: int = 0
    period_from: datetime | None = None
    period_to: datetime | None = None
    issued_at: datetime | None = None

    @property
    def net(self) -> int:
        return self.gross - self.commission - self.payment_fees

    @property
    def closing(self) -> int:
        return self.opening + self.net

    @property
    def payable(self) -> int:
        return max(0, self.closing)

    def rate_of(self, currency: str) -> Rate | None:
        return next((rate for rate in self.rates if rate.currency == currency), None)

    def with_rates(self, rates: Iterable[Rate]) -> "Statement":
        return replace(self, rates=(*self.rates, *rates))

    def with_part(self, part: Part) -> "Statement":
        times = [line.pending.occurred_at for line in part.lines]
        return replace(
            self,
            parts=part.number,
            lines=self.lines + len(part.lines),
            gross=self.gross + sum(line.converted for line in part.lines),
            commission=self.commission + sum(line.commission for line in part.lines),
            payment_fees=self.payment_fees + sum(line.payment_fee for line in part.lines),
            period_from=min(times) if self.period_from is None else min(self.period_from, *times),
            period_to=max(times) if self.period_to is None else max(self.period_to, *times),
        )

    def issued(self, at: datetime) -> "Statement":
        return replace(self, status=Status.ISSUED, issued_at=at)


@dataclass(frozen=True, slots=True)
class Account:
    """How far a merchant is settled: the statement under way, and what it owes, by currency (zero or below)."""

    merchant_id: str
    open_statement: str | None = None
    statements: int = 0
    carried: dict[str, int] | None = None
    revision: int = 0

    def owed_in(self, currency: str) -> int:
        return (self.carried or {}).get(currency, 0)

    def opened(self, statement: Statement) -> "Account":
        return replace(
            self,
            open_statement=statement.statement_id,
            statements=statement.number,
            revision=self.revision + 1,
        )

    def closed(self, statement: Statement) -> "Account":
        carried = {**(self.carried or {}), statement.terms.currency: min(0, statement.closing)}
        return replace(self, open_statement=None, carried=carried, revision=self.revision + 1)


def opened(statement_id: str, account: Account, terms: Terms, now: datetime) -> Statement:
    return Statement(
        statement_id=statement_id,
        merchant_id=account.merchant_id,
        number=account.statements + 1,
        status=Status.OPEN,
        terms=terms,
        opened_at=now,
        opening=account.owed_in(terms.currency),
    )


def settled_line(pending: PendingLine, rate: Rate, terms: Terms) -> Line:
    """A pending line by a statement's terms: converted, then commission on the goods, then the payment fee.

    The fee is taken once, on what the buyer paid for the share; a refund gives commission back, not the fee.
    """
    commissionable = _converted(pending, pending.commissionable, rate, terms)
    paid = _converted(pending, pending.paid, rate, terms)
    fixed = terms.fee_fixed if pending.paid else 0
    return Line(
        pending=pending,
        rate=rate,
        converted=_converted(pending, pending.amount, rate, terms).amount,
        commissionable=commissionable.amount,
        commission=scaled(commissionable, terms.commission).amount,
        paid=paid.amount,
        payment_fee=scaled(paid, terms.fee).amount + fixed,
    )


def conversions(lines: Sequence[Line], currency: str) -> tuple[Conversion, ...]:
    """What lines in other currencies come to, each currency at once, beside what their merchant gets for them.

    The amount of a currency is bought as one, at the reference rate; what the lines, at the merchant's rate and
    rounded one by one, get of it differs by the spread and by fractions of a minor unit.
    """
    found = []
    for rate in dict.fromkeys(line.rate for line in lines if line.rate.currency != currency):
        of_it = [line for line in lines if line.rate == rate]
        sold = Money(sum(line.pending.amount for line in of_it), rate.currency)
        found.append(
            Conversion(
                sold=sold,
                bought=converted(sold, Fraction(rate.reference), currency),
                credited=Money(sum(line.converted for line in of_it), currency),
            )
        )
    return tuple(found)


def _converted(pending: PendingLine, amount: int, rate: Rate, terms: Terms) -> Money:
    return converted(Money(amount, pending.currency), Fraction(rate.applied), terms.currency)
