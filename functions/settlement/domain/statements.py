"""Statements: pending lines converted, charged and added up, part by part.

Each line is rounded by itself, half up, and shows every number that the next one is made of, so that a merchant can
check a statement with a pocket calculator and its parts add up whatever lines they were cut into.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final

from entrepot.kernel.money import Money, converted, scaled
from functions.settlement.domain.rules import Charges, Conversion
from functions.settlement.domain.shares import LineKind, PendingLine
from functions.settlement.domain.terms import Rate, Terms

LINES_PER_PART: Final = 20
"""Twenty deletions, two balances a currency for twenty currencies and the rest stay within a transaction's 80 items."""

MONTHS_KEPT: Final = 6
"""Months of turnover that an account remembers: two are needed, in each currency that a merchant was paid in."""

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
    logistics_fee: int = 0
    withheld: int = 0
    reserve: int = 0

    @property
    def net(self) -> int:
        taken = self.commission + self.payment_fee + self.logistics_fee + self.withheld + self.reserve
        return self.converted - taken


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
    `commissionable` is the turnover that the next month's tier goes by; `reserve` is held back, and owed later.
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
    commissionable: int = 0
    logistics_fees: int = 0
    withheld: int = 0
    reserve: int = 0

    @property
    def net(self) -> int:
        taken = self.commission + self.payment_fees + self.logistics_fees + self.withheld + self.reserve
        return self.gross - taken

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
            commissionable=self.commissionable + sum(line.commissionable for line in part.lines),
            logistics_fees=self.logistics_fees + sum(line.logistics_fee for line in part.lines),
            withheld=self.withheld + sum(line.withheld for line in part.lines),
            reserve=self.reserve + sum(line.reserve for line in part.lines),
            period_from=min(times) if self.period_from is None else min(self.period_from, *times),
            period_to=max(times) if self.period_to is None else max(self.period_to, *times),
        )

    def issued(self, at: datetime) -> "Statement":
        return replace(self, status=Status.ISSUED, issued_at=at)


@dataclass(frozen=True, slots=True)
class Account:
    """How far a merchant is settled: the statement under way, and what it owes, by currency (zero or below).

    `turnover`: the commissionable goods of the newest months' statements, by `<month> <currency>`.
    """

    merchant_id: str
    open_statement: str | None = None
    statements: int = 0
    carried: dict[str, int] | None = None
    revision: int = 0
    turnover: dict[str, int] | None = None

    def turnover_before(self, on: date, currency: str) -> int:
        """The turnover of the calendar month before that of a day."""
        return (self.turnover or {}).get(_month(on.replace(day=1) - timedelta(days=1), currency), 0)

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
        """Raises: ValueError: the statement is not issued."""
        if statement.issued_at is None:
            raise ValueError("only an issued statement closes")
        currency = statement.terms.currency
        carried = {**(self.carried or {}), currency: min(0, statement.closing)}
        turnover = dict(self.turnover or {})
        month = _month(statement.issued_at.date(), currency)
        turnover[month] = turnover.get(month, 0) + statement.commissionable
        return replace(
            self,
            open_statement=None,
            carried=carried,
            turnover=dict(sorted(turnover.items())[-MONTHS_KEPT:]),
            revision=self.revision + 1,
        )


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

    Fees are taken once, on what the buyer paid for the share; a refund gives commission and withheld tax back, not
    the fees. Something is held back of what a share brings, never of a refund, and of nothing that was owed before.
    """
    commissionable = _converted(pending, pending.commissionable, rate, terms)
    paid = _converted(pending, pending.paid, rate, terms)
    fixed = terms.fee_fixed if pending.paid else 0
    amount = _converted(pending, pending.amount, rate, terms)
    sold = pending.kind is LineKind.SHARE and amount.amount > 0
    return Line(
        pending=pending,
        rate=rate,
        converted=amount.amount,
        commissionable=commissionable.amount,
        commission=scaled(commissionable, terms.commission).amount,
        paid=paid.amount,
        payment_fee=scaled(paid, terms.fee).amount + fixed,
        logistics_fee=terms.logistics_fixed if pending.paid else 0,
        withheld=scaled(commissionable, terms.withheld).amount,
        reserve=scaled(amount, terms.reserve).amount if sold else 0,
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


def charges(lines: Sequence[Line], terms: Terms) -> Charges:
    """What lines come to of each charge."""

    def sum_of(amounts: Iterable[int]) -> Money:
        return Money(sum(amounts), terms.currency)

    return Charges(
        commission=sum_of(line.commission for line in lines),
        payment_fee=sum_of(line.payment_fee for line in lines),
        logistics_fee=sum_of(line.logistics_fee for line in lines),
        authority=terms.authority,
        withheld=sum_of(line.withheld for line in lines),
        reserve=sum_of(line.reserve for line in lines),
    )


def _month(day: date, currency: str) -> str:
    return f"{day:%Y-%m} {currency}"


def _converted(pending: PendingLine, amount: int, rate: Rate, terms: Terms) -> Money:
    return converted(Money(amount, pending.currency), Fraction(rate.applied), terms.currency)
