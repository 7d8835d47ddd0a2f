"""What settlement's routes give."""

import base64
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, field

from entrepot.cloud.wire import Body, View
from entrepot.kernel.money import Money
from functions.settlement.csv_files import csv_of
from functions.settlement.domain.ledger import Entry, Posting, TrialBalance
from functions.settlement.domain.schedules import Schedule
from functions.settlement.domain.statement_paper import Paper
from functions.settlement.domain.statements import Line, Part, Statement
from functions.settlement.payout_views import PayoutView, payout_view
from functions.settlement.service.printing import LINK_SECONDS
from functions.settlement.service.reading import FullStatement

PAGE: Final = 24


class StatementsQuery(Body, frozen=True):
    limit: Annotated[int, Meta(ge=1, le=100)] = PAGE
    cursor: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None


class PeriodView(View, frozen=True):
    """From the first thing settled to the last."""

    since: datetime | None = field(name="from")
    until: datetime | None = field(name="to")


class TotalsView(View, frozen=True):
    """gross - commission - payment_fees - logistics_fees - tax_withheld - reserve = net; the reserve is owed later."""

    gross: Money
    commission: Money
    payment_fees: Money
    logistics_fees: Money
    tax_withheld: Money
    reserve: Money
    net: Money


class RateView(View, frozen=True):
    """Units of the statement's currency for one of `currency`; `rate` was applied, `reference` was published."""

    currency: str
    rate: str
    reference: str


class SummaryView(View, frozen=True):
    """`opening` was owed by the merchant before; `closing` = opening + net is `payable`, or carried on if negative."""

    id: str
    merchant_id: str
    number: int
    currency: str
    period: PeriodView
    issued_at: datetime | None
    totals: TotalsView
    opening: Money
    closing: Money
    payable: Money


class LineView(View, frozen=True):
    """What a share, or the refund of one, comes to. goods + seller_taxes + returned - refunded = amount, converted at
    `rate`; `returned` is a payout that came back or a reserve let go, which has no order.

    `commission` and `tax_withheld` are taken on `commission_base`, `payment_fee` on `fee_base`, and `reserve` is held
    back of `converted`; `entries` are ids of ledger entries.
    """

    order_id: str
    kind: str
    occurred_at: datetime
    goods: Money
    seller_taxes: Money
    refunded: Money
    returned: Money
    amount: Money
    rate: str
    converted: Money
    commission_base: Money
    commission: Money
    fee_base: Money
    payment_fee: Money
    logistics_fee: Money
    tax_withheld: Money
    reserve: Money
    net: Money
    entries: list[str]


class EntryView(View, frozen=True):
    """`reverses` is the fact whose entry this one undoes."""

    id: str
    fact: str
    rule: str
    occurred_at: datetime
    postings: tuple[Posting, ...]
    booked_at: datetime | None
    reverses: str | None


class EntriesQuery(Body, frozen=True):
    day: date
    limit: Annotated[int, Meta(ge=1, le=100)] = PAGE
    cursor: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None


class EntriesView(View, frozen=True):
    """A page may be short, or empty; only a null cursor ends the list."""

    data: list[EntryView]
    next_cursor: str | None


class TrialBalanceQuery(Body, frozen=True):
    """`as_of`: the end of that day, UTC; without it, now."""

    as_of: date | None = None


class StatementView(SummaryView, frozen=True, kw_only=True):
    """The commission's rate is after `tier_off_basis_points`, which the `turnover` of the month before has earned.

    `payout` is null as long as nothing was paid out for it.
    """

    commission_rate_basis_points: int
    turnover: Money
    tier_off_basis_points: int
    payment_fee_basis_points: int
    payment_fee_fixed: Money
    spread_basis_points: int
    logistics_fee_fixed: Money
    withheld_basis_points: int
    authority: str
    reserve_basis_points: int
    reserve_days: int
    rates_source: str
    rates_on: date
    rates: list[RateView]
    lines: list[LineView]
    entries: list[EntryView]
    payout: PayoutView | None


class StatementsView(View, frozen=True):
    data: list[SummaryView]
    next_cursor: str | None


class AccountView(View, frozen=True):
    """The balance of an account, in minor units, on the side that it falls on."""

    account: str
    currency: str
    debit: int
    credit: int


class TrialBalanceView(View, frozen=True):
    as_of: datetime
    accounts: list[AccountView]
    balanced: bool


class ScheduleBody(Body, frozen=True):
    """`every` run, day, week or month; `on` the weekday (1 is Monday) or the day of the month (1 to 28)."""

    every: Literal["run", "day", "week", "month"]
    on: Annotated[int, Meta(ge=1, le=28)] | None = None


class ScheduleView(View, frozen=True):
    """Statements hold what happened before the newest such day, UTC; with every run, whatever is pending."""

    merchant_id: str
    every: str
    on: int | None


class FileView(View, frozen=True):
    """`content` is the file in base64."""

    file_name: str
    media_type: str
    content: str


class FailureView(View, frozen=True):
    """Why there is no PDF, and what to do."""

    code: str
    detail: str


