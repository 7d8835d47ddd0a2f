"""A statement as a paper: what its PDF says, line by line, each with the ledger entries that it names.

What it looks like stands in `data/statement.typ`. An issued statement does not change, so neither does its paper.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from entrepot.kernel.ids import derived_id
from entrepot.kernel.money import Money
from functions.settlement.domain.shares import LineKind
from functions.settlement.domain.statements import Line, Part, Statement

FORM: Final = 1
"""Counts the forms of the paper: one more, and papers are made anew of statements that had one before."""
KEPT: Final = timedelta(days=88)
"""How long a paper is there; the bucket drops it after ninety days."""
PATIENCE: Final = timedelta(minutes=1)
"""How long a paper may be in the making before it is ordered again."""

_KINDS: Final = {
    LineKind.SHARE: "Sale",
    LineKind.REFUND: "Refund",
    LineKind.RETURNED_PAYOUT: "Payout that came back",
    LineKind.RELEASED_RESERVE: "Reserve let go",
}


class PaperState(StrEnum):
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Paper:
    """The PDF of a statement as it was last asked for."""

    statement_id: str
    form: int
    state: PaperState
    asked_at: datetime  # UTC

    @property
    def key(self) -> str:
        return f"statements/{self.statement_id}-{self.form}.pdf"

    def stands(self, now: datetime) -> bool:
        """Whether asking again needs nothing: it is there, or on its way."""
        if self.form != FORM or self.state is PaperState.FAILED:
            return False
        return now < self.asked_at + (KEPT if self.state is PaperState.READY else PATIENCE)


@dataclass(frozen=True, slots=True)
class PaperLine:
    """`amount` in the order's currency; the others in the statement's. `entries`: ids of ledger entries."""

    what: str
    on: str
    amount: str
    rate: str
    converted: str
    commission: str
    fees: str
    withheld: str
    reserve: str
    net: str
    entries: str


@dataclass(frozen=True, slots=True)
class StatementPaper:
    """What is printed, as text. `terms` are sentences; `sums` name and amount, the last of them what is paid out."""

    title: str
    number: str
    dated: date
    merchant: str
    period: str
    terms: tuple[str, ...]
    currency: str
    lines: tuple[PaperLine, ...]
    sums: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def paper(statement: Statement, parts: Sequence[Part], merchant: str) -> StatementPaper:
    """The paper of an issued statement. Raises: ValueError: it is not issued."""
    if statement.issued_at is None:
        raise ValueError("only an issued statement has a paper")
    currency = statement.terms.currency
    return StatementPaper(
        title=f"Statement {statement.number}",
        number=statement.statement_id,
        dated=statement.issued_at.date(),
        merchant=f"{merchant} ({statement.merchant_id})",
        period=f"{_day(statement.period_from)} to {_day(statement.period_to)}",
        terms=_terms(statement),
        currency=currency,
        lines=tuple(_line(line, part, currency) for part in parts for line in part.lines),
        sums=_sums(statement),
        notes=(
            "Each line names the entry of its fact and the entry of this statement's part in the ledger.",
            *_payout(statement),
        ),
    )


def major(amount: int, currency: str) -> str:
    """`-1,234.50` of -123450 in EUR: exact, with as many decimals as the currency has."""
    return str(Money(amount, currency)).removeprefix(f"{currency} ")


def _line(line: Line, part: Part, currency: str) -> PaperLine:
    pending = line.pending
    what = _KINDS[pending.kind]
    return PaperLine(
        what=f"{what}, order {pending.order_id}" if pending.order_id else what,
        on=pending.occurred_at.date().isoformat(),
        amount=f"{pending.currency} {major(pending.amount, pending.currency)}",
        rate=line.rate.applied,
        converted=major(line.converted, currency),
        commission=major(-line.commission, currency),
        fees=major(-(line.payment_fee + line.logistics_fee), currency),
        withheld=major(-line.withheld, currency),
        reserve=major(-line.reserve, currency),
        net=major(line.net, currency),
        entries=f"{pending.entry_id} {part.entry_id}",
    )


def _sums(statement: Statement) -> tuple[tuple[str, str], ...]:
    currency = statement.terms.currency
    sums = (
        ("Gross", statement.gross),
        ("Commission", -statement.commission),
        ("Payment fees", -statement.payment_fees),
        ("Logistics fees", -statement.logistics_fees),
        ("Tax withheld", -statement.withheld),
        ("Held in reserve", -statement.reserve),
        ("Net", statement.net),
        ("Carried from before", statement.opening),
        ("Carried on", min(0, statement.closing)),
        (f"Payable {currency}", statement.payable),
    )
    always = {"Gross", "Net", f"Payable {currency}"}
    return tuple((name, major(amount, currency)) for name, amount in sums if amount or name in always)


def _terms(statement: Statement) -> tuple[str, ...]:
    terms, currency = statement.terms, statement.terms.currency
    fixed = f"{currency} {major(terms.fee_fixed, currency)}"
    said = [
        f"Commission {_percent(terms.commission_basis_points)} of goods after refunds.",
        f"Payment fee {_percent(terms.fee_basis_points)} and {fixed} for each sale.",
    ]
    if terms.withheld_basis_points:
        said.append(f"Tax withheld for {terms.authority}: {_percent(terms.withheld_basis_points)}.")
    if terms.reserve_basis_points:
        said.append(
            f"Reserve {_percent(terms.reserve_basis_points)} of sales, let go after {terms.reserve_days} days."
        )
    rates = "; ".join(
        f"{rate.currency} 1 = {currency} {rate.applied}"
        for rate in statement.rates
        if rate.currency != currency
    )
    if rates:
        said.append(
            f"Rates of {terms.rates_on.isoformat()} ({terms.rates_source}), less "
            f"{_percent(terms.spread_basis_points)}: {rates}."
        )
    return tuple(said)


def _payout(statement: Statement) -> tuple[str, ...]:
    if not statement.payable:
        return ()
    return (f"It is paid out by payout {derived_id('pot', statement.statement_id)}.",)


def _percent(basis_points: int) -> str:
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02} %"


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else "-"
