"""How a merchant is settled: its pending lines become statements.

A statement grows part by part, each part one transaction: its lines leave the pending ones, the part and its entry
are written, the statement counts one part more. The first part also opens the statement, with the terms and the day's
rates that all its parts go by; the last also issues it. So a run that dies anywhere leaves an open statement that the
next run continues by the same terms, and two runs at once overtake one another without settling a line twice.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import ClassVar, Final

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.outbox import announce
from entrepot.cloud.writes import Write
from entrepot.contracts.settlement import StatementIssued
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Busy, Kind, Refusal
from functions.membership.facade import Merchant, merchant_read
from functions.rates import facade as rates
from functions.settlement import store
from functions.settlement.domain import rules, statements
from functions.settlement.domain.ledger import Entry
from functions.settlement.domain.schedules import Schedule
from functions.settlement.domain.shares import PendingLine
from functions.settlement.domain.statements import (
    PARTS_PER_STATEMENT,
    Account,
    Line,
    Part,
    Statement,
    Status,
    conversions,
    settled_line,
)
from functions.settlement.domain.terms import (
    Rate,
    Terms,
    fee_in_force,
    merchants_own,
    off_for,
    recorded_rate,
    spread_in_force,
    tiers_in_force,
    withheld_in,
)
from functions.settlement.prices import prices

_TRIES: Final = 5


class UnknownMerchant(Refusal):
    """Something is owed to a merchant that membership does not know. Facts: `merchant_id`."""

    code: ClassVar[str] = "unknown_merchant"
    kind: ClassVar[Kind] = Kind.RULE


def settle(merchant_id: str, now: datetime, most: int | None = None) -> list[str]:
    """Settle all that is pending of a merchant, up to the day that its schedule says.

    Args: most: statements, where not all must be made in one go.

    Returns: the statements issued.
    Raises: UnknownMerchant, RateMissing, NoTerms, Busy. What was settled before stays settled.
    """
    schedule = reads.fetch_one(store.schedule_read(merchant_id)) or Schedule()
    before = schedule.cut_on(now.date())
    issued: list[str] = []
    overtaken = 0
    while most is None or len(issued) < most:
        try:
            statement = _step(merchant_id, now, before)
        except store.Overtaken:  # another run, or one that was given up on, was first: look again
            overtaken += 1
            if overtaken == _TRIES:
                raise Busy from None
            continue
        if statement is None:
            break
        if statement.status is Status.ISSUED:
            issued.append(statement.statement_id)
        overtaken = 0
    return issued


def _step(merchant_id: str, now: datetime, before: date | None = None) -> Statement | None:
    """Settle the oldest pending lines as one part. Returns: the statement after it, None: nothing is pending."""
    account: Account = reads.fetch_one(store.account_read(merchant_id), consistent=True) or Account(
        merchant_id
    )
    most = statements.LINES_PER_PART
    found = store.pending(merchant_id, most + 1, before)
    if not found:
        return None
    statement = _under_way(account) or _opened(account, now)
    pending = found[:most]
    statement = _with_rates(statement, pending)
    number = statement.parts + 1
    lines = tuple(settled_line(one, _known_rate(statement, one), statement.terms) for one in pending)
    entry = _entry(statement, number, lines, now)
    part = Part(number, entry.fact, entry.entry_id, lines)
    after = statement.with_part(part)
    last = len(found) <= most or number == PARTS_PER_STATEMENT
    if last:
        after = after.issued(now)
    writes.commit(
        *store.part_settled(after, part),
        *store.posted(entry),
        *_account_writes(account, after, first=number == 1, last=last),
        *([store.listed(after), _announced(after, now)] if last else []),
        *([store.now_unpaid(after)] if last and after.payable else []),
        *([store.held_back(_reserve(after, now))] if last and after.reserve else []),
    )
    return after


def _under_way(account: Account) -> Statement | None:
    if account.open_statement is None:
        return None
    statement = reads.fetch_one(store.statement_read(account.open_statement), consistent=True)
    assert statement is not None, "an account names a statement that was written with it"
    if statement.status is not Status.OPEN:
        raise store.Overtaken  # it was issued after the account was read
    return statement


def _opened(account: Account, now: datetime) -> Statement:
    merchant = reads.fetch_one(merchant_read(account.merchant_id))
    if merchant is None:
        raise UnknownMerchant(merchant_id=account.merchant_id)
    terms = terms_for(merchant, account, now)
    return statements.opened(new_id("stm", now), account, terms, now)


def terms_for(merchant: Merchant, account: Account, now: datetime) -> Terms:
    """What a statement that is opened now goes by. Raises: NoTerms, RateMissing."""
    table, on, held = rates.current(now.date()), now.date(), prices()
    currency = merchant.payout_currency

    def worth(amount: Money) -> int:
        return table.convert(amount, currency).amount

    fee = fee_in_force(held.payment_fees, aws.STAGE, on)
    turnover = account.turnover_before(on, currency)
    tiers = tiers_in_force(held.commission_tiers, aws.STAGE, on)
    off = off_for([(worth(tier.turnover_from), tier.off_basis_points) for tier in tiers], turnover)
    off = min(off, merchant.commission_basis_points)
    logistics = merchants_own(held.logistics_fees, aws.STAGE, merchant.merchant_id, on)
    reserve = merchants_own(held.reserves, aws.STAGE, merchant.merchant_id, on)
    withheld = withheld_in(held.withholdings, aws.STAGE, merchant.country, on)
    return Terms(
        currency=currency,
        commission_basis_points=merchant.commission_basis_points - off,
        fee_basis_points=fee.basis_points,
        fee_fixed=worth(fee.fixed),
        spread_basis_points=spread_in_force(held.fx_spreads, aws.STAGE, merchant.merchant_id, on),
        rates_on=table.date,
        rates_source=table.source,
        turnover=turnover,
        tier_off_basis_points=off,
        logistics_fixed=0 if logistics is None else worth(logistics.per_share),
        withheld_basis_points=0 if withheld is None else withheld.basis_points,
        authority="" if withheld is None else withheld.authority,
        reserve_basis_points=0 if reserve is None else reserve.basis_points,
        reserve_days=0 if reserve is None else reserve.days,
    )


def _with_rates(statement: Statement, pending: Sequence[PendingLine]) -> Statement:
    """The statement with a recorded rate for each currency; one that it has already stays."""
    terms = statement.terms
    currencies = sorted({one.currency for one in pending})
    missing = [currency for currency in currencies if statement.rate_of(currency) is None]
    if not missing:
        return statement
    table = rates.current(terms.rates_on)
    return statement.with_rates(
        recorded_rate(currency, table.rate(currency, terms.currency), terms) for currency in missing
    )


def _known_rate(statement: Statement, pending: PendingLine) -> Rate:
    rate = statement.rate_of(pending.currency)
    assert rate is not None, "a part's rates are recorded before its lines are settled"
    return rate


def _entry(statement: Statement, number: int, lines: Sequence[Line], now: datetime) -> Entry:
    currency = statement.terms.currency
    charged = statements.charges(lines, statement.terms)
    postings = rules.part_settled(statement.merchant_id, conversions(lines, currency), charged)
    fact = f"settle:{statement.statement_id}:{number}"
    return Entry(new_id("ent", now), fact, "part_settled", now, postings, now)


def _account_writes(account: Account, statement: Statement, *, first: bool, last: bool) -> list[Write]:
    after = account.opened(statement) if first else account
    if last:
        after = after.closed(statement)
    if not (first or last):
        return []
    return [store.account_moved(account, after)]


def _announced(statement: Statement, now: datetime) -> Write:
    event = StatementIssued(
        event_id=new_id("evt", now),
        occurred_at=now,
        statement_id=statement.statement_id,
        merchant_id=statement.merchant_id,
        currency=statement.terms.currency,
        net=statement.net,
        orders=statement.lines,
    )
    return announce(event)


def _reserve(statement: Statement, now: datetime) -> store.Reserve:
    until = now.date() + timedelta(days=statement.terms.reserve_days)
    amount = Money(statement.reserve, statement.terms.currency)
    return store.Reserve(statement.statement_id, statement.merchant_id, amount, until)