class StatementPdfView(View, frozen=True):
    """`status` is "none" (nobody has asked for it), "pending", "ready" or "failed".

    `url` opens one that is ready without signing in, until `link_expires_at`.
    """

    statement_id: str
    status: str
    failure: FailureView | None
    url: str | None
    link_expires_at: datetime | None


_FAILED: Final = FailureView(
    code="paper_failed",
    detail="The PDF could not be written. It is tried again by itself for a quarter of an hour; if it is still failed "
    "then, ask for it again, and if that fails too, tell support the statement's id.",
)


def pdf_view(statement_id: str, paper: Paper | None, url: str | None, now: datetime) -> StatementPdfView:
    status = paper.state.value if paper else "none"
    return StatementPdfView(
        statement_id=statement_id,
        status=status,
        failure=_FAILED if status == "failed" else None,
        url=url,
        link_expires_at=now + timedelta(seconds=LINK_SECONDS) if url else None,
    )


def schedule_view(merchant_id: str, schedule: Schedule) -> ScheduleView:
    return ScheduleView(merchant_id=merchant_id, every=schedule.every.value, on=schedule.on)


def csv_view(full: FullStatement) -> FileView:
    text = csv_of(full.statement, full.parts)
    return FileView(
        file_name=f"statement-{full.statement.number:04}-{full.statement.statement_id}.csv",
        media_type="text/csv; charset=utf-8",
        content=base64.b64encode(text.encode()).decode(),
    )


def summary_view(statement: Statement) -> SummaryView:
    return SummaryView(**_summary(statement))


def statement_view(full: FullStatement) -> StatementView:
    statement, terms = full.statement, full.statement.terms
    return StatementView(
        **_summary(statement),
        commission_rate_basis_points=terms.commission_basis_points,
        payment_fee_basis_points=terms.fee_basis_points,
        payment_fee_fixed=Money(terms.fee_fixed, terms.currency),
        turnover=Money(terms.turnover, terms.currency),
        tier_off_basis_points=terms.tier_off_basis_points,
        spread_basis_points=terms.spread_basis_points,
        logistics_fee_fixed=Money(terms.logistics_fixed, terms.currency),
        withheld_basis_points=terms.withheld_basis_points,
        authority=terms.authority,
        reserve_basis_points=terms.reserve_basis_points,
        reserve_days=terms.reserve_days,
        rates_source=terms.rates_source,
        rates_on=terms.rates_on,
        rates=[
            RateView(currency=rate.currency, rate=rate.applied, reference=rate.reference)
            for rate in statement.rates
        ],
        lines=[_line_view(line, part, terms.currency) for part in full.parts for line in part.lines],
        entries=[entry_view(entry) for entry in full.entries],
        payout=payout_view(full.payout) if full.payout else None,
    )


def trial_balance_view(trial: TrialBalance) -> TrialBalanceView:
    accounts = []
    for balance in trial.accounts:
        debit, credit = balance.closing
        accounts.append(
            AccountView(account=balance.account, currency=balance.currency, debit=debit, credit=credit)
        )
    return TrialBalanceView(as_of=trial.as_of, accounts=accounts, balanced=trial.balanced)


def _summary(statement: Statement) -> dict[str, Any]:
    currency = statement.terms.currency
    return {
        "id": statement.statement_id,
        "merchant_id": statement.merchant_id,
        "number": statement.number,
        "currency": currency,
        "period": PeriodView(since=statement.period_from, until=statement.period_to),
        "issued_at": statement.issued_at,
        "totals": TotalsView(
            gross=Money(statement.gross, currency),
            commission=Money(statement.commission, currency),
            payment_fees=Money(statement.payment_fees, currency),
            logistics_fees=Money(statement.logistics_fees, currency),
            tax_withheld=Money(statement.withheld, currency),
            reserve=Money(statement.reserve, currency),
            net=Money(statement.net, currency),
        ),
        "opening": Money(statement.opening, currency),
        "closing": Money(statement.closing, currency),
        "payable": Money(statement.payable, currency),
    }


def _line_view(line: Line, part: Part, currency: str) -> LineView:
    pending = line.pending
    return LineView(
        order_id=pending.order_id,
        kind=pending.kind.value,
        occurred_at=pending.occurred_at,
        goods=Money(pending.goods, pending.currency),
        seller_taxes=Money(pending.seller_taxes, pending.currency),
        refunded=Money(pending.refunded, pending.currency),
        returned=Money(pending.returned, pending.currency),
        amount=Money(pending.amount, pending.currency),
        rate=line.rate.applied,
        converted=Money(line.converted, currency),
        commission_base=Money(line.commissionable, currency),
        commission=Money(line.commission, currency),
        fee_base=Money(line.paid, currency),
        payment_fee=Money(line.payment_fee, currency),
        logistics_fee=Money(line.logistics_fee, currency),
        tax_withheld=Money(line.withheld, currency),
        reserve=Money(line.reserve, currency),
        net=Money(line.net, currency),
        entries=[pending.entry_id, part.entry_id],
    )


def entry_view(entry: Entry) -> EntryView:
    return EntryView(
        id=entry.entry_id,
        fact=entry.fact,
        rule=entry.rule,
        occurred_at=entry.occurred_at,
        postings=entry.postings,
        booked_at=entry.booked_at,
        reverses=entry.reverses,
    )
